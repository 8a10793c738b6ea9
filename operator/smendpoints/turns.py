"""Whose turn it is: slots are dealt round over namespaces, and one object is reconciled so often and no more.

So one namespace's many edits do not delay another's one, and nobody spends AWS's rate with one object. Not here: which
objects are due, which is `workqueue`'s.
"""

import itertools
from collections import Counter, OrderedDict, deque
from typing import Generic, TypeVar

T = TypeVar("T")
_PROMPT = 0.05  # seconds: an answer within them is never late
_LATE = 3.0  # times the best answer
_WEIGHT = 0.1  # of the newest answer in the usual one
_REMEMBERED = 600.0  # seconds, as whom is asked may have moved
_NARROWER, _WIDER = 0.2, 0.1  # for each answer
_OLDEST = 8  # each so many turns of a namespace its oldest ticket is served, whatever its rank


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


class _Tickets(Generic[T]):
    """Those of one namespace, by rank, each with the number in which it came; no rank is empty."""

    def __init__(self) -> None:
        self._ranks: dict[int, deque[tuple[int, T]]] = {}
        self._dealt = 0

    def __bool__(self) -> bool:
        return bool(self._ranks)

    def add(self, rank: int, number: int, ticket: T) -> None:
        self._ranks.setdefault(rank, deque()).append((number, ticket))

    def remove(self, ticket: T) -> bool:
        """Whether it was there."""
        for rank, tickets in self._ranks.items():
            for place, (_, each) in enumerate(tickets):
                if each == ticket:
                    del tickets[place]
                    self._tidy(rank)
                    return True
        return False

    def next(self) -> T:
        """That of the lowest rank, but each eighth time the one that came first: so that none waits without end."""
        self._dealt += 1
        rank = min(self._ranks)
        if self._dealt % _OLDEST == 0:
            rank = min(self._ranks, key=lambda each: self._ranks[each][0][0])
        _, ticket = self._ranks[rank].popleft()
        self._tidy(rank)
        return ticket

    def _tidy(self, rank: int) -> None:
        if not self._ranks[rank]:
            del self._ranks[rank]


class Line(Generic[T]):
    """Tickets that wait for one of so many slots.

    A slot goes to the namespace that holds fewest, then to the one that was served longest ago; within it the lowest
    rank comes first, and of equals who came first. No namespace holds the last slots, so that another finds one free.
    `length` is how many wait: n of a namespace are served within 8 n of its turns, whatever their ranks.
    """

    def __init__(self, slots: int) -> None:
        self._free = self._slots = slots
        self._most = _most_of(slots)
        self._waiting: OrderedDict[str, _Tickets[T]] = OrderedDict()
        self._held: Counter[str] = Counter()
        self._number = itertools.count()
        self.length = 0

    def resize(self, slots: int) -> None:
        """So many slots from now on; those that are held beyond stay until they are done."""
        self._free += slots - self._slots
        self._slots, self._most = slots, _most_of(slots)

    def ask(self, namespace: str, ticket: T, rank: int = 0) -> None:
        """Get in line."""
        self.length += 1
        if namespace not in self._waiting:
            self._waiting[namespace] = _Tickets()
        self._waiting[namespace].add(rank, next(self._number), ticket)

    def withdraw(self, namespace: str, ticket: T) -> None:
        """Leave the line; nothing if the ticket is not in it."""
        tickets = self._waiting.get(namespace)
        if tickets is not None and tickets.remove(ticket):
            self.length -= 1
            if not tickets:
                del self._waiting[namespace]

    def deal(self) -> tuple[str, T] | None:
        """The next ticket that gets a slot, and whose it is; None while none can."""
        able = [namespace for namespace in self._waiting if self._held[namespace] < self._most]
        if self._free <= 0 or not able:
            return None
        namespace = min(able, key=lambda each: self._held[each])  # of equals the first, the one not served for longest
        ticket = self._waiting[namespace].next()
        self._waiting.move_to_end(namespace)
        if not self._waiting[namespace]:
            del self._waiting[namespace]
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


def _most_of(slots: int) -> int:
    """What one namespace may hold of so many slots."""
    return max(1, slots - max(1, slots // 8))
