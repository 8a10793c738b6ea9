"""`AutoscalingActive`: whether the variants that scale are registered with Application Auto Scaling, and it works.

True in the middle of a rollout and after one that failed, as long as the targets are registered.
"""

from collections.abc import Iterable

from smendpoints.api.status import Condition, SageMakerEndpointStatus
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.desired.scaling import DesiredTarget
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.observed.observed import Observed, ObservedEndpoint
from smendpoints.domain.plan.actions import Verb
from smendpoints.domain.plan.verdict import Plan
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status import conditions

ACTIVE = "AutoscalingActive"
_COMPARED = 200  # characters of a reason: enough to tell one from another, and never cut in the history
_NOT_THERE = frozenset({"Creating", "Deleting", "Failed"})
_CALLS = frozenset(verb.operation for verb in Verb if verb.service == "application-autoscaling")


def autoscaling(
    old: SageMakerEndpointStatus,
    desired: Desired,
    observed: Observed,
    plan: Plan,
    refusals: Iterable[ReconcileError],
    *,
    applied: bool,
) -> tuple[Reason, str] | None:
    """Reason and message of the condition; None for an object that does not scale.

    `refusals` are what AWS refused of the plan's calls; `applied`, whether those were made at all.
    """
    if not desired.targets:
        return None
    if all(target.suspended for target in desired.targets):
        return Reason.AUTOSCALING_SUSPENDED, "scaling is suspended; the policies are kept"
    if observed.endpoint is None or observed.endpoint.status in _NOT_THERE:
        return Reason.AUTOSCALING_PENDING, f"waiting: {plan.verdict.message}"
    denied = next((each for each in refusals if each.operation in _CALLS), None)
    told = _told_before(old)
    tries = observed.endpoint.status != "InService" and told is not None and told[0] is Reason.AUTOSCALING_FAILED
    if told is not None and (tries or observed.targets is None):
        return told  # what comes of it is not known yet, or it was not looked at
    off, bounds = _bounds(desired, observed, plan, put=applied and denied is None)
    if off:
        if denied is not None:
            return denied.reason, str(denied)
        return Reason.AUTOSCALING_PENDING, f"waiting: {plan.verdict.message}"
    failed = why_not_scaled(old, observed.endpoint)
    if failed is not None:
        return Reason.AUTOSCALING_FAILED, f"AWS took back the last change of the number of instances: {failed}"
    also = f"; {denied}" if denied is not None else ""
    return Reason.AUTOSCALING_ACTIVE, f"scaling {', '.join(bounds)}{also}"


def why_not_scaled(old: SageMakerEndpointStatus, endpoint: ObservedEndpoint | None) -> str | None:
    """AWS's reason, where it has taken back a change of the endpoint since the last rollout was over."""
    if endpoint is None or endpoint.status != "InService" or endpoint.failure_reason is None:
        return None
    rollout = old.rollout
    if rollout is None or rollout.phase not in {"Succeeded", "Failed", "Blocked"}:
        return None
    told = (rollout.message, *(each.message for each in old.history))
    if any(endpoint.failure_reason[:_COMPARED] in message for message in told if message is not None):
        return None  # of an update, which is told elsewhere
    since = rollout.endpoint_modified_at
    return endpoint.failure_reason if since is None or endpoint.modified_at > since else None


def _told_before(old: SageMakerEndpointStatus) -> tuple[Reason, str] | None:
    told: Condition | None = conditions.find(old.conditions, ACTIVE)
    return (Reason(told.reason), told.message) if told is not None else None


def _bounds(desired: Desired, observed: Observed, plan: Plan, *, put: bool) -> tuple[list[str], list[str]]:
    """The variants that are not scaled, though they should be; and how the others are, for people."""
    off, on = [], []
    verbs = {(action.verb, action.target.partition(" ")[0]) for action in plan.actions} if put else set()
    for target in desired.targets:
        low, high = target.min_capacity, target.max_capacity
        if (Verb.REGISTER_TARGET, target.resource_id) not in verbs:
            found = next((each for each in observed.targets or () if each.resource_id == target.resource_id), None)
            if found is None or not (found.policies or found.schedules or _puts(target, verbs)):
                off.append(target.variant)
                continue
            if (Verb.DEREGISTER_TARGET, target.resource_id) in verbs:
                off.append(target.variant)
                continue
            low, high = found.min_capacity, found.max_capacity
        on.append(f"{target.variant} {low} to {high}")
    return off, on


def _puts(target: DesiredTarget, verbs: set[tuple[Verb, str]]) -> bool:
    """Whether the plan brings what scales it, or nothing is to."""
    puts = {(Verb.PUT_POLICY, target.resource_id), (Verb.PUT_SCHEDULE, target.resource_id)}
    return bool(puts & verbs) or not (target.policies or target.schedules)
