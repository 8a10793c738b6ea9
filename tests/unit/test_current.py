"""Whether an object still is what a reconcile took it for."""

from typing import Any, cast

import pytest

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.kube.client import KubeClient, KubeError, RefusedError, UnreachableError
from smendpoints.kube.current import why_not_current
from smendpoints.kube.gate import Gate

MINE = {"uid": "u-1", "name": "iris", "namespace": "ml", "generation": 3}


class Client:
    """An API server with one answer."""

    def __init__(self, answer: dict[str, Any] | KubeError) -> None:
        self.answer = answer
        self.paths: list[str] = []

    def metadata(self, path: str) -> dict[str, Any]:
        self.paths.append(path)
        if isinstance(self.answer, KubeError):
            raise self.answer
        return self.answer


def asked(answer: dict[str, Any] | KubeError, **mine: Any) -> str | None:
    spec = {"variants": [{"name": "primary"}]}
    resource = SageMakerEndpoint.parse({"metadata": {**MINE, **mine}, "spec": spec})
    client = Client(answer)
    found = why_not_current(cast("KubeClient", client), Gate())(resource)
    assert client.paths == ["/apis/smendpoints.dev/v1alpha1/namespaces/ml/sagemakerendpoints/iris"]
    return found


def test_as_it_was_it_may_be_acted_for() -> None:
    assert asked({**MINE, "resourceVersion": "99", "labels": {"new": "1"}}) is None
    deleted = {"deletionTimestamp": "2026-11-25T00:00:00Z"}
    assert asked({**MINE, **deleted}, **deleted) is None


OTHERWISE: dict[str, tuple[Any, str]] = {
    "edited": ({**MINE, "generation": 4}, "edited: generation 4, not 3"),
    "deleted": ({**MINE, "deletionTimestamp": "2026-11-25T00:00:00Z"}, "being deleted"),
    "made again": ({**MINE, "uid": "u-2"}, "made again"),
    "nothing": ({}, "made again"),
    "gone": (RefusedError(404, "not found"), "gone"),
    "forbidden": (RefusedError(403, "forbidden"), "cannot be read again: 403"),
    "out of reach": (UnreachableError("timed out"), "cannot be read again: timed out"),
}


@pytest.mark.parametrize(("answer", "words"), OTHERWISE.values(), ids=OTHERWISE.keys())
def test_otherwise_it_must_not(answer: Any, words: str) -> None:
    assert words in (asked(answer) or "")
