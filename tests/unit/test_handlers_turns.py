"""What is done to an object does not decide how often it has a reconcile, and is read once for each version."""

import asyncio
import threading
from typing import Any, cast

import kopf
import pytest

import smendpoints.handlers
from smendpoints.api.resource import FINALIZER, RETRY, SageMakerEndpoint
from smendpoints.aws.clients import Place
from smendpoints.controller.outcome import Outcome
from smendpoints.controller.reconcile import Controller
from smendpoints.controller.tenancy import Operator, Tenancy
from smendpoints.handlers import Handlers

SPEC = {"variants": [{"name": "primary"}]}


class Clock:
    """Stands where the handlers look at the time."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Willing:
    """A controller with always something to do; it counts its reconciles and calls AWS in none."""

    tenancy = Tenancy(Operator("us-east-1"), lambda: None)

    def __init__(self) -> None:
        self.reconciles: list[str] = []
        self.finalized = 0

    def place(self, resource: SageMakerEndpoint) -> Place:
        return Place(resource.spec.region or "us-east-1", resource.spec.assume_role_arn)

    def due(self, *_: object) -> bool:
        return True

    def reconcile(self, resource: SageMakerEndpoint, _: object) -> Outcome:
        self.reconciles.append(resource.metadata.name)
        return Outcome(None)

    def finalize(self, *_: object) -> Outcome:
        self.finalized += 1
        return Outcome(None, gone=True)


def body(name: str = "iris", namespace: str = "default", version: int = 1, **more: Any) -> Any:
    spec = {**SPEC, **more.pop("spec", {})}
    return {
        "metadata": {
            "uid": f"{namespace}/{name}",
            "name": name,
            "namespace": namespace,
            "generation": 1,
            "finalizers": [FINALIZER],
            "resourceVersion": str(version),
            **more,
        },
        "spec": spec,
    }


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made, sleep = Clock(), asyncio.sleep

    async def pass_time(seconds: float) -> None:
        made.now += seconds
        await sleep(0)

    monkeypatch.setattr(smendpoints.handlers, "time", made)
    monkeypatch.setattr(asyncio, "sleep", pass_time)
    return made


def handlers_of(controller: object, **settings: Any) -> Handlers:
    return Handlers(cast("Controller", controller), **settings)


def test_fifteen_patches_a_second_give_one_reconcile_a_second(clock: Clock) -> None:
    controller = Willing()
    handlers = handlers_of(controller)

    async def flood() -> None:
        for version in range(15 * 60):
            clock.now += 1 / 15
            patched = body(version=version, annotations={RETRY: str(version)})
            await handlers.on_event(type="MODIFIED", body=patched, patch=kopf.Patch())
            await handlers.on_tick(body=patched, patch=kopf.Patch())

    asyncio.run(flood())
    assert 55 <= len(controller.reconciles) <= 63


def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, Any]]:
    """The thread and the object of each reading from now on."""
    found: list[tuple[int, Any]] = []
    parse = SageMakerEndpoint.parse

    def noted(parts: Any) -> SageMakerEndpoint:
        found.append((threading.get_ident(), parts))
        return parse(parts)

    monkeypatch.setattr(SageMakerEndpoint, "parse", noted)
    return found


def test_a_flood_is_not_even_read(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    controller = Willing()
    handlers = handlers_of(controller)
    read = reads(monkeypatch)

    async def flood() -> int:
        for version in range(1000):
            await handlers.on_event(type="MODIFIED", body=body(version=version), patch=kopf.Patch())
        return threading.get_ident()

    loop = asyncio.run(flood())
    assert len(read) == len(controller.reconciles) == 3
    assert loop not in [thread for thread, _ in read]  # large objects hold up nobody


def test_a_version_is_read_once_however_often_the_clock_ticks(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    handlers, read = handlers_of(Willing()), reads(monkeypatch)

    async def ticks() -> None:
        for number in range(100):
            clock.now += 2
            await handlers.on_tick(body=body(version=number // 50), patch=kopf.Patch())

    asyncio.run(ticks())
    assert [parts["metadata"]["resourceVersion"] for _, parts in read] == ["0", "1"]


def test_what_cannot_be_read_is_tried_once_for_each_version(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    handlers, read = handlers_of(Willing()), reads(monkeypatch)
    broken, patch = body(spec={"variants": [{"name": "no such name!"}]}), kopf.Patch()

    async def ticks() -> None:
        for _ in range(10):
            clock.now += 2
            await handlers.on_tick(body=broken, patch=patch)

    asyncio.run(ticks())
    assert len(read) == 1
    assert "cannot read spec.variants.0.name" in patch.status["conditions"][0]["message"]


def test_deletions_too_keep_to_the_share_of_the_object(clock: Clock) -> None:
    controller = Willing()
    handlers = handlers_of(controller)

    async def flood() -> None:
        for _ in range(13):
            await handlers.on_delete(body=body(), patch=kopf.Patch())

    began = clock.now
    asyncio.run(flood())
    assert controller.finalized == 13
    assert clock.now - began == pytest.approx(13 - 3)


class Held(Willing):
    """A controller whose reconciles in one namespace go on until they are let."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.goes_on = threading.Semaphore(0), threading.Event()

    def reconcile(self, resource: SageMakerEndpoint, memory: object) -> Outcome:
        if resource.metadata.namespace == "many":
            self.begun.release()
            self.goes_on.wait(60)
        return super().reconcile(resource, memory)


def test_one_namespaces_five_hundred_edits_do_not_delay_anothers_one() -> None:
    controller = Held()
    handlers = handlers_of(controller, threads=4)

    async def life() -> list[str]:
        many = [
            asyncio.ensure_future(handlers.on_event(type=None, body=body(f"m{n}", "many"), patch=kopf.Patch()))
            for n in range(500)
        ]
        for _ in range(3):  # all that one namespace may hold
            await asyncio.to_thread(controller.begun.acquire, timeout=60)
        await asyncio.wait_for(handlers.on_event(type=None, body=body("rose", "one"), patch=kopf.Patch()), 60)
        meanwhile = list(controller.reconciles)
        controller.goes_on.set()
        await asyncio.gather(*many)
        return meanwhile

    assert asyncio.run(life()) == ["rose"]
    assert len(controller.reconciles) == 501


def test_the_places_of_objects_that_are_gone_are_not_named_any_more() -> None:
    handlers = handlers_of(Willing())

    async def life() -> list[set[Place]]:
        await handlers.on_event(type=None, body=body("a"), patch=kopf.Patch())
        await handlers.on_event(type=None, body=body("b", spec={"region": "eu-west-1"}), patch=kopf.Patch())
        told = [handlers.places(), handlers.idle_places()]
        handlers._tracked["default/b"].memory.watched = True
        told.append(handlers.idle_places())
        await handlers.on_event(type="DELETED", body=body("b"), patch=kopf.Patch())
        return [*told, handlers.places()]

    home, away = Place("us-east-1"), Place("eu-west-1")
    assert asyncio.run(life()) == [{home, away}, set(), {away}, {home}]
