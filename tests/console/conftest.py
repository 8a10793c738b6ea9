"""The console in a test: by Flask's client where HTML and headers are enough, else in Chromium."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser

from smclient.console.app import create_app
from smsandbox.testing.browser import Reader, reading
from smsandbox.testing.console import Objects, Served, backend_over, serving


@pytest.fixture
def objects() -> Objects:
    """The API server in memory."""
    return Objects()


@pytest.fixture
def client(objects: Objects) -> Iterator[FlaskClient]:
    """A client with a session, over `objects`; `post` it with `csrf_of`."""
    backend = backend_over(objects)
    app, tickets = create_app(backend)
    backend.start()
    backend.endpoints()
    made = app.test_client()
    assert made.get("/", query_string={"token": tickets.issue()}).status_code == 303
    yield made
    backend.stop()


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
            "conditions": conditions[phase],
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
def console(objects: Objects) -> Iterator[Served]:
    """The console, listening, over `objects`."""
    with serving(backend_over(objects)) as served:
        yield served


@pytest.fixture
def reader(browser: Browser) -> Iterator[Reader]:
    """Somebody who reads, on a screen of common width."""
    with reading(browser) as made:
        yield made
