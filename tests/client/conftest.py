"""What the client talks to, and the command line as a user types it."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from smclient.cli.main import run
from smsandbox.aws.http.server import Server
from smsandbox.testing.harness import Harness
from smsandbox.testing.json_server import JsonServer, json_server
from smsandbox.world import REGION

BASE = "/apis/smendpoints.dev/v1alpha1/namespaces/ml/sagemakerendpoints"


@pytest.fixture
def harness() -> Iterator[Harness]:
    """An operator with an AWS, in virtual time."""
    os.environ["AWS_DEFAULT_REGION"] = REGION
    made = Harness()
    yield made
    made.simulator.close()


@pytest.fixture
def server() -> Iterator[JsonServer]:
    with json_server() as found:
        yield found


@dataclass(frozen=True)
class Ran:
    """What a command line printed, and its exit code."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Kubectl = Callable[..., Ran]


@pytest.fixture
def smendpoint(
    server: JsonServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Kubectl:
    """`kubectl smendpoint` against the server, in the namespace `ml`."""
    path = tmp_path / "kubeconfig"
    body = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "ml"}}],
        "clusters": [{"name": "c", "cluster": {"server": server.url}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
    }
    path.write_text(yaml.safe_dump(body))
    monkeypatch.setenv("KUBECONFIG", str(path))

    def command(*arguments: str) -> Ran:
        capsys.readouterr()
        code = run(list(arguments))
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return command


@pytest.fixture
def aws_environment(harness: Harness) -> Iterator[dict[str, str]]:
    """The harness's AWS over HTTP, as a process finds it."""
    server = Server(harness.simulator.gateway)
    server.start()
    yield {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "harness",
        "AWS_SECRET_ACCESS_KEY": "harness",
    }
    harness.world.faults.remove()
    server.stop()


@pytest.fixture
def again(
    smendpoint: Kubectl, aws_environment: dict[str, str], harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> Kubectl:
    """An interrupted command line once more, with no answer of AWS held back."""

    def run(*arguments: str) -> Ran:
        harness.world.faults.remove()
        for name, value in aws_environment.items():
            monkeypatch.setenv(name, value)
        return smendpoint(*arguments)

    return run


@pytest.fixture
def endpoint() -> Callable[..., dict[str, Any]]:
    """An object as the API server has it, with its status changed by what is given."""

    def made(name: str = "iris", spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
        conditions = [
            {
                "type": "Ready",
                "status": "True",
                "reason": "InService",
                "message": "in service with ml-iris-1",
                "observedGeneration": 2,
            }
        ]
        variant = {
            "name": "rf",
            "image": "1.dkr.ecr.us-east-1.amazonaws.com/iris:1",
            "modelArtifact": "s3://models/rf.tar.gz",
            "instance": {"type": "ml.m5.large", "count": 2},
            "scaling": {"minCapacity": 1, "maxCapacity": 5},
            "weight": 9,
        }
        shown = {
            "name": "rf",
            "image": "1.dkr.ecr.us-east-1.amazonaws.com/iris:1",
            "currentWeight": 9.0,
            "desiredWeight": 9.0,
            "currentInstances": 1,
            "desiredInstances": 2,
            "minCapacity": 1,
            "maxCapacity": 5,
        }
        return {
            "apiVersion": "smendpoints.dev/v1alpha1",
            "kind": "SageMakerEndpoint",
            "metadata": {
                "name": name,
                "namespace": "ml",
                "uid": f"uid-{name}",
                "generation": 2,
                "resourceVersion": "7",
                "creationTimestamp": "2026-11-26T10:00:00Z",
            },
            "spec": spec if spec is not None else {"variants": [variant]},
            "status": {
                "observedGeneration": 2,
                "conditions": conditions,
                "endpoint": {"name": "ml-iris", "status": "InService", "configName": "ml-iris-1"},
                "variants": [shown],
                "instances": "1/2",
                "traffic": "rf=100",
                **status,
            },
        }

    return made
