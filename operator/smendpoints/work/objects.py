"""The objects as the process knows them: the newest version of each, what is kept of it in memory, and who awaits what.

Versions are kept as compact JSON: thousands of parsed objects would take hundreds of megabytes. Not here: when an
object is reconciled, which is `workqueue`'s.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from smendpoints.api.resource import asked_by
from smendpoints.aws.calls.clients import Place
from smendpoints.aws.listed.watch import Awaited
from smendpoints.controller.memory import Memory
from smendpoints.controller.result import Awaits

_KEPT = ("apiVersion", "kind", "metadata", "spec", "status")


@dataclass
class Tracked:
    """One object.

    `asked` changes when a user asks for something. `whereabouts` is the place and name of its endpoint, in lower case,
    once it was reconciled.
    """

    uid: str
    namespace: str
    name: str
    body: bytes
    version: int
    asked: tuple[Any, ...] = ()
    memory: Memory = field(default_factory=Memory)
    whereabouts: tuple[Place, str] | None = None
    awaits: Awaits = Awaits.NOTHING

    def read(self) -> dict[str, Any]:
        """The newest version, as a copy of one's own."""
        found: dict[str, Any] = json.loads(self.body)
        return found


class Objects:
    """All objects, by uid, and by where their endpoints are. Belongs to one thread, but for what says otherwise."""

    def __init__(self) -> None:
        self._objects: dict[str, Tracked] = {}
        self._by_name: dict[tuple[str, str], Tracked] = {}
        self._by_endpoint: dict[tuple[Place, str], set[str]] = {}
        self._awaiting: dict[Place, Counter[Awaits]] = {}
        self._where: frozenset[Place] = frozenset()  # replaced, never changed: other threads ask for it

    def __len__(self) -> int:
        return len(self._objects)

    def __getitem__(self, uid: str) -> Tracked:
        return self._objects[uid]

    def get(self, uid: str) -> Tracked | None:
        """The object; None if it is not there."""
        return self._objects.get(uid)

    def __contains__(self, uid: object) -> bool:
        return uid in self._objects

    def uids(self) -> frozenset[str]:
        """All of them."""
        return frozenset(self._objects)

    def namesake(self, body: Mapping[str, Any]) -> Tracked | None:
        """Another object with the namespace and name of this one; there cannot be both."""
        meta = body["metadata"]
        found = self._by_name.get((meta["namespace"], meta["name"]))
        return found if found is not None and found.uid != meta["uid"] else None

    def see(self, body: Mapping[str, Any]) -> Tracked | None:
        """A version of an object, from a watch or as the answer to a write; None unless it is newer than what is known.

        Both ways bring the same versions, in any order.
        """
        meta = body["metadata"]
        known = self._objects.get(meta["uid"])
        version = version_of(body)
        if known is not None and version <= known.version:
            return None
        kept = {key: body[key] for key in _KEPT if key in body}
        kept["metadata"] = {key: value for key, value in meta.items() if key != "managedFields"}
        compact = json.dumps(kept, separators=(",", ":")).encode()
        if known is None:
            known = Tracked(meta["uid"], meta["namespace"], meta["name"], compact, version)
            self._objects[known.uid] = self._by_name[known.namespace, known.name] = known
        known.body, known.version, known.asked = compact, version, _asked(meta)
        return known

    def forget(self, uid: str) -> None:
        """The object is gone."""
        known = self._objects.pop(uid, None)
        if known is not None:
            self._unplace(known)
            if self._by_name.get((known.namespace, known.name)) is known:
                del self._by_name[known.namespace, known.name]

    def read(self, namespace: str, name: str) -> dict[str, Any] | None:
        """The newest version of the object that is so called, as a copy; None if there is none. From any thread."""
        known = self._by_name.get((namespace, name))
        return known.read() if known is not None else None

    def version(self, namespace: str, name: str) -> int | None:
        """The version that `read` reads. From any thread, and at no cost."""
        known = self._by_name.get((namespace, name))
        return known.version if known is not None else None

    def place(self, tracked: Tracked, whereabouts: tuple[Place, str] | None, awaits: Awaits) -> None:
        """Where the object's endpoint is, if it may be looked for, and what it waits for there."""
        self._unplace(tracked)
        if whereabouts is None:
            return
        place, endpoint = whereabouts
        where = tracked.whereabouts = place, endpoint.lower()
        tracked.awaits = awaits
        self._by_endpoint.setdefault(where, set()).add(tracked.uid)
        self._awaiting.setdefault(place, Counter())[awaits] += 1
        self._where |= {place}

    def _unplace(self, tracked: Tracked) -> None:
        where = tracked.whereabouts
        if where is None:
            return
        uids = self._by_endpoint[where]
        uids.discard(tracked.uid)
        if not uids:
            del self._by_endpoint[where]
        place, _ = where
        self._awaiting[place][tracked.awaits] -= 1
        if not self._awaiting[place].total():
            del self._awaiting[place]
            self._where -= {place}
        tracked.whereabouts = None

    def named(self, place: Place, endpoints: Iterable[str]) -> set[str]:
        """Uids of the objects with these endpoints."""
        return {uid for name in endpoints for uid in self._by_endpoint.get((place, name.lower()), ())}

    def at(self, place: Place) -> set[str]:
        """Uids of the objects with endpoints there."""
        return {uid for uid, each in self._objects.items() if each.whereabouts and each.whereabouts[0] == place}

    def places(self) -> Collection[Place]:
        """Where objects have their endpoints. From any thread."""
        return self._where

    def awaited(self, place: Place) -> Awaited:
        """How many objects wait for AWS there: for a change to be through, or for an endpoint to be gone.

        From any thread.
        """
        found = self._awaiting.get(place, Counter())
        return Awaited(moving=found[Awaits.CHANGE], leaving=found[Awaits.GONE])


def _asked(meta: Mapping[str, Any]) -> tuple[Any, ...]:
    return meta.get("generation"), asked_by(meta.get("annotations") or {}), meta.get("deletionTimestamp")


def version_of(body: Mapping[str, Any]) -> int:
    """Resource versions of custom resources are numbers that only grow."""
    version = body["metadata"].get("resourceVersion")
    return int(version) if isinstance(version, str) and version.isdigit() else 0
