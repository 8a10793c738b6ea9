"""What people and programs are told of an experiment: conditions by kstatus, and an Event for each transition."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from smendpoints.api.experiment_status import SageMakerExperimentStatus
from smendpoints.api.status import Condition
from smendpoints.domain.status import conditions
from smendpoints.domain.status.events import Event


class Saying(StrEnum):
    """Why the conditions are as they are; the reasons that programs may rely on."""

    WAITING = "Waiting"
    NOT_FOUND = "EndpointNotFound"
    INVALID_SPEC = "InvalidSpec"
    TAKEN = "TrafficTaken"
    RUNNING = "Running"
    UNREADABLE = "MetricsUnreadable"
    SHIP = "SHIP"
    ROLLBACK = "ROLLBACK"
    INVALID = "INVALID"
    INCONCLUSIVE = "INCONCLUSIVE"
    LEAVING = "Deleting"


_STALLED = frozenset({Saying.NOT_FOUND, Saying.INVALID_SPEC, Saying.TAKEN, Saying.INVALID, Saying.UNREADABLE})
_ON_THE_WAY = frozenset({Saying.WAITING, Saying.LEAVING})
_WARNINGS = _STALLED | {Saying.ROLLBACK}


@dataclass(frozen=True)
class Said:
    """A reason, and a sentence."""

    reason: Saying
    message: str


def shown(said: Said, generation: int, now: datetime) -> list[Condition]:
    """`Ready` always; `Reconciling` and `Stalled` only while true.

    One that runs is ready: all that was asked for is done, and what is waited for are requests, for weeks maybe.
    """

    def condition(kind: str, *, status: bool) -> Condition:
        return conditions.condition_of(
            kind, status=status, reason=said.reason, message=said.message[:32768], generation=generation, now=now
        )

    found = [condition("Ready", status=said.reason not in _STALLED | _ON_THE_WAY)]
    if said.reason in _ON_THE_WAY:
        found.append(condition("Reconciling", status=True))
    if said.reason in _STALLED:
        found.append(condition("Stalled", status=True))
    return found


def events(old: SageMakerExperimentStatus, new: SageMakerExperimentStatus) -> tuple[Event, ...]:
    """One for each new reason, each step of the traffic, and each challenger that was given up."""
    found = []
    before, after = conditions.find(old.conditions, "Ready"), conditions.find(new.conditions, "Ready")
    if after is not None and (before is None or before.reason != after.reason or len(old.steps) < len(new.steps)):
        warning = Saying(after.reason) in _WARNINGS
        found.append(Event(warning=warning, reason=after.reason, message=after.message))
    given_up = {each.variant for each in old.challengers if each.ended_at is not None}
    for each in new.challengers:
        if each.ended_at is not None and each.variant not in given_up and new.verdict is None:
            message = f"{each.variant} gets no more traffic: {each.reason}"
            found.append(Event(warning=True, reason=str(Saying.ROLLBACK), message=message))
    return tuple(found)
