"""Of which experiments the counts are read, where, and that none stands in the way of the others."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smendpoints.api.experiment import SageMakerExperiment
from smendpoints.aws.calls.clients import Place
from smendpoints.controller.experiments import Experiments
from smendpoints.controller.tenancy import Operator, Tenancy
from smendpoints.domain.desired.names import content_hash
from smendpoints.domain.observed.samples import Readings, Series
from smendpoints.domain.tenancy.facts import facts_of
from smsandbox.testing import specs

STARTED = datetime(2026, 11, 26, 12, tzinfo=UTC)
FIRST = int(STARTED.timestamp()) // 60
OTHER_ROLE = "arn:aws:iam::210987654321:role/r"


class Stage:
    """One endpoint and its experiments, ten minutes after they began; what CloudWatch is asked is remembered."""

    def __init__(self, **endpoint: Any) -> None:
        self.asked: list[tuple[Place, int, set[str]]] = []
        self.now = STARTED + timedelta(minutes=10)
        metadata = {"name": "iris", "namespace": "n", "uid": "e", "generation": 1}
        self.endpoint: dict[str, Any] | None = {
            "metadata": metadata,
            "spec": {**specs.two_variants(3, 1), **endpoint},
            "status": {},
        }
        self.tenancy = Tenancy(Operator("us-east-1"), lambda: None)
        self.tenancy.see(facts_of(self.endpoint))
        self.experiments = Experiments(self._account, self.tenancy, self, lambda: self.now)

    def read(self, *_: str) -> Mapping[str, Any] | None:
        return self.endpoint

    def version(self, *_: str) -> int | None:
        return id(self.endpoint)

    def _account(self, place: Place) -> Any:
        return CloudWatch(self, place)

    def look(self, *bodies: dict[str, Any]) -> list[tuple[Place, int, set[str]]]:
        """Where is asked, from which period on and of which endpoints."""
        self.asked.clear()
        self.experiments.look(bodies)
        return self.asked


class CloudWatch:
    """Of one place: a hundred requests of each variant in each minute, and no error."""

    def __init__(self, stage: Stage, place: Place) -> None:
        self.stage, self.place, self.datapoints, self.summaries = stage, place, self, None

    def settled(self, now: datetime) -> int:
        return int(now.timestamp()) // 60

    def read(self, wanted: Collection[Series], since: int, now: datetime) -> Readings:
        endpoints = {dict(each.dimensions)["EndpointName"] for each in wanted}
        self.stage.asked.append((self.place, since, endpoints))
        if "broken" in endpoints:
            raise ZeroDivisionError
        minutes = range(since, self.settled(now))
        points = {each: dict.fromkeys(minutes, 0.0 if "XX" in each.metric else 100.0) for each in wanted}
        return Readings(60, self.settled(now), points)


def experiment(name: str = "x", **status: Any) -> dict[str, Any]:
    began = STARTED.isoformat()
    step = {"trafficPercent": 50, "weights": {"primary": 2, "challenger": 2}, "askedAt": began, "countsFrom": began}
    return {
        "metadata": {"name": name, "namespace": "n", "uid": name, "generation": 1, "resourceVersion": "1"},
        "spec": {
            "endpointRef": {"name": "iris"},
            "control": "primary",
            "challengers": ["challenger"],
            "metrics": {"primary": {"name": "errors", "errorRate": {}}},
        },
        "status": {
            "phase": "Running",
            "startedAt": began,
            "steps": [step],
            "challengers": [{"variant": "challenger"}],
            **status,
        },
    }


HERE = Place("us-east-1")


def test_what_runs_is_read_from_where_its_requests_count_and_then_from_where_it_was_read_to() -> None:
    stage, running = Stage(), experiment()
    assert stage.look(running) == [(HERE, FIRST, {"n-iris"})]
    assert stage.look(running) == [], "no further minute is over"
    stage.now += timedelta(minutes=2)
    assert stage.look(running) == [(HERE, FIRST + 9, {"n-iris"})], "the last minute may change yet"


@pytest.mark.parametrize(
    ("made", "place", "name"),
    [
        ({"region": "eu-west-1", "assumeRoleARN": OTHER_ROLE}, Place("eu-west-1", OTHER_ROLE), "n-iris"),
        ({"endpointName": "flowers"}, HERE, "flowers"),
    ],
)
def test_it_is_read_where_its_endpoint_is(made: dict[str, Any], place: Place, name: str) -> None:
    assert Stage(**made).look(experiment()) == [(place, FIRST, {name})]


def deleted(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "metadata": {**body["metadata"], "deletionTimestamp": "2026-11-26T12:00:00Z"}}


NOT_READ: dict[str, dict[str, Any]] = {
    "one that waits": experiment(phase="Waiting"),
    "one that is over": experiment(phase="Finished", verdict="SHIP"),
    "one that is being deleted": deleted(experiment()),
    "one whose requests do not count yet": experiment(
        steps=[{"trafficPercent": 50, "weights": {"primary": 2, "challenger": 2}, "askedAt": STARTED.isoformat()}]
    ),
    "one whose endpoint is another now": experiment(endpointUID="before"),
    "one that cannot be read": {**experiment(), "spec": {"endpointRef": {"name": "iris"}}},
    "one without a status": {**experiment(), "status": None},
}


@pytest.mark.parametrize("what", NOT_READ)
def test_nothing_is_read_of(what: str) -> None:
    assert Stage().look(NOT_READ[what]) == []


@pytest.mark.parametrize("gone", ["object", "endpoint"])
def test_nothing_is_read_of_one_whose_endpoint_is_gone(gone: str) -> None:
    stage = Stage()
    if gone == "object":
        stage.endpoint = None
    else:
        stage.tenancy.forget("e")
    assert stage.look(experiment()) == []


def test_one_that_fails_is_logged_and_the_others_are_read(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(endpointName="broken")
    assert len(stage.look(experiment("one"), experiment("two"))) == 2
    told = [each.getMessage() for each in caplog.records]
    assert told == ["experiment one: internal error", "experiment two: internal error"]


def test_what_was_counted_is_told_once() -> None:
    fixed = content_hash(SageMakerExperiment.parse(experiment()).spec.fixed())
    stage, running = Stage(), experiment(fixed=fixed)
    stage.look(running)
    status = stage.experiments.reconcile(running).status
    assert status is not None
    assert (status["phase"], status["requests"], len(status["looks"])) == ("Running", 2 * 100 * 9, 1)
    again = stage.experiments.reconcile(running).status
    assert again is None or "looks" not in again, "that look was told"


def test_what_is_gone_is_forgotten() -> None:
    stage, running = Stage(), experiment()
    stage.look(running)
    stage.look()
    assert stage.look(running) == [(HERE, FIRST, {"n-iris"})], "one of that name begins anew"


def test_one_whose_endpoint_cannot_be_read_is_left() -> None:
    stage = Stage()
    assert stage.endpoint is not None
    stage.endpoint = {**stage.endpoint, "spec": {}}
    assert stage.look(experiment()) == []
    assert stage.experiments.reconcile(experiment()).status is None
