"""What there is to do: the objects, the queue of those that are due, and all that wakes one, brought together.

An object is woken by a version of it, by what the shared listings and EventBridge show, by what policies and other
objects mean for it, and by its own deadline. Not here: threads and loops, which are `dispatcher`'s; not thread-safe.
"""

from collections.abc import Collection, Mapping
from typing import Any

from smendpoints.aws.calls.clients import Place
from smendpoints.aws.listed.watch import Awaited
from smendpoints.controller.result import Awaits
from smendpoints.controller.tenancy import Tenancy
from smendpoints.domain.tenancy.facts import facts_of
from smendpoints.metrics import QUEUE_SECONDS
from smendpoints.work.doubts import Doubts
from smendpoints.work.objects import Objects, Tracked, version_of
from smendpoints.work.reconciler import Reconciled
from smendpoints.work.tally import Tally
from smendpoints.work.workqueue import Rank, WorkQueue

_Moved = tuple[Place, Collection[str] | None]


class Backlog:
    """`now` is everywhere of one clock, in seconds."""

    def __init__(self, tenancy: Tenancy, queue: WorkQueue) -> None:
        self._tenancy = tenancy
        self._queue = queue
        self._objects = Objects()
        self._running: dict[str, Mapping[str, Any] | None] = {}  # with the newest version that came meanwhile
        self._moved: dict[str, list[_Moved]] = {}  # what moved while those run whose endpoint is not known yet
        self._reconciled: set[str] = set()
        self._tally = Tally(tenancy.hourly_limit)
        self._doubts = Doubts()

    # what wakes objects

    def see(self, body: Mapping[str, Any], now: float) -> None:
        """A version of an object was listed or watched."""
        uid = body["metadata"]["uid"]
        if uid in self._running:  # it may be what is being written: that wakes nobody
            self._running[uid] = body
        else:
            self._take(body, now, ours=False)
        self.ruled(now)

    def forget(self, uid: str, now: float) -> None:
        """An object is gone."""
        self._objects.forget(uid)
        self._doubts.told(uid)
        self._queue.drop(uid)
        self._reconciled.discard(uid)
        self._tally.forget(uid)
        self._tenancy.forget(uid)
        self.ruled(now)

    def listed(self, now: float) -> None:
        """All objects there are were seen once."""
        self._doubts.answered(now)

    def watched_anew(self, now: float) -> None:
        """All objects there are were listed anew, perhaps not all that are known among them."""
        self._doubts.watched_anew(now)

    def moved(self, place: Place, endpoints: Collection[str] | None, now: float) -> None:
        """Something happened in AWS to these endpoints; None: to any of the place."""
        for uid in self._objects.at(place) if endpoints is None else self._objects.named(place, endpoints):
            self._queue.wake(uid, now)
        for moved in self._moved.values():
            moved.append((place, endpoints))

    def ruled(self, now: float) -> None:
        """Policies, namespaces or other objects may mean something else for objects than before."""
        for uid in self._tenancy.moved():
            self._tally.ruled(uid)
            self._queue.wake(uid, now)

    def _take(self, body: Mapping[str, Any], now: float, *, ours: bool) -> None:
        before = self._objects.namesake(body)
        if before is not None:  # one of the two is gone: the older
            if version_of(body) < before.version:
                return
            self.forget(before.uid, now)
        known = self._objects.get(body["metadata"]["uid"])
        asked = known.asked if known is not None else None
        tracked = self._objects.see(body)
        if tracked is None:
            return
        self._tally.see(body)
        self._tenancy.see(facts_of(body))
        if known is None:
            self._queue.add(tracked.uid, tracked.namespace, now)
        elif not ours or asked != tracked.asked:
            self._queue.wake(tracked.uid, now, Rank.ASKED if asked != tracked.asked else Rank.OTHER)

    # the work

    def next_at(self) -> float:
        """When `begin` is worth asking again, unless something is woken or settled before."""
        return self._queue.next_at()

    def begin(self, now: float) -> Tracked | None:
        """The object to reconcile now; it holds a slot until it is settled. None when there is none, or no slot."""
        turn = self._queue.pop(now)
        if turn is None:
            return None
        QUEUE_SECONDS.observe(turn.waited)
        self._running[turn.uid] = None
        tracked = self._objects[turn.uid]
        if tracked.whereabouts is None:
            self._moved[turn.uid] = []
        return tracked

    def settle(self, tracked: Tracked, found: Reconciled, now: float) -> None:
        """The object was reconciled."""
        came_meanwhile, moved = self._running.pop(tracked.uid), self._moved.pop(tracked.uid, ())
        if tracked.uid in self._objects:
            for body in found.written:
                self._take(body, now, ours=True)
            if came_meanwhile is not None:
                self._take(came_meanwhile, now, ours=False)
            self._objects.place(tracked, found.whereabouts, found.awaits)
            if any(_concerns(tracked, *each) for each in moved):
                self._queue.wake(tracked.uid, now)  # what it has made may be all that ever happens to it
            self._reconciled.add(tracked.uid)
            if found.gone or (found.written and _is_last(found.written[-1])):
                self._doubts.suspect(tracked.uid, now)
        rank = Rank.OTHER if found.awaits is Awaits.NOTHING else Rank.AWAITED
        self._queue.done(tracked.uid, now, now + found.requeue_after, rank)
        self.ruled(now)

    # what is known

    def tracked(self, uid: str) -> Tracked:
        """The object."""
        return self._objects[uid]

    def read(self, namespace: str, name: str) -> Mapping[str, Any] | None:
        """The newest version of the object that is so called, if there is one. From any thread."""
        return self._objects.read(namespace, name)

    def version(self, namespace: str, name: str) -> int | None:
        """The version that `read` reads. From any thread, and at no cost."""
        return self._objects.version(namespace, name)

    def has_seen(self, uids: Collection[str]) -> bool:
        """Whether each of these objects was seen, and is there."""
        return all(uid in self._objects for uid in uids)

    def uids(self) -> frozenset[str]:
        """The objects of which nobody has told that they are gone."""
        return self._objects.uids()

    def doubts(self, now: float) -> bool:
        """Whether to ask which of them are still there."""
        return self._doubts.are_due(now)

    def counted(self, there: Collection[str], known: Collection[str], now: float) -> frozenset[str]:
        """Of those that were `known` before it was asked, these are `there`; those that are gone without a word."""
        self._doubts.answered(now)
        gone = frozenset(known) - frozenset(there)
        for uid in gone:
            self.forget(uid, now)
        return gone

    def places(self) -> Collection[Place]:
        """Where objects have their endpoints."""
        return self._objects.places()

    def awaited(self, place: Place) -> Awaited:
        """What objects wait for there."""
        return self._objects.awaited(place)

    def counts(self) -> dict[str, int]:
        """How many objects are known, how many of them were reconciled at least once, and how many wait for a slot."""
        known, reconciled = len(self._objects), len(self._reconciled)
        return {"known": known, "reconciled": reconciled, "waiting": self._queue.waiting()}

    def oldest_wait(self, now: float) -> float:
        """Seconds that the object waits for a slot that is due for longest; 0 when none does. From any thread."""
        return self._queue.oldest_wait(now)


def _concerns(tracked: Tracked, place: Place, endpoints: Collection[str] | None) -> bool:
    """Whether it is the object's endpoint that moved."""
    if tracked.whereabouts is None or tracked.whereabouts[0] != place:
        return False
    return endpoints is None or tracked.whereabouts[1] in endpoints


def _is_last(body: Mapping[str, Any]) -> bool:
    """Whether no version comes after it: nothing keeps the object any more."""
    meta = body["metadata"]
    return bool(meta.get("deletionTimestamp")) and not meta.get("finalizers")
