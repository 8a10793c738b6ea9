"""What is said of one object before anything is done for it."""

from dataclasses import dataclass

from smendpoints.api.policy import SageMakerEndpointPolicy
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import Resolved
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.reasons import Reason
from smendpoints.domain.tenancy.limits import Room


@dataclass(frozen=True)
class View:
    """What is said of one object, as far as it decides what may be done: changed, the object is reconciled."""

    rival: str | None
    policies: tuple[SageMakerEndpointPolicy, ...] | None
    unknown: str | None
    room: Room | None


@dataclass(frozen=True)
class Ruling:
    """What may be done for one object.

    Args:
        resource: the object as if its spec said all that is in force.
        resolved: what to pin.
        view: what the ruling follows from.
        refused: why AWS is not even looked at.
        violations: why nothing but taking away is done; empty: all is allowed.
        reason: the reason to tell with the violations.
        unseen: whether the violations are of the very place, so that nobody acts there for it, if only to look.
        adoption: why no endpoint may be adopted; None: it may.
        log_tails: whether the container's log may be shown.
    """

    resource: SageMakerEndpoint
    resolved: Resolved
    view: View
    refused: ReconcileError | None = None
    violations: tuple[str, ...] = ()
    reason: Reason = Reason.POLICY_VIOLATION
    unseen: bool = False
    adoption: str | None = None
    log_tails: bool = True
