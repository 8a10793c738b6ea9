"""The endpoints of one place as ListEndpoints shows them: all of them now and then, what moved while it is awaited.

A name that is listed no more is dropped from here, but whether the endpoint is gone only DescribeEndpoint says: AWS
promises nothing about how fresh its listings and their filters are. What one listing misses the next full one shows.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from smendpoints.aws.calls.clients import Clients
from smendpoints.aws.calls.pages import Entry, Query, Reading
from smendpoints.aws.listed.cadence import NEVER, Awaited, Cadence, Trouble
from smendpoints.aws.listed.summary import Summary
from smendpoints.domain.errors import ReconcileError

# Clocks of AWS's own hosts differ, and an entry may be listed later than it was stamped.
OVERLAP = timedelta(seconds=30)
_SHARED_FAILURE = 1.0
_NONE: frozenset[str] = frozenset()


def _query(**params: object) -> Query:
    return Query("sagemaker", "list_endpoints", "Endpoints", 100, params)


# The oldest first: what is made while pages are read is still to come.
_ALL = _query(SortBy="CreationTime", SortOrder="Ascending")
_DELETING = _query(StatusEquals="Deleting")


class EndpointListing:
    """Thread-safe; one call is made at a time. Instants are those of the clock that is given."""

    def __init__(self, clients: Clients, clock: Callable[[], float], cadence: Cadence) -> None:
        self._clients = clients
        self._clock = clock
        self._cadence = cadence
        self._lock = threading.Lock()
        self._full: Reading | None = None
        self._full_since = NEVER
        self._unseen: set[str] = set()  # of what was there when the full listing under way began
        self._page_at, self._moved_at, self._leaving_at = NEVER, NEVER, NEVER
        self._moved_pages = 1
        self._moved_gap = self._leaving_gap = cadence.poll
        self._hinted_at = NEVER
        self._mark: datetime | None = None
        self._deletions: set[str] = set()
        self._dropped: dict[str, float] = {}  # since the last full listing: when the list was begun that missed them
        self.trouble = Trouble()
        self.entries: Mapping[str, Summary] = {}  # by name in lower case; replaced, never changed
        self.begun = NEVER  # of the last full listing that is complete

    @property
    def known(self) -> bool:
        """Whether all endpoints have been listed."""
        return self.begun > NEVER

    @property
    def seen_at(self) -> float:
        """When the last listing was begun that would show what has changed since."""
        return max(self.begun, self._moved_at)

    def due(self, awaited: Awaited) -> float:
        """When the next call is."""
        return max(self.trouble.retry_at, min(when for when, _ in self._calls(awaited)))

    def step(self, awaited: Awaited) -> frozenset[str]:
        """Make the call that is due longest; returns the names whose entries changed, came or went.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        with self._lock:
            return self._make(min(self._calls(awaited), key=lambda each: each[0])[1])

    def read(self, oldest: float) -> frozenset[str]:
        """List all endpoints without pauses, unless that was begun after `oldest`; as `step`."""
        if self.known and self.begun >= oldest:
            return _NONE  # who can do with what is listed does not wait for those who list again
        with self._lock:
            if self.known and self.begun >= oldest:
                return _NONE
            if self._clock() - self.trouble.at < _SHARED_FAILURE and self.trouble.last is not None:
                raise replace(self.trouble.last)
            self._full, moved, more = None, _NONE, True
            while more:
                moved |= self._make(self._page)
                more = self._reading()
            return moved

    def absent(self, name: str, since: float) -> bool:
        """Whether a listing that would show it shows no such endpoint, and was begun after `since`."""
        name = name.lower()
        return name not in self.entries and max(self.begun, self._dropped.get(name, NEVER)) > since

    def hinted(self) -> None:
        """Something is said to have moved by now: that is listed at once, but a page a second at the most."""
        self._hinted_at = self._clock()

    def deleting(self, name: str) -> None:
        """An endpoint is being deleted, and may be gone before any listing has shown it so."""
        self._deletions.add(name.lower())

    def created(self, name: str) -> None:
        """An endpoint was created: what was deleted under its name was another."""
        self._deletions.discard(name.lower())

    def current(self, name: str, since: float) -> bool:
        """Whether what is listed of the name, be it that there is none, is from after `since`."""
        entry = self.entries.get(name.lower())
        if entry is None:
            return self.absent(name, since)
        return max(self.seen_at, self._leaving_at if entry.status == "Deleting" else NEVER) > since

    def _reading(self) -> bool:
        return self._full is not None

    def _calls(self, awaited: Awaited) -> list[tuple[float, Callable[[], frozenset[str]]]]:
        """Which calls there are, and when each is due."""
        calls = [(self._page_at, self._page)]
        hinted = self._hinted_at > self._moved_at
        if self.known and (awaited.moving or hinted):
            call = self._moved if self._mark is not None else self._page  # nothing was ever there
            period = 0.0 if hinted else self._moved_gap
            calls.append((self._moved_at + max(period, self._moved_pages), call))  # a second for each page
        if self.known and awaited.leaving:
            calls.append((self._leaving_at + self._leaving_gap, self._leaving))
        return calls

    def _make(self, call: Callable[[], frozenset[str]]) -> frozenset[str]:
        begun = self._clock()
        try:
            moved = call()
        except ReconcileError as failure:
            self.trouble.failed(failure, begun, self._clock())
            raise
        self.trouble.over()
        return moved

    def _page(self) -> frozenset[str]:
        """The next page of all endpoints."""
        now = self._clock()
        if self._full is None:
            self._full, self._full_since = Reading([_ALL]), now
            self._unseen = {*self.entries, *self._deletions}
        reading = self._full
        try:
            moved = self._take(reading.step(self._clients)[1])
        except ReconcileError:
            self._full = None
            raise
        self._page_at = now + (self._cadence.page_gap if self.known else 0.0)
        if not reading.done:
            return moved
        known, self._full, self.begun = self.known, None, self._full_since
        self._page_at = max(self._full_since + self._cadence.watch, now + self._cadence.page_gap)
        self._dropped = {}
        gone = self._drop(self._unseen, self._full_since)
        if reading.pages == 1:  # it says all that the other listings would
            self._moved_at = self._leaving_at = now
            self._moved_gap, self._leaving_gap = self._gap_after(moved if known else _NONE), self._gap_after(gone)
        return moved | gone

    def _moved(self) -> frozenset[str]:
        """What was modified since the latest modification that is known, by AWS's own clock."""
        now = self._clock()
        since = self._mark - OVERLAP if self._mark is not None else None
        reading, moved = Reading([_query(LastModifiedTimeAfter=since)]), _NONE
        while not reading.done:
            moved |= self._take(reading.step(self._clients)[1])
        self._moved_at, self._moved_pages = now, reading.pages
        self._moved_gap = self._gap_after(moved)
        return moved

    def _leaving(self) -> frozenset[str]:
        """What is being deleted. What was and is listed so no more is gone."""
        now = self._clock()
        unseen = {name for name, entry in self.entries.items() if entry.status == "Deleting"} | self._deletions
        reading, moved = Reading([_DELETING]), _NONE
        while not reading.done:
            entries = reading.step(self._clients)[1]
            unseen -= {_name(entry) for entry in entries}
            moved |= self._take(entries)
        self._leaving_at = now
        gone = self._drop(unseen, now)
        self._leaving_gap = self._gap_after(gone)
        return moved | gone

    def _gap_after(self, ended: frozenset[str]) -> float:
        return self._cadence.poll_again if ended else self._cadence.poll

    def _take(self, listed: Iterable[Entry]) -> frozenset[str]:
        found = {
            _name(entry): Summary(
                entry["EndpointArn"], entry["EndpointStatus"], entry["LastModifiedTime"], name=entry["EndpointName"]
            )
            for entry in listed
        }
        self._unseen -= found.keys()
        stamps = [entry.modified_at for entry in found.values()]
        self._mark = max([*stamps, self._mark] if self._mark is not None else stamps, default=None)
        moved = frozenset(name for name, entry in found.items() if self.entries.get(name) != entry)
        self.entries = {**self.entries, **found} if moved else self.entries
        return moved

    def _drop(self, names: Iterable[str], begun: float) -> frozenset[str]:
        """Forget these, that a list begun then does not show; the names of those that were there, or being deleted."""
        gone = frozenset(name for name in names if name in self.entries or name in self._deletions)
        self._deletions -= gone
        self._dropped |= dict.fromkeys(gone, begun)
        if gone:
            self.entries = {name: entry for name, entry in self.entries.items() if name not in gone}
        return gone


def _name(entry: Entry) -> str:
    """Endpoint names are unique whatever their case."""
    return str(entry["EndpointName"]).lower()
