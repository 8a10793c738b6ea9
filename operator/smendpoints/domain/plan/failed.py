"""The rules for a Failed endpoint, in the order in which they are asked. AWS takes no change of one but its deletion.

It is deleted when the spec changes, or when trying again makes sense; what comes then is a creation.
"""

from dataclasses import replace
from datetime import timedelta

from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.plan.attempts import failed_attempt, retry_after
from smendpoints.domain.plan.deletion import plan_endpoint_removal
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.verdict import Plan, Requeue, later, stalled
from smendpoints.domain.plan.wording import NO_REASON, may_try_again
from smendpoints.domain.reasons import Reason


def failed_with_another_spec(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """What failed is no longer what the spec says, or the user asks to try the same again."""
    if endpoint.status != "Failed":
        return None
    past = given.recorded.rollout
    failed_config = endpoint.config_name or (past.config_name if past is not None else None)
    asked_again = past is not None and past.attempt is not None and not given.attempt_recorded
    if failed_config == given.desired.config_name and not asked_again:
        return None
    return plan_endpoint_removal(endpoint, given.observed, Reason.RECREATING)


def failed_for_now(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """AWS lacked capacity, or the fault was its own: tried again after a while."""
    if endpoint.status != "Failed" or not may_try_again(endpoint.failure_reason):
        return None
    reason = endpoint.failure_reason or NO_REASON
    rollout = failed_attempt(given, endpoint, reason)
    wait = retry_after(given) - (given.now - endpoint.modified_at)
    if wait <= timedelta(0):
        return replace(plan_endpoint_removal(endpoint, given.observed, Reason.RECREATING), rollout=rollout)
    verdict, requeue = later(Reason.CAPACITY_SHORTAGE, reason, wait, given.now)
    return Plan(verdict, requeue=requeue, rollout=rollout)


def failed_for_good(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """Only another spec helps."""
    if endpoint.status != "Failed":
        return None
    reason = endpoint.failure_reason or NO_REASON
    rollout = failed_attempt(given, endpoint, reason)
    return Plan(stalled(Reason.CREATE_FAILED, reason), requeue=Requeue.STEADY, rollout=rollout)
