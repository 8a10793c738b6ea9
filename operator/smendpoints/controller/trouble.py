"""What went wrong with an object, as far as it bears on what is done next.

It belongs to just what was asked for then: another generation, another value of an annotation that asks for something,
or another goal (office hours that end, a deletion) begins without. A refusal belongs to the very calls that led to it.
Nothing here outlives the process.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.domain.desired.office_hours import schedule_of
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.plan.actions import Action


class Goal(StrEnum):
    """What a reconcile is after, as far as the spec's generation does not tell."""

    RUN = "run"
    STOP = "stop"
    FINALIZE = "leave"


@dataclass(frozen=True)
class Pursuit:
    """What is asked for: a goal, by a generation of the spec and the values of annotations."""

    goal: Goal
    generation: int
    annotations: tuple[str | None, ...]


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
    """What went wrong on the way to one goal; times are seconds of a monotonic clock."""

    pursuit: Pursuit | None = None
    failures: int = 0
    blocked: int = 0
    settling_since: float | None = None
    _refusals: dict[str, tuple[tuple[str, ...], ReconcileError]] = field(default_factory=dict)

    def refuse(self, part: str, actions: Sequence[Action], failure: ReconcileError) -> None:
        """AWS will not do the last of these calls however often it is asked. A deletion goes on asking.

        `part` is that of the plan; each has a memory of its own.
        """
        if failure.kind is Kind.INVALID and (self.pursuit is None or self.pursuit.goal is not Goal.FINALIZE):
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
