"""The rules for a new revision of a live endpoint, in the order in which they are asked: another config is in service.

An attempt is written to the status before it is made. Not here: one that AWS rolled back, see `rolled_back`.
"""

from smendpoints.api.analysis import AnalysisStatus
from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.domain.desired.desired import DesiredVariant
from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.plan.abort import quiet
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.attempts import moved_since, was_made
from smendpoints.domain.plan.changes import ARROW, describe_changes
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.meanwhile import meanwhile
from smendpoints.domain.plan.progress import begun
from smendpoints.domain.plan.scaling import deregister
from smendpoints.domain.plan.snapshot import next_snapshots, restoring_calls
from smendpoints.domain.plan.update import create_revision, targets_in_the_way, update_endpoint
from smendpoints.domain.plan.verdict import Plan, Requeue, Verdict, reconciling, stalled
from smendpoints.domain.reasons import Reason


def rollout_awaited(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """AWS was asked for this attempt, and does not show it yet."""
    past = given.recorded.rollout
    if past is None or not given.attempt_recorded or not was_made(past, endpoint) or moved_since(past, endpoint):
        return None
    return Plan(
        reconciling(Reason.UPDATING, f"waiting for AWS to begin with {given.desired.config_name}"), rollout=past
    )


def rollback_reported(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """Another config was brought into service out of band, and `driftPolicy: Report` brings none back."""
    drift = _drift(given, endpoint)
    if not drift or given.spec.drift_policy != "Report":
        return None
    message = f"in service with {endpoint.config_name}, not {given.desired.config_name}; driftPolicy is Report"
    verdict = stalled(Reason.DRIFT_FOUND, message)
    return Plan(verdict, requeue=Requeue.STEADY, drift=drift, rollout=given.recorded.rollout)


def rolled_out(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """What was written ahead is made: models, config, alarms; autoscaling off where it is in the way; the update.

    If AWS refuses that, the autoscaling is put on again.
    """
    past = given.recorded.rollout
    if past is None or not given.attempt_recorded or past.phase != "Pending" or moved_since(past, endpoint):
        return None
    desired, observed = given.desired, given.observed
    start = begun(given.spec.rollout, [_instances(variant, endpoint) for variant in desired.variants])
    return Plan(
        reconciling(Reason.UPDATING, f"rolling out {desired.config_name}"),
        (
            *create_revision(desired, observed),
            *(Action(Verb.PUT_ALARM, alarm["AlarmName"], alarm) for alarm in desired.rollback_alarms),
            *((quiet(desired.abort_alarm),) if desired.abort_alarm is not None else ()),
            *(deregister(target) for target in targets_in_the_way(desired, observed)),
            update_endpoint(desired, observed, endpoint),
        ),
        otherwise=tuple(
            action for each in past.autoscaling_snapshot for action in restoring_calls(each, endpoint.name)
        ),
        meanwhile=meanwhile(given, endpoint),
        rollout=past.model_copy(update={"phase": "InProgress", "message": None, **start.facts()}),
        endpoint_status="Updating",
        changes=describe_changes(desired, observed.live_config, observed.live_models),
    )


def rollout_written_ahead(given: Input, endpoint: ObservedEndpoint) -> Plan:
    """The attempt goes to the status, with the autoscaling that is taken off for it; the next reconcile makes it.

    One that was blocked when it was tried last is told to be blocked until it is under way.
    """
    past = given.recorded.rollout
    desired, observed = given.desired, given.observed
    beside = meanwhile(given, endpoint)
    pending = RolloutStatus(
        config_name=desired.config_name,
        attempt=desired.attempt(),
        from_config_name=endpoint.config_name,
        phase="Pending",
        started_at=given.now,
        abort_alarm=desired.abort_alarm,
        analysis=observed.analysis,
        endpoint_modified_at=endpoint.modified_at,
        message=endpoint.failure_reason,
        autoscaling_snapshot=next_snapshots(
            past.autoscaling_snapshot if past is not None else (),
            observed.targets or (),
            targets_in_the_way(desired, observed),
            observed.alarms,
        ),
    )
    return Plan(
        _told_before(given) or reconciling(Reason.UPDATING, _about_to(desired.config_name, observed.analysis)),
        requeue=Requeue.NOW,
        announces=update_endpoint(desired, observed, endpoint),
        meanwhile=beside,
        turns=beside.turns,
        rollout=pending,
        drift=_drift(given, endpoint),
        changes=describe_changes(desired, observed.live_config, observed.live_models),
    )


def _about_to(config: str, analysis: AnalysisStatus | None) -> str:
    """What is about to happen, and what of it could not be seen."""
    return f"about to roll out {config}" + (
        f"; {analysis.message}" if analysis is not None and analysis.message else ""
    )


def _told_before(given: Input) -> Verdict | None:
    """What the status says of this very attempt, if that was blocked."""
    if not given.attempt_blocked or not given.spoken_of:
        return None
    told = next((each for each in given.recorded.conditions if each.type == "Stalled"), None)
    return stalled(Reason(told.reason), told.message) if told is not None else None


def _instances(variant: DesiredVariant, endpoint: ObservedEndpoint) -> int | None:
    """The instances that the variant will have: those it has, but for a count that the spec sets."""
    shown = endpoint.variant(variant.name)
    return variant.count if variant.count is not None or shown is None else shown.desired_count


def _drift(given: Input, endpoint: ObservedEndpoint) -> tuple[str, ...]:
    """The desired config was in service at this generation: another one now is an out-of-band change."""
    rollout = given.recorded.rollout
    was_in_service = (
        given.spoken_of
        and rollout is not None
        and rollout.config_name == given.desired.config_name
        and rollout.phase == "Succeeded"
    )
    return (f"config in service {endpoint.config_name} {ARROW} {given.desired.config_name}",) if was_in_service else ()
