"""The loop over places: each call when it is due, side by side, and whoever moved is told."""

import asyncio
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from smendpoints.aws.calls.clients import Place
from smendpoints.aws.listed.watch import Awaited, Lane, Watch
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason
from smendpoints.work.watching import Watcher, watch_aws
from smsandbox.testing.listed import ListedAws

HOME, AWAY = Place("us-east-1"), Place("eu-west-1")
IDLE = Awaited()
Told = list[tuple[Place, str]]


class Accounts:
    """Places of ListedAws."""

    def __init__(self, *places: Place, clock: Callable[[], float] | None = None) -> None:
        self.aws = {place: ListedAws(place) for place in places}
        self.kept: list[set[Place]] = []
        self.made = {
            place: SimpleNamespace(place=place, watch=Watch(aws, clock or aws.clock))  # type: ignore[arg-type]
            for place, aws in self.aws.items()
        }

    def __call__(self, place: Place) -> Any:
        return self.made[place]

    def keep(self, places: Collection[Place]) -> None:
        self.kept.append(set(places))


def watcher(accounts: Accounts, told: Told, **how: Any) -> Watcher:
    def moved(place: Place, names: Collection[str]) -> None:
        told.extend((place, name) for name in names)

    places = how.pop("places", lambda: set(accounts.aws))
    awaited = how.pop("awaited", lambda _: IDLE)
    return Watcher(accounts, places, awaited, moved, **how)  # type: ignore[arg-type]


def test_in_virtual_time_all_that_is_due_is_called_at_once() -> None:
    accounts = Accounts(HOME)
    told: Told = []
    aws = accounts.aws[HOME]
    aws.create("iris")
    watch = watcher(accounts, told, clock=aws.clock)
    watch.catch_up()
    assert accounts(HOME).watch.known
    assert told == [(HOME, "iris")]
    made = len(aws.made)
    watch.catch_up()
    assert len(aws.made) == made
    aws.now += 31
    aws.become("iris", "Updating")
    watch.catch_up()
    assert told == [(HOME, "iris")] * 2


def test_how_often_depends_on_what_is_awaited_in_the_place() -> None:
    accounts = Accounts(HOME)
    told: Told = []
    aws, awaits = accounts.aws[HOME], [Awaited(moving=1)]
    aws.create("iris", "Creating")
    watch = watcher(accounts, told, clock=aws.clock, awaited=lambda _: awaits[0])
    for _ in range(60):
        watch.catch_up()
        aws.now += 1
    often = aws.count()["list_endpoints"]
    awaits[0] = IDLE
    for _ in range(60):
        watch.catch_up()
        aws.now += 1
    assert often >= 11
    assert aws.count()["list_endpoints"] - often <= 3


def test_places_are_asked_for_once_a_second_and_the_others_let_go() -> None:
    accounts, asked = Accounts(HOME, AWAY), []

    def places() -> set[Place]:
        asked.append(1)
        return {HOME}

    watch = watcher(accounts, [], clock=accounts.aws[HOME].clock, places=places)
    for _ in range(10):
        watch.catch_up()
    assert len(asked) == 1
    accounts.aws[HOME].now += 1
    watch.catch_up()
    assert len(asked) == 2
    assert accounts.kept == [{HOME}, {HOME}]
    assert accounts.aws[AWAY].made == []


@pytest.mark.parametrize("error", [ReconcileError(Kind.RETRY, Reason.UNAVAILABLE, "no"), ValueError("a fault of ours")])
def test_a_failure_is_logged_and_the_calls_go_on(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    accounts = Accounts(HOME)
    told: Told = []
    aws = accounts.aws[HOME]
    aws.create("iris")
    watch = watcher(accounts, told, clock=aws.clock)
    aws.fails["list_endpoints"] = error  # type: ignore[assignment]
    watch.call(accounts(HOME), Lane.ENDPOINTS)
    assert "cannot watch us-east-1" in caplog.text
    aws.fails.clear()
    aws.now += 2
    watch.catch_up()
    assert told == [(HOME, "iris")]


def test_a_place_that_does_not_answer_holds_up_no_other() -> None:
    accounts = Accounts(HOME, AWAY, clock=time.monotonic)
    told: Told = []
    held, done = threading.Event(), threading.Event()
    accounts.aws[HOME].create("iris")
    accounts.aws[AWAY].create("rose")
    answers = accounts.aws[AWAY].call

    def call(_: str, operation: str, **params: Any) -> Any:
        held.wait(60)
        return answers("", operation, **params)

    accounts.aws[AWAY].call = call  # type: ignore[method-assign]

    async def run() -> None:
        loop = asyncio.get_running_loop()

        def moved(place: Place, names: Collection[str]) -> None:
            told.extend((place, name) for name in names)
            loop.call_soon_threadsafe(both.set if len(told) == 2 else one.set)

        one, both = asyncio.Event(), asyncio.Event()
        watch = Watcher(accounts, lambda: set(accounts.aws), lambda _: IDLE, moved)  # type: ignore[arg-type]
        with ThreadPoolExecutor(4) as threads:
            task = asyncio.create_task(watch_aws(watch, threads))
            async with asyncio.timeout(60):
                await one.wait()
                assert told == [(HOME, "iris")]
                held.set()
                await both.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            done.set()

    asyncio.run(run())
    assert done.is_set()
    assert told == [(HOME, "iris"), (AWAY, "rose")]


def test_the_loop_outlives_a_fault_of_whoever_it_asks(caplog: pytest.LogCaptureFixture) -> None:
    accounts = Accounts(HOME, clock=time.monotonic)
    accounts.aws[HOME].create("iris")
    asked: list[int] = []

    def places() -> set[Place]:
        asked.append(1)
        if len(asked) == 1:
            raise ValueError("not yet")
        return {HOME}

    async def run() -> None:
        loop, told = asyncio.get_running_loop(), asyncio.Event()

        def moved(*_: Any) -> None:
            loop.call_soon_threadsafe(told.set)

        watch = Watcher(accounts, places, lambda _: IDLE, moved)  # type: ignore[arg-type]
        with ThreadPoolExecutor(2) as threads:
            task = asyncio.create_task(watch_aws(watch, threads))
            async with asyncio.timeout(60):
                await told.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())
    assert "internal error" in caplog.text


def test_a_hint_is_looked_up_now_and_told_as_all_that_moves() -> None:
    accounts, told = Accounts(HOME), Told()
    for number in range(300):
        accounts.aws[HOME].create(f"many-{number}")
    watch = watcher(accounts, told, clock=accounts.aws[HOME].clock)
    watch.catch_up()
    told.clear()
    accounts.aws[HOME].become("many-7", "Updating")
    watch.catch_up()
    assert told == []
    assert watch.places == (HOME,)
    watch.hinted(HOME)
    watch.catch_up()
    assert told == [(HOME, "many-7")]


def test_a_hint_from_another_thread_ends_the_sleep_of_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smendpoints.work.watching._LONGEST_SLEEP", 3600.0)
    accounts, looks = Accounts(HOME), threading.Semaphore(0)

    class Sleeping(Watcher):
        def lanes(self) -> Any:
            looks.release()
            return iter(())

    async def run() -> None:
        watch = Sleeping(accounts, set, lambda _: IDLE, lambda *_: None)  # type: ignore[arg-type]
        with ThreadPoolExecutor(2) as threads:
            task = asyncio.create_task(watch_aws(watch, threads))
            assert await asyncio.to_thread(looks.acquire, timeout=60)
            await asyncio.to_thread(watch.hinted, HOME)
            assert await asyncio.to_thread(looks.acquire, timeout=60)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())
