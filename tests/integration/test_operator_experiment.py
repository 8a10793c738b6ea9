"""An experiment on the real API server, by a real operator that is killed on the way, counted by a real CloudWatch's API."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from smsandbox.testing import specs
from smsandbox.testing.stage import Stage

ARMS = {"primary": 30, "challenger": 5}  # errors of 100 requests
AB = {
    "apiVersion": "smendpoints.dev/v1alpha1",
    "kind": "SageMakerExperiment",
    "metadata": {"name": "ab"},
    "spec": {
        "endpointRef": {"name": "iris"},
        "control": "primary",
        "challengers": ["challenger"],
        "metrics": {"primary": {"name": "errors", "errorRate": {}}},
        "duration": {"minMinutes": 0, "maxMinutes": 60},
        "targetRequests": 5000,
        "onVerdict": "ShiftTraffic",
    },
}


class Publisher:
    """Publishes a hundred requests of each arm, now and then, as SageMaker would of invocations."""

    def __init__(self, stage: Stage) -> None:
        self._cloudwatch = stage.cloud.aws("cloudwatch")
        self._endpoint = stage.endpoint_name("iris")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.wait(0.3):
            now = datetime.fromtimestamp(int(time.time()), UTC)
            data = [
                {
                    "MetricName": name,
                    "Dimensions": [
                        {"Name": "EndpointName", "Value": self._endpoint},
                        {"Name": "VariantName", "Value": arm},
                    ],
                    "Timestamp": now,
                    "Values": [1.0, 0.0] if name != "Invocations" else [1.0],
                    "Counts": [errors, 100 - errors] if name != "Invocations" else [100],
                }
                for arm, errors in ARMS.items()
                for name in ("Invocations", "Invocation5XXErrors")
            ]
            self._cloudwatch.put_metric_data(Namespace="AWS/SageMaker", MetricData=data)

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()


def experiment(stage: Stage, name: str = "ab") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(stage.kubectl("get", "smexp", name, "-o", "json"))
    return found


def weights(stage: Stage) -> dict[str, float]:
    shown = stage.in_service("iris")["ProductionVariants"]
    return {each["VariantName"]: each["CurrentWeight"] for each in shown}


@pytest.fixture
def served(stage: Stage) -> Iterator[Stage]:
    """Two variants of weights 3 and 1 in service."""
    stage.apply("iris", specs.two_variants(3, 1))
    stage.ready("iris")
    yield stage
    stage.kubectl("delete", "smexp", "--all")
    assert json.loads(stage.kubectl("get", "smexp", "-o", "json"))["items"] == []
    stage.see(lambda: weights(stage) == {"primary": 3, "challenger": 1}, "the spec's weights are back")


def test_an_experiment_is_decided_by_an_operator_that_is_killed_on_the_way(served: Stage) -> None:
    stage = served
    stage.kubectl("apply", "-f", "-", stdin=json.dumps(AB))
    second = {**AB, "metadata": {"name": "second"}}
    stage.see(lambda: weights(stage) == {"primary": 2, "challenger": 2}, "the arms share the traffic")
    stage.kubectl("apply", "-f", "-", stdin=json.dumps(second))
    stage.see(lambda: any(step.get("countsFrom") for step in experiment(stage)["status"]["steps"]), "requests count")
    stage.kill_operator()
    publisher = Publisher(stage)
    stage.start_operator()
    try:
        stage.see(lambda: experiment(stage)["status"].get("verdict"), "a verdict")
    finally:
        publisher.stop()
    status = experiment(stage)["status"]
    assert (status["verdict"], status["winner"]) == ("SHIP", "challenger")
    stage.see(lambda: weights(stage) == {"primary": 0, "challenger": 4}, "the winner serves all")
    spec = stage.get("iris")["spec"]
    assert [each["weight"] for each in spec["variants"]] == [3, 1], "Git's spec is as it was"
    assert stage.get("iris")["status"]["trafficOwner"]["experiment"] == "ab"
    told = stage.see(
        lambda: next((each for each in experiment(stage, "second")["status"].get("conditions", ())), None), "refused"
    )
    assert told["reason"] == "TrafficTaken"
    reasons = {reason for _, reason, _ in stage.events("ab")}
    assert {"Running", "SHIP"} <= reasons
