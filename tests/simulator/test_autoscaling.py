"""Application Auto Scaling through boto3, on a clock that the test moves: targets, schedules, activities."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from smsandbox.testing.scaled import NAMED, Scaled

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
