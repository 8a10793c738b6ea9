"""Whose configs and models are, as their tags say: asked for once, and again right before one is deleted."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from smendpoints.aws.calls.bounded import Bounded
from smendpoints.domain.desired.ownership import Owner, is_reserved
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.reasons import Reason

Tags = Mapping[str, str]
_BELIEVED = 60.0
_DELETED = {Verb.DELETE_CONFIG: "endpoint-config", Verb.DELETE_MODEL: "model"}


@dataclass(frozen=True)
class _Belief:
    at: float
    arn: str
    tags: Tags


class Owners:
    """The tags of configs and models of one place, each with when AWS said so, or took them. Thread-safe."""

    def __init__(
        self, ask: Callable[[str], Tags | None], most: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`ask` has AWS tell the tags of an ARN; None if it is not there. `most` are kept."""
        self._ask = ask
        self._clock = clock
        self._beliefs: Bounded[str, _Belief] = Bounded(most)

    def put(self, arn: str, tags: Tags) -> None:
        """AWS has these tags."""
        self._beliefs.put(_tail(arn), _Belief(self._clock(), arn, tags))

    def drop(self, arn: str) -> None:
        """Tags were changed."""
        self._beliefs.drop(_tail(arn))

    def owned(self, arn: str, owner: Owner) -> bool:
        """Whether the owner's tags are on it; of those of its own they are asked for once.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        known = self._beliefs.get(_tail(arn))
        if known is not None and owner.owns(known.tags):
            return True
        tags = self._ask(arn)
        if tags is not None:
            self.put(arn, tags)
        return tags is not None and owner.owns(tags)

    def known(self, arn: str) -> Tags:
        """The tags that AWS was last known to have on it; none if it was never asked. Costs nothing."""
        known = self._beliefs.get(_tail(arn))
        return known.tags if known is not None else {}

    def confirm(self, action: Action) -> None:
        """Before a config or model is deleted: whose it is, unless that was asked within the last minute.

        Raises:
            ReconcileError: its owner is another than it was believed to be; or AWS could not be asked.
        """
        key = f"{_DELETED[action.verb]}/{action.target}".lower() if action.verb in _DELETED else ""
        known = self._beliefs.get(key)
        if known is None or self._clock() - known.at < _BELIEVED:
            return
        self._beliefs.drop(key)
        tags = self._ask(known.arn)
        if tags is not None and any(tags.get(name) != value for name, value in known.tags.items() if is_reserved(name)):
            message = f"{action.target} is not whose it was: its tags were changed meanwhile"
            raise ReconcileError(Kind.RETRY, Reason.NOT_OWNED, message, action.verb.operation)


def _tail(arn: str) -> str:
    """What tells a resource from all others of its place, such as `model/name`. AWS writes ARNs in lower case."""
    return arn.rpartition(":")[2].lower()
