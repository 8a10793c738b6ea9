"""Application Auto Scaling through boto3, on a clock that the test moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

RESOURCE = "endpoint/ep/variant/primary"
COUNT = "sagemaker:variant:DesiredInstanceCount"
NAMED = {"ServiceNamespace": "sagemaker", "ResourceId": RESOURCE, "ScalableDimension": COUNT}
PER_INSTANCE = "SageMakerVariantInvocationsPerInstance"
OWN = {"MetricName": "Queue", "Namespace": "shop", "Statistic": "Average"}


class Scaled:
    """An endpoint `ep` with two instances, and what a test does to it."""

    def __init__(self, cloud: Any) -> None:
        self.cloud = cloud
        self.world = cloud.world
        self.aas = cloud.client("application-autoscaling")
        self.cw = cloud.client("cloudwatch")
        cloud.endpoint()

    def register(self, least: int = 1, most: int = 5, **others: Any) -> str:
        answer = self.aas.register_scalable_target(**NAMED, MinCapacity=least, MaxCapacity=most, **others)
        return str(answer["ScalableTargetARN"])

    def track(self, name: str = "track", target: float = 5.0, **config: Any) -> Any:
        if "CustomizedMetricSpecification" not in config:
            config.setdefault("PredefinedMetricSpecification", {"PredefinedMetricType": PER_INSTANCE})
        return self.aas.put_scaling_policy(
            **NAMED,
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={"TargetValue": target, **config},
        )

    def step(self, name: str = "step", adjustments: list[dict[str, Any]] | None = None, **config: Any) -> str:
        steps = adjustments or [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}]
        return str(
            self.aas.put_scaling_policy(
                **NAMED,
                PolicyName=name,
                PolicyType="StepScaling",
                StepScalingPolicyConfiguration={
                    "AdjustmentType": "ChangeInCapacity",
                    "StepAdjustments": steps,
                    **config,
                },
            )["PolicyARN"]
        )

    def load(self, minutes: int, per_minute: int) -> None:
        runtime = self.cloud.client("sagemaker-runtime")
        for _ in range(minutes):
            for _ in range(per_minute):
                runtime.invoke_endpoint(EndpointName="ep", Body=b"{}")
            self.world.advance(60)

    def queue_length(self, value: float, minutes: int = 1, name: str = "Queue") -> None:
        for _ in range(minutes):
            self.cw.put_metric_data(
                Namespace="shop", MetricData=[{"MetricName": name, "Value": value, "Timestamp": self.now}]
            )
            self.world.advance(60)

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.world.now(), UTC)

    @property
    def count(self) -> int:
        variant = self.cloud.describe()["ProductionVariants"][0]
        return int(variant["DesiredInstanceCount"])

    def activities(self, **options: Any) -> list[dict[str, Any]]:
        return list(self.aas.describe_scaling_activities(**NAMED, **options)["ScalingActivities"])

    def alarm(self, name: str) -> dict[str, Any]:
        return dict(self.cw.describe_alarms(AlarmNames=[name])["MetricAlarms"][0])

    def alarm_on_queue(self, policy: str, threshold: float = 10.0, comparison: str = "GreaterThanThreshold") -> None:
        self.cw.put_metric_alarm(
            AlarmName="queue", Namespace="shop", MetricName="Queue", Statistic="Average", Period=60, EvaluationPeriods=1,
            Threshold=threshold, ComparisonOperator=comparison, AlarmActions=[policy],
        )  # fmt: skip


@pytest.fixture
def scaled(cloud: Any) -> Scaled:
    return Scaled(cloud)


# targets


def test_a_first_registration_needs_both_bounds(scaled: Scaled, refused: Any) -> None:
    with refused("ValidationException") as error:
        scaled.aas.register_scalable_target(**NAMED, MinCapacity=1)
    assert "MinCapacity and MaxCapacity" in error.text


def test_bounds_that_cross_are_refused(scaled: Scaled, refused: Any) -> None:
    with refused("ValidationException") as error:
        scaled.register(5, 1)
    assert error.text == "Maximum capacity cannot be less than minimum capacity"


def test_registering_again_changes_what_is_given_and_keeps_the_rest(scaled: Scaled) -> None:
    arn = scaled.register(1, 5)
    scaled.aas.register_scalable_target(**NAMED, MaxCapacity=7, SuspendedState={"ScheduledScalingSuspended": True})
    again = scaled.aas.register_scalable_target(**NAMED, SuspendedState={"DynamicScalingInSuspended": True})
    assert again["ScalableTargetARN"] == arn
    (target,) = scaled.aas.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 7)
    assert target["SuspendedState"] == {
        "DynamicScalingInSuspended": True,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": True,
    }
    assert target["RoleARN"].endswith("AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint")
    assert len(arn.rpartition("/")[2]) == 36


def test_registering_clamps_the_capacity_at_once(scaled: Scaled) -> None:
    scaled.register(3, 5)
    assert scaled.cloud.settle()["ProductionVariants"][0]["DesiredInstanceCount"] == 3
    scaled.world.advance(30)
    (activity,) = scaled.activities()
    assert activity["Description"] == "Setting desired instance count to 3."
    assert activity["Cause"] == "minimum capacity was set to 3"
    assert activity["StatusCode"] == "Successful"
    assert activity["StatusMessage"] == (
        "Successfully set desired instance count to 3. Change successfully fulfilled by sagemaker."
    )


def test_what_cannot_be_scaled_is_refused(scaled: Scaled, refused: Any) -> None:
    cases = {
        "endpoint/nope/variant/primary": "Could not find endpoint",
        "endpoint/ep/variant/nope": "does not exist",
        "endpoint/ep": "Unsupported resource ID",
    }
    for resource, text in cases.items():
        with refused("ValidationException") as error:
            scaled.aas.register_scalable_target(**{**NAMED, "ResourceId": resource}, MinCapacity=1, MaxCapacity=2)
        assert text in error.text


def test_burstable_instances_cannot_be_scaled(cloud: Any, refused: Any) -> None:
    cloud.endpoint("ep", {"InstanceType": "ml.t2.medium"})
    with refused("ValidationException") as error:
        cloud.client("application-autoscaling").register_scalable_target(**NAMED, MinCapacity=1, MaxCapacity=2)
    assert "ml.t2.medium" in error.text


def test_tags_belong_to_the_first_registration_and_to_tag_calls(scaled: Scaled, refused: Any) -> None:
    arn = scaled.register(Tags={"team": "a"})
    with refused("ValidationException") as error:
        scaled.register(Tags={"team": "b"})
    assert error.text.startswith("The scalable target that you tried to tag already exists.")
    scaled.aas.tag_resource(ResourceARN=arn, Tags={"owner": "c"})
    scaled.aas.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert scaled.aas.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"owner": "c"}
    with refused("ResourceNotFoundException"):
        scaled.aas.list_tags_for_resource(ResourceARN=arn + "x")


def test_deregistering_takes_policies_schedules_and_alarms_along(scaled: Scaled, refused: Any) -> None:
    scaled.register()
    scaled.track()
    scaled.aas.put_scheduled_action(
        **NAMED, ScheduledActionName="s", Schedule="rate(1 hour)", ScalableTargetAction={"MinCapacity": 2}
    )
    scaled.aas.deregister_scalable_target(**NAMED)
    assert not scaled.aas.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert not scaled.aas.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"]
    assert not scaled.cw.describe_alarms()["MetricAlarms"]
    with refused("ObjectNotFoundException") as error:
        scaled.aas.deregister_scalable_target(**NAMED)
    assert error.text.startswith("No scalable target registered for service namespace")


def test_deleting_the_endpoint_deregisters_its_variants(scaled: Scaled) -> None:
    scaled.register()
    scaled.cloud.sm.delete_endpoint(EndpointName="ep")
    scaled.world.advance(60)
    assert not scaled.aas.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]


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


# schedules


def test_a_schedule_sets_the_bounds_and_the_capacity_follows(scaled: Scaled) -> None:
    scaled.register(1, 5)
    at = (scaled.now + timedelta(minutes=5)).strftime("at(%Y-%m-%dT%H:%M:%S)")
    scaled.aas.put_scheduled_action(
        **NAMED, ScheduledActionName="up", Schedule=at, ScalableTargetAction={"MinCapacity": 4, "MaxCapacity": 6}
    )
    scaled.world.advance(4 * 60)
    assert scaled.count == 2
    scaled.world.advance(2 * 60)
    assert scaled.count == 4
    causes = {activity["Description"]: activity["Cause"] for activity in scaled.activities()}
    assert causes == {
        "Setting min capacity to 4 and max capacity to 6": "scheduled action name up was triggered",
        "Setting desired instance count to 4.": "minimum capacity was set to 4",
    }


def test_a_cron_schedule_knows_time_zones_and_weekdays(scaled: Scaled) -> None:
    # The clock starts on Tuesday, 2023-11-14 22:13:20 UTC, which is 23:13:20 in Berlin.
    scaled.register(1, 5)
    scaled.aas.put_scheduled_action(
        **NAMED,
        ScheduledActionName="night",
        Schedule="cron(30 23 ? * 3 *)",
        Timezone="Europe/Berlin",
        ScalableTargetAction={"MinCapacity": 3},
    )
    scaled.world.advance(16 * 60)
    assert scaled.count == 2
    scaled.world.advance(2 * 60)
    assert scaled.count == 3


def test_a_suspended_schedule_is_skipped_for_good(scaled: Scaled) -> None:
    scaled.register(1, 5, SuspendedState={"ScheduledScalingSuspended": True})
    at = (scaled.now + timedelta(minutes=1)).strftime("at(%Y-%m-%dT%H:%M:%S)")
    scaled.aas.put_scheduled_action(
        **NAMED, ScheduledActionName="up", Schedule=at, ScalableTargetAction={"MinCapacity": 4}
    )
    scaled.world.advance(2 * 60)
    scaled.aas.register_scalable_target(**NAMED, SuspendedState={"ScheduledScalingSuspended": False})
    scaled.world.advance(10 * 60)
    assert scaled.count == 2


def test_changing_a_schedule_drops_a_start_and_end_that_are_not_given_again(scaled: Scaled) -> None:
    scaled.register()
    action = {"ScheduledActionName": "s", "ScalableTargetAction": {"MinCapacity": 2}}
    scaled.aas.put_scheduled_action(
        **NAMED, **action, Schedule="rate(1 hour)", StartTime=scaled.now, EndTime=scaled.now + timedelta(days=1)
    )
    scaled.aas.put_scheduled_action(**NAMED, **action, Schedule="rate(2 hours)")
    (shown,) = scaled.aas.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"]
    assert shown["Schedule"] == "rate(2 hours)"
    assert "StartTime" not in shown
    assert "EndTime" not in shown
    scaled.aas.delete_scheduled_action(**NAMED, ScheduledActionName="s")
    assert not scaled.aas.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"]


@pytest.mark.parametrize(
    ("schedule", "zone"),
    [("rate(1 hours)", "UTC"), ("cron(1 2 3)", "UTC"), ("every day", "UTC"), ("rate(1 hour)", "Berlin")],
)
def test_schedules_that_cannot_be_read_are_refused(scaled: Scaled, refused: Any, schedule: str, zone: str) -> None:
    scaled.register()
    with refused("ValidationException"):
        scaled.aas.put_scheduled_action(
            **NAMED, ScheduledActionName="s", Schedule=schedule, Timezone=zone, ScalableTargetAction={"MinCapacity": 2}
        )


# how activities end


def test_a_change_that_sagemaker_rolls_back_is_a_failed_activity(scaled: Scaled) -> None:
    scaled.world.faults.add({"kind": "capacity", "resource": "ep", "times": 1})
    scaled.register(4, 5)
    scaled.world.advance(120)
    (activity,) = scaled.activities()
    assert activity["StatusCode"] == "Failed"
    assert activity["StatusMessage"].startswith("Failed to set desired instance count to 4.")


def test_a_real_time_variant_is_not_scaled_to_zero(scaled: Scaled) -> None:
    scaled.register(0, 0)
    scaled.world.advance(120)
    assert scaled.count >= 1
    (activity,) = scaled.activities()
    assert activity["StatusCode"] == "Failed"


# other dimensions


def test_provisioned_concurrency_of_a_serverless_variant_is_scaled(cloud: Any) -> None:
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 20, "ProvisionedConcurrency": 2}
    cloud.endpoint("ep", {"InstanceType": None, "InitialInstanceCount": None, "ServerlessConfig": serverless})
    named = {**NAMED, "ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency"}
    aas = cloud.client("application-autoscaling")
    aas.register_scalable_target(**named, MinCapacity=1, MaxCapacity=10)
    aas.put_scaling_policy(
        **named,
        PolicyName="pc",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 0.5,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"
            },
        },
    )
    for _ in range(5):
        cloud.world.metrics.put(
            cloud.account, cloud.region, "AWS/SageMaker", "ServerlessProvisionedConcurrencyUtilization",
            {"EndpointName": "ep", "VariantName": "primary"}, 1.0, "None",
        )  # fmt: skip
        cloud.world.advance(60)
    config = cloud.settle()["ProductionVariants"][0]["DesiredServerlessConfig"]
    assert config["ProvisionedConcurrency"] == 4
    (activity,) = aas.describe_scaling_activities(ServiceNamespace="sagemaker")["ScalingActivities"]
    assert activity["Description"] == "Setting desired provisioned concurrency to 4."
