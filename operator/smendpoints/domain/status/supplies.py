"""`LaunchBlocked`: the endpoint serves, but another instance of it could not start, as something it needs is gone.

There only while it is true. Ready does not tell it: what was asked for is in service.
"""

from dataclasses import dataclass
from datetime import datetime

from smendpoints.api.status import Condition, SageMakerEndpointStatus
from smendpoints.api.status_rollout import LaunchedFrom, RolloutStatus
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status import conditions

LAUNCH_BLOCKED = "LaunchBlocked"
SOURCE_CHANGED = "SourceChanged"


@dataclass(frozen=True)
class Supplied:
    """What is `known` just now of what the instances of an endpoint are started from; `lacks` is what is gone of it,
    and `overwritten` what is something else by now. `fleet` is what the one in service was launched from.
    """

    known: bool
    lacks: ReconcileError | None = None
    overwritten: str | None = None
    fleet: LaunchedFrom | None = None


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
    return _before(LAUNCH_BLOCKED, old, endpoint)


def source_changed(
    old: SageMakerEndpointStatus, endpoint: ObservedEndpoint | None, found: Supplied, generation: int, now: datetime
) -> Condition | None:
    """`SourceChanged`: what serves is no longer what is behind the name of its image or artifact; else as above."""
    if endpoint is None:
        return None
    if not found.known:
        return _before(SOURCE_CHANGED, old, endpoint)
    if found.overwritten is None:
        return None
    return conditions.true(SOURCE_CHANGED, Reason.OVERWRITTEN, found.overwritten[:1024], generation, now)


def launched_from(
    old: SageMakerEndpointStatus,
    rollout: RolloutStatus | None,
    endpoint: ObservedEndpoint | None,
    fleet: LaunchedFrom | None,
) -> list[LaunchedFrom]:
    """What is remembered of launches: of the config in service, and of the attempt, which may come into service yet.

    `fleet` is one that was launched or looked at just now. An endpoint that is gone starts from what is there then.
    """
    if endpoint is None and fleet is None:
        return []
    known = {each.config_name: each for each in (*old.launched_from, *([fleet] if fleet is not None else ()))}
    serves = endpoint.config_name if endpoint is not None else None
    kept = (serves, rollout.config_name if rollout is not None else None)
    return [known[name] for name in dict.fromkeys(kept) if name in known]


def _before(kind: str, old: SageMakerEndpointStatus, endpoint: ObservedEndpoint) -> Condition | None:
    """The condition of before, while the same config is in service."""
    before = old.endpoint
    same = before is not None and before.config_name == endpoint.config_name
    return conditions.find(old.conditions, kind) if same else None
