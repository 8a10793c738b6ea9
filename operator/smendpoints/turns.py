"""Whose turn it is: slots are dealt round over namespaces, and one object is reconciled so often and no more.

So one namespace's many edits do not delay another's one, and nobody spends AWS's rate with one object. Not here: which
objects are due, which is `workqueue`'s.
"""

from collections import Counter, OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")
_PROMPT = 0.05  # seconds: an answer within them is never late
_LATE = 3.0  # times the best answer
_WEIGHT = 0.1  # of the newest answer in the usual one
_REMEMBERED = 600.0  # seconds, as whom is asked may have moved
_NARROWER, _WIDER = 0.2, 0.1  # for each answer


class Allowance:
    """How often one object is reconciled: `burst` at once, then once in so many `seconds`, whatever is done to it."""

    def __init__(self, seconds: float, burst: int = 3) -> None:
        self._seconds = seconds
        self._burst = burst
        self._spent = 0.0  # reconciles that are not earned back yet
        self._at = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the object may be reconciled; 0 when it may now."""
        return max(0.0, self._left(now) - (self._burst - 1)) * self._seconds

    def take(self, now: float) -> None:
        """The object is reconciled now."""
        self._spent, self._at = self._left(now) + 1, now

    def _left(self, now: float) -> float:
        if self._seconds <= 0:
            return 0.0
        return max(0.0, self._spent - (now - self._at) / self._seconds)


class Width:
    """How many requests at once are worth while: fewer as long as each takes longer for it, and more where it does not.

    As TCP Vegas has it: who answers about as fast as at its best has room; who answers late only lets requests wait,
    those of others among them. Seconds everywhere; the best answer is that of the last ten to twenty minutes.
    """

    def __init__(self, least: int, most: int) -> None:
        self._least, self._most = least, most
        self._now = float(least)
        self._usual = 0.0
        self._best = self._best_before = float("inf")
        self._since = float("-inf")

    @property
    def now(self) -> int:
        """So many at once."""
        return int(self._now)

    def took(self, seconds: float, now: float, *, answered: bool = True) -> None:
        """A request took so long; one that failed may have been quick, and is none of the best."""
        if now - self._since >= _REMEMBERED:
            self._best_before, self._best, self._since = self._best, float("inf"), now
        if answered:
            self._best = min(self._best, seconds)
        self._usual += (seconds - self._usual) * _WEIGHT if self._usual else seconds
        best = min(self._best, self._best_before)
        if self._usual > _PROMPT and self._usual > _LATE * best:
            self._now = max(float(self._least), self._now - _NARROWER)
        else:
            self._now = min(float(self._most), self._now + _WIDER)


class Line(Generic[T]):
    """Tickets that wait for one of so many slots.

    A slot goes to the namespace that holds fewest, then to the one that was served longest ago; within it the lowest
    rank comes first, and of equals who came first. No namespace holds the last slots, so that another finds one free.
    `length` is how many wait.
    """

    def __init__(self, slots: int) -> None:
        self._free = self._slots = slots
        self._most = _most_of(slots)
        self._waiting: OrderedDict[str, dict[int, deque[T]]] = OrderedDict()  # by namespace and rank; none is empty
        self._held: Counter[str] = Counter()
        self.length = 0

    def resize(self, slots: int) -> None:
        """So many slots from now on; those that are held beyond stay until they are done."""
        self._free += slots - self._slots
        self._slots, self._most = slots, _most_of(slots)

    def ask(self, namespace: str, ticket: T, rank: int = 0) -> None:
        """Get in line."""
        self.length += 1
        self._waiting.setdefault(namespace, {}).setdefault(rank, deque()).append(ticket)

    def withdraw(self, namespace: str, ticket: T) -> None:
        """Leave the line; nothing if the ticket is not in it."""
        for rank, tickets in self._waiting.get(namespace, {}).items():
            if ticket in tickets:
                self.length -= 1
                tickets.remove(ticket)
                self._tidy(namespace, rank)
                return

    def deal(self) -> tuple[str, T] | None:
        """The next ticket that gets a slot, and whose it is; None while none can."""
        able = [namespace for namespace in self._waiting if self._held[namespace] < self._most]
        if self._free <= 0 or not able:
            return None
        namespace = min(able, key=lambda each: self._held[each])  # of equals the first, the one not served for longest
        rank = min(self._waiting[namespace])
        ticket = self._waiting[namespace][rank].popleft()
        self._waiting.move_to_end(namespace)
        self._tidy(namespace, rank)
        self.length -= 1
        self._free -= 1
        self._held[namespace] += 1
        return namespace, ticket

    def done(self, namespace: str) -> None:
        """A slot of this namespace is free again."""
        self._free += 1
        self._held[namespace] -= 1
        if not self._held[namespace]:
            del self._held[namespace]

    def _tidy(self, namespace: str, rank: int) -> None:
        ranks = self._waiting[namespace]
        if not ranks[rank]:
            del ranks[rank]
        if not ranks:
            del self._waiting[namespace]


def _most_of(slots: int) -> int:
    """What one namespace may hold of so many slots."""
    return max(1, slots - max(1, slots // 8))
