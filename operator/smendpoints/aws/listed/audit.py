"""The audit of one place: what hands may have changed besides endpoints. Autoscaling, tags, configs and models.

It is read page by page, over and over, each list whole before it counts. The first time it is read without pauses.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from smendpoints.aws.calls.clients import Clients
from smendpoints.aws.calls.pages import Entry, Query, Reading
from smendpoints.aws.listed.cadence import AUDIT_CALLS, NEVER, Cadence, Trouble
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.reasons import Reason

logger = logging.getLogger(__name__)
_FEW, _BROKEN = 7, 4
T = TypeVar("T")
Made_co = TypeVar("Made_co", covariant=True)


class Gathered(Protocol[Made_co]):
    """Takes what is read, and makes of it what is kept."""

    def take(self, query: Query, entries: Iterable[Entry]) -> None:
        """Another page."""

    def made(self) -> Made_co:
        """All was read."""


class Part(Generic[T]):
    """One list of the audit; `value` is what it said when it was last read to its end."""

    def __init__(
        self,
        queries: Sequence[Query],
        gather: Callable[[], Gathered[T]],
        *,
        optional: bool = False,
        wanted: bool = True,
    ) -> None:
        """What AWS denies of an `optional` one counts as empty, and is not asked for again.

        One that is not `wanted` is not read, and nobody waits for it, until that is set.
        """
        self.wanted = wanted
        self._queries = queries
        self._gather = gather
        self._optional = optional
        self.denied = False  # all of it
        self._gathered = gather()
        self._since = NEVER
        self.reading: Reading | None = None
        self.breaks = 0  # in a row, each with pages read in vain
        self.pages = 0  # how many it had
        self.value = self._gathered.made()
        self.begun = NEVER  # of the last time that it was read to its end

    def step(self, clients: Clients, now: float) -> bool:
        """Read a page; whether it was the last one.

        Raises:
            ReconcileError: AWS could not be asked. The list is begun again.
        """
        if not self.wanted:
            return True
        if self.denied:
            self.begun = now
            return True
        if self.reading is None:
            self.reading, self._gathered, self._since = Reading(self._queries), self._gather(), now
        try:
            self._gathered.take(*self.reading.step(clients))
        except ReconcileError as failure:
            self.breaks += self.reading.pages > 0
            denied, self.reading = self.reading.asked, None
            if not self._optional or failure.reason is not Reason.ACCESS_DENIED:
                raise
            logger.warning("%s are not listed, so changes by hand are seen late: %s", denied.key, failure)
            self._queries = [each for each in self._queries if each is not denied]
            self.denied = not self._queries
            if self.denied:
                self.begun = now
            return self.denied
        if self.reading.done:
            self.value, self.begun, self.pages = self._gathered.made(), self._since, self.reading.pages
            self.reading, self._gathered, self.breaks = None, self._gather(), 0
        return self.reading is None


class Audit:
    """The parts of the audit in turn. Thread-safe; one call is made at a time."""

    def __init__(
        self, clients: Clients, clock: Callable[[], float], cadence: Cadence, parts: Sequence[Part[Any]]
    ) -> None:
        self._clients = clients
        self._clock = clock
        self._cadence = cadence
        self._lock = threading.Lock()
        self.parts = parts
        self._turn = 0
        self._round_at = NEVER
        self._next = NEVER
        self._paced = False
        self.trouble = Trouble()

    @property
    def begun(self) -> float:
        """When the oldest of what was read was begun; `NEVER` until each part was read once."""
        return min(part.begun for part in self.parts if part.wanted)

    def due(self) -> float:
        """When the next call is."""
        return max(self._next, self.trouble.retry_at)

    def step(self) -> Part[Any] | None:
        """Make the next call; the part that it completed, if it did.

        Raises:
            ReconcileError: AWS could not be asked. The next part has its turn.
        """
        with self._lock:
            now = self._clock()
            part = self.parts[self._turn]
            if self._turn == 0 and part.reading is None:
                self._round_at = now
            try:
                done = part.step(self._clients, now)
            except ReconcileError as failure:
                self.trouble.failed(failure, now, self._clock())
                self._turned(now)
                raise
            self.trouble.over()
            if done:
                self._turned(now)
                return part
            self._next = now + self._gap(part)
            return None

    def read(self, max_age: float) -> tuple[Part[Any], ...]:
        """Read the parts that are older now, without pauses; which those were.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        with self._lock:
            oldest = self._clock() - max_age
            read = tuple(part for part in self.parts if part.wanted and (part.begun < oldest or part.begun == NEVER))
            for part in read:
                while not part.step(self._clients, self._clock()):
                    pass
            if read and all(part.reading is None for part in self.parts):  # a round is through
                self._turn, self._round_at = 0, self.begun
                self._next = self._round_at + self._cadence.audit
            return read

    def _turned(self, now: float) -> None:
        """The next part has its turn; after the last one, when the period is over."""
        self._next = now + self._gap(self.parts[self._turn])
        self._turn = (self._turn + 1) % len(self.parts)
        if self._turn == 0 and self._paced:
            self._next = max(self._next, self._round_at + self._cadence.audit)

    def _gap(self, part: Part[Any]) -> float:
        """None at first. Short for few pages, which are no burst, and for what breaks: tokens live for minutes only."""
        self._paced = self._paced or self.begun > NEVER
        if not self._paced:
            return 0.0
        if sum(each.pages for each in self.parts) <= AUDIT_CALLS:
            return self._cadence.audit_gap / _FEW
        return self._cadence.audit_gap / (_BROKEN if part.breaks > 1 else 1)
