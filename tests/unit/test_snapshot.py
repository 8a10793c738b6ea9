"""What is taken off for an update comes back by the very calls that would make it, and by no others."""

import json
from typing import Any

import pytest

from smendpoints.domain.observed.observed import ObservedTarget
from smendpoints.domain.plan.actions import Action, PolicyARN, Verb
from smendpoints.domain.plan.snapshot import next_snapshots, resource_of, restoring_calls, snapshot_of

RESOURCE = "endpoint/default-iris/variant/primary"
ALARM = "smendpoints/default-iris/primary/bursts"
IDENTITY = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": RESOURCE,
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
TRACKING = {"TargetValue": 70.0}
STEPS = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{"ScalingAdjustment": 1}]}
SHOWN = ObservedTarget(
    RESOURCE,
    "sagemaker:variant:DesiredInstanceCount",
    1,
    5,
    suspended=True,
    policies={
        "tracking": {
            "PolicyName": "tracking",
            "PolicyType": "TargetTrackingScaling",
            "PolicyARN": "arn:tracking",
            "TargetTrackingScalingPolicyConfiguration": TRACKING,
            "Alarms": [{"AlarmName": "TargetTracking-x"}],
            "CreationTime": "then",
        },
        "bursts": {
            "PolicyName": "bursts",
            "PolicyType": "StepScaling",
            "PolicyARN": "arn:bursts",
            "StepScalingPolicyConfiguration": STEPS,
        },
    },
    schedules={
        "noon": {
            "ScheduledActionName": "noon",
            "ScheduledActionARN": "arn:noon",
            "Schedule": "cron(0 12 * * ? *)",
            "Timezone": "Europe/Berlin",
            "ScalableTargetAction": {"MinCapacity": 2},
            "EndTime": None,
        }
    },
)
ALARMS = {
    ALARM: {"AlarmName": ALARM, "Threshold": 5.0, "AlarmActions": ["arn:bursts"], "StateValue": "OK"},
    "another": {"AlarmName": "another", "Threshold": 5.0, "AlarmActions": ["arn:tracking"]},
}
SUSPENDED = {
    "DynamicScalingInSuspended": True,
    "DynamicScalingOutSuspended": True,
    "ScheduledScalingSuspended": True,
}
CALLS = (
    Action(
        Verb.REGISTER_TARGET,
        RESOURCE,
        {**IDENTITY, "MinCapacity": 1, "MaxCapacity": 5, "SuspendedState": SUSPENDED},
    ),
    Action(
        Verb.PUT_POLICY,
        f"{RESOURCE} tracking",
        {
            **IDENTITY,
            "PolicyName": "tracking",
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": TRACKING,
        },
    ),
    Action(
        Verb.PUT_POLICY,
        f"{RESOURCE} bursts",
        {
            **IDENTITY,
            "PolicyName": "bursts",
            "PolicyType": "StepScaling",
            "StepScalingPolicyConfiguration": STEPS,
        },
    ),
    Action(
        Verb.PUT_ALARM,
        ALARM,
        {"AlarmName": ALARM, "Threshold": 5.0, "AlarmActions": [PolicyARN(RESOURCE, "bursts")]},
    ),
    Action(
        Verb.PUT_SCHEDULE,
        f"{RESOURCE} noon",
        {
            **IDENTITY,
            "ScheduledActionName": "noon",
            "Schedule": "cron(0 12 * * ? *)",
            "Timezone": "Europe/Berlin",
            "ScalableTargetAction": {"MinCapacity": 2},
        },
    ),
)


def test_it_comes_back_as_it_was() -> None:
    kept = snapshot_of(SHOWN, ALARMS)
    assert kept is not None
    assert resource_of(kept) == RESOURCE
    assert restoring_calls(kept, "default-iris") == CALLS


def test_what_is_too_long_is_not_kept() -> None:
    alarms = {ALARM: {**ALARMS[ALARM], "AlarmDescription": "x" * 16384}}
    assert snapshot_of(SHOWN, alarms) is None
    assert next_snapshots([], [], [SHOWN], alarms) == []


def test_what_is_off_still_is_kept_beside_what_goes_off_now() -> None:
    kept = snapshot_of(SHOWN, {})
    assert kept is not None
    other = kept.replace("/primary", "/other")
    assert next_snapshots([kept, other, "no JSON"], [SHOWN], [], {}) == [other]
    assert next_snapshots([other], [SHOWN], [SHOWN], {}) == [other, kept]


def written(*calls: Any) -> str:
    return json.dumps({"resourceID": RESOURCE, "calls": calls})


REGISTER = ["REGISTER_TARGET", RESOURCE, {**IDENTITY, "MinCapacity": 1, "MaxCapacity": 2}]
SET_OFF = {"policyARN": [RESOURCE, "bursts"]}
FORGED = {
    "no JSON": "{",
    "no calls": json.dumps({"resourceID": RESOURCE}),
    "another verb": written(["DELETE_ENDPOINT", RESOURCE, {}]),
    "no verb": written([5, RESOURCE, {}]),
    "a call that is cut": written(REGISTER[:2]),
    "another endpoint": written(["REGISTER_TARGET", RESOURCE, {**IDENTITY, "ResourceId": "endpoint/other/variant/a"}]),
    "another target than it says": written(["REGISTER_TARGET", "endpoint/default-iris/variant/b", REGISTER[2]]),
    "another service": written(["REGISTER_TARGET", RESOURCE, {**IDENTITY, "ServiceNamespace": "ecs"}]),
    "a member that is never kept": written(["REGISTER_TARGET", RESOURCE, {**IDENTITY, "RoleARN": "arn:role"}]),
    "an alarm of another endpoint": written(
        ["PUT_ALARM", "smendpoints/other/primary/x", {"AlarmName": "smendpoints/other/primary/x"}]
    ),
    "an alarm under another name": written(["PUT_ALARM", ALARM, {"AlarmName": "smendpoints/default-iris/b"}]),
    "an alarm that calls somebody": written(
        ["PUT_ALARM", ALARM, {"AlarmName": ALARM, "AlarmActions": ["arn:aws:sns:us-east-1:1:x"]}]
    ),
    "an alarm that sets off another endpoint's policy": written(
        [
            "PUT_ALARM",
            ALARM,
            {"AlarmName": ALARM, "AlarmActions": [{"policyARN": ["endpoint/other/variant/a", "bursts"]}]},
        ]
    ),
    "an ARN with something beside it": written(
        ["PUT_ALARM", ALARM, {"AlarmName": ALARM, "AlarmActions": [{**SET_OFF, "more": 1}]}]
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_status_is_no_order_to_call_anything_else(name: str) -> None:
    assert restoring_calls(FORGED[name], "default-iris") == ()


def test_what_is_like_it_but_for_that_is_called() -> None:
    alarm = ["PUT_ALARM", ALARM, {"AlarmName": ALARM, "AlarmActions": [SET_OFF]}]
    found = restoring_calls(written(REGISTER, alarm), "default-iris")
    assert [each.verb for each in found] == [Verb.REGISTER_TARGET, Verb.PUT_ALARM]
