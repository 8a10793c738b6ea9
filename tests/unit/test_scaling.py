"""Autoscaling: the spec in AWS's requests, and what is put or taken away so that AWS is as the spec says."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.domain.desired.scaling import UNNAMED
from smendpoints.domain.observed.diff import covers
from smendpoints.domain.observed.parsing import parse_target
from smendpoints.domain.plan.actions import PolicyARN
from smendpoints.domain.plan.scaling import plan_scaling

ID = "endpoint/default-iris/variant/primary"
PLAIN = {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}
STEP = {
    "name": "wake-up",
    "steps": [{"lowerBound": 0, "adjustment": 1}],
    "alarm": {
        "metric": {"namespace": "AWS/SageMaker", "metricName": "HasBacklogWithoutCapacity"},
        "comparisonOperator": "GreaterThanOrEqualToThreshold",
        "threshold": 1,
    },
}
ALARM = "smendpoints/default-iris/primary/wake-up"
NOON = {"name": "noon", "schedule": "cron(30 11 ? * MON-FRI *)", "timeZone": "Europe/Berlin", "minCapacity": 3}
TRACKING = {"name": "busy", "predefinedMetric": "ConcurrentRequestsPerModel", "targetValue": 5}


def scaled(**changes: Any) -> dict[str, Any]:
    return {"variant": {"scaling": {**PLAIN, **changes}}}


def without(*keys: str) -> dict[str, Any]:
    return {"variant": {"scaling": {key: value for key, value in PLAIN.items() if key not in keys}}}


CALLS = "InvocationsPerInstance"


def _tracking(**metrics: str) -> dict[str, Any]:
    policies = [{"name": name, "predefinedMetric": each, "targetValue": 5} for name, each in metrics.items()]
    return {"variant": {"scaling": {"minCapacity": 1, "maxCapacity": 5, "targetTracking": policies}}}


DIFFERENCES: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "nothing differs": (scaled(), scaled(), []),
    "the upper bound differs": (scaled(maxCapacity=9), scaled(), [f"REGISTER_TARGET {ID}"]),
    "the lower bound differs": (scaled(minCapacity=2), scaled(), [f"REGISTER_TARGET {ID}"]),
    "it is to pause": (scaled(suspended=True), scaled(), [f"REGISTER_TARGET {ID}"]),
    "it is to go on": (scaled(), scaled(suspended=True), [f"REGISTER_TARGET {ID}"]),
    "the target value differs": (
        scaled(targetInvocationsPerInstance=90),
        scaled(),
        [f"PUT_POLICY {ID} invocations-per-instance"],
    ),
    "a cooldown differs": (
        scaled(scaleInCooldownSeconds=60),
        scaled(),
        [f"PUT_POLICY {ID} invocations-per-instance"],
    ),
    "a policy more": (scaled(targetTracking=[TRACKING]), scaled(), [f"PUT_POLICY {ID} busy"]),
    "a policy less": (scaled(), scaled(targetTracking=[TRACKING]), [f"DELETE_POLICY {ID} busy"]),
    "a schedule more": (scaled(schedules=[NOON]), scaled(), [f"PUT_SCHEDULE {ID} noon"]),
    "a schedule less": (scaled(), scaled(schedules=[NOON]), [f"DELETE_SCHEDULE {ID} noon"]),
    "a schedule's time differs": (
        scaled(schedules=[{**NOON, "schedule": "cron(0 12 ? * MON-FRI *)"}]),
        scaled(schedules=[NOON]),
        [f"PUT_SCHEDULE {ID} noon"],
    ),
    "a step policy more: policy, then its alarm": (
        scaled(stepScaling=[STEP]),
        scaled(),
        [f"PUT_POLICY {ID} wake-up", f"PUT_ALARM {ALARM}"],
    ),
    "a step policy less: its alarm stays behind in AWS, so it goes, too": (
        scaled(),
        scaled(stepScaling=[STEP]),
        [f"DELETE_POLICY {ID} wake-up", f"DELETE_ALARMS {ALARM}"],
    ),
    "only an alarm's threshold differs: the policy stays": (
        scaled(stepScaling=[{**STEP, "alarm": {**STEP["alarm"], "threshold": 2}}]),  # type: ignore[dict-item]
        scaled(stepScaling=[STEP]),
        [f"PUT_ALARM {ALARM}"],
    ),
    "a policy goes by another name: AWS takes one for a metric, so the old one goes first": (
        scaled(targetTracking=[{**TRACKING, "name": "busier"}]),
        scaled(targetTracking=[TRACKING]),
        [f"DELETE_POLICY {ID} busy", f"PUT_POLICY {ID} busier"],
    ),
    "two policies change metrics with each other: both go first": (
        without("targetInvocationsPerInstance") | _tracking(busy="ConcurrentRequestsPerModel", calls=CALLS),
        without("targetInvocationsPerInstance") | _tracking(calls="ConcurrentRequestsPerModel", busy=CALLS),
        [f"{verb}_POLICY {ID} {name}" for verb in ("DELETE", "PUT") for name in ("busy", "calls")],
    ),
    "a policy is of another type under its name: AWS changes none, so the old one goes first": (
        scaled(stepScaling=[{**STEP, "name": "busy"}]),
        scaled(targetTracking=[TRACKING]),
        [f"DELETE_POLICY {ID} busy", f"PUT_POLICY {ID} busy", f"PUT_ALARM {ALARM.replace('wake-up', 'busy')}"],
    ),
    "only a policy's target differs: it stays, with its alarms": (
        scaled(targetTracking=[{**TRACKING, "targetValue": 6}]),
        scaled(targetTracking=[TRACKING]),
        [f"PUT_POLICY {ID} busy"],
    ),
    "no scaling any more": ({}, scaled(schedules=[NOON]), [f"DEREGISTER_TARGET {ID}"]),
    "all of it is new: target, policy, schedule": (
        scaled(schedules=[NOON]),
        {},
        [f"REGISTER_TARGET {ID}", f"PUT_POLICY {ID} invocations-per-instance", f"PUT_SCHEDULE {ID} noon"],
    ),
}


@pytest.mark.parametrize(("wants", "lives", "does"), DIFFERENCES.values(), ids=DIFFERENCES.keys())
def test_when(sight: Callable[..., Any], wants: dict[str, Any], lives: dict[str, Any], does: list[str]) -> None:
    assert sight(wants, lives).actions() == does


def test_the_alarm_of_a_new_step_policy_rings_for_the_arn_that_aws_will_give(sight: Callable[..., Any]) -> None:
    *_, alarm = sight(scaled(stepScaling=[STEP]), scaled()).plan().actions
    assert alarm.params["AlarmActions"] == [PolicyARN(ID, "wake-up")]


def test_the_alarm_of_a_policy_that_stays_rings_for_its_arn(sight: Callable[..., Any]) -> None:
    changed = {**STEP, "alarm": {**STEP["alarm"], "threshold": 2}}  # type: ignore[dict-item]
    seen = sight(scaled(stepScaling=[changed]), scaled(stepScaling=[STEP]))
    (alarm,) = seen.plan().actions
    assert alarm.params["AlarmActions"] == [seen.observed.targets[0].policies["wake-up"]["PolicyARN"]]


def test_an_alarm_that_a_hand_muted_is_put_right(sight: Callable[..., Any]) -> None:
    seen = sight(scaled(stepScaling=[STEP]))
    (name, alarm), *_ = seen.observed.alarms.items()
    muted = sight(scaled(stepScaling=[STEP]), alarms={name: {**alarm, "ActionsEnabled": False}})
    assert muted.actions() == [f"PUT_ALARM {name}"]
    shown = sight(scaled(stepScaling=[STEP]), alarms={name: {**alarm, "ActionsEnabled": True}})
    assert shown.actions() == []


def test_the_alarms_of_a_rollout_go_when_it_is_over(sight: Callable[..., Any]) -> None:
    rollout = {"strategy": "Canary", "stepPercent": 10, "rollback": {"maxErrorRatePercent": 1}}
    seen = sight({"rollout": rollout})
    alarms = {alarm["AlarmName"]: alarm for alarm in seen.desired.rollback_alarms}
    done = sight({"rollout": rollout}, alarms=alarms).actions()
    assert done == [f"DELETE_ALARMS {seen.words(next(iter(alarms)))}"]


OWN = {"namespace": "shop", "metricName": "Queue"}
OF_EU = {"dimensions": [{"name": "region", "value": "eu"}], "unit": "Count"}
OWN_METRIC = {"name": "queue", "customizedMetric": {**OWN, **OF_EU}, "targetValue": 5}
FULL_STEP = {
    **STEP,
    "steps": [{"lowerBound": 0, "upperBound": 5, "adjustment": 1}],
    "alarm": {**STEP["alarm"], "metric": {**OWN, **OF_EU}},  # type: ignore[dict-item]
}
FULL_NOON = {**NOON, "maxCapacity": 4}
FULL = scaled(targetTracking=[OWN_METRIC], stepScaling=[FULL_STEP], schedules=[FULL_NOON])


def less(name: str, *path: str | int) -> dict[str, Any]:
    """All of it, without one field of the policy or schedule of that kind."""
    spec = copy.deepcopy(FULL)
    *way, last = path
    found = spec["variant"]["scaling"][name][0]
    for key in way:
        found = found[key]
    del found[last]
    return spec


TAKEN_OUT = {
    "the unit of a policy's metric": (less("targetTracking", "customizedMetric", "unit"), "PUT_POLICY"),
    "the dimensions of a policy's metric": (less("targetTracking", "customizedMetric", "dimensions"), "PUT_POLICY"),
    "the lower bound of a step": (less("stepScaling", "steps", 0, "lowerBound"), "PUT_POLICY"),
    "the upper bound of a step": (less("stepScaling", "steps", 0, "upperBound"), "PUT_POLICY"),
    "the unit of an alarm's metric": (less("stepScaling", "alarm", "metric", "unit"), "PUT_ALARM"),
    "the dimensions of an alarm's metric": (less("stepScaling", "alarm", "metric", "dimensions"), "PUT_ALARM"),
    "the time zone of a schedule": (less("schedules", "timeZone"), "PUT_SCHEDULE"),
    "the lower bound of a schedule": (less("schedules", "minCapacity"), "PUT_SCHEDULE"),
    "the upper bound of a schedule": (less("schedules", "maxCapacity"), "PUT_SCHEDULE"),
}


@pytest.mark.parametrize(("wants", "does"), TAKEN_OUT.values(), ids=TAKEN_OUT.keys())
def test_what_is_taken_out_of_the_spec_is_taken_out_of_aws(
    sight: Callable[..., Any], wants: dict[str, Any], does: str
) -> None:
    assert does in {action.verb.name for action in sight(wants, FULL).plan().actions}
    assert sight(wants).actions() == []
    assert sight(FULL).actions() == []


def test_every_field_that_a_request_may_leave_out_has_its_default(desired: Callable[..., Any]) -> None:
    def members(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*(members(each) for each in value.values()))
        return set().union(*(members(each) for each in value)) if isinstance(value, list) else set()

    def said(changes: dict[str, Any]) -> set[str]:
        (target,) = desired(changes).targets
        requests = [policy.request for policy in target.policies] + [policy.alarm or {} for policy in target.policies]
        return set().union(*(members(each) for each in (*requests, *target.schedules.values())))

    sparse = scaled(
        targetTracking=[{**OWN_METRIC, "customizedMetric": OWN}],
        stepScaling=[{**STEP, "steps": [{"adjustment": 1}], "alarm": {**STEP["alarm"], "metric": OWN}}],  # type: ignore[dict-item]
        schedules=[{"name": "noon", "schedule": "rate(1 day)", "minCapacity": 1}],
    )
    # The name and value of a dimension go with it; a schedule has one bound at least.
    assert said(FULL) - said(sparse) - {"Name", "Value"} <= UNNAMED.keys()
    assert {"Unit", "Dimensions", "Timezone", "MaxCapacity"} <= said(FULL) - said(sparse)


def test_a_schedule_that_loses_its_time_zone_is_made_anew_as_aws_keeps_it_otherwise(sight: Callable[..., Any]) -> None:
    assert sight(less("schedules", "timeZone"), FULL).actions() == [
        f"DELETE_SCHEDULE {ID} noon",
        f"PUT_SCHEDULE {ID} noon",
    ]
    assert sight(less("schedules", "maxCapacity"), FULL).actions() == [f"PUT_SCHEDULE {ID} noon"]


BOUNDS = {
    "the spec's own": (1, 5, True),
    "such as a schedule set": (3, 5, True),
    "such as no schedule sets": (2, 5, False),
    "an upper bound that no schedule sets": (3, 50, False),
}


@pytest.mark.parametrize(("low", "high", "fits"), BOUNDS.values(), ids=BOUNDS.keys())
def test_bounds_are_no_drift_if_they_are(
    sight: Callable[..., Any], targets: Callable[..., Any], low: int, high: int, fits: bool
) -> None:
    seen = sight(scaled(schedules=[NOON]))
    found = tuple(replace(target, min_capacity=low, max_capacity=high) for target in targets(seen.desired))
    assert (plan_scaling(seen.desired, found, {}) == ()) is fits


def test_a_first_registration_says_nothing_of_pausing_and_a_later_one_always_does(sight: Callable[..., Any]) -> None:
    first, *_ = sight(scaled(), {}).plan().actions
    assert "SuspendedState" not in first.params
    later, *_ = sight(scaled(maxCapacity=9), scaled()).plan().actions
    assert set(later.params["SuspendedState"].values()) == {False}
    paused, *_ = sight(scaled(suspended=True), {}).plan().actions
    assert set(paused.params["SuspendedState"].values()) == {True}


def test_a_target_that_is_paused_in_part_is_not_paused() -> None:
    entry = {"ResourceId": ID, "ScalableDimension": "d", "MinCapacity": 1, "MaxCapacity": 2}
    part = {"DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": False, "ScheduledScalingSuspended": False}
    assert not parse_target({**entry, "SuspendedState": part}, [], []).suspended
    assert not parse_target(entry, [], []).suspended
    assert parse_target({**entry, "SuspendedState": dict.fromkeys(part, True)}, [], []).suspended


def test_the_dimension_is_told_by_the_hosting(desired: Callable[..., Any]) -> None:
    serverless = {"memorySizeMB": 2048, "maxConcurrency": 20, "provisionedConcurrency": 2}
    use = {"name": "use", "predefinedMetric": "ProvisionedConcurrencyUtilization", "targetValue": 0.7}
    scaling = {"minCapacity": 2, "maxCapacity": 6, "targetTracking": [use]}
    warm = desired({"variant": {"instance": None, "serverless": serverless, "scaling": scaling}})
    assert [target.dimension for target in warm.targets] == ["sagemaker:variant:DesiredProvisionedConcurrency"]
    assert [target.dimension for target in desired(scaled()).targets] == ["sagemaker:variant:DesiredInstanceCount"]


def test_a_policy_of_its_own_cooldowns_keeps_them_the_others_share(desired: Callable[..., Any]) -> None:
    own = {**TRACKING, "scaleInCooldownSeconds": 0, "disableScaleIn": False}
    wish = desired(scaled(targetTracking=[own], scaleInCooldownSeconds=600, disableScaleIn=True))
    first, second = (policy.request["TargetTrackingScalingPolicyConfiguration"] for policy in wish.targets[0].policies)
    assert (first["ScaleInCooldown"], first["DisableScaleIn"], first["ScaleOutCooldown"]) == (0, False, 300)
    assert (second["ScaleInCooldown"], second["DisableScaleIn"]) == (600, True)
    assert second["PredefinedMetricSpecification"] == {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}


COVERED: dict[str, tuple[Any, Any, bool]] = {
    "what AWS adds is no difference": ({"a": 1}, {"a": 1, "b": 2}, True),
    "what AWS lacks is one": ({"a": 1, "b": 2}, {"a": 1}, False),
    "a False that AWS leaves out is none": ({"DisableScaleIn": False}, {}, True),
    "a True that AWS leaves out is one": ({"DisableScaleIn": True}, {}, False),
    "70 is 70.0": ({"TargetValue": 70}, {"TargetValue": 70.0}, True),
    "a float rounded on the wire is the same": (0.1, 0.10000000149011612, True),
    "a list of another length is another list": ([{"a": 1}], [{"a": 1}, {"a": 2}], False),
    "a list is compared by its entries": ([{"a": 1}], [{"a": 1, "b": 2}], True),
    "a list in another order is another list": ([1, 2], [2, 1], False),
    "a text is no number": ("1", 1, False),
}


@pytest.mark.parametrize(("wanted", "found", "same"), COVERED.values(), ids=COVERED.keys())
def test_of_what_is_wanted_and_found(wanted: Any, found: Any, same: bool) -> None:
    assert covers(wanted, found) is same


@pytest.mark.parametrize(
    ("wanted", "found", "same"),
    [
        (0.5, 0.500_000_9, True),
        (0.5, 0.500_001_1, False),
        (100, 100.000_09, True),
        (100, 100.000_11, False),
        (5, "5", False),
    ],
)
def test_numbers_are_the_same_up_to_what_aws_rounds(wanted: float, found: Any, same: bool) -> None:
    assert covers(wanted, found) is same
