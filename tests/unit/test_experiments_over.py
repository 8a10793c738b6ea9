"""An experiment that is over is read again when it or its endpoint has changed, and at no other time."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from smendpoints.controller.experiments import Experiments
from smendpoints.controller.tenancy import Operator, Tenancy
from smsandbox.testing import specs

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


class Endpoints:
    """One endpoint, in versions; counts how often it is read."""

    def __init__(self) -> None:
        self.at: int | None = 1
        self.reads = 0
        self.status: dict[str, Any] = {}

    def read(self, namespace: str, name: str) -> Mapping[str, Any] | None:
        assert (namespace, name) == ("n", "iris")
        self.reads += 1
        metadata = {"name": "iris", "namespace": "n", "uid": "e", "generation": 1}
        return (
            {"metadata": metadata, "spec": specs.two_variants(3, 1), "status": self.status}
            if self.at is not None
            else None
        )

    def version(self, namespace: str, name: str) -> int | None:
        return self.at


def body(version: str = "1", **status: Any) -> dict[str, Any]:
    spec = {
        "endpointRef": {"name": "iris"},
        "control": "primary",
        "challengers": ["challenger"],
        "metrics": {"primary": {"name": "errors", "errorRate": {}}},
    }
    metadata = {"name": "x", "namespace": "n", "uid": "u", "generation": 1, "resourceVersion": version}
    over = {"phase": "Finished", "verdict": "INCONCLUSIVE", "observedGeneration": 1, **status}
    return {"metadata": metadata, "spec": spec, "status": over}


def made(endpoints: Endpoints, now: datetime = NOW) -> Experiments:
    tenancy = Tenancy(Operator("us-east-1"), lambda: None)
    return Experiments(lambda _: None, tenancy, endpoints, lambda: now)  # type: ignore[arg-type, return-value]


def test_one_that_is_over_is_read_again_when_something_of_it_changed() -> None:
    endpoints = Endpoints()
    experiments = made(endpoints)

    def read(**changed: Any) -> bool:
        before = endpoints.reads
        one = body(**changed)
        experiments.look([one])
        result = experiments.reconcile(one)
        assert (result.status, result.events, result.finalized) == (None, (), False)
        return endpoints.reads > before

    assert [read(), read()] == [True, False]
    endpoints.at = 2
    assert [read(), read()] == [True, False]
    assert [read(version="2"), read(version="2")] == [True, False]
    endpoints.at = None
    assert [read(version="2"), read(version="2")] == [True, False]
    experiments.look([])
    assert read(version="2"), "one that comes again is another"


def test_one_of_whose_verdict_something_is_left_to_do_is_not_settled() -> None:
    endpoints = Endpoints()
    experiments = made(endpoints)
    held = body(
        weights={"primary": 4.0, "challenger": 0.0}, arms=[{"variant": "primary", "model": "m", "specWeight": 3}]
    )
    for _ in range(2):  # what follows is written by another
        result = experiments.reconcile(held)
        assert result.status is not None
        assert "weights" not in result.status
    leaving = {**body(), "metadata": {**body("2")["metadata"], "deletionTimestamp": "2026-11-26T12:00:00Z"}}
    assert [experiments.reconcile(leaving).finalized for _ in range(2)] == [True, True]


def test_what_cannot_be_read_is_left() -> None:
    endpoints = Endpoints()
    broken = {**body(), "spec": {"endpointRef": {"name": "iris"}}}
    result = made(endpoints).reconcile(broken)
    assert (result.status, endpoints.reads) == (None, 0)


def test_its_times_are_whole_seconds_as_kubernetes_writes_them() -> None:
    endpoints = Endpoints()
    endpoints.at = None
    began = "2026-11-26T11:00:00Z"
    steps = [{"trafficPercent": 50, "weights": {"primary": 1, "challenger": 1}, "askedAt": began}]
    running = body(phase="Running", startedAt=began, verdict=None, steps=steps)
    status = made(endpoints, NOW + timedelta(milliseconds=700)).reconcile(running).status
    assert status is not None
    assert (status["phase"], status["endedAt"]) == ("Finished", "2026-11-26T12:00:00Z")


def test_what_it_began_with_is_remembered() -> None:
    endpoints = Endpoints()
    endpoints.status = {
        "endpoint": {"name": "iris", "status": "InService"},
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "InService",
                "message": "",
                "observedGeneration": 1,
                "lastTransitionTime": "2026-11-26T11:00:00Z",
            }
        ],
        "observedGeneration": 1,
    }
    waiting = body(phase="Waiting", verdict=None)
    status = made(endpoints).reconcile(waiting).status
    assert status is not None
    assert (status["phase"], status["endpointUID"], status["observedGeneration"]) == ("Running", "e", 1)


def test_one_that_is_over_is_told_to_be_known_as_it_is_edited() -> None:
    edited = body()
    edited["metadata"]["generation"] = 2
    status = made(Endpoints()).reconcile(edited).status
    assert status is not None
    assert status["observedGeneration"] == 2
