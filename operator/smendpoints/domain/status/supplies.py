"""`LaunchBlocked`: the endpoint serves, but another instance of it could not start, as something it needs is gone.

There only while it is true. Ready does not tell it: what was asked for is in service.
"""

from dataclasses import dataclass
from datetime import datetime

from smendpoints.api.status import Condition, SageMakerEndpointStatus
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.status import conditions

LAUNCH_BLOCKED = "LaunchBlocked"


@dataclass(frozen=True)
class Supplied:
    """What is `known` just now of what the instances of an endpoint are started from; `lacks` is what is gone of it."""

    known: bool
    lacks: ReconcileError | None = None


UNKNOWN = Supplied(known=False)


def launch_blocked(
    old: SageMakerEndpointStatus,
    endpoint: ObservedEndpoint | None,
    found: Supplied,
    generation: int,
    now: datetime,
) -> Condition | None:
    """The condition; that of before while nothing else is known, and the same config is in service."""
    if endpoint is None:
        return None
    if found.known:
        if found.lacks is None:
            return None
        message = f"still serving, but no other instance could start: {found.lacks}"
        return conditions.true(LAUNCH_BLOCKED, found.lacks.reason, message, generation, now)
    before = old.endpoint
    same = before is not None and before.config_name == endpoint.config_name
    return conditions.find(old.conditions, LAUNCH_BLOCKED) if same else None
