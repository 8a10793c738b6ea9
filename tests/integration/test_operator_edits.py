"""Every edit reaches AWS in the right way, whenever it is made."""

from pathlib import Path
from typing import Any

from smsandbox.testing.specs import ARTIFACTS, CRASH_IMAGE, ECHO_IMAGE, spec, with_variant
from smsandbox.testing.stage import Stage


def started(stage: Stage, wanted: dict[str, Any]) -> int:
    """Bring an object into service; how many operations that took."""
    stage.apply("iris", wanted)
    stage.ready("iris")
    return len(stage.operations("iris"))


def test_scaling_changes_in_place(stage: Stage) -> None:
    began = started(stage, spec())
    schedule = {"name": "night", "schedule": "cron(0 22 * * ? *)", "timeZone": "Europe/Berlin", "maxCapacity": 2}
    scaling = {"minCapacity": 2, "maxCapacity": 8, "targetInvocationsPerInstance": 90, "schedules": [schedule]}
    stage.apply("iris", with_variant(spec(), scaling=scaling))
    stage.ready("iris")
    assert set(stage.operations("iris")[began:]) == {"RegisterScalableTarget", "PutScalingPolicy", "PutScheduledAction"}
    policies = stage.cloud.aws("application-autoscaling").describe_scaling_policies(
        ServiceNamespace="sagemaker", ResourceId=f"endpoint/{stage.endpoint_name('iris')}/variant/primary"
    )["ScalingPolicies"]
    assert [each["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] for each in policies] == [90]
    stage.apply("iris", with_variant(spec(), scaling=None))
    stage.ready("iris")
    assert set(stage.left("iris")) == {"endpoints", "configs", "models"}


def test_tags_change_in_place_and_tags_of_others_stay(stage: Stage) -> None:
    began = started(stage, spec(tags={"team": "a", "stage": "test"}))
    arn = stage.in_service("iris")["EndpointArn"]
    sagemaker = stage.cloud.aws("sagemaker")
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "theirs", "Value": "1"}])
    stage.apply("iris", spec(tags={"team": "b"}))
    stage.ready("iris")

    def own() -> dict[str, str]:
        tags = sagemaker.list_tags(ResourceArn=arn)["Tags"]
        return {tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith("smendpoints.dev/")}

    assert own() == {"team": "b", "theirs": "1"}
    assert "UpdateEndpoint" not in stage.operations("iris")[began:]


def test_of_two_edits_in_one_second_the_last_one_wins(stage: Stage) -> None:
    stage.apply("iris", spec())
    stage.ready("iris")
    for artifact in ARTIFACTS[1:3]:
        stage.apply("iris", with_variant(spec(), modelArtifact=artifact))
    found = stage.ready("iris")
    assert found["metadata"]["generation"] == 3
    assert stage.served("iris").artifact == ARTIFACTS[2]


def test_an_edit_during_an_update_follows_it(stage: Stage, tmp_path: Path) -> None:
    go_on = tmp_path / "go on"
    stage.cloud.simulator.change(containers=True, runtime={"startup_floor_seconds": 600.0})
    stage.apply("iris", spec())
    stage.ready("iris")
    stage.apply("iris", with_variant(spec(), environment={"ECHO_HEALTHY_ONCE": str(go_on)}))
    stage.see(lambda: (stage.live("iris") or {}).get("EndpointStatus") == "Updating", "the update")
    stage.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[2]))
    stage.told("iris", "follows")
    go_on.touch()
    found = stage.ready("iris")
    assert stage.served("iris").artifact == ARTIFACTS[2]
    assert [each["outcome"] for each in found["status"]["history"]] == ["Deployed", "Deployed", "Deployed"]
    assert stage.operations("iris").count("UpdateEndpoint") == 2


def test_an_edit_back_and_forth_during_an_update_ends_as_the_spec_says(stage: Stage, tmp_path: Path) -> None:
    go_on = tmp_path / "go on"
    stage.cloud.simulator.change(containers=True, runtime={"startup_floor_seconds": 600.0})
    stage.apply("iris", spec())
    stage.ready("iris")
    held = with_variant(spec(), modelArtifact=ARTIFACTS[1], environment={"ECHO_HEALTHY_ONCE": str(go_on)})
    stage.apply("iris", held)
    stage.see(lambda: (stage.live("iris") or {}).get("EndpointStatus") == "Updating", "the update")
    stage.apply("iris", spec())
    go_on.touch()
    stage.ready("iris")
    assert stage.served("iris").artifact == ARTIFACTS[0]


def test_a_suspended_object_is_watched_and_nothing_is_touched(stage: Stage) -> None:
    began = started(stage, spec())
    stage.apply("iris", with_variant(spec(suspend=True), modelArtifact=ARTIFACTS[1]))
    stage.told("iris", "suspended")
    stage.listings(3)
    assert stage.operations("iris")[began:] == []
    stage.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    stage.ready("iris")
    assert stage.operations("iris")[began:] == ["CreateModel", "CreateEndpointConfig", "UpdateEndpoint"]


def test_a_failed_creation_is_told_and_made_anew_when_the_spec_changes(stage: Stage) -> None:
    stage.cloud.simulator.change(containers=True)
    stage.apply("iris", with_variant(spec(), image=CRASH_IMAGE))
    found = stage.stalled("iris", "CreateFailed")
    assert found["status"]["failure"]["logTail"] != []
    assert found["status"]["endpoint"]["status"] == "Failed"
    stage.apply("iris", with_variant(spec(), image=ECHO_IMAGE))
    stage.ready("iris")
    stage.see(lambda: len(stage.inventory()["models"]) == 1, "no leftover of the failed one")


def test_a_failed_creation_repeats_no_log_of_an_endpoint_that_had_the_name_before(stage: Stage) -> None:
    stage.cloud.simulator.change(containers=True)
    stage.apply("iris", with_variant(spec(), image=CRASH_IMAGE))
    assert stage.stalled("iris", "CreateFailed")["status"]["failure"]["logTail"] != []
    stage.delete("iris")
    stage.gone("iris")
    stage.cloud.simulator.change(containers=False)
    stage.cloud.simulator.fault("never_healthy", times=1)
    stage.apply("iris", spec())
    assert stage.stalled("iris", "CreateFailed")["status"]["failure"].get("logTail", []) == []
