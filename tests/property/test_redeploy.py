"""A new fleet under the same spec, by an annotation as `kubectl rollout restart` sets one; in virtual time."""

import pytest

from smendpoints.api.group import REDEPLOYED_AT
from smsandbox.assets import BUCKET
from smsandbox.aws.moto.images import push
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, ECHO_IMAGE, spec, with_variant

POLL, HOUR = 5.0, 3600.0


def configs(harness: Harness) -> list[str]:
    """The configs of the history, oldest first."""
    return [each.config_name for each in reversed(harness.resource("iris").status.history)]


def redeploy(harness: Harness, value: str) -> None:
    """Set the annotation, and wait until the rollout is over."""
    harness.annotate("iris", {REDEPLOYED_AT: value})
    harness.run(POLL)
    harness.settle("iris")


def test_each_new_value_rolls_out_once_with_models_of_its_own(harness: Harness) -> None:
    harness.ready()
    harness.run(60)
    for value in ("2026-11-26T10:00:00Z", "2026-11-26T11:00:00Z"):
        redeploy(harness, value)
        harness.run(900)
    assert harness.calls("UpdateEndpoint") == 2
    assert len(set(configs(harness))) == 3
    resource = harness.resource("iris")
    assert [each.outcome for each in resource.status.history] == ["Deployed"] * 3
    assert harness.live()["EndpointConfigName"] == configs(harness)[-1]
    assert len(harness.inventory()["models"]) == 3
    assert resource.status.redeployed_at == "2026-11-26T11:00:00Z"


@pytest.mark.parametrize("at_rest", [True, False], ids=["at rest", "after a restart"])
def test_the_annotation_gone_or_kept_takes_no_other_rollout(harness: Harness, at_rest: bool) -> None:
    harness.ready()
    redeploy(harness, "once")
    serving = harness.live()["EndpointConfigName"]
    harness.annotate("iris", {})
    if not at_rest:
        harness.restart()
    harness.run(900)
    assert harness.live()["EndpointConfigName"] == serving
    assert harness.calls("UpdateEndpoint") == 1
    edited = with_variant(spec(), modelArtifact=ARTIFACTS[1])
    harness.apply("iris", edited)
    harness.settle("iris")
    harness.annotate("iris", {REDEPLOYED_AT: "once"})
    harness.run(900)
    assert harness.calls("UpdateEndpoint") == 2


@pytest.mark.parametrize("after", range(4))
def test_an_operator_killed_between_its_steps_makes_the_same_rollout(harness: Harness, after: int) -> None:
    harness.ready()
    harness.kill_after = after
    redeploy(harness, "once")
    harness.run(600)
    assert harness.calls("UpdateEndpoint") == 1
    assert len(set(configs(harness))) == 2
    assert harness.violations == []


@pytest.mark.parametrize("before", range(3))
def test_an_operator_killed_before_it_writes_makes_the_same_rollout(harness: Harness, before: int) -> None:
    harness.ready()
    harness.kill_before_write = before
    redeploy(harness, "once")
    harness.run(600)
    assert harness.calls("UpdateEndpoint") == 1
    assert harness.resource("iris").status.redeployed_at == "once"


def test_what_was_pushed_again_under_the_same_tag_serves_afterwards(harness: Harness) -> None:
    harness.ready()
    (image,) = harness.live()["ProductionVariants"][0]["DeployedImages"]
    push(harness.client("ecr"), ECHO_IMAGE, "another")
    harness.run(900)
    redeploy(harness, "once")
    (now,) = harness.live()["ProductionVariants"][0]["DeployedImages"]
    assert image["SpecifiedImage"] == now["SpecifiedImage"] == ECHO_IMAGE
    assert image["ResolvedImage"] != now["ResolvedImage"]


def test_a_suspended_object_is_left_as_it_is(harness: Harness) -> None:
    harness.ready()
    harness.apply("iris", spec(suspend=True))
    harness.run(60)
    harness.annotate("iris", {REDEPLOYED_AT: "once"})
    harness.run(600)
    assert harness.calls("UpdateEndpoint") == 0


def test_an_image_pushed_again_is_told_while_the_old_one_serves_until_it_is_redeployed(harness: Harness) -> None:
    harness.ready()
    harness.run(2 * HOUR)
    assert harness.condition("iris", "SourceChanged") is None
    push(harness.client("ecr"), ECHO_IMAGE, "another")
    harness.run(2 * HOUR)
    told = harness.condition("iris", "SourceChanged")
    assert told is not None
    assert (told.status, told.reason) == ("True", "SourceOverwritten")
    assert f"the image {ECHO_IMAGE} is sha256:" in told.message
    assert REDEPLOYED_AT in told.message
    assert [each.warning for each in harness.events if each.reason == "SourceOverwritten"] == [True]
    assert harness.condition("iris", "Ready").status == "True"  # type: ignore[union-attr]
    redeploy(harness, "once")
    harness.run(2 * HOUR)
    assert harness.condition("iris", "SourceChanged") is None


def overwrite(harness: Harness, body: bytes) -> None:
    """Another model under the same key."""
    harness.client("s3").put_object(Bucket=BUCKET, Key="a/model.tar.gz", Body=body)


def told(harness: Harness) -> str | None:
    """What `SourceChanged` says; None where it is not there."""
    condition = harness.condition("iris", "SourceChanged")
    return condition.message if condition is not None else None


def test_an_artifact_overwritten_under_its_key_is_told_while_the_old_one_serves_until_it_is_redeployed(
    harness: Harness,
) -> None:
    harness.ready()
    harness.run(2 * HOUR, 60)
    assert told(harness) is None
    overwrite(harness, b"another")
    harness.run(2 * HOUR, 60)
    found = told(harness)
    assert found is not None
    assert f"the artifact {ARTIFACTS[0]} was overwritten at 20" in found
    assert REDEPLOYED_AT in found
    assert [each.warning for each in harness.events if each.reason == "SourceOverwritten"] == [True]
    harness.restart()
    harness.run(2 * HOUR, 60)
    assert told(harness) == found
    overwrite(harness, b"a/model.tar.gz")  # what serves is behind the key again
    harness.run(2 * HOUR, 60)
    assert told(harness) is None
    overwrite(harness, b"another")
    harness.run(2 * HOUR, 60)
    assert told(harness) is not None
    redeploy(harness, "once")
    assert told(harness) is None
    harness.run(2 * HOUR, 60)
    assert told(harness) is None


def test_what_was_written_again_with_the_same_bytes_or_right_before_the_launch_is_no_other(harness: Harness) -> None:
    harness.apply("other", spec())  # it has looked at the artifact just before
    harness.settle("other")
    harness.run(60)
    overwrite(harness, b"another")
    harness.ready()
    harness.run(2 * HOUR, 60)
    assert told(harness) is None
    overwrite(harness, b"another")
    harness.run(2 * HOUR, 60)
    assert told(harness) is None
    condition = harness.condition("other", "SourceChanged")
    assert condition is not None


def test_of_a_failed_update_the_config_in_service_keeps_what_it_was_launched_from(harness: Harness) -> None:
    harness.ready()
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    harness.run(1800, 15)
    assert harness.resource("iris").status.rollout.phase == "Failed"  # type: ignore[union-attr]
    harness.apply("iris", spec())
    harness.settle("iris")
    overwrite(harness, b"another")
    harness.run(2 * HOUR, 60)
    assert told(harness) is not None


@pytest.mark.parametrize("before", [True, False], ids=["overwritten before the upgrade", "overwritten after it"])
def test_of_an_object_of_before_it_is_told_by_when_the_artifact_was_written(harness: Harness, before: bool) -> None:
    harness.ready()
    harness.run(60)
    if before:
        overwrite(harness, b"another")
    del harness.objects["iris"].body["status"]["launchedFrom"]
    harness.restart()
    harness.run(2 * HOUR, 60)
    assert (told(harness) is not None) is before
    overwrite(harness, b"a third one")
    harness.run(2 * HOUR, 60)
    assert told(harness) is not None


def test_an_endpoint_that_was_stopped_starts_from_what_is_there(harness: Harness) -> None:
    harness.ready()
    harness.apply("iris", spec(desiredState="Stopped"))
    harness.run(900)
    overwrite(harness, b"another")
    harness.apply("iris", spec())
    harness.settle("iris")
    harness.run(2 * HOUR, 60)
    assert told(harness) is None
