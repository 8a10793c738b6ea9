"""Changes in place, one at a time: which is next; and which AWS took back, to be asked for less and less often.

AWS answers such a call at once, tries for minutes, and goes back where an instance does not come up: then the endpoint
is `InService` with a FailureReason and the counts of before. The status remembers what was asked for, and how often.
Not here: what differs, see `in_place`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from smendpoints.api.status_rollout import InPlaceChange
from smendpoints.domain.desired.names import content_hash
from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.plan.actions import Action
from smendpoints.domain.plan.in_place import describe_in_place
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.wording import NO_REASON, may_try_again

_FIRST, _LONGEST = timedelta(seconds=60), timedelta(minutes=30)
_LOST = timedelta(minutes=10)  # what AWS never shows to have begun with is asked for again
_UNEXPLAINED = 3  # so often it is asked for although AWS gives no reason: an out-of-band change may have undone it


@dataclass(frozen=True)
class Turns:
    """What of the changes is done now.

    `next` is the call to make; `taken_back` are those that AWS took back and whose time has not come, with its reasons;
    `wait` is until the first of them. `kept` is what the status remembers, and `made` what once `next` is made.
    """

    next: Action | None = None
    begins: bool = False
    taken_back: tuple[tuple[Action, str], ...] = ()
    wait: timedelta = timedelta(0)
    kept: tuple[InPlaceChange, ...] = ()
    made: tuple[InPlaceChange, ...] = ()

    def told(self, endpoint: ObservedEndpoint) -> str:
        """What AWS took back and why, for people."""
        return "; ".join(
            f"AWS took back {', '.join(describe_in_place((call,), endpoint))}: {reason}"
            for call, reason in self.taken_back
        )

    def may_work_later(self) -> bool:
        """Whether nothing but capacity lacked, or the fault was AWS's own."""
        return all(may_try_again(reason) for _, reason in self.taken_back)


NONE = Turns()


def turns(given: Input, endpoint: ObservedEndpoint, calls: Iterable[Action]) -> Turns:
    """Which of the calls that `changes_in_place` found is made next."""
    before = {each.change: each for each in given.recorded.in_place}
    last = max(before.values(), key=lambda each: each.asked_at, default=None)
    new, again = list[Action](), list[Action]()
    kept = list[InPlaceChange]()
    taken_back = list[tuple[Action, str]]()
    waits, begins = list[timedelta](), False
    for call in calls:
        record = before.get(_key(given, call))
        if record is None:
            new.append(call)
            continue
        if endpoint.modified_at <= record.endpoint_modified_at:  # AWS does not show it yet
            kept.append(record)
            if given.now - record.asked_at < _LOST:
                begins = True
            else:
                again.append(call)
            continue
        if record is last and endpoint.failure_reason:
            record = record.model_copy(update={"message": endpoint.failure_reason})
        kept.append(record)
        unexplained = record.message is None and record.attempts < _UNEXPLAINED
        wait = _wait(record.attempts) - (given.now - endpoint.modified_at)
        if unexplained or wait <= timedelta(0):
            again.append(call)
        else:
            taken_back.append((call, record.message or NO_REASON))
            waits.append(wait)
    following = None if begins else next(iter([*new, *again]), None)
    made = tuple(kept)
    if following is not None:
        key = _key(given, following)
        asked = InPlaceChange(
            change=key,
            attempts=before[key].attempts + 1 if key in before else 1,
            asked_at=given.now,
            endpoint_modified_at=endpoint.modified_at,
        )
        made = (*(each for each in kept if each.change != key), asked)
    return Turns(following, begins, tuple(taken_back), min(waits, default=timedelta(0)), tuple(kept), made)


def _key(given: Input, call: Action) -> str:
    """What the status knows a change by; the user may ask for it to be tried again."""
    return content_hash([call.fingerprint(), given.desired.retry or ""])


def _wait(attempts: int) -> timedelta:
    """How long after it was taken back a change is asked for again: longer each time."""
    return min(_FIRST * (1 << min(max(0, attempts - 1), 10)), _LONGEST)
