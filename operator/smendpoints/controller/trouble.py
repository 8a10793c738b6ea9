"""What went wrong with an object, as far as it bears on what is done next.

It belongs to just what was asked for then: another generation, another value of an annotation that asks for something,
or another goal (office hours that end, a deletion) begins without. A refusal belongs to the very calls that led to it.
Nothing here outlives the process.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.controller.result import NEVER
from smendpoints.domain.desired.office_hours import schedule_of
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.plan.actions import Action

_BLOCKED_POLLS, _MOST_BLOCKED_POLLS = 60, 360  # five minutes, and half an hour, by default
_LONGEST = 300.0


class Goal(Enum):
    """What a reconcile is after, as far as the spec's generation does not tell."""

    RUN = auto()
    STOP = auto()
    FINALIZE = auto()


@dataclass(frozen=True)
class Pursuit:
    """What is asked for: a goal, by a generation of the spec and the values of annotations.

    `content` is a digest of what the generation does not tell alone.
    """

    goal: Goal
    generation: int
    annotations: tuple[str | None, ...]
    content: str = ""


def pursuit_of(resource: SageMakerEndpoint, now: datetime) -> Pursuit:
    """What is asked for by an object that is not being deleted."""
    try:
        goal = Goal.RUN if schedule_of(resource.spec, now, resource.keep()).running else Goal.STOP
    except ReconcileError:  # a schedule that cannot be read: nothing is done before it can
        goal = Goal.RUN
    return Pursuit(goal, *resource.asked())


def finalizing(resource: SageMakerEndpoint) -> Pursuit:
    """What is asked for by an object that is being deleted."""
    return Pursuit(Goal.FINALIZE, *resource.asked())


@dataclass
class Trouble:
    """What went wrong on the way to one goal; times are seconds of a monotonic clock.

    `retry_at`: when it is tried again; `blocked`: how many times in a row it was tried when it was time, and not woken.
    """

    pursuit: Pursuit | None = None
    failures: int = 0
    blocked: int = 0
    settling_since: float | None = None
    retry_at: float = float("-inf")
    _refusals: dict[str, tuple[tuple[str, ...], ReconcileError]] = field(default_factory=dict)

    def back_off(self, failure: ReconcileError, poll: float, now: float) -> float:
        """How many seconds to wait before the next try, longer each time; `NEVER`: until something else is asked for.

        A deletion is tried again whatever AWS said.
        """
        self.failures += 1
        wait = self._wait(failure.kind, poll, now)
        self.retry_at = now + wait
        return wait

    def _wait(self, kind: Kind, poll: float, now: float) -> float:
        if kind is Kind.INVALID and not self._leaving:
            return NEVER
        if kind is Kind.BLOCKED and not self._leaving:  # the cure is in AWS, and what is stuck has a price, too
            self.blocked += self.blocked == 0 or now >= self.retry_at  # woken, it was not its time
            polls = min(_BLOCKED_POLLS << min(self.blocked - 1, 10), _MOST_BLOCKED_POLLS)
            return polls * poll * random.uniform(0.8, 1.0)  # noqa: S311 - it spreads waits
        first = poll if kind is Kind.BUSY else min(poll, 2.0)
        return min(first * (1 << min(self.failures - 1, 10)), _LONGEST) * random.uniform(0.5, 1.0)  # noqa: S311

    @property
    def _leaving(self) -> bool:
        return self.pursuit is not None and self.pursuit.goal is Goal.FINALIZE

    def refuse(self, part: str, actions: Sequence[Action], failure: ReconcileError) -> None:
        """AWS will not do the last of these calls however often it is asked. A deletion goes on asking.

        `part` is that of the plan; each has a memory of its own.
        """
        if failure.kind is Kind.INVALID and not self._leaving:
            self._refusals[part] = tuple(action.fingerprint() for action in actions), failure

    def refusal(self, part: str, actions: Sequence[Action]) -> tuple[int, ReconcileError | None]:
        """How many of these calls are worth making, and what AWS is known to answer to the next one.

        The calls that led to the refusal were made then: where they are the same now, none is made again.
        """
        if part not in self._refusals:
            return len(actions), None
        before, failure = self._refusals[part]
        asked = tuple(action.fingerprint() for action in actions)
        if asked[: len(before)] == before:
            return 0, failure
        if before[-1] in asked:
            return asked.index(before[-1]), failure
        return len(actions), None
