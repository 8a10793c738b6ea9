"""Application Auto Scaling through boto3, on a clock that the test moves: target tracking and step scaling."""

from __future__ import annotations

from typing import Any

import pytest

from smsandbox.testing.scaled import NAMED, PER_INSTANCE, RESOURCE, Scaled

OWN = {"MetricName": "Queue", "Namespace": "shop", "Statistic": "Average"}


# target tracking


def test_a_tracking_policy_makes_two_alarms_with_the_names_of_aws(scaled: Scaled) -> None:
    scaled.register()
    answer = scaled.track()
    names = [alarm["AlarmName"] for alarm in answer["Alarms"]]
    assert names[0].startswith(f"TargetTracking-{RESOURCE}-AlarmHigh-")
    assert names[1].startswith(f"TargetTracking-{RESOURCE}-AlarmLow-")
    assert f":resource/sagemaker/{RESOURCE}:policyName/track" in answer["PolicyARN"]
    high, low = (scaled.alarm(name) for name in names)
    assert (high["Period"], high["EvaluationPeriods"], high["Threshold"]) == (60, 3, 5.0)
    assert (low["EvaluationPeriods"], low["Threshold"], low["ComparisonOperator"]) == (15, 4.5, "LessThanThreshold")
    assert high["StateValue"] == "INSUFFICIENT_DATA"
    assert scaled.track(target=6.0)["PolicyARN"] == answer["PolicyARN"]
    assert scaled.alarm(names[0])["Threshold"] == 6.0


def test_load_scales_out_in_proportion_and_idleness_scales_in_to_the_minimum(scaled: Scaled) -> None:
    scaled.register(1, 6)
    scaled.track(target=5.0, ScaleOutCooldown=60, ScaleInCooldown=60)
    scaled.load(minutes=5, per_minute=20)
    assert scaled.count == 4
    out = scaled.activities()[0]
    assert out["Description"] == "Setting desired instance count to 4."
    assert out["Cause"].startswith(f"monitor alarm TargetTracking-{RESOURCE}-AlarmHigh-")
    assert out["Cause"].endswith("in state ALARM triggered policy track")
    scaled.world.advance(20 * 60)
    assert scaled.count == 1


def test_scaling_out_stops_at_the_maximum_and_says_so(scaled: Scaled) -> None:
    scaled.register(1, 2)
    scaled.track(target=1.0)
    scaled.load(minutes=5, per_minute=20)
    assert scaled.count == 2
    assert not scaled.activities()
    (refusal,) = scaled.activities(IncludeNotScaledActivities=True)
    assert refusal["NotScaledReasons"] == [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 2, "CurrentCapacity": 2}]


def test_scaling_in_can_be_disabled(scaled: Scaled) -> None:
    scaled.register(1, 5)
    assert len(scaled.track(DisableScaleIn=True)["Alarms"]) == 1
    scaled.world.advance(30 * 60)
    assert scaled.count == 2


def test_scaling_in_waits_for_its_cooldown(scaled: Scaled) -> None:
    scaled.cloud.sm.update_endpoint_weights_and_capacities(
        EndpointName="ep", DesiredWeightsAndCapacities=[{"VariantName": "primary", "DesiredInstanceCount": 4}]
    )
    scaled.cloud.settle()
    scaled.register(1, 5)
    metric = {"Namespace": "shop", "MetricName": "Queue", "Statistic": "Average"}
    scaled.track(target=10.0, ScaleInCooldown=1800, CustomizedMetricSpecification=metric)
    scaled.queue_length(6.0, minutes=17)
    assert scaled.count == 3
    scaled.queue_length(1.0, minutes=15)
    assert scaled.count == 3
    scaled.queue_length(1.0, minutes=16)
    assert scaled.count == 1


def test_during_its_cooldown_a_scale_out_counts_for_the_next_one(scaled: Scaled) -> None:
    scaled.register(1, 10)
    metric = {"Namespace": "shop", "MetricName": "Queue", "Statistic": "Average"}
    scaled.track(target=10.0, ScaleOutCooldown=3600, CustomizedMetricSpecification=metric)
    scaled.queue_length(15.0, minutes=6)
    assert scaled.count == 3
    scaled.queue_length(25.0, minutes=3)
    assert scaled.count == 5


def test_all_policies_must_agree_before_capacity_shrinks_and_the_largest_wins(scaled: Scaled) -> None:
    scaled.register(1, 8)
    for name in ("Queue", "Other"):
        metric = {"Namespace": "shop", "MetricName": name, "Statistic": "Average"}
        scaled.track(name, target=10.0, ScaleOutCooldown=0, CustomizedMetricSpecification=metric)
    for _ in range(5):
        scaled.cw.put_metric_data(
            Namespace="shop", MetricData=[{"MetricName": "Other", "Value": 20.0, "Timestamp": scaled.now}]
        )
        scaled.queue_length(30.0)
    assert scaled.count == 8
    for _ in range(20):
        scaled.cw.put_metric_data(
            Namespace="shop", MetricData=[{"MetricName": "Other", "Value": 9.5, "Timestamp": scaled.now}]
        )
        scaled.queue_length(1.0)
    assert scaled.count == 8


def test_metric_math_can_be_tracked(scaled: Scaled) -> None:
    scaled.register(1, 8)
    queries = [
        {
            "Id": "queue",
            "MetricStat": {"Metric": {"Namespace": "shop", "MetricName": "Queue"}, "Stat": "Average"},
            "ReturnData": False,
        },
        {"Id": "half", "Expression": "queue / 2", "ReturnData": True},
    ]
    scaled.track(target=10.0, CustomizedMetricSpecification={"Metrics": queries})
    scaled.queue_length(40.0, minutes=5)
    assert scaled.count == 4


def test_the_high_resolution_metric_is_judged_every_ten_seconds(scaled: Scaled) -> None:
    scaled.register(1, 8)
    kind = "SageMakerVariantConcurrentRequestsPerModelHighResolution"
    alarms = scaled.track(PredefinedMetricSpecification={"PredefinedMetricType": kind})["Alarms"]
    high, low = (scaled.alarm(alarm["AlarmName"]) for alarm in alarms)
    assert (high["Period"], low["Period"], low["EvaluationPeriods"]) == (10, 10, 90)
    for _ in range(6):
        scaled.world.metrics.put(
            scaled.cloud.account, scaled.cloud.region, "AWS/SageMaker", "ConcurrentRequestsPerModel",
            {"EndpointName": "ep", "VariantName": "primary"}, 10.0, "Count",
        )  # fmt: skip
        scaled.world.advance(10)
    assert scaled.count == 4


def test_a_predefined_metric_of_another_dimension_is_refused(scaled: Scaled, refused: Any) -> None:
    scaled.register()
    kind = "SageMakerVariantProvisionedConcurrencyUtilization"
    with refused("ValidationException") as error:
        scaled.track(PredefinedMetricSpecification={"PredefinedMetricType": kind})
    assert PER_INSTANCE in error.text


def test_suspended_scaling_acts_once_it_is_resumed(scaled: Scaled) -> None:
    scaled.register(1, 8, SuspendedState={"DynamicScalingOutSuspended": True})
    metric = {"Namespace": "shop", "MetricName": "Queue", "Statistic": "Average"}
    scaled.track(target=10.0, CustomizedMetricSpecification=metric)
    scaled.queue_length(20.0, minutes=5)
    assert scaled.count == 2
    scaled.aas.register_scalable_target(**NAMED, SuspendedState={"DynamicScalingOutSuspended": False})
    scaled.queue_length(20.0, minutes=2)
    assert scaled.count == 4


def test_an_endpoint_that_is_updating_is_not_scaled_but_later_is(scaled: Scaled) -> None:
    scaled.register(1, 8)
    metric = {"Namespace": "shop", "MetricName": "Queue", "Statistic": "Average"}
    scaled.track(target=10.0, CustomizedMetricSpecification=metric)
    scaled.cloud.set(durations={"update": 600.0, "jitter": 0.0})
    scaled.cloud.config("second", {})
    scaled.cloud.sm.update_endpoint(EndpointName="ep", EndpointConfigName="second", RetainAllVariantProperties=True)
    scaled.queue_length(20.0, minutes=6)
    assert scaled.cloud.status() == "Updating"
    codes = {
        reason["Code"]
        for one in scaled.activities(IncludeNotScaledActivities=True)
        for reason in one["NotScaledReasons"]
    }
    assert codes == {"TargetServicePutResourceAsUnscalable"}
    assert not scaled.activities()
    scaled.queue_length(20.0, minutes=10)
    assert scaled.count == 4


# step scaling


def test_an_alarm_of_the_user_calls_a_step_policy(scaled: Scaled) -> None:
    scaled.register(1, 8)
    steps = [
        {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 10.0, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 10.0, "ScalingAdjustment": 3},
    ]
    policy = scaled.step(adjustments=steps, Cooldown=120)
    scaled.alarm_on_queue(policy)
    assert scaled.aas.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"][0]["Alarms"]
    scaled.queue_length(25.0, minutes=2)
    assert scaled.count == 5
    assert scaled.activities()[0]["Cause"] == "monitor alarm queue in state ALARM triggered policy step"


def test_setting_an_alarm_by_hand_calls_its_policy(scaled: Scaled) -> None:
    scaled.register(1, 8)
    steps = [{"MetricIntervalUpperBound": 0.0, "ScalingAdjustment": 2}]
    scaled.alarm_on_queue(scaled.step(adjustments=steps), threshold=20.0)
    scaled.queue_length(11.0, minutes=2)
    assert (scaled.alarm("queue")["StateValue"], scaled.count) == ("OK", 2)
    scaled.cw.set_alarm_state(AlarmName="queue", StateValue="ALARM", StateReason="by hand")
    assert scaled.alarm("queue")["StateReason"] == "by hand"
    assert scaled.count == 4


def test_an_exact_step_down_waits_for_the_cooldown(scaled: Scaled) -> None:
    scaled.register(1, 8)
    policy = scaled.step(adjustments=[{"MetricIntervalUpperBound": 0.0, "ScalingAdjustment": -1}], Cooldown=600)
    scaled.alarm_on_queue(policy, 5.0, "LessThanThreshold")
    scaled.queue_length(1.0, minutes=3)
    assert scaled.count == 1
    (activity,) = scaled.activities()
    assert activity["StatusCode"] == "Successful"


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        (
            [
                {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 10.0, "ScalingAdjustment": 1},
                {"MetricIntervalLowerBound": 5.0, "ScalingAdjustment": 2},
            ],
            "overlap",
        ),
        (
            [
                {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 5.0, "ScalingAdjustment": 1},
                {"MetricIntervalLowerBound": 6.0, "ScalingAdjustment": 2},
            ],
            "gap",
        ),
    ],
)
def test_steps_must_join_up(scaled: Scaled, refused: Any, steps: list[dict[str, Any]], text: str) -> None:
    scaled.register()
    with refused("ValidationException") as error:
        scaled.step(adjustments=steps)
    assert text in error.text


def test_policies_need_a_target_and_a_type_that_sagemaker_has(scaled: Scaled, refused: Any) -> None:
    with refused("ObjectNotFoundException") as error:
        scaled.track()
    assert error.text.startswith("No scalable target registered for service namespace")
    scaled.register()
    with refused("ValidationException"):
        scaled.aas.put_scaling_policy(**NAMED, PolicyName="p", PolicyType="PredictiveScaling")
    with refused("ObjectNotFoundException"):
        scaled.aas.delete_scaling_policy(**NAMED, PolicyName="p")


def test_a_metric_has_one_target_tracking_policy(scaled: Scaled, refused: Any) -> None:
    scaled.register()
    scaled.track()
    with refused("ValidationException") as error:
        scaled.track("again", target=6.0)
    assert error.text == "Only one TargetTrackingScaling policy for a given metric specification is allowed."
    scaled.aas.delete_scaling_policy(**NAMED, PolicyName="track")
    scaled.track("again", target=6.0)
    scaled.track("own", CustomizedMetricSpecification=OWN)
    with refused("ValidationException"):
        scaled.track("own-again", CustomizedMetricSpecification=OWN)
    scaled.track("others", CustomizedMetricSpecification={**OWN, "MetricName": "Others"})


def test_a_policy_keeps_its_type(scaled: Scaled, refused: Any) -> None:
    scaled.register()
    scaled.track("one")
    scaled.step("two")
    with refused("ValidationException") as error:
        scaled.step("one")
    assert error.text.startswith("You cannot change a TargetTrackingScaling policy to a non TargetTrackingScaling")
    with refused("ValidationException"):
        scaled.track("two", CustomizedMetricSpecification=OWN)


def test_policies_come_in_pages_of_ten(scaled: Scaled, refused: Any) -> None:
    scaled.register()
    for number in range(12):
        scaled.step(f"p{number:02}")
    first = scaled.aas.describe_scaling_policies(ServiceNamespace="sagemaker")
    assert len(first["ScalingPolicies"]) == 10
    rest = scaled.aas.describe_scaling_policies(ServiceNamespace="sagemaker", NextToken=first["NextToken"])
    assert [one["PolicyName"] for one in rest["ScalingPolicies"]] == ["p10", "p11"]
    with refused("InvalidNextTokenException"):
        scaled.aas.describe_scaling_policies(ServiceNamespace="sagemaker", NextToken="nonsense")
