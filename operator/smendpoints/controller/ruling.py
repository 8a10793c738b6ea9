"""What is said of one object before anything is done for it."""

from dataclasses import dataclass

from smendpoints.api.policy import SageMakerEndpointPolicy
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import Resolved, TrafficOwner
from smendpoints.domain.desired.ownership import ADOPTABLE_BY
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason
from smendpoints.domain.tenancy.claims import Claim
from smendpoints.domain.tenancy.facts import Facts
from smendpoints.domain.tenancy.limits import Room
from smendpoints.domain.tenancy.policy import Policies


@dataclass(frozen=True)
class View:
    """What is said of one object, as far as it decides what may be done: changed, the object is reconciled."""

    rival: str | None
    policies: tuple[SageMakerEndpointPolicy, ...] | None
    unknown: str | None
    room: Room | None
    traffic: TrafficOwner | None = None


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
    refused: ReconcileError | None
    violations: tuple[str, ...]
    reason: Reason
    unseen: bool
    adoption: str | None
    log_tails: bool


def taken(rival: Claim, mine: Facts, endpoint: str) -> ReconcileError:
    """The name is another's. Whose is said within one namespace alone."""
    whose = f" by {rival.name}" if rival.namespace == mine.namespace else ""
    message = (
        f"the name {endpoint} is taken{whose}; recreate the object with another spec.endpointName, which cannot be "
        "changed otherwise"
    )
    return ReconcileError(Kind.BLOCKED, Reason.NAME_TAKEN, message)


def no_adoption(policies: Policies, namespace: str) -> str | None:
    """Why no endpoint may be adopted; None if one may."""
    refusing = [policy.metadata.name for policy in policies if not policy.spec.allow_adoption]
    if not refusing:
        return None
    return (
        f"policy {refusing[0]}, allowAdoption: an endpoint is adopted only where its tag {ADOPTABLE_BY} in AWS is "
        f"{namespace}"
    )
