"""The kopf shell's own bookkeeping; its work is proved on a real API server."""

import asyncio
from typing import Any, cast

import kopf
import pytest

from smendpoints.controller.outcome import Outcome
from smendpoints.controller.reconcile import Controller
from smendpoints.handlers import Handlers


class Leaving:
    """A controller for which AWS is never done deleting."""

    def finalize(self, *_: object) -> Outcome:
        return Outcome(None, again_after=60, message="waiting for default-iris to be gone")


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
