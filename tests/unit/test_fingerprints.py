"""What the listings say of an endpoint, in short: the same in each process and release, another for each change."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from smendpoints.aws.listed.summary import scaling_fingerprint, tags_fingerprint
from smendpoints.aws.listed.watch import Summary
from smsandbox.testing.listed import variant

SUMMARY = Summary(
    "arn:aws:sagemaker:us-east-1:1:endpoint/iris", "InService", datetime(2026, 1, 1, tzinfo=UTC), "s", "t"
)
WHICH = {"ResourceId": variant("iris"), "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
TARGET = {**WHICH, "MinCapacity": 1, "MaxCapacity": 5, "SuspendedState": {"a": False}, "RoleARN": "r"}
TRACKING = {
    **WHICH,
    "PolicyName": "invocations",
    "PolicyARN": "arn",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70.0, "Dimensions": [{"Name": "a"}, {"Name": "b"}]},
    "Alarms": [{"AlarmName": "high-1", "AlarmARN": "1"}, {"AlarmName": "low-1", "AlarmARN": "2"}],
    "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
}
STEPS = {**TRACKING, "PolicyType": "StepScaling", "PolicyName": "wake-up"}
ENTRIES: list[tuple[str, Any]] = [
    ("ScalableTargets", TARGET),
    ("ScalingPolicies", TRACKING),
    ("ScalingPolicies", STEPS),
]


def test_a_fingerprint_is_the_same_in_each_release() -> None:
    assert SUMMARY.fingerprint() == "0b39562a3d"
    assert scaling_fingerprint(ENTRIES) == "8329df8c2e"
    assert tags_fingerprint({"a": "1", "b": "2"}) == "21f76dfbfe"


def test_a_fingerprint_is_of_what_is_meant_and_not_of_how_it_is_written() -> None:
    there = replace(SUMMARY, modified_at=SUMMARY.modified_at.astimezone(timezone(timedelta(hours=9))), name="Iris")
    assert there.fingerprint() == SUMMARY.fingerprint()
    alike = [
        (kind, {key: entry[key] for key in sorted(entry, reverse=True)} | {"CreationTime": datetime.now(UTC)})
        for kind, entry in reversed(ENTRIES)
    ]
    alike[0][1]["Alarms"] = list(reversed(STEPS["Alarms"]))  # type: ignore[call-overload]
    alike[1][1]["Alarms"] = [{"AlarmName": "high-2", "AlarmARN": "3"}]  # made anew by AWS
    alike[1][1]["TargetTrackingScalingPolicyConfiguration"] = {
        "Dimensions": [{"Name": "b"}, {"Name": "a"}],
        "TargetValue": 70,
        "ScaleInCooldown": None,
    }
    alike[2][1].update(MaxCapacity=5.0, RoleARN="another", ScalableTargetARN="x", PredictedCapacity=3)
    assert scaling_fingerprint(alike) == scaling_fingerprint(ENTRIES)
    assert tags_fingerprint({"b": "2", "a": "1", "aws:x": "y"}) == tags_fingerprint({"a": "1", "b": "2"})


@pytest.mark.parametrize(
    "change",
    [
        {"arn": SUMMARY.arn + "2"},
        {"status": "Updating"},
        {"modified_at": SUMMARY.modified_at + timedelta(milliseconds=1)},
        {"scaling": "x"},
        {"scaling": None},
        {"tags": "x"},
        {"tags": None},
    ],
    ids=str,
)
def test_a_fingerprint_tells_each_change_of_an_endpoint(change: dict[str, Any]) -> None:
    assert replace(SUMMARY, **change).fingerprint() != SUMMARY.fingerprint()


@pytest.mark.parametrize(
    ("index", "change"),
    [
        (0, {"MinCapacity": 0}),
        (0, {"SuspendedState": {"a": True}}),
        (0, {"ScalableDimension": "other"}),
        (1, {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": 71.0}}),
        (1, {"PolicyName": "other"}),
        (2, {"PolicyARN": "put anew"}),
        (2, {"Alarms": []}),
        (2, {"StepScalingPolicyConfiguration": {"Cooldown": 1}}),
    ],
    ids=str,
)
def test_a_fingerprint_tells_each_change_of_autoscaling(index: int, change: dict[str, Any]) -> None:
    changed = [*ENTRIES]
    changed[index] = (changed[index][0], {**changed[index][1], **change})
    assert scaling_fingerprint(changed) != scaling_fingerprint(ENTRIES)
    assert scaling_fingerprint(ENTRIES[:index] + ENTRIES[index + 1 :]) != scaling_fingerprint(ENTRIES)
