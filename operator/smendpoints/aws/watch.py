"""The watch: a few listings per place and period, for all objects together.

It says what to look at, never what is true (decision 28). Nothing here waits: `watching` makes the calls when they are
due. What this process writes is told to it, as the lists of the audit may be minutes old.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import Enum
from typing import Any

from smendpoints.aws import audited
from smendpoints.aws.audit import Audit, Part
from smendpoints.aws.cadence import NEVER, Awaited, Cadence
from smendpoints.aws.clients import Clients
from smendpoints.aws.contents import Belongings, Contents, owners_of
from smendpoints.aws.endpoint_listing import EndpointListing
from smendpoints.aws.summary import ABSENT, Summary
from smendpoints.domain.observed.observed import ObservedTarget

__all__ = ["ABSENT", "Awaited", "Cadence", "Lane", "Summary", "Watch"]

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
        self._scaling, self._tags, self._contents = audited.scaling(), audited.tags(), audited.contents()
        self._audit = Audit(clients, clock, cadence, (self._scaling, self._contents, self._tags))
        self._lock = threading.Lock()
        self._view: Mapping[str, Summary] = {}  # replaced, never changed
        self._belongings = Belongings()
        self._wrote: dict[str, float] = {}  # when autoscaling or tags of an endpoint were changed by this process

    @property
    def known(self) -> bool:
        """Whether all lists were read to their end since the process began."""
        return self._endpoints.known and self._audit.known

    def due(self, lane: Lane, awaited: Awaited) -> float:
        """When the next call is."""
        return self._endpoints.due(awaited) if lane is Lane.ENDPOINTS else self._audit.due()

    def step(self, lane: Lane, awaited: Awaited) -> frozenset[str]:
        """Make one call; returns the endpoints whose summary changed, came or went, or whose config or model is gone.

        What is listed for the first time has not moved. With the call by which all is known, all endpoints are
        returned.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        knew, listed = self.known, self._endpoints.known
        if lane is Lane.ENDPOINTS:
            moved, tells = self._shown(self._endpoints.step(awaited)), listed
        else:
            part = self._audit.step()
            moved, tells = self._completed(part) if part is not None else _NONE, knew
        if self.known and not knew:
            return frozenset(self._view)
        return moved if tells else _NONE

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
        audited = min(self._scaling.begun, self._tags.begun, self._contents.begun)
        if not self.known or min(self._endpoints.seen_at, audited) <= since:
            return None
        return self._view.get(name.lower(), ABSENT)

    def targets(self, name: str, since: float) -> tuple[ObservedTarget, ...] | None:
        """The endpoint's autoscaling, if it was listed after `since`."""
        if self._scaling.begun <= since:
            return None
        found = self._scaling.value.get(name.lower())
        return found.targets if found is not None else ()

    def tags(self, arn: str, since: float) -> Mapping[str, str] | None:
        """The endpoint's tags, if they were listed after `since`."""
        found = self._tags.value.get(arn.lower()) if self._tags.begun > since else None
        return found.tags if found is not None else None

    def missing(self, names: frozenset[str], since: float) -> frozenset[str]:
        """Which of these configs and models are not there; none if they were not listed after `since`."""
        with self._lock:
            return names - self._belongings.names() if self._contents.begun > since else _NONE

    def belongings(self, endpoint: str) -> Contents | None:
        """The configs and models that are named as this endpoint's; None if they were never listed."""
        with self._lock:
            return self._belongings.of(endpoint) if self._contents.begun > NEVER else None

    # what this process does

    def wrote(self, endpoint: str) -> None:
        """Autoscaling or tags of the endpoint were changed: what was listed before says nothing of it."""
        with self._lock:
            self._wrote[endpoint.lower()] = self._clock()

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
        self._shown(self._endpoints.read(max(self._clock() - max_age, since)))
        return self.peek(name)

    def audit(self, max_age: float) -> None:
        """Read what of the audit is older, without pauses.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        for part in self._audit.read(max_age):
            self._completed(part)

    # within

    def _completed(self, part: Part[Any]) -> frozenset[str]:
        """A part of the audit was read to its end; the endpoints that it says something else of."""
        if part is not self._contents:
            with self._lock:
                oldest = min(self._scaling.begun, self._tags.begun)
                self._wrote = {name: when for name, when in self._wrote.items() if when >= oldest}
            return self._shown(frozenset(self._endpoints.entries))
        with self._lock:
            gone = self._belongings.listed(self._contents.value, self._contents.begun)
        return owners_of(gone, self._view.values()) if gone else _NONE

    def _shown(self, touched: frozenset[str]) -> frozenset[str]:
        """Tell anew of these endpoints; those of which something else is told now."""
        with self._lock:
            entries, view = self._endpoints.entries, dict(self._view)
            moved = set(touched - entries.keys())
            for name in moved:
                view.pop(name, None)
            for name in touched & entries.keys():
                told = self._summary(entries[name], name)
                if view.get(name) != told:
                    view[name] = told
                    moved.add(name)
            self._view = view
            return frozenset(moved)

    def _summary(self, entry: Summary, name: str) -> Summary:
        """The entry with the fingerprints of the audit: as before where that is older than what this process wrote."""
        before, wrote = self._view.get(name), self._wrote.get(name, NEVER)
        scaling, tags = self._scaling.value.get(name), self._tags.value.get(entry.arn.lower())
        told = replace(
            entry,
            scaling=scaling.fingerprint if scaling is not None else None,
            tags=tags.fingerprint if tags is not None else None,
        )
        if before is not None and self._scaling.begun <= wrote:
            told = replace(told, scaling=before.scaling)
        if before is not None and self._tags.begun <= wrote:
            told = replace(told, tags=before.tags)
        return told
