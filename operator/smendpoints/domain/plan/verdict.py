"""What a plan is: the calls to make, what to tell the user meanwhile, what to remember, and when to look again."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.meanwhile import NOTHING, Meanwhile
from smendpoints.domain.plan.turns import Turns
from smendpoints.domain.reasons import Reason


@dataclass(frozen=True)
class Verdict:
    """The state of the whole, as kstatus has it. Never ready and reconciling at once.

    `unknown` says that AWS cannot be looked at for some time, so that nothing is known of readiness.
    """

    reason: Reason
    message: str
    ready: bool = False
    reconciling: bool = False
    stalled: bool = False
    unknown: bool = False


def ready(reason: Reason, message: str) -> Verdict:
    """As the spec says."""
    return Verdict(reason, message, ready=True)


def reconciling(reason: Reason, message: str) -> Verdict:
    """On the way there."""
    return Verdict(reason, message, reconciling=True)


def at(moment: datetime) -> str:
    """A moment as it is told: absolute, as nobody rewrites what is told when time passes."""
    return f"{moment.astimezone(UTC):%H:%M:%SZ}"


def later(reason: Reason, message: str, wait: timedelta, now: datetime) -> tuple[Verdict, float]:
    """To be tried again by itself after `wait`; with the seconds until then."""
    return reconciling(reason, f"{message}; trying again at {at(now + wait)}"), max(1.0, wait.total_seconds())


def stalled(reason: Reason, message: str) -> Verdict:
    """A person has to act."""
    return Verdict(reason, message, stalled=True)


def suspended(reason: Reason, message: str) -> Verdict:
    """Neither as wanted, nor on the way, by the user's own wish."""
    return Verdict(reason, message)


class Requeue(Enum):
    """When to look again."""

    NOW = "now"
    POLL = "poll"
    STEADY = "steady"


@dataclass(frozen=True)
class Plan:
    """What to do and what to tell.

    `rollout` is the memory of the last attempt; a plan that asks for it to be written first has no actions and comes
    again `NOW`, and `announces` the update that is made then. `otherwise` are the calls to make if AWS refuses the
    update; `meanwhile` is what changes in place as long as there is none, and `turns` how it stands with such changes,
    where that is known. `drift` names out-of-band changes. `garbage_collected` says that none is left. `apart`: what of
    the calls does not need each other is made although AWS refuses the rest.
    """

    verdict: Verdict
    actions: tuple[Action, ...] = ()
    otherwise: tuple[Action, ...] = ()
    announces: Action | None = None
    meanwhile: Meanwhile = NOTHING
    requeue: Requeue | float = Requeue.POLL
    rollout: RolloutStatus | None = None
    drift: tuple[str, ...] = ()
    endpoint_status: str | None = None
    garbage_collected: bool = False
    changes: str | None = None
    turns: Turns | None = None
    apart: bool = False

    def launches(self) -> bool:
        """Whether the calls bring a revision into service."""
        return any(action.verb is Verb.UPDATE_ENDPOINT for action in self.actions)

    def parts(self) -> dict[str, tuple[Action, ...]]:
        """The calls in their order, by what they are about where they may be made apart: a refusal ends one part."""
        if not self.apart:
            return {"": self.actions}
        found: dict[str, tuple[Action, ...]] = {}
        for action in self.actions:
            found[action.verb.about] = (*found.get(action.verb.about, ()), action)
        return found
