"""Each way to roll out, from the edit to its end, through the operator and in virtual time."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.domain.plan.progress import NOTHING_UNDER_WAY
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.world import ACCOUNT, REGION

pytestmark = pytest.mark.hours

ENDPOINT = "default-iris"
POLL = 5
CANARY = {"strategy": "Canary", "stepPercent": 25, "stepWaitSeconds": 300, "terminationWaitSeconds": 120}
LINEAR = {"strategy": "Linear", "stepInstances": 1, "stepWaitSeconds": 120}
ROLLING = {"strategy": "Rolling", "stepPercent": 50, "stepWaitSeconds": 180}
Sight = tuple[str | None, int | None, int | None, int | None, bool]


def wanted(rollout: dict[str, Any] | None, artifact: int, count: int = 4, **changes: Any) -> dict[str, Any]:
    base = spec(rollout=rollout, **changes)
    fleet = {"type": "ml.m5.large", "count": count}
    return with_variant(base, scaling=None, instance=fleet, modelArtifact=ARTIFACTS[artifact])


def in_service(harness: Harness, rollout: dict[str, Any] | None = None, count: int = 4) -> str:
    """The first revision; its config."""
    harness.world.settings = harness.world.settings.changed({"durations": {"terminate": 40.0}})
    harness.apply("iris", wanted(rollout, 0, count))
    return str(harness.settle("iris").status.rollout.config_name)  # type: ignore[union-attr]


def shares(harness: Harness) -> dict[str, float]:
    """The share of traffic by config, as the simulator routes."""
    view = harness.world.hosting.endpoint(ACCOUNT, REGION, ENDPOINT)
    found: dict[str, float] = {}
    for route in view.routes if view is not None else ():
        found[route.config_name] = found.get(route.config_name, 0) + route.share
    return found


def invoke(harness: Harness, times: int) -> dict[str, int]:
    """How many of so many requests each config answered; one that fails counts as `failed`."""
    runtime = harness.client("sagemaker-runtime")
    answered: dict[str, int] = {}
    for _ in range(times):
        try:
            config = json.loads(runtime.invoke_endpoint(EndpointName=ENDPOINT, Body=b"1")["Body"].read())["config"]
        except runtime.exceptions.ModelError:
            config = "failed"
        answered[config] = answered.get(config, 0) + 1
    return answered


def until_stage(harness: Harness, stage: str) -> RolloutStatus:
    """Let time pass until the rollout is at that stage."""
    for _ in range(200):
        rollout = harness.resource("iris").status.rollout
        if rollout is not None and rollout.stage == stage:
            return rollout
        harness.run(POLL)
    raise AssertionError(harness.resource("iris").status.to_json())


def was_killed(harness: Harness) -> bool:
    return harness.kill_after is None


def own_alarms(harness: Harness) -> list[str]:
    return [name for name in harness.inventory()["alarms"] if name.startswith("smendpoints/")]


@dataclass
class Film:
    """What the status showed, reconcile by reconcile, without repetitions, and how real traffic was split meanwhile."""

    harness: Harness
    sights: list[Sight] = field(default_factory=list)
    checked: int = 0

    def watch(self, requests: int = 0, limit: float = 30_000) -> None:
        """Until the object settles."""
        until = self.harness.clock.now() + limit
        while self.harness.clock.now() < until:
            self.harness.tick()
            resource = self.harness.resource("iris")
            rollout = resource.status.rollout
            assert rollout is not None
            conditions = {each.type: each.status for each in resource.status.conditions}
            if resource.status.observed_generation == resource.metadata.generation and rollout.phase == "InProgress":
                assert conditions["Ready"] == "False"
                assert conditions["Reconciling"] == "True"
                sight = rollout.stage, rollout.traffic_percent, rollout.current_step, rollout.total_steps
                baking = rollout.baking_until
                if self.sights[-1:] != [(*sight, baking is not None)]:
                    self.sights.append((*sight, baking is not None))
                    if baking is not None:
                        assert self.harness.clock.now() < baking.timestamp() + POLL
                        self._check_traffic(rollout.config_name, rollout.traffic_percent or 0, requests)
            elif "True" in (conditions.get("Ready"), conditions.get("Stalled")) and rollout.phase != "Pending":
                return
            self.harness.world.advance(5.0)
        raise AssertionError(f"it does not settle: {self.sights}")

    def _check_traffic(self, config: str, percent: int, requests: int) -> None:
        assert round(100 * shares(self.harness)[config]) == percent
        if requests:
            answered = invoke(self.harness, requests)
            assert answered.get(config, 0) / requests == pytest.approx(percent / 100, abs=0.15)
            assert sum(answered.values()) == requests
            self.checked += 1


def told(harness: Harness, config: str) -> list[str]:
    """The Events about steps, times taken out."""
    messages = [event.message for event in harness.events if event.reason == "RolloutStep"]
    return [re.sub(r"until \d\d:\d\d:\d\dZ$", "until then", each.replace(config, "NEW")) for each in messages]


LAUNCHING, BAKING, ENDING = "Launching", "Baking", "Terminating"
STEPS: dict[str, tuple[dict[str, Any] | None, list[Sight]]] = {
    "all at once": (None, [(LAUNCHING, 0, 0, 1, False)]),
    "all at once, the old fleet kept for a while": (
        {"terminationWaitSeconds": 120},
        [(LAUNCHING, 0, 0, 1, False), (BAKING, 100, 1, 1, True), (ENDING, 100, 1, 1, False)],
    ),
    "a canary by percent": (
        CANARY,
        [
            (LAUNCHING, 0, 0, 2, False),
            (BAKING, 25, 1, 2, True),
            (BAKING, 100, 2, 2, True),
            (ENDING, 100, 2, 2, False),
        ],
    ),
    "a canary of ten percent is one whole instance": (
        {"strategy": "Canary", "stepPercent": 10, "stepWaitSeconds": 60},
        [(LAUNCHING, 0, 0, 2, False), (BAKING, 25, 1, 2, True), (ENDING, 100, 2, 2, False)],
    ),
    "a canary by instances": (
        {"strategy": "Canary", "stepInstances": 2, "stepWaitSeconds": 60},
        [(LAUNCHING, 0, 0, 2, False), (BAKING, 50, 1, 2, True), (ENDING, 100, 2, 2, False)],
    ),
    "linear": (
        LINEAR,
        [
            (LAUNCHING, 0, 0, 4, False),
            (BAKING, 25, 1, 4, True),
            (BAKING, 50, 2, 4, True),
            (BAKING, 75, 3, 4, True),
            (ENDING, 100, 4, 4, False),
        ],
    ),
    "linear by percent": (
        {"strategy": "Linear", "stepPercent": 50, "stepWaitSeconds": 60, "terminationWaitSeconds": 60},
        [
            (LAUNCHING, 0, 0, 2, False),
            (BAKING, 50, 1, 2, True),
            (BAKING, 100, 2, 2, True),
            (ENDING, 100, 2, 2, False),
        ],
    ),
    "rolling": (
        ROLLING,
        [
            (LAUNCHING, 0, 0, 2, False),
            (BAKING, 50, 1, 2, True),
            (LAUNCHING, 50, 1, 2, False),
            (BAKING, 100, 2, 2, True),
            (ENDING, 100, 2, 2, False),
        ],
    ),
}  # fmt: skip
WORDS = {BAKING: "baking until then", ENDING: "terminating the old instances"}


@pytest.mark.parametrize(("rollout", "sights"), STEPS.values(), ids=STEPS.keys())
def test_each_step_is_seen_told_once_and_true_of_the_traffic(
    harness: Harness, rollout: dict[str, Any] | None, sights: list[Sight]
) -> None:
    before = in_service(harness)
    harness.apply("iris", wanted(rollout, 1))
    film = Film(harness)
    film.watch(requests=100)
    assert film.sights == sights
    assert film.checked == sum(sight[0] == BAKING for sight in sights)
    done = harness.resource("iris").status.rollout
    assert done is not None
    assert done.phase == "Succeeded"
    assert {key: getattr(done, key) for key in NOTHING_UNDER_WAY} == dict.fromkeys(NOTHING_UNDER_WAY)
    assert done.config_name != before
    assert shares(harness) == {done.config_name: 1.0}
    assert told(harness, done.config_name) == [
        f"rolling out NEW: step {current} of {steps}, {percent}% of the traffic, {WORDS[str(stage)]}"
        for stage, percent, current, steps, _ in sights
        if stage != LAUNCHING
    ]


def test_the_steps_of_two_variants_are_told_as_one(harness: Harness) -> None:
    def both(artifact: int) -> dict[str, Any]:
        one = wanted(CANARY, artifact)
        return {**one, "variants": [one["variants"][0], {**one["variants"][0], "name": "challenger", "weight": 3}]}

    harness.apply("iris", both(0))
    harness.settle("iris")
    harness.apply("iris", both(1))
    rollout = until_stage(harness, BAKING)
    assert (rollout.traffic_percent, rollout.current_step, rollout.total_steps) == (25, 1, 2)
    assert rollout.aws_message is not None
    assert rollout.aws_message.count("canary capacity of 1 instance(s)") == 1
    assert round(100 * shares(harness)[rollout.config_name]) == 25
    harness.settle("iris")


def test_a_long_bake_costs_few_calls_and_no_write(harness: Harness) -> None:
    in_service(harness)
    harness.apply("iris", wanted({"strategy": "Canary", "stepPercent": 25, "stepWaitSeconds": 3600}, 1))
    until_stage(harness, BAKING)
    writes, events = harness.writes, len(harness.events)
    harness.world.calls.reset()
    harness.run(3400)
    counts = {name: codes["OK"] for service in harness.world.calls.counts().values() for name, codes in service.items()}
    assert counts["ListEndpoints"] <= 3400 / POLL + 2  # shared by all objects
    assert all(number <= 3400 / 60 + 2 for name, number in counts.items() if name != "ListEndpoints"), counts
    assert (harness.writes, len(harness.events)) == (writes, events)
    film = Film(harness)
    film.watch()
    assert film.sights[-1] == (ENDING, 100, 2, 2, False)


def metric_of(harness: Harness, name: str) -> None:
    """A user's alarm on a metric of their own."""
    harness.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="Shop",
        MetricName="Complaints",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=3,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )


ALARMS: dict[str, tuple[dict[str, Any], dict[str, Any] | None, str]] = {
    "errors of the new config": ({"maxErrorRatePercent": 5}, {"kind": "model_error"}, "errors"),
    "slow answers of the new config": (
        {"maxLatencyMilliseconds": 500},
        {"kind": "slow_model", "delay_seconds": 2.0},
        "latency",
    ),
    "an alarm of the user's": ({"alarmNames": ["complaints"]}, None, "complaints"),
}


@pytest.mark.parametrize("alarm", ALARMS.values(), ids=ALARMS.keys())
@pytest.mark.parametrize("rollout", [CANARY, LINEAR, ROLLING], ids=["canary", "linear", "rolling"])
def test_an_alarm_rolls_it_back_and_the_operators_own_alarms_go_with_it(
    harness: Harness, rollout: dict[str, Any], alarm: tuple[dict[str, Any], dict[str, Any] | None, str]
) -> None:
    rollback, fault, name = alarm
    metric_of(harness, "complaints")
    before = in_service(harness)
    harness.apply("iris", wanted({**rollout, "rollback": rollback}, 1))
    attempt = until_stage(harness, BAKING)
    assert len(own_alarms(harness)) == (1 if fault is not None else 0)
    if fault is not None:
        harness.world.faults.add({**fault, "resource": attempt.config_name})
    else:
        data = [{"MetricName": "Complaints", "Value": 9.0}]
        harness.client("cloudwatch").put_metric_data(Namespace="Shop", MetricData=data)
    for _ in range(40):
        if harness.resource("iris").status.rollout.phase != "InProgress":  # type: ignore[union-attr]
            break
        invoke(harness, 4 if fault is not None else 0)
        harness.run(5)
    resource = harness.settle("iris")
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert (stalled.reason, f"{name}; " in stalled.message) == ("UpdateFailed", True)
    assert "was undone by an alarm" in stalled.message
    assert resource.status.failure is not None
    assert resource.status.failure.reason.startswith("was undone by an alarm: ")
    assert harness.calls("DescribeLogStreams") == 0, "the containers were healthy: their log says nothing of it"
    assert [each.outcome for each in resource.status.history] == ["RolledBack", "Deployed"]
    assert {key: getattr(resource.status.rollout, key) for key in NOTHING_UNDER_WAY} == dict.fromkeys(NOTHING_UNDER_WAY)
    assert shares(harness) == {before: pytest.approx(1.0)}
    assert resource.status.instances == "4/4"
    assert invoke(harness, 8) == {before: 8}
    harness.run(120)
    assert own_alarms(harness) == []
    assert "complaints" in harness.inventory()["alarms"]


def test_alarms_that_stay_quiet_let_it_through_and_are_gone_afterwards(harness: Harness) -> None:
    in_service(harness)
    quiet = {"maxErrorRatePercent": 5, "maxLatencyMilliseconds": 500}
    harness.apply("iris", wanted({**CANARY, "rollback": quiet}, 1))
    harness.run(60)
    assert len(own_alarms(harness)) == 2
    for _ in range(60):
        assert "failed" not in invoke(harness, 2)
        harness.run(10)
    harness.settle("iris")
    harness.run(60)
    assert harness.condition("iris", "Stalled") is None
    assert own_alarms(harness) == []


@pytest.mark.parametrize("after", range(4), ids=["its model", "its config", "its alarm", "the update"])
def test_an_operator_killed_right_after_making_something_leaves_no_alarm(harness: Harness, after: int) -> None:
    before = in_service(harness)
    watched = {**CANARY, "rollback": {"maxErrorRatePercent": 5}}
    harness.kill_after = after
    harness.apply("iris", wanted(watched, 1))
    harness.run(POLL)
    assert was_killed(harness)
    film = Film(harness)
    film.watch()
    assert film.sights[-3:] == STEPS["a canary by percent"][1][-3:]
    assert shares(harness).keys() != {before}
    harness.run(60)
    assert own_alarms(harness) == []


def test_an_alarm_of_a_rollout_that_was_given_up_before_it_began_is_gone(harness: Harness) -> None:
    before = in_service(harness)
    harness.kill_after = 2
    harness.apply("iris", wanted({**CANARY, "rollback": {"maxErrorRatePercent": 5}}, 1))
    harness.run(5)
    assert was_killed(harness)
    assert len(own_alarms(harness)) == 1
    harness.apply("iris", wanted(None, 0))
    harness.settle("iris")
    harness.run(120)
    assert own_alarms(harness) == []
    assert shares(harness) == {before: 1.0}


SLOW: dict[str, tuple[dict[str, Any], dict[str, float]]] = {
    "all at once": ({"terminationWaitSeconds": 60}, {"container_start": 700.0}),
    "canary": ({**CANARY, "stepWaitSeconds": 60}, {"container_start": 700.0}),
    "linear": ({**LINEAR, "stepWaitSeconds": 60}, {"container_start": 700.0}),
    "linear, when half of it is done": ({**LINEAR, "stepWaitSeconds": 170}, {"update": 200.0}),
    "rolling, when half of it is done": ({**ROLLING, "stepWaitSeconds": 60}, {"update": 400.0}),
}


@pytest.mark.parametrize(("rollout", "durations"), SLOW.values(), ids=SLOW.keys())
def test_what_takes_longer_than_its_limit_is_rolled_back_and_told(
    harness: Harness, rollout: dict[str, Any], durations: dict[str, float]
) -> None:
    before = in_service(harness)
    harness.world.settings = harness.world.settings.changed({"durations": durations})
    harness.apply("iris", wanted({**rollout, "timeoutSeconds": 600}, 1))
    film = Film(harness)
    film.watch()
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert "MaximumExecutionTimeoutInSeconds" in stalled.message
    assert shares(harness) == {before: pytest.approx(1.0)}
    half_done = any(percent == 50 for _, percent, *_ in film.sights)
    assert half_done == ("update" in durations)
    assert harness.resource("iris").status.instances == "4/4"


def baking(harness: Harness, rollout: dict[str, Any]) -> str:
    """An update whose first step bakes; its config."""
    in_service(harness)
    harness.apply("iris", wanted({**rollout, "rollback": {"maxErrorRatePercent": 5}}, 1))
    return until_stage(harness, BAKING).config_name


@pytest.mark.parametrize("rollout", [CANARY, LINEAR, ROLLING], ids=["canary", "linear", "rolling"])
def test_a_deletion_while_it_bakes_waits_for_its_end_and_leaves_nothing(
    harness: Harness, rollout: dict[str, Any]
) -> None:
    baking(harness, rollout)
    harness.delete("iris")
    harness.settle_gone("iris")
    assert not any(harness.inventory().values())


def test_an_edit_while_it_bakes_follows_it_step_by_step(harness: Harness) -> None:
    second = baking(harness, CANARY)
    harness.apply("iris", wanted(CANARY, 2))
    harness.run(POLL)
    resource = harness.resource("iris")
    ready = harness.condition("iris", "Ready")
    assert resource.status.rollout is not None
    assert resource.status.rollout.config_name == second
    assert (resource.status.rollout.current_step, resource.status.rollout.total_steps) == (1, 2)
    assert ready is not None
    assert re.search(
        rf"rolling out {second}: step 1 of 2, 25% of the traffic, baking .*; then .* follows", ready.message
    )
    resource = harness.settle("iris")
    assert [each.outcome for each in resource.status.history] == ["Deployed", "Deployed", "Deployed"]
    third = resource.status.history[0].config_name
    assert shares(harness) == {third: 1.0}
    assert len([each for each in told(harness, third) if each.startswith("rolling out NEW: step 1 of 2")]) == 1
    harness.run(120)
    assert own_alarms(harness) == []


def test_an_edit_back_while_it_bakes_ends_with_the_old_config(harness: Harness) -> None:
    second = baking(harness, LINEAR)
    harness.apply("iris", wanted(LINEAR, 0))
    resource = harness.settle("iris")
    assert resource.status.history[1].config_name == second
    assert shares(harness).keys() == {resource.status.history[-1].config_name}


def test_another_way_wished_for_while_it_bakes_takes_no_new_rollout(harness: Harness) -> None:
    second = baking(harness, CANARY)
    updates = harness.world.calls.count("UpdateEndpoint")
    harness.apply("iris", wanted(None, 1))
    film = Film(harness)
    film.watch()
    assert shares(harness) == {second: 1.0}
    assert harness.world.calls.count("UpdateEndpoint") == updates
    assert {sight[3] for sight in film.sights} <= {2}


def test_an_operator_restarted_while_it_bakes_tells_nothing_twice(harness: Harness) -> None:
    second = baking(harness, CANARY)
    before = told(harness, second)
    harness.restart()
    harness.run(POLL * 4)
    assert told(harness, second) == before
    harness.settle("iris")
    harness.run(60)
    assert own_alarms(harness) == []


def test_an_edit_back_that_also_ends_its_guards_leaves_no_alarm_of_the_attempt(harness: Harness) -> None:
    before = in_service(harness)
    harness.apply("iris", wanted({**CANARY, "rollback": {"maxErrorRatePercent": 5}}, 1))
    until_stage(harness, BAKING)
    harness.world.faults.add({"kind": "rollback", "resource": "default-iris", "times": 1})
    harness.apply("iris", wanted(None, 0))
    harness.settle("iris")
    harness.run(120)
    assert shares(harness) == {before: pytest.approx(1.0)}
    assert own_alarms(harness) == []
