"""Pre-flight on the real parts: what cannot work is said at once, by condition and Event, and costs nothing."""

from smsandbox.assets import ROLE_ARN
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.testing.stage import Stage, message

FOUR = with_variant(spec(), scaling=None, instance={"type": "ml.m5.large", "count": 4})
NOTE = "PreflightIncomplete"


def bucket(stage: Stage) -> str:
    """A bucket of the test's own: what the operator learns of it counts for no other test."""
    name = f"{stage.namespace}-models"
    stage.cloud.aws("s3").create_bucket(Bucket=name)
    return name


def test_a_missing_artifact_is_said_before_anything_is_made_and_the_upload_is_all_it_takes(stage: Stage) -> None:
    name = bucket(stage)
    stage.apply("iris", with_variant(spec(), modelArtifact=f"s3://{name}/model.tar.gz"))
    found = stage.stalled("iris", "ArtifactNotFound")
    assert f"s3://{name}/model.tar.gz: there is no such object" in message(found)
    stage.see(
        lambda: [each for each in stage.events("iris") if each[:2] == ("Warning", "ArtifactNotFound")], "an Event"
    )
    assert stage.left() == {}
    stage.cloud.aws("s3").put_object(Bucket=name, Key="model.tar.gz", Body=b"model")
    stage.ready("iris")


def test_a_role_that_does_not_exist_is_said_in_awss_words_and_iams(stage: Stage) -> None:
    stage.apply("iris", spec(executionRoleARN=f"{ROLE_ARN}-nobody"))
    found = stage.told("iris", "IAM has no role named")
    assert "Could not access model data at" in message(found)


def test_both_fleets_of_an_update_are_held_against_the_quota(stage: Stage) -> None:
    stage.apply("iris", FOUR)
    stage.ready("iris")
    stage.cloud.simulator.change(quotas={"ml.m5.large": 7})
    stage.kill_operator()  # the next one has not listed the quotas yet
    stage.start_operator()
    stage.apply("iris", with_variant(FOUR, modelArtifact=ARTIFACTS[1]))
    found = stage.stalled("iris", "QuotaExceeded")
    assert "4 in service and 4 new beside them" in message(found)
    assert "UpdateEndpoint" not in stage.operations("iris")
    rolling = {"strategy": "Rolling", "stepInstances": 1}
    stage.apply("iris", {**with_variant(FOUR, modelArtifact=ARTIFACTS[1]), "rollout": rolling})
    stage.ready("iris")


def test_a_check_that_the_operator_may_not_make_is_told_once_and_blocks_nothing(stage: Stage) -> None:
    name = bucket(stage)
    stage.cloud.aws("s3").put_object(Bucket=name, Key="model.tar.gz", Body=b"model")
    stage.cloud.simulator.fault("access_denied", operation="ListObjectsV2")
    mine = with_variant(spec(), modelArtifact=f"s3://{name}/model.tar.gz")
    stage.apply("iris", mine)
    stage.ready("iris")
    stage.apply("iris", with_variant(mine, environment={"AGAIN": "1"}))
    stage.ready("iris")

    def notes() -> list[tuple[str, str, str]]:
        return [each for each in stage.events("iris") if each[1] == NOTE]

    (note,) = stage.see(notes, f"an Event {NOTE}")
    assert note[0] == "Normal"
    assert f"lacks the permission s3:ListBucket on arn:aws:s3:::{name}" in note[2]
    stage.rests("iris")
    assert notes() == [note]
