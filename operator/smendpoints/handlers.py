"""The kopf shell: wakes the controller, and writes down what it says. Knows nothing of AWS.

Two triggers wake one entry point, `_pass`, under one lock for each object: a watch event (at once after an edit) and a
timer (for what happens in AWS). Deletion is kopf's own handler, as only that resumes after a restart. How often an
object has a reconcile, and who is next, is `turns`.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import kopf
from pydantic import ValidationError

from smendpoints.api.resource import FINALIZER, GROUP, PLURAL, VERSION, SageMakerEndpoint
from smendpoints.api.status import Condition
from smendpoints.aws.clients import Place
from smendpoints.controller.memory import Memory
from smendpoints.controller.outcome import Outcome
from smendpoints.controller.reconcile import Controller
from smendpoints.domain.status.status import Event, unparsable
from smendpoints.domain.tenancy.facts import facts_of
from smendpoints.merge_patch import merge_patch
from smendpoints.metrics import EVENTS, RECONCILE_SECONDS, RECONCILES
from smendpoints.tracking import Tracked
from smendpoints.turns import Allowance, Turns

logger = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass
class Heartbeat:
    """When the shell was last seen alive: any tick counts, due or not."""

    at: float = field(default_factory=time.monotonic)

    def beat(self) -> None:
        self.at = time.monotonic()


async def to_its_end(work: Callable[..., T], *args: Any) -> T:
    """Run blocking work in a thread; a cancellation takes effect when the thread is through.

    kopf cancels an object's timer when the object is deleted, but nobody can cancel a thread: it would go on making
    things in AWS while the deletion, with the lock in its hands, finds nothing to delete.
    """
    thread = asyncio.ensure_future(asyncio.to_thread(work, *args))
    try:
        return await asyncio.shield(thread)
    except asyncio.CancelledError:
        while not thread.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([thread])
        with contextlib.suppress(Exception):
            thread.result()
        raise


class Handlers:
    """The handlers of one operator, over one controller."""

    def __init__(self, controller: Controller, *, threads: int = 32, object_seconds: float = 1.0) -> None:
        """At most so many reconciles at once, and of each object one in so many seconds, but for the first few."""
        self._controller = controller
        self._turns = Turns(threads)
        self._object_seconds = object_seconds
        self._tracked: dict[str, Tracked] = {}
        self.heartbeat = Heartbeat()

    def register(self, registry: kopf.OperatorRegistry, tick_seconds: float) -> None:
        """Tell kopf of the handlers. Their settings are known only now, so decorators cannot."""
        resource = (GROUP, VERSION, PLURAL)
        kopf.index(*resource, registry=registry)(self.on_index)  # complete before any other handler is called
        kopf.on.event(*resource, registry=registry)(self.on_event)
        kopf.timer(*resource, interval=tick_seconds, registry=registry)(self.on_tick)
        kopf.on.delete(*resource, registry=registry)(self.on_delete)

    def ticks(self) -> bool:
        """Whether kopf's timer should be heard: it is while there is an object that is not being deleted."""
        return any(not tracked.finalizing for tracked in self._tracked.values())

    def places(self) -> set[Place]:
        """Where the objects live."""
        return {self._controller.place(each.resource) for each in self._tracked.values() if each.resource is not None}

    def idle_places(self) -> set[Place]:
        """Where objects live that wait for nothing but an out-of-band change."""
        idle = [each.resource for each in self._tracked.values() if each.memory.watched]
        return {self._controller.place(resource) for resource in idle if resource is not None}

    def silent_seconds(self) -> float:
        """How long kopf's timer was not heard."""
        return time.monotonic() - self.heartbeat.at

    def _of(self, uid: str) -> Tracked:
        if uid not in self._tracked:
            self._tracked[uid] = Tracked(Allowance(self._object_seconds))
        return self._tracked[uid]

    async def on_index(self, *, body: kopf.Body, **_: Any) -> None:
        """An object was listed, or changed: what others have to know of it."""
        self._controller.tenancy.see(facts_of(body))

    async def on_event(self, *, type: str | None, body: kopf.Body, patch: kopf.Patch, **_: Any) -> None:  # noqa: A002
        """A watch event: something about the object changed, or it was listed."""
        self.heartbeat.beat()
        if type == "DELETED":
            self._tracked.pop(body["metadata"]["uid"], None)
            self._controller.tenancy.forget(body["metadata"]["uid"])
            return
        await self._wake(body, patch)

    async def on_tick(self, *, body: kopf.Body, patch: kopf.Patch, **_: Any) -> None:
        """The clock: something in AWS may have changed."""
        self.heartbeat.beat()
        if not self._of(body["metadata"]["uid"]).lock.locked():
            await self._wake(body, patch)

    async def _wake(self, body: kopf.Body, patch: kopf.Patch) -> None:
        meta = body["metadata"]
        if meta.get("deletionTimestamp") or FINALIZER not in meta.get("finalizers", ()):
            return  # without the finalizer a deletion would not be seen: make nothing yet
        tracked = self._of(meta["uid"])
        if tracked.allowance.wait(time.monotonic()) > 0:
            return  # a later tick asks again; nothing is read meanwhile, however often it is edited
        async with tracked.lock:
            if not await self._due(tracked, body, patch):
                return
            async with self._turns.of(meta["namespace"]):
                resource = await self._due(tracked, body, patch)  # the wait may have been long, and the body is live
                if resource is not None:
                    tracked.allowance.take(time.monotonic())
                    await self._reconcile(body, resource, tracked.memory, patch)

    async def _due(self, tracked: Tracked, body: kopf.Body, patch: kopf.Patch) -> SageMakerEndpoint | None:
        """The object as it is now, if it is due; else, or if it cannot be read, None."""
        try:
            resource = await tracked.read(body)
        except ValidationError as error:
            self._tell_unparsable(body, patch, error)
            return None
        due = resource.metadata.deletion_timestamp is None and self._controller.due(resource, tracked.memory)
        return resource if due else None

    async def _reconcile(self, body: kopf.Body, resource: SageMakerEndpoint, memory: Memory, patch: kopf.Patch) -> None:
        with RECONCILE_SECONDS.time():
            try:
                outcome = await to_its_end(self._controller.reconcile, resource, memory)
            except Exception:
                memory.asked = None  # whatever it was, begin anew
                RECONCILES.labels("crashed").inc()
                raise
        RECONCILES.labels("changed" if outcome.status is not None else "unchanged").inc()
        self._write(body, resource, outcome, patch)

    def _write(self, body: kopf.Body, resource: SageMakerEndpoint, outcome: Outcome, patch: kopf.Patch) -> None:
        if outcome.status is not None:
            patch.status.update(merge_patch(dict(body.get("status") or {}), outcome.status.to_json()))
        for event in outcome.events:
            send(body, event)
        if outcome.events:
            where = f"{resource.metadata.namespace}/{resource.metadata.name}"
            for event in outcome.events:
                level = logging.WARNING if event.warning else logging.INFO
                logger.log(level, "%s: %s: %s", where, event.reason, event.message)

    def _tell_unparsable(self, body: kopf.Body, patch: kopf.Patch, error: ValidationError) -> None:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = f"this operator cannot read {place}: {first['msg']}; operator and CRD differ in version"
        generation = int(body["metadata"].get("generation", 1))
        old = body.get("status") or {}
        conditions = [Condition.model_validate(each) for each in old.get("conditions", ())]
        told = unparsable(generation, conditions, message, datetime.now(UTC))
        new = {
            **old,
            "observedGeneration": generation,
            "conditions": [condition.to_json() for condition in told],
        }
        patch.status.update(merge_patch(dict(old), new))

    async def on_delete(self, *, body: kopf.Body, patch: kopf.Patch, **_: Any) -> None:
        """Runs until nothing is left; resumes after a restart; may run again after it succeeded."""
        tracked = self._of(body["metadata"]["uid"])
        tracked.finalizing = True
        async with tracked.lock:
            await asyncio.sleep(tracked.allowance.wait(time.monotonic()))
            async with self._turns.of(body["metadata"]["namespace"]):
                tracked.allowance.take(time.monotonic())
                resource = await tracked.read_to_delete(body)
                outcome = await to_its_end(self._controller.finalize, resource, tracked.memory)
        self._write(body, resource, outcome, patch)
        if not outcome.gone:
            raise kopf.TemporaryError(outcome.message or "waiting for AWS", delay=max(outcome.requeue_after, 0.5))


def send(body: kopf.Body, event: Event) -> None:
    """Post a Kubernetes Event."""
    EVENTS.labels(event.reason).inc()
    kopf.event(body, type="Warning" if event.warning else "Normal", reason=event.reason, message=event.message)
