"""The watch: a few listings per place and period, for all objects together.

It says what to look at, never what is true (decision 28). Nothing here waits: `watching` makes the calls when they are
due. What this process writes is told to it, as the lists of the audit may be minutes old.
"""

import threading
import time
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from smendpoints.aws.calls.clients import Clients
from smendpoints.aws.listed.audit import Audit, Part
from smendpoints.aws.listed.audited import Lists
from smendpoints.aws.listed.cadence import NEVER, Awaited, Cadence
from smendpoints.aws.listed.contents import Belongings, Contents, owners_of
from smendpoints.aws.listed.endpoint_listing import EndpointListing
from smendpoints.aws.listed.summary import ABSENT, Summary
from smendpoints.domain.observed.monitoring import ListedMonitoring
from smendpoints.domain.observed.observed import ObservedTarget

__all__ = ["ABSENT", "BLIND_SECONDS", "NEVER", "Awaited", "Cadence", "Lane", "Summary", "Watch"]
BLIND_SECONDS = 120.0  # after so long without a listing nobody believes the last one

_NONE: frozenset[str] = frozenset()


class Lane(Enum):
    """Two lines of calls, side by side: endpoints do not wait for the audit."""

    ENDPOINTS = "endpoints"
    AUDIT = "audit"


class Watch:
    """The endpoints of one place, their autoscaling and tags, and the configs and models there are.

    Thread-safe. Instants are those of `clock`; `since` is one of them, such as that of one's own last write. Names of
    endpoints are taken in any case, and given in lower case.
    """

    def __init__(
        self, clients: Clients, clock: Callable[[], float] = time.monotonic, cadence: Cadence | None = None
    ) -> None:
        self._clock = clock
        cadence = cadence or Cadence()
        self._endpoints = EndpointListing(clients, clock, cadence)
        self._lists = Lists(clients.place.region)
        self._audit = Audit(clients, clock, cadence, self._lists.parts)
        self._lock = threading.Lock()
        self._auditing = threading.Lock()  # from the call until what it showed is told: who waits for it may go on then
        # When what is told of each part was begun to be read: a part that was just read is told a while later.
        self._told: dict[Part[Any], float] = {}
        self._view: Mapping[str, Summary] = {}  # replaced, never changed
        self._belongings = Belongings()
        self._wrote: dict[str, float] = {}  # when this process changed something of an endpoint, until that is listed
        self._untold = _NONE
        self._knew = False

    @property
    def known(self) -> bool:
        """Whether all lists were read to their end since the process began, and `peek` tells what is in them."""
        return self._endpoints.known and self._audited() > NEVER

    @property
    def seen_at(self) -> float:
        """When the newest listing of endpoints was begun, be it of what moved."""
        return self._endpoints.seen_at

    def due(self, lane: Lane, awaited: Awaited) -> float:
        """When the next call is."""
        if self._untold or (self.known and not self._knew):
            return NEVER
        return self._endpoints.due(awaited) if lane is Lane.ENDPOINTS else self._audit.due()

    def step(self, lane: Lane, awaited: Awaited) -> frozenset[str]:
        """Make one call; returns the endpoints that moved.

        Those are whose summary changed, came or went, or whose config or model is gone; and once after a write of this
        process, when all lists are complete that were begun after it. What is listed for the first time has not moved.
        When all is known for the first time, all endpoints are returned.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        with self._lock:
            untold, self._untold = self._untold, _NONE
        if untold or (self.known and not self._knew):  # somebody else has looked
            return untold | self._all_for_the_first_time()
        listed = self._endpoints.known
        if lane is Lane.ENDPOINTS:
            moved = self._shown(self._endpoints.step(awaited))
            tells = listed
        else:
            with self._auditing:
                part = self._audit.step()
                moved = self._completed(part) if part is not None else _NONE
            tells = self._knew
        return self._all_for_the_first_time() or (moved if tells else _NONE)

    def _all_for_the_first_time(self) -> frozenset[str]:
        if self._knew or not self.known:
            return _NONE
        self._knew = True
        return frozenset(self._view)

    def blind_seconds(self) -> float:
        """For how long endpoints could not be listed; 0 while they can."""
        since = self._endpoints.trouble.since
        return 0.0 if since is None else self._clock() - since

    # what was seen

    def peek(self, name: str) -> Summary | None:
        """What the last listings said, however old; None if no endpoint of this name was listed."""
        return self._view.get(name.lower())

    def settled(self, name: str, since: float = NEVER) -> Summary | None:
        """What lists say that are all complete and were begun after `since`; `ABSENT` if there is no such endpoint.

        None while they are not: then nothing can be said. Costs nothing.
        """
        if not self.known or not self.current(name, since) or self._audited() <= since:
            return None
        return self._view.get(name.lower(), ABSENT)

    def current(self, name: str, since: float) -> bool:
        """Whether what `peek` tells, be it that there is none, was listed after `since`."""
        return self._endpoints.current(name, since)

    def absent(self, name: str, since: float) -> bool:
        """Whether a list that was begun after `since` and would show such an endpoint shows none."""
        return self._endpoints.absent(name, since)

    def targets(self, name: str, since: float) -> tuple[ObservedTarget, ...] | None:
        """The endpoint's autoscaling, if it was listed after `since`."""
        return self._lists.targets_of(name, since)

    def tags(self, arn: str, since: float) -> Mapping[str, str] | None:
        """The endpoint's tags, if they were listed after `since`."""
        return self._lists.tags_of(arn, since)

    def monitoring(self, name: str, since: float) -> ListedMonitoring | None:
        """The endpoint's alarms and dashboard of `spec.monitoring`, if they were listed after `since`."""
        return self._lists.monitoring_of(name, since)

    def missing(self, names: frozenset[str], since: float) -> frozenset[str]:
        """Which of these configs and models are not there; none if they were not listed after `since`."""
        with self._lock:
            return self._belongings.missing(names) if self._belongings.begun > since else _NONE

    def belongings(self, endpoint: str) -> Contents | None:
        """The configs and models that are named as this endpoint's; None if they were never listed."""
        with self._lock:
            return self._belongings.of(endpoint) if self._belongings.begun > NEVER else None

    # what this process does

    def monitors(self) -> None:
        """An object has alarms or a dashboard: the audit lists them from now on."""
        self._lists.monitoring.wanted = True

    def wrote(self, endpoint: str) -> None:
        """Something of the endpoint was changed: what was listed before says nothing of its autoscaling and tags."""
        with self._lock:
            self._wrote[endpoint.lower()] = self._clock()

    def hinted(self) -> None:
        """Something is said to have moved by now: what has is listed soon, in one call for all."""
        self._endpoints.hinted()

    def put(self, name: str, arn: str | None, *, model: bool) -> None:
        """A config or model was made; or deleted, if there is no ARN."""
        with self._lock:
            self._belongings.put(name, arn, self._clock(), model=model)

    def deleting(self, endpoint: str) -> None:
        """An endpoint is being deleted, and may be gone before any listing has shown it so."""
        self._endpoints.deleting(endpoint)

    def created(self, endpoint: str) -> None:
        """An endpoint was created, of a name that may have been another's a moment ago."""
        self._endpoints.created(endpoint)

    # for who cannot wait

    def look(self, name: str, *, max_age: float, since: float = NEVER) -> Summary | None:
        """What a listing says that is at most `max_age` seconds old and was begun after `since`.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        self._tell_later(self._shown(self._endpoints.read(max(self._clock() - max_age, since))))
        return self.peek(name)

    def audit(self, max_age: float) -> None:
        """Read what of the audit is older, without pauses.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        with self._auditing:
            for part in self._audit.read(max_age):
                self._tell_later(self._completed(part))

    # within

    def _audited(self) -> float:
        """When the oldest of what is told was begun to be read."""
        return min(self._told.get(part, NEVER) for part in self._audit.parts if part.wanted)

    def _tell_later(self, moved: frozenset[str]) -> None:
        """Some other call than `step` has found them."""
        with self._lock:
            self._untold |= moved if self._knew else _NONE

    def _completed(self, part: Part[Any]) -> frozenset[str]:
        """A part of the audit was read to its end; the endpoints that moved."""
        gone = _NONE
        with self._lock:
            if part is self._lists.contents:
                gone = self._belongings.listed(part.value, part.begun)
            whole = self._audit.begun
            told = frozenset(name for name, when in self._wrote.items() if when < whole)
            for name in told:
                del self._wrote[name]
        moved = owners_of(gone, self._view.values()) if gone else _NONE
        moved |= told | self._shown(frozenset(self._endpoints.entries))
        self._told[part] = part.begun
        return moved

    def _shown(self, touched: frozenset[str]) -> frozenset[str]:
        """Tell again of these endpoints; those of which something else is told now."""
        if not touched:
            return _NONE
        with self._lock:
            entries, view = self._endpoints.entries, dict(self._view)
            moved = set(touched - entries.keys())
            for name in moved:
                view.pop(name, None)
            for name in touched & entries.keys():
                before, told = view.get(name), self._lists.told(name, entries[name])
                if name in self._wrote:  # the lists are older
                    told = before.audited(entries[name]) if before is not None else entries[name]
                if before != told:
                    view[name] = told
                    moved.add(name)
            self._view = view
            return frozenset(moved)
