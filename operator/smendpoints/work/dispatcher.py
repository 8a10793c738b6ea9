"""Runs reconciles in threads, as the `backlog` says. Not here: what wakes an object, and what a reconcile does."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor
from typing import Any

from smendpoints.aws.calls.clients import Place
from smendpoints.aws.listed.watch import Awaited
from smendpoints.metrics import OBJECTS, QUEUE_LENGTH, QUEUE_OLDEST
from smendpoints.work.backlog import Backlog
from smendpoints.work.objects import Tracked
from smendpoints.work.reconciler import Reconciled
from smendpoints.work.wakeup import Wakeup

logger = logging.getLogger(__name__)
_BEAT_SECONDS = 1.0
_ENDING_SECONDS = 40.0  # below the pod's grace period


class Dispatcher:
    """Made in the event loop that it belongs to, and called there, but for what says that any thread may."""

    def __init__(
        self,
        backlog: Backlog,
        reconcile: Callable[[Tracked], Reconciled],
        executor: Executor,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._backlog = backlog
        self._reconcile = reconcile
        self._executor = executor
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._wakeup = Wakeup()
        self._under_way: set[asyncio.Task[None]] = set()
        self._listed = False
        self._beaten_at = clock()
        OBJECTS.labels("known").set_function(lambda: backlog.counts()["known"])
        OBJECTS.labels("reconciled").set_function(lambda: backlog.counts()["reconciled"])
        QUEUE_LENGTH.set_function(lambda: backlog.counts()["waiting"])
        QUEUE_OLDEST.set_function(lambda: backlog.oldest_wait(clock()))

    def see(self, body: Mapping[str, Any]) -> None:
        """A version of an object was listed or watched."""
        self._backlog.see(body, self._clock())
        self._wakeup.set()

    def forget(self, uid: str) -> None:
        """An object is gone."""
        self._backlog.forget(uid, self._clock())
        self._wakeup.set()

    def watched_anew(self) -> None:
        """All objects there are were listed anew."""
        self._backlog.watched_anew(self._clock())

    def uids(self) -> frozenset[str]:
        """The objects of which nobody has told that they are gone."""
        return self._backlog.uids()

    def doubts(self) -> bool:
        """Whether to ask which of them are still there."""
        return self._backlog.doubts(self._clock())

    def counted(self, there: Collection[str], known: Collection[str]) -> None:
        """Of those that were `known` before it was asked, these are `there`."""
        gone = self._backlog.counted(there, known, self._clock())
        if gone:
            logger.info("%d objects are gone, which the watch did not tell", len(gone))
            self._wakeup.set()

    def has_seen(self, uids: Collection[str]) -> bool:
        """Whether each of these objects was seen, and is there."""
        return self._backlog.has_seen(uids)

    def listed(self) -> None:
        """All objects there are were seen once: only now it is known which of them may do what."""
        if not self._listed:
            self._listed = True
            self._backlog.listed(self._clock())
            self._wakeup.set()

    def moved(self, place: Place, endpoints: Collection[str] | None) -> None:
        """Something happened in AWS to these endpoints; None: to any of the place. From any thread."""
        self._wakeup.from_any_thread(lambda: self._backlog.moved(place, endpoints, self._clock()))

    def ruled(self) -> None:
        """Policies, or the labels of namespaces, may mean something else for objects. From any thread."""
        self._wakeup.from_any_thread(lambda: self._backlog.ruled(self._clock()))

    def has_listed(self) -> bool:
        """Whether all objects there are were seen once. From any thread."""
        return self._listed

    def places(self) -> Collection[Place]:
        """Where objects have their endpoints."""
        return self._backlog.places()

    def awaited(self, place: Place) -> Awaited:
        """What objects wait for there."""
        return self._backlog.awaited(place)

    def silent_seconds(self) -> float:
        """How long it was not looked whether there is work. From any thread."""
        return self._clock() - self._beaten_at

    async def run(self) -> None:
        """Without end. Cancelled, it waits for what is under way, but for no longer than a pod may take to end."""
        try:
            while True:
                self._beaten_at = self._clock()
                self._wakeup.clear()
                while self._listed and (tracked := self._backlog.begin(self._clock())) is not None:
                    task = self._loop.create_task(self._run(tracked))
                    self._under_way.add(task)
                    task.add_done_callback(self._under_way.discard)
                due_in = self._backlog.next_at() - self._clock() if self._listed else _BEAT_SECONDS
                await self._wakeup.sleep(min(_BEAT_SECONDS, due_in))
        finally:
            if self._under_way:
                await asyncio.wait(self._under_way, timeout=_ENDING_SECONDS)

    async def _run(self, tracked: Tracked) -> None:
        found = Reconciled()
        try:
            found = await self._loop.run_in_executor(self._executor, self._reconcile, tracked)
        finally:
            self._backlog.settle(tracked, found, self._clock())
            self._wakeup.set()
