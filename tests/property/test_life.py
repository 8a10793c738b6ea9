"""The life of one endpoint, in virtual time: each test is a promise."""

from typing import Any

import pytest

from smsandbox.harness import BUCKET, IMAGE, ROLE, Harness, spec, with_variant


def calls(harness: Harness, operation: str) -> int:
    return harness.world.calls.count(operation)


def config_of(harness: Harness, name: str = "default-iris") -> str:
    return str(harness.client("sagemaker").describe_endpoint(EndpointName=name)["EndpointConfigName"])


def live(harness: Harness, name: str = "default-iris") -> dict[str, Any]:
    response: dict[str, Any] = harness.client("sagemaker").describe_endpoint(EndpointName=name)
    return response


def ready(harness: Harness, **changes: Any) -> None:
    harness.apply("iris", spec(**changes))
    resource = harness.settle("iris")
    assert any(each.type == "Ready" and each.status == "True" for each in resource.status.conditions)


def failing_calls(harness: Harness) -> dict[str, int]:
    return {
        f"{operation} {code}": number
        for service in harness.world.calls.counts().values()
        for operation, codes in service.items()
        for code, number in codes.items()
        if code != "OK"
    }


def test_an_autoscaled_endpoint_costs_few_calls_none_of_them_failing(harness: Harness) -> None:
    harness.world.calls.reset()
    ready(harness)
    counts = harness.world.calls.counts()
    own = sum(
        number
        for service in counts.values()
        for operation, codes in service.items()
        if operation != "ListEndpoints"
        for number in codes.values()
    )
    assert own <= 9, counts
    assert failing_calls(harness) == {}


def test_an_idle_object_costs_no_call_of_its_own_and_no_write(harness: Harness) -> None:
    ready(harness)
    harness.run(120)
    harness.world.calls.reset()
    writes = harness.writes
    harness.run(3600)
    counts = harness.world.calls.counts()
    assert set(counts["sagemaker"]) == {"ListEndpoints", "ListEndpointConfigs", "ListModels"}
    assert set(counts["application-autoscaling"]) == {
        "DescribeScalableTargets",
        "DescribeScalingPolicies",
        "DescribeScheduledActions",
    }
    assert set(counts["resourcegroupstaggingapi"]) == {"GetResources"}
    assert all(number <= 122 for codes in counts["sagemaker"].values() for number in codes.values()), counts
    assert harness.writes == writes


def test_an_edit_of_the_artifact_reaches_the_endpoint_with_a_new_model_and_config(harness: Harness) -> None:
    ready(harness)
    before = config_of(harness)
    harness.apply("iris", with_variant(spec(), modelArtifact=f"s3://{BUCKET}/b/model.tar.gz"))
    resource = harness.settle("iris")
    assert config_of(harness) != before
    assert [each.outcome for each in resource.status.history] == ["Deployed", "Deployed"]
    assert "model" in (resource.status.history[0].changes or "")
    assert failing_calls(harness) == {}


def test_putting_the_old_spec_back_makes_nothing_new(harness: Harness) -> None:
    ready(harness)
    first = config_of(harness)
    harness.apply("iris", with_variant(spec(), modelArtifact=f"s3://{BUCKET}/b/model.tar.gz"))
    harness.settle("iris")
    made = calls(harness, "CreateModel") + calls(harness, "CreateEndpointConfig")
    harness.apply("iris", spec())
    harness.settle("iris")
    assert config_of(harness) == first
    assert calls(harness, "CreateModel") + calls(harness, "CreateEndpointConfig") == made


def test_a_count_changes_in_place(harness: Harness) -> None:
    fixed = with_variant(spec(), scaling=None)
    harness.apply("iris", fixed)
    harness.settle("iris")
    before = config_of(harness)
    harness.apply("iris", with_variant(fixed, instance={"type": "ml.m5.large", "count": 3}))
    resource = harness.settle("iris")
    assert config_of(harness) == before
    assert resource.status.instances == "3/3"
    assert calls(harness, "UpdateEndpoint") == 0


def two_variants(first: float, second: float, **changes: Any) -> dict[str, Any]:
    base = spec(**changes)
    one = base["variants"][0]
    other = {**one, "name": "challenger", "modelArtifact": f"s3://{BUCKET}/b/model.tar.gz", "weight": second}
    return {**base, "variants": [{**one, "weight": first}, other]}


def test_weights_change_in_place_even_while_counts_are_autoscaled(harness: Harness) -> None:
    harness.apply("iris", two_variants(9, 1))
    harness.settle("iris")
    before = config_of(harness)
    harness.apply("iris", two_variants(5, 5))
    resource = harness.settle("iris")
    assert config_of(harness) == before
    assert resource.status.traffic in {"challenger=50,primary=50", "primary=50,challenger=50"}
    assert calls(harness, "UpdateEndpointWeightsAndCapacities") == 1


def scale_by_hand(harness: Harness, count: int) -> None:
    """As the autoscaler does."""
    harness.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName="default-iris",
        DesiredWeightsAndCapacities=[{"VariantName": "primary", "DesiredInstanceCount": count}],
    )
    harness.run(120)


GROWING = {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70, "disableScaleIn": True}


def test_live_counts_survive_an_update(harness: Harness) -> None:
    base = with_variant(spec(), scaling=GROWING)
    harness.apply("iris", base)
    harness.settle("iris")
    scale_by_hand(harness, 4)
    harness.apply("iris", with_variant(base, modelArtifact=f"s3://{BUCKET}/b/model.tar.gz"))
    resource = harness.settle("iris")
    assert resource.status.instances == "4/4"


def test_the_autoscalers_work_is_no_drift(harness: Harness) -> None:
    harness.apply("iris", with_variant(spec(), scaling=GROWING))
    harness.settle("iris")
    scale_by_hand(harness, 3)
    resource = harness.settle("iris")
    assert resource.status.instances == "3/3"
    drifted = harness.condition("iris", "Drifted")
    assert drifted is not None
    assert drifted.status == "False"
    assert calls(harness, "UpdateEndpointWeightsAndCapacities") == 1


def test_a_new_instance_type_takes_the_targets_off_and_puts_them_back(harness: Harness) -> None:
    ready(harness)
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
    assert failing_calls(harness) == {}


def test_a_new_model_leaves_the_targets_on(harness: Harness) -> None:
    ready(harness)
    harness.apply("iris", with_variant(spec(), modelArtifact=f"s3://{BUCKET}/b/model.tar.gz"))
    harness.settle("iris")
    assert calls(harness, "DeregisterScalableTarget") == 0


def test_scaling_bounds_change_in_place(harness: Harness) -> None:
    ready(harness)
    scaling = {"minCapacity": 2, "maxCapacity": 8, "targetInvocationsPerInstance": 90}
    harness.apply("iris", with_variant(spec(), scaling=scaling))
    harness.settle("iris")
    harness.run(300)
    target = harness.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")
    assert [(t["MinCapacity"], t["MaxCapacity"]) for t in target["ScalableTargets"]] == [(2, 8)]
    policy = harness.client("application-autoscaling").describe_scaling_policies(ServiceNamespace="sagemaker")
    assert policy["ScalingPolicies"][0]["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 90
    assert calls(harness, "UpdateEndpoint") == 0


def test_a_failed_update_is_seen_told_and_not_tried_again(harness: Harness) -> None:
    ready(harness)
    before = config_of(harness)
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("iris", with_variant(spec(), modelArtifact=f"s3://{BUCKET}/b/model.tar.gz"))
    resource = harness.settle("iris")
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert "ping health check" in stalled.message
    assert stalled.reason == "UpdateFailed"
    assert config_of(harness) == before
    assert resource.status.history[0].outcome == "Failed"
    updates = calls(harness, "UpdateEndpoint")
    harness.run(3600)
    harness.restart()
    harness.run(3600)
    assert calls(harness, "UpdateEndpoint") == updates == 1
    harness.apply("iris", with_variant(spec(), modelArtifact=f"s3://{BUCKET}/c/model.tar.gz"))
    resource = harness.settle("iris")
    assert config_of(harness) != before
    assert resource.status.failure is None


def test_going_back_after_a_failed_update_is_ready_again(harness: Harness) -> None:
    ready(harness)
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("iris", with_variant(spec(), modelArtifact=f"s3://{BUCKET}/b/model.tar.gz"))
    harness.settle("iris")
    harness.apply("iris", spec())
    harness.settle("iris")
    ready_condition = harness.condition("iris", "Ready")
    assert ready_condition is not None
    assert ready_condition.status == "True"
    assert harness.condition("iris", "Stalled") is None


def test_a_failed_creation_is_told_and_made_anew_when_the_spec_changes(harness: Harness) -> None:
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("iris", spec())
    harness.settle("iris")
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert stalled.reason == "CreateFailed"
    assert live(harness)["EndpointStatus"] == "Failed"
    harness.apply("iris", with_variant(spec(), modelArtifact=f"s3://{BUCKET}/b/model.tar.gz"))
    harness.settle("iris")
    assert live(harness)["EndpointStatus"] == "InService"
    harness.run(300)
    assert len(harness.inventory()["configs"]) == 1
    assert len(harness.inventory()["models"]) == 1


@pytest.mark.parametrize("stage", ["creation", "update"])
def test_what_failed_is_tried_again_when_the_annotation_asks_for_it(harness: Harness, stage: str) -> None:
    wanted = spec()
    if stage == "update":
        ready(harness)
        wanted = with_variant(spec(), modelArtifact=f"s3://{BUCKET}/b/model.tar.gz")
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("iris", wanted)
    resource = harness.settle("iris")
    assert resource.status.failure is not None
    assert "smendpoints.dev/retry" in (resource.status.failure.hint or "")
    harness.run(600)
    assert harness.condition("iris", "Stalled") is not None
    harness.annotate("iris", {"smendpoints.dev/retry": "1"})
    harness.run(30)
    resource = harness.settle("iris")
    assert harness.condition("iris", "Stalled") is None
    assert [each.outcome for each in resource.status.history][:2] == ["Deployed", "Failed"]


def test_an_endpoint_deleted_by_hand_comes_back(harness: Harness) -> None:
    ready(harness)
    harness.client("sagemaker").delete_endpoint(EndpointName="default-iris")
    harness.run(600)
    assert live(harness)["EndpointStatus"] == "InService"
    assert any(event.reason == "DriftFound" for event in harness.events)


def test_report_only_leaves_drift_alone(harness: Harness) -> None:
    ready(harness, driftPolicy="Report")
    harness.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName="default-iris", DesiredWeightsAndCapacities=[{"VariantName": "primary", "DesiredWeight": 7}]
    )
    harness.run(600)
    drifted = harness.condition("iris", "Drifted")
    assert drifted is not None
    assert drifted.status == "True"
    assert "weight" in drifted.message
    assert live(harness)["ProductionVariants"][0]["DesiredWeight"] == 7


def test_a_weight_changed_by_hand_is_put_back(harness: Harness) -> None:
    ready(harness)
    harness.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName="default-iris", DesiredWeightsAndCapacities=[{"VariantName": "primary", "DesiredWeight": 7}]
    )
    harness.run(600)
    assert live(harness)["ProductionVariants"][0]["DesiredWeight"] == 1
    assert any(event.reason == "DriftFound" for event in harness.events)


def test_a_hand_on_autoscaling_is_seen_within_a_minute_and_put_right(harness: Harness) -> None:
    ready(harness)
    harness.run(120)
    harness.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/default-iris/variant/primary",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MaxCapacity=50,
    )
    harness.run(70)
    targets = harness.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")
    assert [target["MaxCapacity"] for target in targets["ScalableTargets"]] == [5]
    assert any(event.reason == "DriftFound" and "autoscaling" in event.message for event in harness.events)


def test_a_tag_changed_by_hand_is_seen_within_a_minute_and_put_right(harness: Harness) -> None:
    ready(harness, tags={"team": "ml"})
    harness.run(120)
    arn = live(harness)["EndpointArn"]
    harness.client("sagemaker").add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "nobody"}])
    harness.run(70)
    tags = {t["Key"]: t["Value"] for t in harness.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]}
    assert tags["team"] == "ml"
    assert any(event.reason == "DriftFound" and "tags" in event.message for event in harness.events)


STEPS: dict[str, Any] = {
    "name": "backlog",
    "steps": [{"lowerBound": 0, "adjustment": 1}],
    "alarm": {
        "metric": {"namespace": "AWS/SageMaker", "metricName": "ConcurrentRequestsPerModel"},
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 5,
    },
}


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


def test_a_config_and_a_model_deleted_under_a_live_endpoint_come_back(harness: Harness) -> None:
    ready(harness)
    harness.run(120)
    before = harness.inventory()
    harness.client("sagemaker").delete_endpoint_config(EndpointConfigName=before["configs"][0])
    harness.client("sagemaker").delete_model(ModelName=before["models"][0])
    harness.run(70)
    assert harness.inventory() == before
    assert any(event.reason == "DriftFound" and "was deleted" in event.message for event in harness.events)


def test_an_endpoint_that_is_not_ours_is_left_alone_and_said_so(harness: Harness) -> None:
    sagemaker = harness.client("sagemaker")
    harness.apply("other", spec(endpointName="shared"))
    harness.settle("other")
    harness.apply("iris", spec(endpointName="shared"))
    harness.settle("iris")
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert stalled.reason == "NotOwned"
    assert "default/other" in stalled.message
    harness.delete("iris")
    harness.settle_gone("iris")
    assert sagemaker.describe_endpoint(EndpointName="shared")["EndpointStatus"] == "InService"
    assert len(harness.inventory()["models"]) == 1


@pytest.mark.parametrize("after", [0, 20, 400])
def test_deletion_at_any_time_leaves_nothing(harness: Harness, after: int) -> None:
    harness.apply("iris", spec())
    harness.run(after)
    harness.delete("iris")
    harness.settle_gone("iris")
    assert {key: value for key, value in harness.inventory().items() if value} == {}


def test_deletion_while_updating_waits_and_leaves_nothing(harness: Harness) -> None:
    ready(harness)
    harness.apply("iris", with_variant(spec(), modelArtifact=f"s3://{BUCKET}/b/model.tar.gz"))
    harness.run(60)
    assert live(harness)["EndpointStatus"] == "Updating"
    harness.delete("iris")
    harness.run(30)
    condition = harness.condition("iris", "Ready")
    assert condition is not None
    assert "AWS deletes no endpoint that is Updating" in condition.message
    harness.settle_gone("iris")
    assert {key: value for key, value in harness.inventory().items() if value} == {}


def test_retain_leaves_the_endpoint_serving_and_lets_go_of_it(harness: Harness) -> None:
    ready(harness, deletionPolicy="Retain")
    harness.delete("iris")
    harness.settle_gone("iris")
    assert live(harness)["EndpointStatus"] == "InService"
    tags = harness.client("sagemaker").list_tags(ResourceArn=live(harness)["EndpointArn"])["Tags"]
    assert not any(tag["Key"].startswith("smendpoints.dev/") for tag in tags)


def test_a_stopped_endpoint_costs_nothing_and_comes_back(harness: Harness) -> None:
    ready(harness)
    config = config_of(harness)
    harness.apply("iris", spec(desiredState="Stopped"))
    resource = harness.settle("iris")
    assert harness.inventory()["endpoints"] == []
    assert resource.status.endpoint is not None
    assert resource.status.endpoint.status == "Stopped"
    harness.apply("iris", spec())
    harness.settle("iris")
    assert config_of(harness) == config
    assert harness.inventory()["targets"] == ["endpoint/default-iris/variant/primary"]


def test_office_hours_stop_and_start_the_endpoint(harness: Harness) -> None:
    # The clock starts on a Tuesday at 22:13 UTC.
    hours = {"timeZone": "Europe/Berlin", "start": "0 8 * * 1-5", "stop": "0 18 * * 1-5"}
    harness.apply("iris", spec(officeHours=hours))
    resource = harness.settle("iris")
    assert harness.inventory()["endpoints"] == []
    assert "2023-11-15T08:00:00+01:00" in resource.status.conditions[-1].message
    harness.run(10 * 3600, 300)
    assert live(harness)["EndpointStatus"] == "InService"
    harness.run(10 * 3600, 300)
    assert harness.inventory()["endpoints"] == []


def test_a_schedule_that_cannot_be_read_is_said(harness: Harness) -> None:
    hours = {"timeZone": "Europe/Atlantis", "start": "0 8 * * 1-5", "stop": "0 18 * * 1-5"}
    harness.apply("iris", spec(officeHours=hours))
    harness.settle("iris")
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert "'Europe/Atlantis' is no time zone" in stalled.message


def test_a_suspended_object_is_only_watched(harness: Harness) -> None:
    ready(harness)
    harness.apply("iris", {**with_variant(spec(), modelArtifact=f"s3://{BUCKET}/b/model.tar.gz"), "suspend": True})
    harness.world.calls.reset()
    harness.run(600)
    changing = {
        operation
        for service in harness.world.calls.counts().values()
        for operation in service
        if not operation.startswith(("List", "Describe", "Get"))
    }
    assert changing == set()


def test_old_revisions_beyond_the_limit_are_collected(harness: Harness) -> None:
    ready(harness, revisionHistoryLimit=1)
    for letter in "bca":
        base = spec(revisionHistoryLimit=1)
        changed = with_variant(base, modelArtifact=f"s3://{BUCKET}/{letter}/model.tar.gz", environment={"X": letter})
        harness.apply("iris", changed)
        harness.settle("iris")
    harness.run(300)
    assert len(harness.inventory()["configs"]) == 2
    assert len(harness.inventory()["models"]) == 2


def test_an_edit_while_updating_follows_when_the_update_is_over(harness: Harness) -> None:
    ready(harness)
    harness.apply("iris", with_variant(spec(), modelArtifact=f"s3://{BUCKET}/b/model.tar.gz"))
    harness.run(60)
    harness.apply("iris", with_variant(spec(), modelArtifact=f"s3://{BUCKET}/c/model.tar.gz"))
    harness.settle("iris")
    config = harness.client("sagemaker").describe_endpoint_config(EndpointConfigName=config_of(harness))
    model = harness.client("sagemaker").describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    assert "/c/" in model["PrimaryContainer"]["ModelDataUrl"]
    harness.run(300)
    assert harness.condition("iris", "Stalled") is None


def test_tags_change_in_place_and_others_tags_stay(harness: Harness) -> None:
    ready(harness, tags={"team": "ml", "stage": "dev"})
    arn = live(harness)["EndpointArn"]
    harness.client("sagemaker").add_tags(ResourceArn=arn, Tags=[{"Key": "cost", "Value": "42"}])
    harness.apply("iris", spec(tags={"team": "platform"}))
    harness.settle("iris")
    harness.run(60)
    tags = {t["Key"]: t["Value"] for t in harness.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]}
    assert {key: value for key, value in tags.items() if "/" not in key} == {"team": "platform", "cost": "42"}


def by_hand(harness: Harness, artifact: str = "a") -> None:
    """An endpoint made with a script, just as the spec would have it."""
    sagemaker = harness.client("sagemaker")
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/{artifact}/model.tar.gz"}
    sagemaker.create_model(ModelName="old-model", PrimaryContainer=container, ExecutionRoleArn=ROLE)
    variant = {
        "VariantName": "primary",
        "ModelName": "old-model",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 2,
    }
    sagemaker.create_endpoint_config(EndpointConfigName="old-config", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="legacy", EndpointConfigName="old-config")
    harness.world.advance(600)


def test_an_endpoint_made_by_hand_is_never_touched_without_adoption(harness: Harness) -> None:
    by_hand(harness)
    harness.apply("iris", spec(endpointName="legacy"))
    harness.settle("iris")
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert "set spec.adoptExisting" in stalled.message
    assert harness.client("sagemaker").list_tags(ResourceArn=live(harness, "legacy")["EndpointArn"])["Tags"] == []


def test_an_adopted_endpoint_that_is_already_right_gets_no_new_fleet(harness: Harness) -> None:
    by_hand(harness)
    harness.apply("iris", spec(endpointName="legacy", adoptExisting=True))
    resource = harness.settle("iris")
    assert config_of(harness, "legacy") == "old-config"
    assert calls(harness, "UpdateEndpoint") == 0
    assert harness.inventory()["targets"] == ["endpoint/legacy/variant/primary"]
    assert resource.status.history[0].config_name == "old-config"
    harness.run(300)
    harness.restart()
    harness.run(300)
    assert calls(harness, "UpdateEndpoint") == 0
    artifact = f"s3://{BUCKET}/b/model.tar.gz"
    harness.apply("iris", with_variant(spec(endpointName="legacy", adoptExisting=True), modelArtifact=artifact))
    harness.settle("iris")
    assert config_of(harness, "legacy") != "old-config"
    assert "old-config" in harness.inventory()["configs"]


def test_a_dry_run_of_an_adoption_says_what_would_change(harness: Harness) -> None:
    by_hand(harness, "b")
    harness.apply("iris", spec(endpointName="legacy", adoptExisting=True, suspend=True))
    harness.run(60)
    condition = harness.condition("iris", "Ready")
    assert condition is not None
    assert condition.reason == "Suspended"
    assert "would take over legacy, then primary: model old-model -> legacy-primary-" in condition.message
    assert calls(harness, "AddTags") == 0
    assert calls(harness, "UpdateEndpoint") == 0


def test_a_rollout_that_aws_refuses_is_told_and_tried_again_when_its_way_changes(harness: Harness) -> None:
    ready(harness)
    changed = {"modelArtifact": f"s3://{BUCKET}/b/model.tar.gz"}
    too_big = {"strategy": "Canary", "stepInstances": 1, "stepWaitSeconds": 60}
    harness.apply("iris", with_variant(spec(rollout=too_big), **changed))
    resource = harness.settle("iris")
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert "CanarySize" in stalled.message
    assert resource.status.history[0].outcome == "Failed"
    harness.apply("iris", with_variant(spec(), **changed))
    resource = harness.settle("iris")
    assert harness.condition("iris", "Stalled") is None
    assert config_of(harness) == resource.status.history[0].config_name
    assert resource.status.history[0].outcome == "Deployed"


def test_the_cost_follows_the_instances(harness: Harness) -> None:
    fixed = with_variant(spec(), scaling=None, instance={"type": "ml.m5.xlarge", "count": 3})
    harness.apply("iris", fixed)
    resource = harness.settle("iris")
    assert resource.status.cost is not None
    assert resource.status.cost.hourly_usd == "0.69"
