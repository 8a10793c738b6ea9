"""The objects by namespace, and what each may hold of what its namespace may. Not here: what a limit refuses."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from smendpoints.domain.tenancy.facts import Capacity, Facts
from smendpoints.domain.tenancy.limits import Room, room_beside
from smendpoints.domain.tenancy.policy import Policies


class Shares:
    """Not thread-safe. A share is granted before the status tells it: the status is written later."""

    def __init__(self) -> None:
        self._facts: dict[str, Facts] = {}
        self._spaces: dict[str, set[str]] = {}
        self._grants: dict[str, Capacity] = {}

    def __iter__(self) -> Iterator[Facts]:
        return iter(self._facts.values())

    def get(self, uid: str) -> Facts | None:
        """The object's facts; None if there is no such object."""
        return self._facts.get(uid)

    def uids(self) -> Collection[str]:
        """Of all objects."""
        return self._facts.keys()

    def beside(self, namespace: str) -> set[str]:
        """The objects of a namespace."""
        return self._spaces.get(namespace, set())

    def namespaces(self) -> Collection[str]:
        """Those that have objects, or had."""
        return self._spaces.keys()

    def put(self, facts: Facts) -> Facts | None:
        """An object is there, or has changed; what was known of it before."""
        before = self._facts.get(facts.uid)
        self._facts[facts.uid] = facts
        self._spaces.setdefault(facts.namespace, set()).add(facts.uid)
        return before

    def drop(self, uid: str) -> Facts | None:
        """An object is gone, and its share with it; what was known of it."""
        facts = self._facts.pop(uid, None)
        self._grants.pop(uid, None)
        if facts is not None:
            self._spaces[facts.namespace].discard(uid)
        return facts

    def grant(self, facts: Facts) -> bool:
        """The object may hold what it asks for; whether that is something else than before."""
        if self._grants.get(facts.uid, facts.granted) == facts.asked:
            return False
        self._grants[facts.uid] = facts.asked
        return True

    def room(self, facts: Facts, policies: Policies) -> Room | None:
        """What the others of its namespace hold, as far as it counts for this object; None where nothing is limited."""
        if all(each.spec.max_instances is None and each.spec.max_hourly_usd is None for each in policies):
            return None
        others = (self._held(uid) for uid in self._spaces[facts.namespace] if uid != facts.uid)
        return room_beside(self._held(facts.uid), others)

    def _held(self, uid: str) -> Facts:
        facts = self._facts[uid]
        granted = self._grants.get(uid, facts.granted)
        if granted == facts.granted or facts.granted is None:
            return replace(facts, granted=granted)
        return replace(facts, granted=granted, before=(*facts.before, facts.granted))  # the status tells it later
