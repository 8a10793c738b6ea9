"""What of a reconcile is kept in the status for the object's life: the values in force, and whether it adopted.

Written before what they are for is made: together with `createdInAWS`, and again before anything is changed by them.
"""

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import Resolved, SageMakerEndpointStatus
from smendpoints.domain.plan.actions import Verb
from smendpoints.domain.plan.verdict import Plan
from smendpoints.domain.reasons import Reason

_NOT_MADE = frozenset({Reason.SUSPENDED, Reason.NOT_OWNED})


def must_pin(resource: SageMakerEndpoint, todo: Plan, resolved: Resolved) -> bool:
    """Whether the plan changes AWS by values that the status does not hold yet."""
    pinned = resource.status.resolved
    same = pinned is not None and pinned.model_copy(update={"generation": resolved.generation}) == resolved
    adopts = todo.verdict.reason is Reason.ADOPTED and resource.status.adopted is not True
    return bool(todo.actions) and (not same or adopts)


def without_log(status: SageMakerEndpointStatus) -> SageMakerEndpointStatus:
    """The status without lines of the container's log, those of before among them."""
    failure = status.failure
    if failure is None or not failure.log_tail:
        return status
    return status.model_copy(update={"failure": failure.model_copy(update={"log_tail": []})})


def pinned(
    status: SageMakerEndpointStatus, resource: SageMakerEndpoint, todo: Plan, resolved: Resolved, *, allowed: bool
) -> SageMakerEndpointStatus:
    """The status with what is in force, once there is something in AWS, and if it is `allowed` to be brought about."""
    old = resource.status
    in_force = allowed and status.created_in_aws is True and todo.verdict.reason not in _NOT_MADE
    adopted = old.adopted
    if todo.verdict.reason is Reason.ADOPTED:
        adopted = True
    elif any(action.verb is Verb.CREATE_ENDPOINT for action in todo.actions):
        adopted = None
    return status.model_copy(update={"resolved": resolved if in_force else old.resolved, "adopted": adopted})
