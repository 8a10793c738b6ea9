"""The rollout in AWS's terms: a DeploymentConfig, and alarms that watch the new fleet alone."""

from collections.abc import Callable
from typing import Any

import pytest

ALL_AT_ONCE = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}


def blue_green(routing: dict[str, Any], termination: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"WaitIntervalInSeconds": 0, **routing},
            "TerminationWaitInSeconds": termination,
            **more,
        }
    }


def rolling(value: int, kind: str = "CAPACITY_PERCENT", **more: Any) -> dict[str, Any]:
    size = {"Type": kind, "Value": value}
    return {"RollingUpdatePolicy": {"MaximumBatchSize": size, "WaitIntervalInSeconds": 0, **more}}


def percent(value: int) -> dict[str, Any]:
    return {"Type": "CAPACITY_PERCENT", "Value": value}


CONFIGS: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "as AWS does it by itself": ({}, None),
    "all at once, the old fleet kept for a while": (
        {"terminationWaitSeconds": 300},
        blue_green(ALL_AT_ONCE, 300),
    ),
    "a canary by share": (
        {"strategy": "Canary", "stepPercent": 20, "stepWaitSeconds": 60},
        blue_green({"Type": "CANARY", "CanarySize": percent(20), "WaitIntervalInSeconds": 60}),
    ),
    "a canary by instances": (
        {"strategy": "Canary", "stepInstances": 2},
        blue_green({"Type": "CANARY", "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 2}}),
    ),
    "a canary of no certain size is a tenth": (
        {"strategy": "Canary"},
        blue_green({"Type": "CANARY", "CanarySize": percent(10)}),
    ),
    "step by step": (
        {"strategy": "Linear", "stepPercent": 25},
        blue_green({"Type": "LINEAR", "LinearStepSize": percent(25)}),
    ),
    "within a time": (
        {"strategy": "Linear", "stepPercent": 25, "timeoutSeconds": 3600},
        blue_green({"Type": "LINEAR", "LinearStepSize": percent(25)}, MaximumExecutionTimeoutInSeconds=3600),
    ),
    "in place, a part after another": ({"strategy": "Rolling", "stepPercent": 20}, rolling(20)),
    "in place, within a time": (
        {"strategy": "Rolling", "stepPercent": 20, "timeoutSeconds": 600},
        rolling(20, MaximumExecutionTimeoutInSeconds=600),
    ),
    "in place, by instances": ({"strategy": "Rolling", "stepInstances": 3}, rolling(3, "INSTANCE_COUNT")),
    "undone by an alarm of one's own": (
        {"rollback": {"alarmNames": ["checkout"]}},
        blue_green(ALL_AT_ONCE) | {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "checkout"}]}},
    ),
}


@pytest.mark.parametrize(("rollout", "wanted"), CONFIGS.values(), ids=CONFIGS.keys())
def test_a_rollout(desired: Callable[..., Any], rollout: dict[str, Any], wanted: dict[str, Any] | None) -> None:
    assert desired({"rollout": rollout}).deployment == wanted


def test_alarms_watch_the_new_config_of_each_variant_alone(desired: Callable[..., Any]) -> None:
    rollback = {"maxErrorRatePercent": 2.5, "maxLatencyMilliseconds": 200, "alarmNames": ["own"]}
    wish = desired({"rollout": {"rollback": rollback}, "challenger": {}})
    assert [(alarm["MetricName"], alarm["Threshold"]) for alarm in wish.rollback_alarms] == [
        ("Invocation5XXErrors", 0.025),
        ("ModelLatency", 200_000.0),  # CloudWatch has it in microseconds
    ] * 2
    for alarm, variant in zip(wish.rollback_alarms, ["primary"] * 2 + ["challenger"] * 2, strict=True):
        dimensions = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
        assert dimensions == {
            "EndpointName": "default-iris",
            "VariantName": variant,
            "EndpointConfigName": wish.config_name,
        }
        assert alarm["TreatMissingData"] == "notBreaching"
    names = [each["AlarmName"] for each in wish.deployment["AutoRollbackConfiguration"]["Alarms"]]
    assert names == ["own", *(alarm["AlarmName"] for alarm in wish.rollback_alarms)]
    assert len(set(names)) == 5


def test_without_limits_there_are_no_alarms(desired: Callable[..., Any]) -> None:
    assert desired({"rollout": {"rollback": {"alarmNames": ["own"]}}}).rollback_alarms == ()
    assert desired().rollback_alarms == ()


JUDGED = {"metrics": [{"name": "errors", "errorRate": {}}]}


@pytest.mark.parametrize(
    ("rollout", "watched"),
    [
        ({}, False),
        ({"rollback": {"onRequest": True}}, True),
        ({"analysis": JUDGED}, True),
        ({"analysis": {**JUDGED, "dryRun": True}}, False),
        ({"analysis": {**JUDGED, "dryRun": True}, "rollback": {"onRequest": True}}, True),
    ],
    ids=["nothing", "on request", "by its analysis", "a dry run undoes nothing", "a dry run, and on request"],
)
def test_what_may_be_undone_has_an_alarm_for_it(
    desired: Callable[..., Any], rollout: dict[str, Any], watched: bool
) -> None:
    wish = desired({"rollout": {"strategy": "Canary", "stepPercent": 10, **rollout}})
    names = [f"smendpoints/default-iris/{wish.config_name}/abort"] if watched else []
    assert [alarm["AlarmName"] for alarm in wish.rollback_alarms] == names
