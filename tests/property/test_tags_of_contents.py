"""Tags of configs and models follow the spec as those of the endpoint do; in virtual time."""

from typing import Any

import pytest

from smsandbox.assets import BUCKET
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant

MISSING = f"s3://{BUCKET}/late/model.tar.gz"
BEFORE = {"team": "ml", "stage": "dev"}
AFTER = {"team": "fraud", "cost": "42"}


def tags(harness: Harness) -> list[dict[str, str]]:
    """Those that the spec asks for, of the endpoint, its configs and its models."""
    client = harness.client("sagemaker")
    arns = [harness.live()["EndpointArn"]]
    arns += [each["EndpointConfigArn"] for each in client.list_endpoint_configs()["EndpointConfigs"]]
    arns += [each["ModelArn"] for each in client.list_models()["Models"]]
    found = [client.list_tags(ResourceArn=arn)["Tags"] for arn in arns]
    return [
        {tag["Key"]: tag["Value"] for tag in each if not tag["Key"].startswith("smendpoints.dev/")} for each in found
    ]


def test_tags_are_set_changed_and_taken_away_on_all_of_it(harness: Harness) -> None:
    harness.ready(tags=BEFORE)
    harness.apply("iris", with_variant(spec(tags=BEFORE), modelArtifact=ARTIFACTS[1]))
    harness.settle("iris")
    harness.run(60)
    assert tags(harness) == [BEFORE] * 5  # two revisions
    harness.apply("iris", with_variant(spec(tags=AFTER), modelArtifact=ARTIFACTS[1]))
    harness.settle("iris")
    harness.run(120)
    assert tags(harness) == [AFTER] * 5
    assert harness.calls("CreateEndpointConfig") == 2


def test_they_are_asked_for_once_and_not_again_after_a_restart(harness: Harness) -> None:
    harness.ready(tags=BEFORE)
    harness.apply("iris", spec(tags=AFTER))
    harness.settle("iris")
    harness.run(600)
    harness.world.calls.reset()
    harness.restart()
    harness.run(1800, 15)
    assert harness.calls("ListTags") == 0


@pytest.mark.parametrize("hinder", ["it failed", "it is blocked"])
def test_they_wait_for_no_revision(harness: Harness, hinder: str) -> None:
    harness.ready(tags=BEFORE)
    new: dict[str, Any] = {"modelArtifact": MISSING}
    if hinder == "it failed":
        harness.world.faults.add({"kind": "never_healthy", "times": 1})
        new = {"modelArtifact": ARTIFACTS[1]}
    harness.apply("iris", with_variant(spec(tags=BEFORE), **new))
    harness.settle_told("iris", "UpdateFailed" if hinder == "it failed" else "ArtifactNotFound")
    harness.apply("iris", with_variant(spec(tags=AFTER), **new))
    harness.run(300)
    assert all(each == AFTER for each in tags(harness))


@pytest.mark.parametrize("killed", range(5))
def test_a_tag_that_is_taken_away_goes_everywhere_whenever_the_operator_is_killed(
    harness: Harness, killed: int
) -> None:
    harness.ready(tags=BEFORE)
    harness.kill_after = killed
    harness.apply("iris", spec(tags=AFTER))
    harness.run(600)
    assert tags(harness) == [AFTER] * 3


def test_what_is_denied_on_a_model_is_done_once_it_is_allowed(harness: Harness) -> None:
    """The endpoint has lost its tag by then: that the models have it still is remembered."""
    harness.ready(tags=BEFORE)
    model = harness.inventory()["models"][0]
    arn = harness.client("sagemaker").describe_model(ModelName=model)["ModelArn"]
    rule = harness.world.faults.add({"kind": "access_denied", "operation": "DeleteTags", "resource": arn})
    harness.apply("iris", spec(tags=AFTER))
    harness.settle_told("iris", "AccessDenied")
    harness.restart()
    harness.run(3600, 150)
    harness.world.faults.remove(rule.id)
    harness.run(3600, 150)
    assert tags(harness) == [AFTER] * 3


def test_tags_of_others_stay(harness: Harness) -> None:
    harness.ready(tags=BEFORE)
    arn = harness.client("sagemaker").describe_model(ModelName=harness.inventory()["models"][0])["ModelArn"]
    harness.client("sagemaker").add_tags(ResourceArn=arn, Tags=[{"Key": "theirs", "Value": "1"}])
    harness.apply("iris", spec(tags=AFTER))
    harness.settle("iris")
    harness.run(60)
    assert {**AFTER, "theirs": "1"} in tags(harness)
