"""The kopf shell's own bookkeeping; its work is proved on a real API server."""

import asyncio
import threading
from typing import Any, cast

import kopf
import pytest
from prometheus_client import REGISTRY

from smendpoints.api.resource import FINALIZER
from smendpoints.api.status import SageMakerEndpointStatus
from smendpoints.controller.outcome import Outcome
from smendpoints.controller.reconcile import Controller
from smendpoints.controller.tenancy import Operator, Tenancy
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status.status import Event
from smendpoints.handlers import Handlers


class Leaving:
    """A controller for which AWS is never done deleting."""

    tenancy = Tenancy(Operator("us-east-1"), lambda: None)

    def finalize(self, *_: object) -> Outcome:
        return Outcome(None, requeue_after=60, message="waiting for default-iris to be gone")


BODY: Any = {
    "metadata": {"uid": "1", "name": "iris", "namespace": "default", "generation": 1, "finalizers": []},
    "spec": {"variants": [{"name": "primary"}]},
}


def test_the_timer_is_to_be_heard_only_while_an_object_is_not_being_deleted() -> None:
    """A deletion that waits for AWS, or no object at all, must not make the probe restart the operator."""
    handlers = Handlers(cast("Controller", Leaving()))

    async def life() -> list[bool]:
        told = [handlers.ticks()]
        await handlers.on_event(type="ADDED", body=BODY, patch=kopf.Patch())
        told.append(handlers.ticks())
        handlers._of("1")
        told.append(handlers.ticks())
        with pytest.raises(kopf.TemporaryError, match="waiting for default-iris"):
            await handlers.on_delete(body=BODY, patch=kopf.Patch())
        told.append(handlers.ticks())
        await handlers.on_event(type="DELETED", body=BODY, patch=kopf.Patch())
        return [*told, handlers.ticks()]

    assert asyncio.run(life()) == [False, False, True, False, False]


class Slow:
    """A controller whose reconcile goes on until it is let; it keeps what it did, in order."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.begun, self.goes_on = threading.Event(), threading.Event()

    def due(self, *_: object) -> bool:
        return True

    def reconcile(self, *_: object) -> Outcome:
        self.begun.set()
        self.goes_on.wait(60)
        self.did.append("created")
        return Outcome(None)

    def finalize(self, *_: object) -> Outcome:
        self.did.append("deleted")
        return Outcome(None, gone=True)


def test_a_deletion_waits_for_the_reconcile_whose_timer_was_cancelled() -> None:
    """kopf cancels the timer as soon as the object is deleted; its thread may be about to create the endpoint."""
    controller = Slow()
    handlers = Handlers(cast("Controller", controller))
    body = {**BODY, "metadata": {**BODY["metadata"], "finalizers": [FINALIZER]}}

    async def life() -> None:
        tick = asyncio.ensure_future(handlers.on_tick(body=cast("Any", body), patch=kopf.Patch()))
        await asyncio.to_thread(controller.begun.wait, 60)
        tick.cancel()
        deletion = asyncio.ensure_future(handlers.on_delete(body=BODY, patch=kopf.Patch()))
        await asyncio.wait([deletion], timeout=0.2)
        tick.cancel()
        assert not tick.done()
        controller.goes_on.set()
        await deletion
        with pytest.raises(asyncio.CancelledError):
            await tick

    asyncio.run(life())
    assert controller.did == ["created", "deleted"]


class Told:
    """A controller whose reconciles come to what they are told to; a reconcile that is told nothing crashes."""

    def __init__(self, *outcomes: Outcome | None) -> None:
        self.outcomes = list(outcomes)

    def due(self, *_: object) -> bool:
        return True

    def reconcile(self, *_: object) -> Outcome:
        outcome = self.outcomes.pop(0)
        if outcome is None:
            raise RuntimeError("told nothing")
        return outcome


METRICS = {
    "changed": ("smendpoints_reconcile_total", {"result": "changed"}),
    "unchanged": ("smendpoints_reconcile_total", {"result": "unchanged"}),
    "crashed": ("smendpoints_reconcile_total", {"result": "crashed"}),
    "timed": ("smendpoints_reconcile_seconds_count", {}),
    "events": ("smendpoints_events_total", {"reason": "InService"}),
}


def test_reconciles_and_events_are_counted_by_what_they_came_to(monkeypatch: pytest.MonkeyPatch) -> None:
    posted: list[str] = []
    monkeypatch.setattr(kopf, "event", lambda *_, reason, **__: posted.append(reason))
    status = SageMakerEndpointStatus(observed_generation=1)
    arrived = Event(warning=False, reason=Reason.IN_SERVICE, message="in service")
    controller = Told(Outcome(status, events=(arrived,)), Outcome(None), Outcome(None, events=(arrived,)), None)
    handlers = Handlers(cast("Controller", controller), object_seconds=0)
    body = {**BODY, "metadata": {**BODY["metadata"], "finalizers": [FINALIZER]}}

    def values() -> dict[str, float]:
        return {name: REGISTRY.get_sample_value(*metric) or 0.0 for name, metric in METRICS.items()}

    before = values()

    async def life() -> None:
        for _ in range(3):
            await handlers.on_tick(body=cast("Any", body), patch=kopf.Patch())
        with pytest.raises(RuntimeError, match="told nothing"):
            await handlers.on_tick(body=cast("Any", body), patch=kopf.Patch())

    asyncio.run(life())
    counted = {name: value - before[name] for name, value in values().items()}
    assert counted == {"changed": 1, "unchanged": 2, "crashed": 1, "timed": 4, "events": 2}
    assert posted == ["InService", "InService"]
