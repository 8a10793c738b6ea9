"""Every edit reaches the endpoint in the right way, and only what it changed; in virtual time."""

from typing import Any

from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, GROWING, spec, two_variants, with_variant

STEPS: dict[str, Any] = {
    "name": "backlog",
    "steps": [{"lowerBound": 0, "adjustment": 1}],
    "alarm": {
        "metric": {"namespace": "AWS/SageMaker", "metricName": "ConcurrentRequestsPerModel"},
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 5,
    },
}


def test_an_edit_of_the_artifact_reaches_the_endpoint_with_a_new_model_and_config(harness: Harness) -> None:
    harness.ready()
    before = harness.live()["EndpointConfigName"]
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    resource = harness.settle("iris")
    assert harness.live()["EndpointConfigName"] != before
    assert [each.outcome for each in resource.status.history] == ["Deployed", "Deployed"]
    assert "model" in (resource.status.history[0].changes or "")
    assert harness.failed_calls() == {}


def test_putting_the_old_spec_back_makes_nothing_new(harness: Harness) -> None:
    harness.ready()
    first = harness.live()["EndpointConfigName"]
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    harness.settle("iris")
    made = harness.calls("CreateModel") + harness.calls("CreateEndpointConfig")
    harness.apply("iris", spec())
    harness.settle("iris")
    assert harness.live()["EndpointConfigName"] == first
    assert harness.calls("CreateModel") + harness.calls("CreateEndpointConfig") == made


def test_a_count_changes_in_place(harness: Harness) -> None:
    fixed = with_variant(spec(), scaling=None)
    harness.apply("iris", fixed)
    harness.settle("iris")
    before = harness.live()["EndpointConfigName"]
    harness.apply("iris", with_variant(fixed, instance={"type": "ml.m5.large", "count": 3}))
    resource = harness.settle("iris")
    assert harness.live()["EndpointConfigName"] == before
    assert resource.status.instances == "3/3"
    assert harness.calls("UpdateEndpoint") == 0


def test_weights_change_in_place_even_while_counts_are_autoscaled(harness: Harness) -> None:
    harness.apply("iris", two_variants(9, 1))
    harness.settle("iris")
    before = harness.live()["EndpointConfigName"]
    harness.apply("iris", two_variants(5, 5))
    resource = harness.settle("iris")
    assert harness.live()["EndpointConfigName"] == before
    assert resource.status.traffic in {"challenger=50,primary=50", "primary=50,challenger=50"}
    assert harness.calls("UpdateEndpointWeightsAndCapacities") == 1


def test_live_counts_survive_an_update(harness: Harness) -> None:
    base = with_variant(spec(), scaling=GROWING)
    harness.apply("iris", base)
    harness.settle("iris")
    harness.scale_by_hand(4)
    harness.run(120)
    harness.apply("iris", with_variant(base, modelArtifact=ARTIFACTS[1]))
    resource = harness.settle("iris")
    assert resource.status.instances == "4/4"


def test_a_new_instance_type_takes_the_targets_off_and_puts_them_back(harness: Harness) -> None:
    harness.ready()
    harness.world.calls.reset()
    harness.apply("iris", with_variant(spec(), instance={"type": "ml.c5.large", "count": 1}))
    harness.settle("iris")
    order = [
        call["operation"]
        for call in harness.world.calls.recent()
        if call["operation"]
        in {"DeregisterScalableTarget", "UpdateEndpoint", "RegisterScalableTarget", "PutScalingPolicy"}
    ]
    assert order == ["DeregisterScalableTarget", "UpdateEndpoint", "RegisterScalableTarget", "PutScalingPolicy"]
    assert harness.failed_calls() == {}


def test_a_new_model_leaves_the_targets_on(harness: Harness) -> None:
    harness.ready()
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    harness.settle("iris")
    assert harness.calls("DeregisterScalableTarget") == 0


def test_scaling_bounds_change_in_place(harness: Harness) -> None:
    harness.ready()
    scaling = {"minCapacity": 2, "maxCapacity": 8, "targetInvocationsPerInstance": 90}
    harness.apply("iris", with_variant(spec(), scaling=scaling))
    harness.settle("iris")
    harness.run(300)
    target = harness.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")
    assert [(t["MinCapacity"], t["MaxCapacity"]) for t in target["ScalableTargets"]] == [(2, 8)]
    policy = harness.client("application-autoscaling").describe_scaling_policies(ServiceNamespace="sagemaker")
    assert policy["ScalingPolicies"][0]["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 90
    assert harness.calls("UpdateEndpoint") == 0


def test_step_scaling_comes_with_its_alarm_and_takes_it_along(harness: Harness) -> None:
    stepped = {"minCapacity": 1, "maxCapacity": 5, "stepScaling": [STEPS]}
    harness.apply("iris", with_variant(spec(), scaling=stepped))
    harness.settle("iris")
    policy = harness.client("application-autoscaling").describe_scaling_policies(ServiceNamespace="sagemaker")
    alarm = harness.client("cloudwatch").describe_alarms(AlarmNamePrefix="smendpoints/")["MetricAlarms"]
    assert [each["AlarmName"] for each in alarm] == ["smendpoints/default-iris/primary/backlog"]
    assert alarm[0]["AlarmActions"] == [policy["ScalingPolicies"][0]["PolicyARN"]]
    changed = {**stepped, "stepScaling": [{**STEPS, "alarm": {**STEPS["alarm"], "threshold": 9}}]}
    harness.apply("iris", with_variant(spec(), scaling=changed))
    harness.settle("iris")
    alarm = harness.client("cloudwatch").describe_alarms(AlarmNamePrefix="smendpoints/")["MetricAlarms"]
    assert [each["Threshold"] for each in alarm] == [9]
    harness.apply("iris", spec())
    harness.settle("iris")
    assert harness.client("cloudwatch").describe_alarms(AlarmNamePrefix="smendpoints/")["MetricAlarms"] == []


def test_old_revisions_beyond_the_limit_are_collected(harness: Harness) -> None:
    harness.ready(revisionHistoryLimit=1)
    for artifact in (ARTIFACTS[1], ARTIFACTS[2], ARTIFACTS[0]):
        base = spec(revisionHistoryLimit=1)
        changed = with_variant(base, modelArtifact=artifact, environment={"X": artifact})
        harness.apply("iris", changed)
        harness.settle("iris")
    harness.run(300)
    assert len(harness.inventory()["configs"]) == 2
    assert len(harness.inventory()["models"]) == 2


def test_an_edit_while_updating_follows_when_the_update_is_over(harness: Harness) -> None:
    harness.ready()
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    harness.run(60)
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[2]))
    harness.settle("iris")
    config = harness.client("sagemaker").describe_endpoint_config(
        EndpointConfigName=harness.live()["EndpointConfigName"]
    )
    model = harness.client("sagemaker").describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    assert "/c/" in model["PrimaryContainer"]["ModelDataUrl"]
    harness.run(300)
    assert harness.condition("iris", "Stalled") is None


def test_tags_change_in_place_and_others_tags_stay(harness: Harness) -> None:
    harness.ready(tags={"team": "ml", "stage": "dev"})
    arn = harness.live()["EndpointArn"]
    harness.client("sagemaker").add_tags(ResourceArn=arn, Tags=[{"Key": "cost", "Value": "42"}])
    harness.apply("iris", spec(tags={"team": "platform"}))
    harness.settle("iris")
    harness.run(60)
    tags = {t["Key"]: t["Value"] for t in harness.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]}
    assert {key: value for key, value in tags.items() if "/" not in key} == {"team": "platform", "cost": "42"}


def test_an_edit_that_waited_for_a_rollout_has_an_event_of_its_own_though_ready_says_updating_all_the_while(
    harness: Harness,
) -> None:
    harness.ready()
    for artifact in ARTIFACTS[1:3]:
        harness.apply("iris", with_variant(spec(), modelArtifact=artifact))
        harness.run(30)
    harness.settle("iris")
    told = [event.message for event in harness.events if event.reason == "Updating"]
    rolled_out = [each.config_name for each in reversed(harness.resource("iris").status.history)][1:]
    assert [message.split()[-1] for message in told] == rolled_out
    assert len(rolled_out) == 2
