"""The plan for a new revision of a live endpoint, and for one that AWS rolled back."""

from dataclasses import replace
from datetime import datetime, timedelta

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import RolloutStatus
from smendpoints.domain.desired.desired import Desired, DesiredVariant
from smendpoints.domain.desired.names import variant_of
from smendpoints.domain.desired.scaling import INSTANCES, PROVISIONED_CONCURRENCY
from smendpoints.domain.observed.observed import Observed, ObservedEndpoint
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.progress import NOTHING_UNDER_WAY, begun
from smendpoints.domain.plan.scaling import deregister, plan_scaling
from smendpoints.domain.plan.snapshot import next_snapshots, resource_of, restoring_calls
from smendpoints.domain.plan.update import create_revision, describe_changes, targets_in_the_way, update_endpoint
from smendpoints.domain.plan.verdict import Plan, Requeue, later, reconciling, stalled
from smendpoints.domain.reasons import Reason

_AWS_FAULT = "request to service failed"
_CAPACITY = ("unable to provision requested", "insufficientinstancecapacity", "insufficient capacity")
_FIRST_RETRY = timedelta(seconds=60)
_LONGEST_RETRY = timedelta(minutes=30)


def may_try_again(failure_reason: str | None) -> bool:
    """Whether AWS says that the fault was its own, or that it lacked capacity: then the same config may work later."""
    text = (failure_reason or "").lower()
    return text.startswith(_AWS_FAULT) or any(word in text for word in _CAPACITY)


def names_missing_config(reason: str, config_name: str) -> bool:
    """Whether AWS misses the config in service, which it needs to the end of an update."""
    return "could not find endpoint configuration" in reason.lower() and config_name in reason


def retry_after(resource: SageMakerEndpoint, desired: Desired) -> timedelta:
    """How long to wait after a failure before the same config is tried again: longer each time.

    The failure itself may still stand in the history as the attempt that it ended.
    """
    failed = 0
    for revision in resource.status.history:
        if revision.config_name != desired.config_name or revision.outcome == "Deployed":
            break
        failed += 1
    return min(_FIRST_RETRY * (1 << min(max(0, failed - 1), 10)), _LONGEST_RETRY)


def failed_rollout(
    resource: SageMakerEndpoint, desired: Desired, endpoint: ObservedEndpoint, now: datetime, reason: str
) -> RolloutStatus:
    past = resource.status.rollout
    if past is None or past.config_name != desired.config_name:
        past = RolloutStatus(config_name=desired.config_name, attempt=desired.attempt(), phase="Failed", started_at=now)
    return past.model_copy(
        update={
            "phase": "Failed",
            **NOTHING_UNDER_WAY,
            "message": reason[:1024],
            "endpoint_modified_at": endpoint.modified_at,
        }
    )


def plan_rollout(
    resource: SageMakerEndpoint, desired: Desired, observed: Observed, endpoint: ObservedEndpoint, now: datetime
) -> Plan:
    """Bring a new config into service; the attempt is remembered before it is made.

    After a failed update AWS is InService with the old config, and forgets which config failed.
    """
    past = resource.status.rollout
    moved = past is not None and (past.endpoint_modified_at is None or endpoint.modified_at > past.endpoint_modified_at)
    ours = past is not None and past.attempt == desired.attempt()
    reason = endpoint.failure_reason
    if past is not None and ours and past.phase == "Failed":
        return _plan_rolled_back(resource, desired, observed, endpoint, past, now)
    attempted = past is not None and (
        past.phase == "InProgress" or (past.phase == "Pending" and reason is not None and reason != past.message)
    )
    if past is not None and ours and attempted:
        if not moved:
            return Plan(
                reconciling(Reason.UPDATING, f"waiting for AWS to begin with {desired.config_name}"), rollout=past
            )
        failed = failed_rollout(resource, desired, endpoint, now, reason or "AWS rolled back and gives no reason")
        return _plan_rolled_back(resource, desired, observed, endpoint, failed, now)
    drift = (f"the config in service is {endpoint.config_name}",) if _was_in_service(resource, desired) else ()
    if drift and resource.spec.drift_policy == "Report":
        message = f"in service with {endpoint.config_name}, not {desired.config_name}; driftPolicy is Report"
        return Plan(stalled(Reason.DRIFT_FOUND, message), requeue=Requeue.STEADY, drift=drift, rollout=past)
    changes = describe_changes(desired, observed.live_config)
    in_the_way = targets_in_the_way(desired, observed)
    if past is None or not ours or past.phase != "Pending" or moved:
        pending = RolloutStatus(
            config_name=desired.config_name,
            attempt=desired.attempt(),
            from_config_name=endpoint.config_name,
            phase="Pending",
            started_at=now,
            endpoint_modified_at=endpoint.modified_at,
            message=reason[:1024] if reason is not None else None,
            autoscaling_snapshot=next_snapshots(
                past.autoscaling_snapshot if past is not None else (),
                observed.targets or (),
                in_the_way,
                observed.alarms,
            ),
        )
        message = f"about to roll out {desired.config_name}"
        return Plan(
            reconciling(Reason.UPDATING, message), requeue=Requeue.NOW, rollout=pending, drift=drift, changes=changes
        )
    alarms = [Action(Verb.PUT_ALARM, alarm["AlarmName"], alarm) for alarm in desired.rollback_alarms]
    start = begun(resource.spec.rollout, [_instances(variant, endpoint) for variant in desired.variants])
    return Plan(
        reconciling(Reason.UPDATING, f"rolling out {desired.config_name}"),
        (
            *create_revision(desired, observed),
            *alarms,
            *(deregister(target) for target in in_the_way),
            update_endpoint(desired, observed, endpoint),
        ),
        otherwise=tuple(
            action for each in past.autoscaling_snapshot for action in restoring_calls(each, endpoint.name)
        ),
        rollout=past.model_copy(update={"phase": "InProgress", "message": None, **start.facts()}),
        drift=drift,
        endpoint_status="Updating",
        changes=changes,
    )


def _instances(variant: DesiredVariant, endpoint: ObservedEndpoint) -> int | None:
    """The instances that the variant will have: those it has, but for a count that the spec sets."""
    shown = endpoint.variant(variant.name)
    return variant.count if variant.count is not None or shown is None else shown.desired_count


def _was_in_service(resource: SageMakerEndpoint, desired: Desired) -> bool:
    """Whether the desired config was in service at this generation: another one now is an out-of-band change."""
    rollout = resource.status.rollout
    return (
        resource.status.observed_generation == resource.metadata.generation
        and rollout is not None
        and rollout.config_name == desired.config_name
        and rollout.phase == "Succeeded"
    )


def _plan_rolled_back(
    resource: SageMakerEndpoint,
    desired: Desired,
    observed: Observed,
    endpoint: ObservedEndpoint,
    failed: RolloutStatus,
    now: datetime,
) -> Plan:
    """AWS went back to the old config. It goes on serving, and scaling; the same config is not tried again."""
    reason = failed.message or "AWS gives no reason"
    if may_try_again(reason):
        since = now - (failed.endpoint_modified_at or endpoint.modified_at)
        wait = retry_after(resource, desired) - since
        if wait <= timedelta(0):
            pending = failed.model_copy(
                update={"phase": "Pending", "started_at": now, "endpoint_modified_at": endpoint.modified_at}
            )
            message = f"trying {desired.config_name} again"
            return Plan(reconciling(Reason.UPDATING, message), requeue=Requeue.NOW, rollout=pending)
        verdict, requeue = later(Reason.UPDATE_FAILED, f"{endpoint.config_name} goes on serving: {reason}", wait)
        return Plan(verdict, _scaling_meanwhile(desired, observed, endpoint, failed), requeue=requeue, rollout=failed)
    message = f"{desired.config_name} failed, {endpoint.config_name} goes on serving: {reason}"
    if endpoint.config_name is not None and names_missing_config(reason, endpoint.config_name):
        message += (
            "; the config in service was deleted in AWS, and nothing but the spec that it was made for brings it back: "
            "apply that, wait until it is Ready, then apply the new one"
        )
    actions = _scaling_meanwhile(desired, observed, endpoint, failed)
    return Plan(stalled(Reason.UPDATE_FAILED, message), actions, requeue=Requeue.STEADY, rollout=failed)


def _scaling_meanwhile(
    desired: Desired, observed: Observed, endpoint: ObservedEndpoint, failed: RolloutStatus
) -> tuple[Action, ...]:
    """The old config scales as the spec says where it has the spec's variants, elsewhere as it did before."""
    live = {
        variant.name: INSTANCES if variant.serverless is None else PROVISIONED_CONCURRENCY
        for variant in endpoint.variants
    }
    fitting = tuple(target for target in desired.targets if live.get(target.variant) == target.dimension)
    scalable = replace(desired, targets=fitting)
    wanted = {policy.alarm["AlarmName"] for target in scalable.targets for policy in target.policies if policy.alarm}
    alarms = {  # those that make an old policy scale stay
        name: alarm for name, alarm in observed.alarms.items() if name in wanted or not alarm.get("AlarmActions")
    }
    targets = observed.targets or ()
    actions = [
        action for action in plan_scaling(scalable, targets, alarms) if action.verb is not Verb.DEREGISTER_TARGET
    ]
    on = {target.resource_id for target in targets} | {target.resource_id for target in scalable.targets}
    for each in failed.autoscaling_snapshot:
        resource_id = resource_of(each)
        if resource_id not in on and variant_of(resource_id) in live:
            actions += restoring_calls(each, endpoint.name)
    return tuple(actions)
