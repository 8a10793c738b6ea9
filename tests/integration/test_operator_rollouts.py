"""A guarded rollout as its user sees it: real traffic to real containers, kubectl, Events."""

import json
import re
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.config import Config

from smsandbox import assets
from smsandbox.testing.specs import spec, with_variant
from smsandbox.testing.stage import Object, Stage, has, message

WAIT = 12
LINEAR = {"strategy": "Linear", "stepInstances": 1, "stepWaitSeconds": WAIT}
SENTENCE = re.compile(r"rolling out t\d+-iris-\S+: step \d of 3, \d+% of the traffic, baking until \d\d:\d\d:\d\dZ")


def named(version: str) -> Object:
    """Three containers that answer with their version."""
    fleet = {"type": "ml.m5.large", "count": 3}
    return with_variant(spec(rollout=LINEAR), scaling=None, instance=fleet, environment={"ECHO_NAME": version})


@dataclass
class Traffic:
    """Requests one after another, none of them tried again: who answered, and between which epoch seconds."""

    stage: Stage
    answers: list[tuple[float, float, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    _done: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        once = Config(retries={"total_max_attempts": 1})
        self._runtime = assets.client(self.stage.cloud.world, "sagemaker-runtime", once)
        self._thread = threading.Thread(target=self._flow, daemon=True)
        self._thread.start()

    def _flow(self) -> None:
        while not self._done.wait(0.02):
            begun = time.time()
            try:
                answer = self._runtime.invoke_endpoint(EndpointName=self.stage.endpoint_name("iris"), Body=b"1")
                version = json.loads(answer["Body"].read())["container"]
            except Exception as error:  # noqa: BLE001 - whatever it is, the user's request failed
                self.failures.append(str(error))
                continue
            self.answers.append((begun, time.time(), version))

    def end(self) -> None:
        self._done.set()
        self._thread.join(60)

    def between(self, begin: float, end: float) -> list[str]:
        """Who answered within these epoch seconds."""
        return [version for begun, ended, version in self.answers if begin <= begun and ended <= end]


def test_traffic_moves_step_by_step_without_a_failed_request_and_everybody_is_told(stage: Stage) -> None:
    stage.cloud.simulator.change(containers=True, time_scale=1)
    stage.apply("iris", named("old"))
    stage.ready("iris")
    bakes: dict[int, float] = {}
    shown: list[str] = []

    def watched(found: Object) -> bool:
        rollout: dict[str, Any] = found["status"].get("rollout") or {}
        if "bakingUntil" in rollout:
            bakes[rollout["trafficPercent"]] = datetime.fromisoformat(rollout["bakingUntil"]).timestamp()
            if not shown:
                shown.extend(SENTENCE.findall(stage.kubectl("get", "smendpoints", "-o", "wide")))
        return has(found, "Ready")

    traffic = Traffic(stage)
    try:
        stage.see(lambda: len(traffic.answers) > 100, "traffic for longer than times are rounded")
        stage.apply("iris", named("new"))
        stage.until("iris", watched, "the end of the rollout")
        ready = time.time()
        stage.see(lambda: len(traffic.between(ready, time.time())) > 20, "traffic to the new fleet")
    finally:
        traffic.end()

    assert traffic.failures == []
    assert shown != []
    assert [*bakes] == [33, 67]
    assert set(traffic.between(0, bakes[33] - WAIT - 1)) == {"old"}
    assert set(traffic.between(ready, time.time())) == {"new"}
    for percent, until in bakes.items():
        answers, expected = traffic.between(until - WAIT + 1, until), percent / 100
        assert answers, percent
        share = answers.count("new") / len(answers)
        assert abs(share - expected) <= 7 * (expected * (1 - expected) / len(answers)) ** 0.5, (percent, share)

    def told() -> list[str]:
        return [words for _, reason, words in stage.events("iris") if reason == "RolloutStep"]

    stage.see(lambda: len(told()) >= 2, "the Events of the steps")
    for number, percent in enumerate(bakes, 1):
        words = f"step {number} of 3, {percent}% of the traffic, baking until"
        assert [words in each for each in told()].count(True) == 1, told()
    done = stage.get("iris")["status"]["rollout"]
    assert done["phase"] == "Succeeded"
    assert not done.keys() & {"stage", "currentStep", "totalSteps", "trafficPercent", "bakingUntil", "awsMessage"}


JUDGED = {
    "strategy": "Canary",
    "stepInstances": 1,
    "stepWaitSeconds": 3600,
    "analysis": {"metrics": [{"name": "errors", "errorRate": {}}], "minRequests": 20, "warmUpSeconds": 1},
}


def test_a_new_fleet_that_fails_is_undone_by_its_verdict_whoever_reaches_it(stage: Stage) -> None:
    """Killed in the bake: the next process has all of it from CloudWatch."""
    stage.cloud.simulator.change(containers=True, time_scale=10)
    old = named("old") | {"rollout": JUDGED}
    stage.apply("iris", old)
    before = stage.ready("iris")["status"]["endpoint"]["configName"]
    traffic = Traffic(stage)
    try:
        stage.see(lambda: len(traffic.answers) > 50, "traffic before the rollout")
        stage.apply("iris", with_variant(old, environment={"ECHO_NAME": "new", "ECHO_STATUS": "500"}))
        stage.until("iris", lambda found: found["status"].get("rollout", {}).get("stage") == "Baking", "a bake")
        stage.kill_operator()
        stage.start_operator()
        found = stage.stalled("iris", "UpdateFailed")
    finally:
        traffic.end()
    assert stage.in_service("iris")["EndpointConfigName"] == before
    assert "was undone by its analysis" in message(found)
    (errors,) = found["status"]["failure"]["compared"]
    assert (errors["verdict"], errors["newPercent"], errors["oldPercent"]) == ("Worse", 100, 0)
    assert errors["newRequests"] >= 20
    assert traffic.failures, "the new fleet answered nobody"
    assert [reason for kind, reason, _ in stage.events("iris") if kind == "Warning"].count("RolloutJudged") == 1
    assert {version for _, _, version in traffic.answers} == {"old"}
