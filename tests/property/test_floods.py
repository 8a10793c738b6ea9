"""The shell over the real controller and AWS, in virtual time: floods in one namespace, a quiet object in another."""

import asyncio
from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import kopf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import smendpoints.handlers
from smendpoints.api.resource import RETRY
from smendpoints.api.status import Condition
from smendpoints.controller.outcome import Outcome
from smendpoints.handlers import Handlers
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import spec

PATCHES_A_SECOND = 15
SECONDS = 12
FLOODED = ("many/a", "many/b", "many/c")
QUIET = "one/rose"
PATCHES = st.sampled_from(["retry", "label", "spec", "status", "tick"])


def merged(body: Any, patch: Any) -> Any:
    """What the API server makes of a merge patch."""
    if not isinstance(patch, dict):
        return patch
    base = body if isinstance(body, dict) else {}
    made = {**base, **{key: merged(base.get(key), value) for key, value in patch.items()}}
    return {key: value for key, value in made.items() if value is not None}


class Shell:
    """kopf and the API server in small: each change is an event, and what a handler patches is a change."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.reconciles: dict[str, list[float]] = {}
        self.version = 0
        reconcile = harness.controller.reconcile

        def counted(resource: Any, memory: Any) -> Outcome:
            name = f"{resource.metadata.namespace}/{resource.metadata.name}"
            harness.at = name
            self.reconciles.setdefault(name, []).append(harness.clock.now())
            return reconcile(resource, memory)

        harness.controller.reconcile = counted  # type: ignore[method-assign]
        self.handlers = Handlers(harness.controller, threads=4)

    def stamp(self, name: str, body: Any) -> Any:
        self.version += 1
        made = {**body, "metadata": {**body["metadata"], "resourceVersion": str(self.version)}}
        self.harness.objects[name].body = made
        return made

    async def event(self, name: str) -> None:
        """The object changed; so it goes on while the handler changes it."""
        while True:
            patch = kopf.Patch()
            body = self.stamp(name, self.harness.objects[name].body)
            self.harness._tell()
            await self.handlers.on_event(type="MODIFIED", body=body, patch=patch)
            if not patch:
                return
            self.harness.objects[name].body = merged(body, dict(patch))

    async def tick(self, name: str) -> None:
        patch = kopf.Patch()
        body = self.harness.objects[name].body
        await self.handlers.on_tick(body=kopf.Body(cast("Any", body)), patch=patch)
        if patch:
            self.harness.objects[name].body = merged(body, dict(patch))
            await self.event(name)

    async def do(self, what: str, name: str, number: int) -> None:
        body = self.harness.objects[name].body
        if what == "tick":
            await self.tick(name)
            return
        if what == "retry":
            self.harness.annotate(name, {RETRY: str(number)})
        elif what == "spec":
            self.harness.apply(name, spec(tags={"number": str(number)}))
        elif what == "label":
            self.harness.objects[name].body = merged(body, {"metadata": {"labels": {"number": str(number)}}})
        else:
            self.harness.objects[name].body = merged(body, {"status": {"logTail": [str(number)]}})
        await self.event(name)


def ready(harness: Harness, name: str) -> Condition:
    found = harness.condition(name, "Ready")
    assert found is not None
    return found


@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(patches=st.lists(PATCHES, min_size=7, max_size=7))
def test_floods_cost_one_reconcile_a_second_of_each_object_and_hold_up_nobody(
    monkeypatch: pytest.MonkeyPatch, patches: list[str]
) -> None:
    harness = Harness()
    monkeypatch.setattr(smendpoints.handlers, "time", SimpleNamespace(monotonic=harness.clock.now))
    monkeypatch.setattr(smendpoints.handlers, "send", lambda *_: None)
    shell = Shell(harness)
    names = (*FLOODED, QUIET)

    async def life() -> None:
        for name in names:
            harness.apply(name, spec())
            await shell.event(name)
        while ready(harness, QUIET).status != "True" or ready(harness, FLOODED[0]).status != "True":
            harness.world.advance(2)
            for name in names:
                await shell.tick(name)
        shell.reconciles.clear()
        harness.world.calls.reset()
        harness.apply(QUIET, spec(tags={"edited": "yes"}))
        await shell.event(QUIET)
        for number in range(PATCHES_A_SECOND * SECONDS):
            harness.world.advance(1 / PATCHES_A_SECOND)
            for name in FLOODED:
                await shell.do(patches[number % len(patches)], name, number)
            if number % (2 * PATCHES_A_SECOND) == 0:
                await shell.tick(QUIET)

    asyncio.run(life())
    counts = Counter({name: len(times) for name, times in shell.reconciles.items()})
    calls = harness.world.calls.count()
    print(f"{patches}: reconciles {dict(counts)}, {calls / SECONDS:.1f} calls a second")
    assert all(counts[name] <= SECONDS + 3 for name in FLOODED)
    assert harness.live("one-rose")["EndpointStatus"] == "InService"
    tags = harness.client("sagemaker").list_tags(ResourceArn=harness.live("one-rose")["EndpointArn"])["Tags"]
    assert {"Key": "edited", "Value": "yes"} in tags
    harness.simulator.close()
