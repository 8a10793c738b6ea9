"""The rules for an attempt that AWS rolled back, and what scales meanwhile.

After a failed update AWS is InService with the old config, and forgets which config failed: the status knows. The old
config keeps serving; the same config is not tried again, unless AWS says that the fault was its own.
"""

from dataclasses import replace
from datetime import timedelta

from smendpoints.api.status import RolloutStatus
from smendpoints.domain.desired.names import resource_id
from smendpoints.domain.desired.scaling import INSTANCES, PROVISIONED_CONCURRENCY
from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.attempts import failed_attempt, moved_since, retry_after, was_made
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.scaling import plan_scaling
from smendpoints.domain.plan.snapshot import restoring_calls
from smendpoints.domain.plan.verdict import Plan, Requeue, later, reconciling, stalled
from smendpoints.domain.plan.wording import NO_REASON, may_try_again, names_missing_config
from smendpoints.domain.reasons import Reason


def rolled_back_for_now(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """AWS lacked capacity, or the fault was its own: tried again after a while."""
    failed = _failed(given, endpoint)
    reason = _reason(failed)
    if failed is None or not may_try_again(reason):
        return None
    wait = retry_after(given) - (given.now - (failed.endpoint_modified_at or endpoint.modified_at))
    if wait <= timedelta(0):
        pending = failed.model_copy(
            update={"phase": "Pending", "started_at": given.now, "endpoint_modified_at": endpoint.modified_at}
        )
        message = f"trying {given.desired.config_name} again"
        return Plan(reconciling(Reason.UPDATING, message), requeue=Requeue.NOW, rollout=pending)
    verdict, requeue = later(Reason.UPDATE_FAILED, f"{endpoint.config_name} still serving: {reason}", wait)
    return Plan(verdict, _scaling_meanwhile(given, endpoint, failed), requeue=requeue, rollout=failed)


def rolled_back_for_good(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """Only another spec helps."""
    failed = _failed(given, endpoint)
    if failed is None:
        return None
    reason = _reason(failed)
    message = f"{given.desired.config_name} failed, {endpoint.config_name} still serving: {reason}"
    if endpoint.config_name is not None and names_missing_config(reason, endpoint.config_name):
        message += (
            "; the config in service was deleted in AWS, and nothing but the spec that it was made for brings it back: "
            "apply that, wait until it is Ready, then apply the new one"
        )
    actions = _scaling_meanwhile(given, endpoint, failed)
    return Plan(stalled(Reason.UPDATE_FAILED, message), actions, requeue=Requeue.STEADY, rollout=failed)


def _reason(failed: RolloutStatus | None) -> str:
    return (failed.message if failed is not None else None) or NO_REASON


def _failed(given: Input, endpoint: ObservedEndpoint) -> RolloutStatus | None:
    """This attempt, if it failed: the status says so already, or AWS is back from it with another config in service."""
    past = given.recorded.rollout
    if past is None or not given.attempt_recorded:
        return None
    if past.phase == "Failed":
        return past
    if not was_made(past, endpoint) or not moved_since(past, endpoint):
        return None
    return failed_attempt(given, endpoint, endpoint.failure_reason or "AWS rolled back and gives no reason")


def _scaling_meanwhile(given: Input, endpoint: ObservedEndpoint, failed: RolloutStatus) -> tuple[Action, ...]:
    """The old config scales as the spec says where it has the spec's variants, elsewhere as it did before."""
    live = {
        variant.name: INSTANCES if variant.serverless is None else PROVISIONED_CONCURRENCY
        for variant in endpoint.variants
    }
    fitting = tuple(target for target in given.desired.targets if live.get(target.variant) == target.dimension)
    scalable = replace(given.desired, targets=fitting)
    wanted = {policy.alarm["AlarmName"] for target in scalable.targets for policy in target.policies if policy.alarm}
    alarms = {  # those that make an old policy scale stay
        name: alarm for name, alarm in given.observed.alarms.items() if name in wanted or not alarm.get("AlarmActions")
    }
    targets = given.observed.targets or ()
    actions = [
        action for action in plan_scaling(scalable, targets, alarms) if action.verb is not Verb.DEREGISTER_TARGET
    ]
    on = {target.resource_id for target in targets} | {target.resource_id for target in scalable.targets}
    for each in failed.autoscaling_snapshot:
        if resource_id(endpoint.name, each.variant) not in on and each.variant in live:
            actions += restoring_calls(each, endpoint.name)
    return tuple(actions)
