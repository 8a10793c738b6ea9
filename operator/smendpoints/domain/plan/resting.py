"""The rules for an endpoint that rests, or is to rest: being deleted, to be stopped. Suspended ones are `plan`'s."""

from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.plan.convergence import was_converged
from smendpoints.domain.plan.deletion import plan_endpoint_removal
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.verdict import Plan
from smendpoints.domain.reasons import Reason


def being_deleted(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """AWS deletes it: if it is to run, it is created again once it is gone."""
    if endpoint.status != "Deleting":
        return None
    stays_deleted = given.spec.drift_policy == "Report" and was_converged(given.resource, given.desired.config_name)
    again = Reason.DELETING if stays_deleted else Reason.RECREATING
    reason = again if given.schedule.running else Reason.STOPPING
    return plan_endpoint_removal(endpoint, given.observed, reason)


def to_be_stopped(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """By `desiredState`, or as its office hours are over. AWS knows no pause: it is deleted."""
    return None if given.schedule.running else plan_endpoint_removal(endpoint, given.observed, Reason.STOPPING)
