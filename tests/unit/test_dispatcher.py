"""Reconciles in threads: when they begin, how many at once, and what the end of the process waits for."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from prometheus_client import REGISTRY

from smendpoints.aws.calls.clients import Place
from smendpoints.controller.tenancy import Operator, Tenancy
from smendpoints.work.backlog import Backlog
from smendpoints.work.dispatcher import Dispatcher
from smendpoints.work.objects import Tracked
from smendpoints.work.reconciler import Reconciled
from smendpoints.work.workqueue import WorkQueue

HERE = Place("us-east-1")


def body(name: str, version: int = 1) -> dict[str, Any]:
    metadata = {"uid": name, "name": name, "namespace": "team", "generation": 1, "resourceVersion": str(version)}
    return {"metadata": metadata, "spec": {"variants": [{"name": "primary"}]}}


class Reconciles:
    """Notes what is reconciled; each goes on until it is let."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        self.goes_on = threading.Event()
        self.goes_on.set()

    def __call__(self, tracked: Tracked) -> Reconciled:
        with self.lock:
            self.names.append(tracked.name)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.goes_on.wait(60)
        with self.lock:
            self.at_once -= 1
        return Reconciled(whereabouts=(HERE, f"team-{tracked.name}"))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - threads set what is waited for
            await asyncio.sleep(0.01)


def run(life: Callable[[Dispatcher, asyncio.Task[None]], Awaitable[None]], reconciles: Reconciles) -> None:
    async def lives() -> None:
        with ThreadPoolExecutor(8) as executor:
            tenancy = Tenancy(Operator("us-east-1"), lambda: None)
            dispatcher = Dispatcher(Backlog(tenancy, WorkQueue(4, 0)), reconciles, executor)
            task = asyncio.ensure_future(dispatcher.run())
            await life(dispatcher, task)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(lives())


def test_nothing_is_reconciled_before_all_objects_were_listed() -> None:
    reconciles = Reconciles()

    async def life(dispatcher: Dispatcher, _: asyncio.Task[None]) -> None:
        dispatcher.see(body("a"))
        dispatcher.see(body("b"))
        await asyncio.sleep(0.05)
        assert reconciles.names == []
        dispatcher.listed()
        await until(lambda: sorted(reconciles.names) == ["a", "b"])

    run(life, reconciles)


def test_no_more_at_once_than_there_are_slots_and_all_in_the_end() -> None:
    reconciles = Reconciles()
    reconciles.goes_on.clear()

    async def life(dispatcher: Dispatcher, _: asyncio.Task[None]) -> None:
        for number in range(12):
            dispatcher.see(body(f"{number}"))
        dispatcher.listed()
        await until(lambda: len(reconciles.names) == 3)  # of four slots one namespace leaves one free
        known = REGISTRY.get_sample_value("smendpoints_objects", {"state": "known"})
        assert (known, REGISTRY.get_sample_value("smendpoints_queue_length")) == (12.0, 9.0)
        reconciles.goes_on.set()
        await until(lambda: len(reconciles.names) == 12)
        await until(lambda: REGISTRY.get_sample_value("smendpoints_objects", {"state": "reconciled"}) == 12.0)

    run(life, reconciles)
    assert reconciles.most_at_once == 3


def test_what_another_thread_tells_wakes_an_object() -> None:
    reconciles = Reconciles()

    async def life(dispatcher: Dispatcher, _: asyncio.Task[None]) -> None:
        dispatcher.see(body("a"))
        dispatcher.listed()
        await until(lambda: bool(dispatcher.places()))
        await asyncio.to_thread(dispatcher.moved, HERE, {"team-a"})
        await until(lambda: reconciles.names == ["a", "a"])

    run(life, reconciles)


def test_the_end_of_the_process_waits_for_what_is_under_way() -> None:
    """Nobody can cancel a thread: it would go on making things in AWS while another process takes over."""
    reconciles = Reconciles()
    reconciles.goes_on.clear()

    async def life(dispatcher: Dispatcher, task: asyncio.Task[None]) -> None:
        dispatcher.see(body("a"))
        dispatcher.listed()
        await until(lambda: reconciles.names == ["a"])
        task.cancel()
        await asyncio.sleep(0.05)
        assert not task.done()
        reconciles.goes_on.set()

    run(life, reconciles)
    assert reconciles.at_once == 0


def test_a_deletion_waits_for_the_reconcile_under_way() -> None:
    reconciles = Reconciles()
    reconciles.goes_on.clear()

    async def life(dispatcher: Dispatcher, _: asyncio.Task[None]) -> None:
        dispatcher.see(body("a"))
        dispatcher.listed()
        await until(lambda: reconciles.names == ["a"])
        deleted = body("a", version=2)
        deleted["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        dispatcher.see(deleted)
        await asyncio.sleep(0.05)
        assert reconciles.names == ["a"]
        reconciles.goes_on.set()
        await until(lambda: reconciles.names == ["a", "a"])

    run(life, reconciles)
    assert reconciles.most_at_once == 1


def test_a_loop_that_looks_for_work_is_heard() -> None:
    reconciles = Reconciles()

    async def life(dispatcher: Dispatcher, _: asyncio.Task[None]) -> None:
        dispatcher._beaten_at -= 1000.0
        assert dispatcher.silent_seconds() > 900
        dispatcher.see(body("a"))
        await until(lambda: dispatcher.silent_seconds() < 10)

    run(life, reconciles)
