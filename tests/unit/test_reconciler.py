"""One reconcile, from a version of an object to what is written of it, on the API server's rules and with its refusals."""

import logging
from collections.abc import Mapping
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY

from smendpoints.api.group import FINALIZER
from smendpoints.aws.calls.clients import Place
from smendpoints.controller.memory import Memory
from smendpoints.controller.reconcile import Controller
from smendpoints.controller.result import NEVER, Result
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status.events import Event
from smendpoints.kube.client import KubeError, RefusedError, UnreachableError
from smendpoints.work.objects import Objects, Tracked
from smendpoints.work.reconciler import Reconciled, Reconciler
from smsandbox.testing.api_server import ApiServer

TOLD = Event(warning=False, reason=Reason.IN_SERVICE, message="in service")


class Scripted:
    """A controller that comes to what it is told to; None crashes it. It notes what it was given."""

    def __init__(self, *results: Result | None) -> None:
        self.results = list(results)
        self.given: list[Mapping[str, Any]] = []
        self.forgotten = 0

    def reconcile(self, body: Mapping[str, Any], memory: Memory) -> Result:
        del memory
        self.given.append(body)
        result = self.results.pop(0)
        if result is None:
            raise RuntimeError("told nothing")
        return result

    def forget(self, memory: Memory) -> None:
        del memory
        self.forgotten += 1

    def whereabouts(self, uid: str, memory: Memory) -> tuple[Place, str]:
        del memory
        return Place("us-east-1"), f"default-{uid}"


class World:
    """One object, what is kept of it, and the API server that has it."""

    def __init__(self, *results: Result | None) -> None:
        self.api = ApiServer(lambda: "2026-01-01T00:00:00Z")
        self.api.apply("iris", {"variants": [{"name": "primary"}]})
        self.controller = Scripted(*results)
        self.reconciler = Reconciler(cast("Controller", self.controller), self.api, lambda: 0.0)
        self.objects = Objects()

    @property
    def body(self) -> dict[str, Any]:
        return self.api.objects["iris"].body

    def tracked(self) -> Tracked:
        self.objects.see(self.body)
        return self.objects[self.body["metadata"]["uid"]]

    def reconcile(self) -> Reconciled:
        tracked = self.tracked()
        found = self.reconciler.reconcile(tracked)
        for each in found.written:
            self.objects.see(each)
        return found


def test_the_finalizer_is_there_before_anything_is_done() -> None:
    world = World(Result())
    world.reconcile()
    assert world.controller.given[0]["metadata"]["finalizers"] == [FINALIZER]
    assert world.body["metadata"]["finalizers"] == [FINALIZER]


def test_others_finalizers_stay_and_a_list_that_has_changed_is_not_overwritten() -> None:
    world = World(Result(), Result(finalized=True))
    tracked = world.tracked()
    theirs = {**world.body, "metadata": {**world.body["metadata"], "finalizers": ["theirs"]}}
    world.api.put("iris", theirs)
    found = world.reconciler.reconcile(tracked)  # as it was read before
    assert (found.written, world.controller.given, found.requeue_after) == ((), [], 1.0)
    world.reconcile()
    assert world.body["metadata"]["finalizers"] == ["theirs", FINALIZER]
    world.api.delete("iris")
    world.reconcile()
    assert world.body["metadata"]["finalizers"] == ["theirs"]


def test_an_object_that_is_being_deleted_and_has_no_finalizer_is_left_alone() -> None:
    world = World()
    theirs = {**world.body, "metadata": {**world.body["metadata"], "finalizers": ["theirs"], "deletionTimestamp": "x"}}
    world.api.put("iris", theirs)
    assert world.reconcile().requeue_after == NEVER
    assert world.controller.given == []


def test_the_status_is_written_before_an_event_tells_of_it() -> None:
    world = World(Result({"instances": "1/1"}, (TOLD,)), Result({"instances": "2/2"}, (TOLD,)))
    world.reconcile()
    assert (world.body["status"], world.api.events) == ({"instances": "1/1"}, [TOLD])
    world.api.refusals = [UnreachableError("no answer")]
    world.reconcile()
    assert (world.body["status"], world.api.events) == ({"instances": "1/1"}, [TOLD])


def test_what_is_the_same_is_not_written() -> None:
    world = World(Result({"instances": "1/1"}), Result({"instances": "1/1"}), Result())
    world.reconcile()
    version = world.body["metadata"]["resourceVersion"]
    world.reconcile()
    world.reconcile()
    assert (world.api.writes, world.body["metadata"]["resourceVersion"]) == (1, version)


def test_what_is_finalized_goes_and_what_the_controller_told_is_posted() -> None:
    world = World(Result(), Result(events=(TOLD,), finalized=True))
    world.reconcile()
    world.api.delete("iris")
    world.reconcile()
    assert (world.api.objects, world.api.events) == ({}, [TOLD])


REFUSALS = {
    "not reached": UnreachableError("no answer"),
    "a check that is not loaded yet": RefusedError(422, "denied: failed to configure policy"),
    "forbidden": RefusedError(403, "forbidden"),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
def test_what_could_not_be_written_is_found_out_again_and_written_in_the_end(refusal: KubeError) -> None:
    told = Result({"instances": "1/1"}, (TOLD,))
    world = World(Result(), *[told] * 8)
    world.reconcile()
    world.api.refusals = [refusal] * 7
    waits = [world.reconcile().requeue_after for _ in range(7)]
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert world.controller.forgotten == 7
    world.reconcile()
    assert (world.body["status"], world.api.events) == ({"instances": "1/1"}, [TOLD])


def test_a_deletion_whose_end_is_refused_comes_to_its_end() -> None:
    world = World(Result(), Result(finalized=True), Result(finalized=True))
    world.reconcile()
    world.api.delete("iris")
    world.api.refusals = [RefusedError(422, "denied: failed to configure policy")]
    assert world.reconcile().requeue_after == 1.0
    world.reconcile()
    assert world.api.objects == {}


def test_an_object_that_is_gone_is_told_to_be_and_tried_again_until_that_is_certain() -> None:
    world = World(Result(), Result({"instances": "1/1"}))
    world.reconcile()
    world.tracked()
    del world.api.objects["iris"]
    found = world.reconciler.reconcile(world.objects["uid-iris"])
    assert (found.gone, found.requeue_after, found.written) == (True, 30.0, ())


def test_a_crash_is_logged_with_its_object_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    world = World(None)
    with caplog.at_level(logging.ERROR):
        assert world.reconcile().requeue_after == 30.0
    (record,) = caplog.records
    assert (record.getMessage(), record.__dict__["reason"]) == ("internal error", "InternalError")
    assert world.controller.forgotten == 1


METRICS = {
    "changed": ("smendpoints_reconcile_total", {"result": "changed"}),
    "unchanged": ("smendpoints_reconcile_total", {"result": "unchanged"}),
    "unwritten": ("smendpoints_reconcile_total", {"result": "unwritten"}),
    "crashed": ("smendpoints_reconcile_total", {"result": "crashed"}),
    "timed": ("smendpoints_reconcile_seconds_count", {}),
    "events": ("smendpoints_events_total", {"reason": "InService"}),
}


def test_reconciles_and_events_are_counted_by_what_they_came_to() -> None:
    def values() -> dict[str, float]:
        return {name: REGISTRY.get_sample_value(*metric) or 0.0 for name, metric in METRICS.items()}

    told = Result({"instances": "1/1"}, (TOLD,))
    world = World(told, Result(), Result(events=(TOLD,)), None, Result({"instances": "2/2"}))
    before = values()
    for _ in range(4):
        world.reconcile()
    world.api.refusals = [UnreachableError("no answer")]
    world.reconcile()
    counted = {name: value - before[name] for name, value in values().items()}
    assert counted == {"changed": 1, "unchanged": 2, "unwritten": 1, "crashed": 1, "timed": 5, "events": 2}
