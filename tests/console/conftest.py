"""The console in a test: by Flask's client where HTML and headers are enough, else in Chromium."""

import copy
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser

from smclient.console.backend import Backend
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.domain.experiment.arms import arm_of
from smsandbox.testing.browser import Reader, reading
from smsandbox.testing.console import Objects, Served, backend_over, serving, visiting


@pytest.fixture
def objects() -> Objects:
    """The API server in memory."""
    return Objects()


@pytest.fixture
def experiments() -> Objects:
    """The same API server's experiments."""
    return Objects()


@pytest.fixture
def aws() -> Any:
    """AWS; modules that need one have their own."""
    return None


@pytest.fixture
def backend(objects: Objects, experiments: Objects, aws: Any) -> Backend:
    """What pages read through: `objects`, `experiments` and `aws`."""
    return backend_over(objects, None if aws is None else lambda _: aws, experiments)


@pytest.fixture
def client(backend: Backend) -> Iterator[FlaskClient]:
    """A client with a session; `post` it with `csrf_of`."""
    with visiting(backend) as made:
        yield made


def object_of(name: str, namespace: str = "ml", phase: str = "Ready", **status: Any) -> dict[str, Any]:
    """An object as the operator keeps it."""
    conditions = {
        "Ready": [{"type": "Ready", "status": "True", "reason": "InService", "message": "in service"}],
        "Reconciling": [{"type": "Reconciling", "status": "True", "reason": "Creating", "message": "is created"}],
        "Stalled": [{"type": "Stalled", "status": "True", "reason": "Failed", "message": "cannot be made"}],
    }
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-{namespace}-{name}",
            "generation": 1,
            "creationTimestamp": "2026-11-26T08:00:00Z",
        },
        "spec": {
            "executionRoleARN": "arn:aws:iam::123456789012:role/models",
            "variants": [
                {
                    "name": "rf",
                    "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/models:1",
                    "instance": {"type": "ml.m5.large", "count": 1},
                }
            ],
        },
        "status": {
            "observedGeneration": 1,
            "conditions": [
                {**each, "observedGeneration": 1, "lastTransitionTime": "2026-11-26T08:00:00Z"}
                for each in conditions[phase]
            ],
            "endpoint": {
                "name": f"{namespace}-{name}",
                "status": "InService",
                "configName": f"{namespace}-{name}-2",
                "createdAt": "2026-11-26T08:00:00Z",
            },
            "variants": [
                {"name": "rf", "currentWeight": 1.0, "currentInstances": 1, "minCapacity": 1, "maxCapacity": 5}
            ],
            **status,
        },
    }


@pytest.fixture
def an_object() -> Callable[..., dict[str, Any]]:
    return object_of


ARMS = [
    {
        "name": name,
        "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/models:1",
        "weight": weight,
        "instance": {"type": "ml.m5.large", "count": 1},
    }
    for name, weight in (("forest", 6), ("boosting", 2), ("deep", 2))
]


def _models() -> dict[str, str]:
    """The hash of each of `ARMS`, as the operator compares it."""
    endpoint = object_of("iris")
    endpoint["spec"]["variants"] = ARMS
    parsed = SageMakerEndpoint.parse(endpoint)
    return {name: found.model for each in ARMS if (found := arm_of(parsed, name := str(each["name"]))) is not None}


@pytest.fixture
def arms() -> list[dict[str, Any]]:
    """The variants that `an_experiment` compares."""
    return copy.deepcopy(ARMS)


def experiment_of(name: str = "ab", namespace: str = "ml", *, phase: str = "Running", **status: Any) -> dict[str, Any]:
    """An experiment as the operator keeps it: an hour of looks, a challenger with fewer errors and one that was worse."""
    start = datetime(2026, 11, 26, 8, tzinfo=UTC)
    looks = [
        {
            "at": f"{start + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ}",
            "requests": 600 * minute,
            "primary": [
                {
                    "variant": "boosting",
                    "difference": -0.02,
                    "lower": -0.02 - 0.5 / minute,
                    "upper": -0.02 + 0.5 / minute,
                },
                {"variant": "deep", "difference": 0.05, "lower": None if minute < 9 else 0.01, "upper": 0.09},
            ],
        }
        for minute in range(4, 61, 4)
    ]
    findings = [
        {
            "metric": "errors",
            "control": 0.05,
            "challenger": 0.03,
            "difference": -0.02,
            "lower": -0.028,
            "upper": -0.012,
        },
        {"metric": "slow", "control": 0.02, "challenger": 0.021, "difference": 0.001, "lower": -0.01, "upper": 0.012},
    ]
    return {
        "apiVersion": "smendpoints.dev/v1alpha1",
        "kind": "SageMakerExperiment",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-{namespace}-{name}",
            "generation": 1,
            "creationTimestamp": "2026-11-26T07:59:00Z",
        },
        "spec": {
            "endpointRef": {"name": "iris"},
            "control": "forest",
            "challengers": ["boosting", "deep"],
            "metrics": {
                "primary": {"name": "errors", "errorRate": {"answers": "4xx"}, "marginPercentagePoints": 1},
                "guardrails": [{"name": "slow", "latencyAbove": {"milliseconds": 20}, "marginPercentagePoints": 0.5}],
            },
            "duration": {"minMinutes": 0, "maxMinutes": 1440},
        },
        "status": {
            "observedGeneration": 1,
            "conditions": [
                {
                    "type": "Ready",
                    "status": "True",
                    "reason": "Running",
                    "message": "boosting: not decided yet: slow",
                    "observedGeneration": 1,
                    "lastTransitionTime": "2026-11-26T08:00:00Z",
                }
            ],
            "phase": phase,
            "primary": "5% → 3%",
            "interval": "-2.8 to -1.2 points",
            "requests": 36000,
            "startedAt": "2026-11-26T08:00:00Z",
            "countedUntil": "2026-11-26T09:00:00Z",
            "arms": [
                {"variant": each["name"], "model": _models()[str(each["name"])], "specWeight": each["weight"]}
                for each in ARMS
            ],
            "weights": {"forest": 5, "boosting": 5, "deep": 0},
            "steps": [
                {
                    "trafficPercent": 50,
                    "weights": {"forest": 5, "boosting": 2.5, "deep": 2.5},
                    "askedAt": "2026-11-26T08:00:00Z",
                    "countsFrom": "2026-11-26T08:01:00Z",
                }
            ],
            "challengers": [
                {
                    "variant": "boosting",
                    "verdict": "HOLD",
                    "reason": "not decided yet: slow",
                    "metrics": [{**findings[0], "requests": 12000, "passed": True}, {**findings[1], "requests": 12000}],
                },
                {
                    "variant": "deep",
                    "verdict": "ROLLBACK",
                    "reason": "worse by more than the margin: errors",
                    "endedAt": "2026-11-26T08:30:00Z",
                    "metrics": [
                        {
                            "metric": "errors",
                            "control": 0.05,
                            "challenger": 0.1,
                            "difference": 0.05,
                            "lower": 0.011,
                            "upper": 0.09,
                            "requests": 6000,
                            "worse": True,
                        }
                    ],
                },
            ],
            "looks": looks,
            **status,
        },
    }


@pytest.fixture
def an_experiment() -> Callable[..., dict[str, Any]]:
    return experiment_of


def csrf_of(client: FlaskClient) -> str:
    """The token of the client's session, as its pages carry it."""
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/").text)
    assert found is not None
    return found[1]


@pytest.fixture
def post(client: FlaskClient) -> Callable[..., Any]:
    """Send a form as the page does."""

    def sent(path: str, **fields: str) -> Any:
        return client.post(path, data={"csrf": csrf_of(client), **fields})

    return sent


@pytest.fixture
def console(backend: Backend) -> Iterator[Served]:
    """The console, listening."""
    with serving(backend) as served:
        yield served


@pytest.fixture
def reader(browser: Browser) -> Iterator[Reader]:
    """Somebody who reads, on a screen of common width."""
    with reading(browser) as made:
        yield made
