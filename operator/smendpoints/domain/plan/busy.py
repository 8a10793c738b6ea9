"""What to tell while AWS is at work on an endpoint and takes no other change."""

from dataclasses import replace

from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.plan.abort import CANNOT_BE_ABORTED, carried_alarm, fire, is_asked
from smendpoints.domain.plan.actions import Action
from smendpoints.domain.plan.convergence import was_converged
from smendpoints.domain.plan.deletion import IN_PROGRESS
from smendpoints.domain.plan.guards import restore_guards
from smendpoints.domain.plan.in_place import changes_in_place, describe_known, same_weight
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.judging import condemns, told_of, with_step
from smendpoints.domain.plan.progress import progress
from smendpoints.domain.plan.scaling import put_target
from smendpoints.domain.plan.tags import tag_changes
from smendpoints.domain.plan.verdict import Plan, Requeue, Verdict, ready, reconciling
from smendpoints.domain.reasons import Reason


def busy(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """Creating, Updating, RollingBack or SystemUpdating: wait; and say so if the endpoint is to be stopped then.

    Meanwhile the alarms of a rollout are seen to: without them AWS would bring into service what they would stop.
    """
    if endpoint.status not in IN_PROGRESS:
        return None
    if endpoint.status == "Creating":
        creating = reconciling(Reason.CREATING, f"AWS is creating the endpoint {endpoint.name}")
        meanwhile = Plan(creating, rollout=given.recorded.rollout)
    else:
        guards = restore_guards(given, endpoint)
        lost = tuple(f"the alarm {action.target} was deleted or changed" for action in guards)
        kept = guards if given.spec.drift_policy == "Correct" else ()
        meanwhile = replace(_meanwhile(given, endpoint), actions=(*kept, *_at_once(given, endpoint)), drift=lost)
        meanwhile = replace(meanwhile, verdict=_with_what_waits(meanwhile.verdict, given, endpoint), apart=True)
        meanwhile = _undone(given, endpoint, _aborted(given, endpoint, meanwhile))
    if given.schedule.running:
        return meanwhile
    message = f"{meanwhile.verdict.message}; then it is stopped, as the spec says"
    return replace(meanwhile, verdict=reconciling(Reason.STOPPING, message))


def _at_once(given: Input, endpoint: ObservedEndpoint) -> tuple[Action, ...]:
    """What of an edit AWS takes although it is at work: tags, and bounds of what is registered."""
    if was_converged(given.resource, endpoint.config_name or ""):
        return ()  # what differs is drift, which is seen to when AWS is done
    found = {target.resource_id: target for target in given.observed.targets or ()}
    wanted = (target for target in given.desired.targets if target.resource_id in found)
    bounds = (action for target in wanted for action in put_target(target, found[target.resource_id]))
    return (*bounds, *tag_changes(given, endpoint))


def _with_what_waits(verdict: Verdict, given: Input, endpoint: ObservedEndpoint) -> Verdict:
    """The verdict, with the changes in place that an edit asks for in the middle of an update."""
    shown = replace(endpoint, variants=endpoint.pending) if endpoint.pending_config else endpoint
    words = describe_known(given.desired, shown)
    if not words:
        return verdict
    return replace(verdict, message=f"{verdict.message}; waiting for AWS to be done: {'; '.join(words)}")


def _aborted(given: Input, endpoint: ObservedEndpoint, meanwhile: Plan) -> Plan:
    """The same, with what the annotation asks that aborts a rollout; or why it cannot be."""
    rollout = given.recorded.rollout
    if rollout is None or not is_asked(given.resource, rollout) or meanwhile.verdict.reason is not Reason.UPDATING:
        return meanwhile
    if carried_alarm(given.resource, endpoint) is None:
        message = f"{meanwhile.verdict.message}; {CANNOT_BE_ABORTED}"
        return replace(meanwhile, verdict=reconciling(Reason.UPDATING, message))
    there = {action.target for action in meanwhile.actions} | given.observed.alarms.keys()
    calls = fire(endpoint.name, rollout, dict.fromkeys(there), f"abort of {rollout.config_name} was asked for")
    message = f"aborting {rollout.config_name} as requested: AWS rolls back when it evaluates the alarms"
    return replace(meanwhile, verdict=reconciling(Reason.UPDATING, message), actions=(*meanwhile.actions, *calls))


def _undone(given: Input, endpoint: ObservedEndpoint, meanwhile: Plan) -> Plan:
    """The same, with what follows from a verdict against the new fleet: first it is written down, then acted on."""
    recorded, rollout = given.recorded.rollout, meanwhile.rollout
    if rollout is None or not condemns(rollout.analysis) or meanwhile.verdict.reason is not Reason.UPDATING:
        return meanwhile
    if recorded is None or rollout.analysis is None or not condemns(recorded.analysis):
        return replace(meanwhile, requeue=Requeue.NOW)
    if carried_alarm(given.resource, endpoint) is None:
        return meanwhile
    there = {action.target for action in meanwhile.actions} | given.observed.alarms.keys()
    calls = fire(endpoint.name, rollout, dict.fromkeys(there), f"analysis: {rollout.analysis.message}")
    message = f"undoing {rollout.config_name} by its analysis: {rollout.analysis.message}"
    return replace(meanwhile, verdict=reconciling(Reason.UPDATING, message), actions=(*meanwhile.actions, *calls))


def _meanwhile(given: Input, endpoint: ObservedEndpoint) -> Plan:
    """Updating, RollingBack or SystemUpdating: AWS takes no other change; say whose change it is.

    AWS names a config while it brings that into service. Where it names none, a rollout that was only about to be made
    is not what makes it busy: an autoscaler came first.
    """
    desired, rollout = given.desired, given.recorded.rollout
    attempted = endpoint.pending_config or (
        rollout.config_name if rollout is not None and rollout.phase == "InProgress" else None
    )
    if attempted is None or attempted == endpoint.config_name == desired.config_name:
        if endpoint.status == "SystemUpdating" or not changes_in_place(desired, endpoint):
            reason = Reason.MAINTENANCE if endpoint.status == "SystemUpdating" else Reason.IN_SERVICE
            if endpoint.config_name == desired.config_name and was_converged(given.resource, desired.config_name):
                message = f"in service; AWS update in progress ({endpoint.status})"
                return Plan(ready(reason, message), rollout=rollout)
        reason, what = _in_place(endpoint)
        return Plan(reconciling(reason, f"AWS is changing {what} in place ({endpoint.status})"), rollout=rollout)
    ours = rollout if rollout is not None and rollout.config_name == attempted else None
    way = given.spec.rollout if ours is not None and given.attempt_recorded else None
    found = progress(endpoint, way, ours)
    if ours is not None:
        analysis = given.observed.analysis or ours.analysis
        analysis = with_step(analysis, endpoint, found) if analysis is not None else None
        rollout = ours.model_copy(
            update={"phase": "InProgress", "message": None, "analysis": analysis, **found.facts()}
        )
    if found.stage == "RollingBack":
        return Plan(reconciling(Reason.ROLLING_BACK, f"AWS is rolling back {attempted}"), rollout=rollout)
    told = f"rolling out {attempted}" + (f": {found.sentence()}" if found.sentence() else "")
    if ours is not None and rollout is not None and rollout.analysis is not None and rollout.analysis.steps:
        told += f"; {told_of(rollout.analysis)}"
    message = told if attempted == desired.config_name else f"{told}; then {desired.config_name} follows"
    return Plan(reconciling(Reason.UPDATING, message), rollout=rollout)


def _in_place(endpoint: ObservedEndpoint) -> tuple[Reason, str]:
    """What AWS is changing: traffic, where that is all that is not yet as asked for."""
    capacity = any(each.current_count != each.desired_count for each in endpoint.variants)
    weights = any(not same_weight(each.current_weight, each.desired_weight) for each in endpoint.variants)
    if weights and not capacity:
        return Reason.SHIFTING, "the shares of the traffic"
    return Reason.SCALING, "the number of instances" if capacity else "the endpoint"
