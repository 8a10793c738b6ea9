"""Which object is reconciled next, and when: woken by what happens, or by a deadline of its own; nothing is periodic.

An object is reconciled by one worker at a time; what wakes it meanwhile has it reconciled once more afterwards. Pure:
the time is given; workers, Kubernetes and AWS are somebody else's.
"""

import heapq
import itertools
from dataclasses import dataclass
from enum import IntEnum

from smendpoints.turns import Allowance, Line

NEVER = float("inf")
_STALE = 4  # times as many deadlines as objects: then those that count no longer are cleared away


class Rank(IntEnum):
    """Why an object is due; what is less comes first in its namespace.

    What has begun ends before anything else begins: thousands that were all edited, or created, would else all begin
    before one of them ends.
    """

    GOES_ON = 0  # it said itself that there is more to do at once
    ASKED = 1  # somebody asks for something else than before
    AWAITED = 2  # it waits for AWS
    OTHER = 3  # it is new, or something may mean something else for it


@dataclass(frozen=True)
class Turn:
    """An object that is to be reconciled now, and for how many seconds it waited for a slot."""

    uid: str
    waited: float


@dataclass
class _Entry:
    """One object: when and why it is due next, since when it is in line, and whether it was woken while it ran."""

    namespace: str
    allowance: Allowance
    due: float = NEVER
    rank: Rank = Rank.OTHER
    since: float = NEVER
    in_line: bool = False
    running: bool = False
    woken: bool = False
    dropped: bool = False


class WorkQueue:
    """Objects by uid. Times are seconds of one clock.

    At most `slots` objects are reconciled at once, dealt round over namespaces; each object three times in a row, and
    then once in `object_seconds`, whatever is done to it.
    """

    def __init__(self, slots: int, object_seconds: float) -> None:
        self._line: Line[str] = Line(slots)
        self._object_seconds = object_seconds
        self._entries: dict[str, _Entry] = {}
        self._deadlines: list[tuple[float, int, str]] = []
        self._number = itertools.count()

    def __len__(self) -> int:
        """How many objects there are."""
        return len(self._entries)

    def __contains__(self, uid: object) -> bool:
        return uid in self._entries

    def waiting(self) -> int:
        """How many objects wait for a slot. From any thread."""
        return self._line.length

    def oldest_wait(self, now: float) -> float:
        """Seconds that the object waits for a slot that is due for longest; 0 when none does. From any thread."""
        since = (entry.since for entry in list(self._entries.values()) if entry.in_line)
        return max(0.0, now - min(since, default=now))

    def add(self, uid: str, namespace: str, now: float) -> None:
        """An object is there, and due."""
        self._entries[uid] = _Entry(namespace, Allowance(self._object_seconds))
        self._plan(uid, now)

    def drop(self, uid: str) -> None:
        """The object is gone; one that is being reconciled keeps its slot until it is done."""
        entry = self._entries.get(uid)
        if entry is None:
            return
        entry.dropped = True
        if entry.in_line:
            self._line.withdraw(entry.namespace, uid)
        if not entry.running:
            del self._entries[uid]

    def wake(self, uid: str, now: float, rank: Rank = Rank.OTHER) -> None:
        """Something happened to the object: it is due."""
        entry = self._entries.get(uid)
        if entry is None or entry.dropped:
            return
        better, entry.rank = rank < entry.rank, min(rank, entry.rank)
        if entry.running:
            entry.woken = True
        elif entry.in_line:
            if better:
                self._line.withdraw(entry.namespace, uid)
                self._line.ask(entry.namespace, uid, entry.rank)
        elif now < entry.due:
            self._plan(uid, now)

    def pop(self, now: float) -> Turn | None:
        """The object to reconcile now, which holds a slot until it is `done`; None when there is none, or no slot."""
        while self._deadlines and self._deadlines[0][0] <= now:
            due, _, uid = heapq.heappop(self._deadlines)
            entry = self._entries.get(uid)
            if entry is None or entry.in_line or entry.running or entry.due != due:
                continue
            wait = entry.allowance.wait(now)
            if wait > 0:
                self._plan(uid, now + wait)
                continue
            entry.in_line, entry.since = True, now
            self._line.ask(entry.namespace, uid, entry.rank)
        dealt = self._line.deal()
        if dealt is None:
            return None
        entry = self._entries[dealt[1]]
        waited = max(0.0, now - entry.since)
        entry.in_line, entry.running, entry.woken, entry.rank, entry.due = False, True, False, Rank.OTHER, NEVER
        entry.allowance.take(now)
        return Turn(dealt[1], waited)

    def done(self, uid: str, now: float, again_at: float = NEVER, rank: Rank = Rank.OTHER) -> None:
        """The object was reconciled; it is due again at its own deadline, or now if it was woken meanwhile.

        `rank`: the least that it has next time, whatever wakes it.
        """
        entry = self._entries[uid]
        entry.rank = Rank.GOES_ON if again_at <= now else min(rank, entry.rank)
        self._line.done(entry.namespace)
        entry.running = False
        if entry.dropped:
            del self._entries[uid]
            return
        self._plan(uid, now if entry.woken else again_at)

    def next_at(self) -> float:
        """When `pop` is worth asking again, unless something is woken or done before; NEVER: then only."""
        return self._deadlines[0][0] if self._deadlines else NEVER

    def _plan(self, uid: str, at: float) -> None:
        self._entries[uid].due = at
        if at == NEVER:
            return
        heapq.heappush(self._deadlines, (at, next(self._number), uid))
        if len(self._deadlines) > 64 + _STALE * len(self._entries):
            live = {(entry.due, uid) for uid, entry in self._entries.items()}
            self._deadlines = [each for each in self._deadlines if (each[0], each[2]) in live]
            heapq.heapify(self._deadlines)
