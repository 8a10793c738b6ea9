"""What is taken off for an update comes back by the very calls that would make it, and by no others."""

import json
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.api.snapshot import AutoscalingSnapshot
from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.domain.observed.observed import ObservedTarget
from smendpoints.domain.plan.actions import Action, PolicyARN, Verb
from smendpoints.domain.plan.snapshot import next_snapshots, restoring_calls, snapshot_of

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


def kept(alarms: Any = ALARMS) -> AutoscalingSnapshot:
    found = snapshot_of(SHOWN, alarms)
    assert found is not None
    return found


def test_it_comes_back_as_it_was() -> None:
    assert tuple(restoring_calls(kept(), "default-iris")) == CALLS


def test_it_comes_back_from_the_status_as_it_was() -> None:
    read = AutoscalingSnapshot.model_validate(json.loads(json.dumps(kept().to_json())))
    assert tuple(restoring_calls(read, "default-iris")) == CALLS


def test_what_is_too_long_is_not_kept() -> None:
    alarms = {ALARM: {**ALARMS[ALARM], "AlarmDescription": "x" * 16384}}
    assert snapshot_of(SHOWN, alarms) is None
    assert next_snapshots([], [], [SHOWN], alarms) == []


def test_a_policy_that_no_scalable_target_of_sagemaker_has_is_not_kept() -> None:
    policy = {"PolicyName": "predicted", "PolicyType": "PredictiveScaling", "PolicyARN": "arn:predicted"}
    found = snapshot_of(replace(SHOWN, policies={**SHOWN.policies, "predicted": policy}), ALARMS)
    assert found == kept()


def test_what_is_off_still_is_kept_beside_what_goes_off_now() -> None:
    other = kept().model_copy(update={"variant": "other"})
    assert next_snapshots([kept(), other], [SHOWN], [], ALARMS) == [other]
    assert next_snapshots([other], [SHOWN], [SHOWN], ALARMS) == [other, kept()]


def before(*calls: Any) -> RolloutStatus:
    """An update under way as the releases before wrote it."""
    text = calls[0] if isinstance(calls[0], str) else json.dumps({"resourceID": RESOURCE, "calls": calls})
    rollout = {"configName": "c", "phase": "InProgress", "startedAt": "2026-11-01T00:00:00Z", "takenOff": [text]}
    return RolloutStatus.model_validate(rollout)


def test_calls_that_the_releases_before_kept_are_read() -> None:
    def encode(value: Any) -> Any:
        return {"policyARN": [value.resource_id, value.policy]}

    calls = json.loads(json.dumps([[each.verb.name, each.target, each.params] for each in CALLS], default=encode))
    read = before(*calls).autoscaling_snapshot
    assert [tuple(restoring_calls(each, "default-iris")) for each in read] == [CALLS]


REGISTER = ["REGISTER_TARGET", RESOURCE, {**IDENTITY, "MinCapacity": 1, "MaxCapacity": 2}]
OTHERS = "endpoint/other/variant/primary"
NONE = {
    "no JSON": ("{",),
    "no object": ("[]",),
    "no calls": (json.dumps({"resourceID": RESOURCE}),),
    "a call that is cut": (REGISTER[:2],),
    "no bounds": (["PUT_POLICY", RESOURCE, {**IDENTITY, "PolicyName": "x"}],),
    "bounds that are none": (["REGISTER_TARGET", RESOURCE, {**IDENTITY, "MinCapacity": "x", "MaxCapacity": 2}],),
    "another service's dimension": (
        ["REGISTER_TARGET", RESOURCE, {**REGISTER[2], "ScalableDimension": "ecs:service:DesiredCount"}],  # type: ignore[dict-item]
    ),
}


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_snapshot_of_the_releases_before_is_none(name: str) -> None:
    assert before(*NONE[name]).autoscaling_snapshot == []


FORGED = {
    "another endpoint": ["REGISTER_TARGET", OTHERS, {**REGISTER[2], "ResourceId": OTHERS}],  # type: ignore[dict-item]
    "another service": ["REGISTER_TARGET", RESOURCE, {**REGISTER[2], "ServiceNamespace": "ecs"}],  # type: ignore[dict-item]
    "a member that is never kept": ["REGISTER_TARGET", RESOURCE, {**REGISTER[2], "RoleARN": "arn:role"}],  # type: ignore[dict-item]
}


@pytest.mark.parametrize("call", FORGED.values(), ids=FORGED.keys())
def test_a_status_is_no_order_to_scale_anything_else(call: list[Any]) -> None:
    [read] = before(call).autoscaling_snapshot
    [action] = restoring_calls(read, "default-iris")
    assert action == Action(Verb.REGISTER_TARGET, RESOURCE, REGISTER[2])  # type: ignore[arg-type]


def test_an_alarm_that_is_not_the_endpoints_own_is_not_put() -> None:
    [alarm] = kept().policies[1].alarms
    forged = [
        alarm.model_copy(update={"name": "smendpoints/other/primary/x"}),
        alarm.model_copy(update={"settings": {**alarm.settings, "AlarmActions": ["arn:aws:sns:us-east-1:1:x"]}}),
        alarm.model_copy(update={"settings": {**alarm.settings, "RoleARN": "arn:role", "AlarmName": "x"}}),
    ]
    policy = kept().policies[1].model_copy(update={"alarms": forged})
    put = [
        each
        for each in restoring_calls(kept().model_copy(update={"policies": [policy]}), "default-iris")
        if each.verb is Verb.PUT_ALARM
    ]
    assert put == [CALLS[3], CALLS[3]]
