"""The rules for an endpoint that rests, or is to rest: suspended, being deleted, to be stopped."""

from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.plan.deletion import plan_endpoint_removal
from smendpoints.domain.plan.in_place import changes_in_place
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.verdict import Plan, Requeue, ready, suspended
from smendpoints.domain.reasons import Reason


def only_watched(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """`suspend` leaves it as it is, whatever that is; it is told whether that matches the spec."""
    if not given.spec.suspend:
        return None
    message = f"suspended: the endpoint is {endpoint.status} and is only watched"
    as_wanted = (
        endpoint.status == "InService"
        and given.serves_wanted(endpoint)
        and not changes_in_place(given.desired, endpoint)
    )
    verdict = ready if as_wanted else suspended
    return Plan(verdict(Reason.SUSPENDED, message), requeue=Requeue.STEADY, rollout=given.recorded.rollout)


def being_deleted(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """AWS deletes it: if it is to run, it is created again once it is gone."""
    if endpoint.status != "Deleting":
        return None
    reason = Reason.DELETING if given.schedule.running else Reason.STOPPING
    return plan_endpoint_removal(endpoint, given.observed, reason)


def to_be_stopped(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """By `desiredState`, or as its office hours are over. AWS knows no pause: it is deleted."""
    return None if given.schedule.running else plan_endpoint_removal(endpoint, given.observed, Reason.STOPPING)
