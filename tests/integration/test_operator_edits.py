"""Every edit reaches AWS in the right way; what goes wrong is told in the object."""

from typing import Any

import pytest

from smsandbox.testing.stage import ARTIFACTS, CRASH_IMAGE, ECHO_IMAGE, Stage, condition, has, spec, with_variant

FIXED = with_variant(spec(), scaling=None)


def changing(stage: Stage, since: float) -> list[str]:
    """The operations that changed something in AWS for this namespace, in order."""
    calls = stage.cloud.simulator.calls(stage.namespace)
    return [call.operation for call in calls if call.changes and call.when >= since and call.code == "OK"]


def live(stage: Stage, name: str = "iris") -> dict[str, Any]:
    found = stage.live(name)
    assert found is not None
    return found


def config_of(stage: Stage) -> str:
    return str(live(stage)["EndpointConfigName"])


def weights(stage: Stage) -> dict[str, float]:
    return {each["VariantName"]: each["DesiredWeight"] for each in live(stage)["ProductionVariants"]}


def message(found: dict[str, Any], kind: str) -> str:
    told = condition(found, kind)
    assert told is not None, found.get("status")
    return str(told["message"])


def two_variants(first: float, second: float) -> dict[str, Any]:
    one = spec()["variants"][0]
    other = {**one, "name": "challenger", "modelArtifact": ARTIFACTS[1], "weight": second}
    return spec(variants=[{**one, "weight": first}, other])


def started(stage: Stage, wanted: dict[str, Any]) -> float:
    """Bring an object into service; the time since which calls count."""
    stage.apply("iris", wanted)
    stage.ready("iris")
    return max(call.when for call in stage.cloud.simulator.calls()) + 1e-6


def test_a_new_artifact_reaches_the_endpoint_with_a_new_model_and_config(stage: Stage) -> None:
    since = started(stage, spec())
    before = config_of(stage)
    stage.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    found = stage.ready("iris")
    assert config_of(stage) != before
    assert changing(stage, since) == ["CreateModel", "CreateEndpointConfig", "UpdateEndpoint"]
    history = found["status"]["history"]
    assert [(each["revision"], each["outcome"]) for each in history] == [(2, "Deployed"), (1, "Deployed")]
    assert "model" in history[0]["changes"]
    assert stage.inventory()["targets"] == [f"endpoint/{stage.endpoint_name('iris')}/variant/primary"]


def test_a_new_instance_type_takes_the_targets_off_and_puts_them_back(stage: Stage) -> None:
    since = started(stage, spec())
    stage.apply("iris", with_variant(spec(), instance={"type": "ml.c5.large", "count": 1}))
    stage.ready("iris")
    assert changing(stage, since) == [
        "CreateEndpointConfig",
        "DeregisterScalableTarget",
        "UpdateEndpoint",
        "RegisterScalableTarget",
        "PutScalingPolicy",
    ]


def test_weights_change_in_place_while_counts_are_autoscaled(stage: Stage) -> None:
    since = started(stage, two_variants(9, 1))
    stage.apply("iris", two_variants(5, 5))
    found = stage.ready("iris")
    assert changing(stage, since) == ["UpdateEndpointWeightsAndCapacities"]
    assert found["status"]["traffic"] in {"challenger=50,primary=50", "primary=50,challenger=50"}


def test_a_count_changes_in_place(stage: Stage) -> None:
    since = started(stage, FIXED)
    stage.apply("iris", with_variant(FIXED, instance={"type": "ml.m5.large", "count": 3}))
    found = stage.ready("iris")
    assert changing(stage, since) == ["UpdateEndpointWeightsAndCapacities"]
    assert found["status"]["instances"] == "3/3"


def test_scaling_changes_in_place(stage: Stage) -> None:
    since = started(stage, spec())
    schedule = {"name": "night", "schedule": "cron(0 22 * * ? *)", "timeZone": "Europe/Berlin", "maxCapacity": 2}
    scaling = {"minCapacity": 2, "maxCapacity": 8, "targetInvocationsPerInstance": 90, "schedules": [schedule]}
    stage.apply("iris", with_variant(spec(), scaling=scaling))
    stage.ready("iris")
    assert set(changing(stage, since)) == {"RegisterScalableTarget", "PutScalingPolicy", "PutScheduledAction"}
    policies = stage.cloud.aws("application-autoscaling").describe_scaling_policies(
        ServiceNamespace="sagemaker", ResourceId=f"endpoint/{stage.endpoint_name('iris')}/variant/primary"
    )["ScalingPolicies"]
    assert [each["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] for each in policies] == [90]
    stage.apply("iris", FIXED)
    stage.ready("iris")
    assert {kind: stage.inventory()[kind] for kind in ("targets", "policies", "schedules", "alarms")} == {
        "targets": [],
        "policies": [],
        "schedules": [],
        "alarms": [],
    }


def test_tags_change_in_place_and_tags_of_others_stay(stage: Stage) -> None:
    since = started(stage, spec(tags={"team": "a", "stage": "test"}))
    arn = live(stage)["EndpointArn"]
    sagemaker = stage.cloud.aws("sagemaker")
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "theirs", "Value": "1"}])
    stage.apply("iris", spec(tags={"team": "b"}))
    stage.ready("iris")

    def own() -> dict[str, str]:
        tags = sagemaker.list_tags(ResourceArn=arn)["Tags"]
        return {tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith("smendpoints.dev/")}

    assert own() == {"team": "b", "theirs": "1"}
    assert "UpdateEndpoint" not in changing(stage, since)


def test_live_counts_survive_an_update(stage: Stage) -> None:
    growing = {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70, "disableScaleIn": True}
    base = with_variant(spec(), scaling=growing)
    started(stage, base)
    stage.cloud.aws("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=stage.endpoint_name("iris"),
        DesiredWeightsAndCapacities=[{"VariantName": "primary", "DesiredInstanceCount": 4}],
    )
    stage.until("iris", lambda found: found["status"]["instances"] == "4/4", "four instances")
    stage.apply("iris", with_variant(base, modelArtifact=ARTIFACTS[1]))
    assert stage.ready("iris")["status"]["instances"] == "4/4"


def test_the_old_spec_put_back_makes_nothing_new(stage: Stage) -> None:
    started(stage, spec())
    first = config_of(stage)
    stage.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    stage.ready("iris")
    since = max(call.when for call in stage.cloud.simulator.calls()) + 1e-6
    stage.apply("iris", spec())
    stage.ready("iris")
    assert config_of(stage) == first
    assert changing(stage, since) == ["UpdateEndpoint"]


def test_an_endpoint_deleted_by_hand_comes_back(stage: Stage) -> None:
    started(stage, spec())
    created = live(stage)["CreationTime"]
    stage.cloud.aws("sagemaker").delete_endpoint(EndpointName=stage.endpoint_name("iris"))

    def is_new() -> bool:
        found = stage.live("iris")
        return found is not None and found["EndpointStatus"] == "InService" and found["CreationTime"] > created

    stage.see(is_new, "a new endpoint")
    stage.ready("iris")
    assert stage.inventory()["policies"] == ["invocations-per-instance"]
    assert any(reason == "DriftFound" for _, reason, _ in stage.events("iris"))


def test_a_weight_changed_by_hand_is_put_back_and_said(stage: Stage) -> None:
    started(stage, two_variants(9, 1))
    stage.cloud.aws("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=stage.endpoint_name("iris"),
        DesiredWeightsAndCapacities=[{"VariantName": "primary", "DesiredWeight": 1}],
    )
    stage.see(lambda: any(reason == "DriftFound" for _, reason, _ in stage.events("iris")), "an Event of drift")
    stage.see(lambda: weights(stage) == {"primary": 9, "challenger": 1}, "the spec's weights")


def test_a_failed_update_is_told_with_the_containers_log_and_the_old_model_goes_on_serving(stage: Stage) -> None:
    stage.cloud.simulator.change(containers=True, runtime={"startup_floor_seconds": 3.0})
    started(stage, spec())
    before = config_of(stage)
    stage.apply("iris", with_variant(spec(), image=CRASH_IMAGE))
    found = stage.stalled("iris", "UpdateFailed")
    assert config_of(stage) == before
    assert not has(found, "Ready")
    failure = found["status"]["failure"]
    assert "ping health check" in failure["reason"]
    assert failure["logTail"] != []
    assert [each["outcome"] for each in found["status"]["history"]] == ["Failed", "Deployed"]
    stage.see(
        lambda: any(
            kind == "Warning" and reason == "UpdateFailed" and failure["logTail"][-1] in text
            for kind, reason, text in stage.events("iris")
        ),
        "a Warning with the log's tail",
    )
    answer = stage.cloud.aws("sagemaker-runtime").invoke_endpoint(
        EndpointName=stage.endpoint_name("iris"), ContentType="application/json", Body=b"{}"
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    stage.apply("iris", spec())
    assert condition(stage.ready("iris"), "Stalled") is None


def test_a_failed_creation_is_told_and_made_anew_when_the_spec_changes(stage: Stage) -> None:
    stage.cloud.simulator.change(containers=True, runtime={"startup_floor_seconds": 3.0})
    stage.apply("iris", with_variant(spec(), image=CRASH_IMAGE))
    found = stage.stalled("iris", "CreateFailed")
    assert found["status"]["failure"]["logTail"] != []
    assert found["status"]["endpoint"]["status"] == "Failed"
    stage.apply("iris", with_variant(spec(), image=ECHO_IMAGE))
    stage.ready("iris")
    stage.see(lambda: len(stage.inventory()["models"]) == 1, "no leftover of the failed one")


def test_an_endpoint_that_is_not_ours_is_left_alone_and_said_so(stage: Stage) -> None:
    sagemaker, name = stage.cloud.aws("sagemaker"), f"{stage.namespace}-theirs"
    model = f"{name}-model"
    sagemaker.create_model(
        ModelName=model, ExecutionRoleArn=spec()["executionRoleARN"], PrimaryContainer={"Image": ECHO_IMAGE}
    )
    variant = {"VariantName": "a", "ModelName": model, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=f"{name}-config", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=f"{name}-config")
    try:
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})
        stage.apply("iris", spec(endpointName=name))
        found = stage.stalled("iris", "NotOwned")
        assert "left alone" in message(found, "Stalled")
        stage.delete("iris")
        stage.gone("iris")
        assert sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService"
        assert stage.inventory()["models"] == [model]
    finally:
        sagemaker.delete_endpoint(EndpointName=name)
        sagemaker.delete_endpoint_config(EndpointConfigName=f"{name}-config")
        sagemaker.delete_model(ModelName=model)
        sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig={"Delay": 1})


def test_a_role_that_sagemaker_cannot_assume_is_said_in_awss_words(stage: Stage) -> None:
    role = "arn:aws:iam::123456789012:role/nobody"
    stage.apply("iris", spec(executionRoleARN=role))
    found = stage.until("iris", lambda found: role in str(condition(found, "Ready")), "a word of the role")
    assert not has(found, "Ready")
    assert "exists and that its trust relationship policy allows" in message(found, "Ready")
    stage.apply("iris", spec())
    stage.ready("iris")


@pytest.mark.parametrize("status", ["Creating", "Updating"])
def test_deletion_in_between_waits_for_aws_says_so_and_leaves_nothing(stage: Stage, status: str) -> None:
    stage.cloud.simulator.change(durations={"create": 2.0, "update": 2.0})
    stage.apply("iris", spec())
    if status == "Updating":
        stage.ready("iris")
        stage.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    stage.see(lambda: (stage.live("iris") or {}).get("EndpointStatus") == status, status)
    stage.delete("iris")
    stage.until("iris", lambda found: f"deletes no endpoint that is {status}" in str(condition(found, "Ready")), "why")
    stage.gone("iris")
    assert stage.left() == {}


def test_a_failed_endpoint_can_be_deleted(stage: Stage) -> None:
    stage.cloud.simulator.fault("never_healthy", times=1)
    stage.apply("iris", spec())
    stage.stalled("iris", "CreateFailed")
    stage.delete("iris")
    stage.gone("iris")
    assert stage.left() == {}


def test_an_object_deleted_while_the_operator_was_down_is_finished_later(stage: Stage) -> None:
    started(stage, spec())
    stage.kill_operator()
    stage.delete("iris")
    assert stage.get("iris")["metadata"]["deletionTimestamp"]
    stage.start_operator()
    stage.gone("iris")
    assert stage.left() == {}


def test_an_edit_made_while_the_operator_was_down_is_rolled_out_later(stage: Stage) -> None:
    started(stage, spec())
    before = config_of(stage)
    stage.kill_operator()
    stage.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    stage.start_operator()
    found = stage.ready("iris")
    assert config_of(stage) != before
    assert [each["outcome"] for each in found["status"]["history"]] == ["Deployed", "Deployed"]
