"""Looks at what another instance would need: once in an hour, of an endpoint at rest alone, and no more than that."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smendpoints.api.status_rollout import LaunchedArtifact, LaunchedFrom
from smendpoints.controller.memory import Memory
from smendpoints.controller.supplying import next_look, supplied
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.plan.verdict import Plan, Requeue, ready, reconciling, stalled
from smendpoints.domain.preflight.launch import Stored
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status.supplies import UNKNOWN, Supplied
from smsandbox.testing.one_account import OneAccount

NOW = 1000.0
URI = "s3://models/a/model.tar.gz"
MADE = datetime(2026, 11, 22, 11, tzinfo=UTC)
STORED = Stored("etag", MADE - timedelta(hours=1))
RESTS = Plan(ready(Reason.IN_SERVICE, "in service"), requeue=Requeue.STEADY)
GONE = ReconcileError(Kind.BLOCKED, Reason.ARTIFACT_NOT_FOUND, "gone")


@dataclass
class Aws(OneAccount):
    """Says what is gone, and what is there."""

    gone: ReconcileError | None = None
    denied: ReconcileError | None = None
    asked: int = 0
    modified_at: datetime = STORED.modified_at
    images: Mapping[str, str] = field(default_factory=dict)

    def lacks(self, _: object) -> ReconcileError | None:
        self.asked += 1
        if self.denied is not None:
            raise self.denied
        return self.gone

    def digests(self, _: object) -> Mapping[str, str]:
        return self.images

    def stored(self, _: object) -> Mapping[str, Stored]:
        return {URI: Stored("etag", self.modified_at)}


def due(at: float | None = NOW) -> Memory:
    memory = Memory()
    memory.seen.supplies_at = at
    return memory


def looked(sight: Any, aws: Aws, memory: Memory, todo: Plan = RESTS) -> Supplied:
    return supplied(aws, sight.given, todo, memory, NOW)  # type: ignore[arg-type]


B = {"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}}
NOT_NOW: dict[str, tuple[dict[str, Any], Plan, float | None]] = {
    "that is not there": ({"exists": False}, RESTS, NOW),
    "that is on the way": ({}, Plan(reconciling(Reason.UPDATING, "updating"), requeue=Requeue.STEADY), NOW),
    "that is looked at again soon": ({}, replace(RESTS, requeue=Requeue.POLL), NOW),
    "that is stuck": ({}, Plan(stalled(Reason.UPDATE_FAILED, "failed"), requeue=Requeue.STEADY), NOW),
    "that is stuck, and ready": ({}, replace(RESTS, verdict=replace(RESTS.verdict, stalled=True)), NOW),
    "of another config": ({"lives": B}, RESTS, NOW),
    "whose hour is not over": ({}, RESTS, NOW + 0.1),
    "that has no hour yet": ({}, RESTS, None),
}


@pytest.mark.parametrize("name", NOT_NOW)
def test_it_is_not_looked_at_an_endpoint(sight: Callable[..., Any], name: str) -> None:
    sees, todo, at = NOT_NOW[name]
    aws, memory = Aws(), due(at)
    assert looked(sight(**sees), aws, memory, todo) == UNKNOWN
    assert (aws.asked, memory.seen.supplies_at) == (0, at)


@pytest.mark.parametrize("gone", [None, GONE])
def test_what_is_found_is_told_and_looked_at_again(sight: Callable[..., Any], gone: ReconcileError | None) -> None:
    memory = due()
    found = looked(sight(), Aws(gone), memory)
    assert (found.known, found.lacks, found.overwritten) == (True, gone, None)
    assert memory.seen.supplies_at is not None
    waits = memory.seen.supplies_at - NOW
    assert waits == 600.0 if gone else 2880.0 <= waits <= 3600.0


def test_an_image_that_was_overwritten_is_told(sight: Callable[..., Any]) -> None:
    seen = sight(variants={"primary": {"image": "r:1", "digest": "sha256:old"}})
    found = looked(seen, Aws(images={"r:1": "sha256:new"}), due())
    assert found.overwritten is not None
    assert found.overwritten.startswith("the image r:1 is sha256:new now, and sha256:old serves")


def test_what_cannot_be_looked_at_is_not_known_and_tried_again_soon(sight: Callable[..., Any]) -> None:
    memory = due()
    assert looked(sight(), Aws(denied=ReconcileError(Kind.RETRY, Reason.THROTTLED, "slower")), memory) == UNKNOWN
    assert memory.seen.supplies_at == NOW + 600


def test_the_fleet_is_remembered_else_told_from_when_it_came_into_service(sight: Callable[..., Any]) -> None:
    plain = sight(history=[("WANTED", "Deployed"), ("older", "Deployed")])
    name = plain.desired.config_name
    told = LaunchedFrom(config_name=name, at=MADE, artifacts=[LaunchedArtifact(uri=URI, etag="etag")])
    assert looked(plain, Aws(), due()).fleet == told
    kept = told.model_copy(update={"at": MADE - timedelta(days=1)})
    other = told.model_copy(update={"config_name": "other"})
    status = plain.resource.status.model_copy(update={"launched_from": [other, kept]})
    remembers = replace(plain, resource=plain.resource.model_copy(update={"status": status}))
    assert looked(remembers, Aws(), due()).fleet == kept
    for history in ([("WANTED", "Failed")], [("older", "Deployed")], []):
        unknown = sight(history=history)
        fleet = looked(unknown, Aws(), due()).fleet
        assert fleet is not None
        assert fleet.at == unknown.given.now, history


def test_what_was_written_since_the_launch_is_not_what_serves(sight: Callable[..., Any]) -> None:
    seen = sight(history=[("WANTED", "Deployed")])
    fleet = looked(seen, Aws(modified_at=MADE + timedelta(seconds=1)), due()).fleet
    assert fleet is not None
    assert [each.etag for each in fleet.artifacts] == [None]


def test_looks_are_spread_over_the_hour_after_a_restart() -> None:
    found = []
    for _ in range(50):
        memory = due(None)
        wait = next_look(memory, NOW)
        assert memory.seen.supplies_at == pytest.approx(NOW + wait)
        assert next_look(memory, NOW + 10) == pytest.approx(wait - 10)
        assert next_look(memory, NOW + 1e6) == 1.0
        found.append(wait)
    assert all(360.0 <= wait <= 3600.0 for wait in found)
    assert max(found) - min(found) > 600.0
