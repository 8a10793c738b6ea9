"""A new fleet under the same spec, by an annotation as `kubectl rollout restart` sets one; in virtual time."""

import pytest

from smendpoints.api.resource import REDEPLOYED_AT
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
