"""Endpoints that are not ours: left alone, or taken over with no new fleet; in virtual time."""

from typing import Any

import pytest

from smendpoints.api.group import REDEPLOYED_AT
from smsandbox.assets import ROLE_ARN
from smsandbox.testing.by_script import config_by_script
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, ECHO_IMAGE, spec, with_variant


def test_an_endpoint_that_is_not_ours_is_left_alone_and_said_so(harness: Harness) -> None:
    sagemaker = harness.client("sagemaker")
    harness.apply("other", spec(endpointName="shared"))
    harness.settle("other")
    harness.lose_sight_of("other")
    harness.apply("iris", spec(endpointName="shared"))
    harness.settle("iris")
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert stalled.reason == "NotOwned"
    assert "the SageMakerEndpoint other" in stalled.message
    harness.delete("iris")
    harness.settle_gone("iris")
    assert sagemaker.describe_endpoint(EndpointName="shared")["EndpointStatus"] == "InService"
    assert len(harness.inventory()["models"]) == 1


def by_hand(harness: Harness, artifact: str = ARTIFACTS[0]) -> None:
    """An endpoint made with a script, just as the spec would have it."""
    sagemaker = harness.client("sagemaker")
    config_by_script(sagemaker, "old-config", artifact, model="old-model", count=2)
    sagemaker.create_endpoint(EndpointName="legacy", EndpointConfigName="old-config")
    harness.world.advance(600)


def test_an_endpoint_made_by_hand_is_never_touched_without_adoption(harness: Harness) -> None:
    by_hand(harness)
    harness.apply("iris", spec(endpointName="legacy"))
    harness.settle("iris")
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert "set spec.adoptExisting" in stalled.message
    assert harness.client("sagemaker").list_tags(ResourceArn=harness.live("legacy")["EndpointArn"])["Tags"] == []


def test_an_adopted_endpoint_that_is_already_right_gets_no_new_fleet(harness: Harness) -> None:
    by_hand(harness)
    harness.apply("iris", spec(endpointName="legacy", adoptExisting=True))
    resource = harness.settle("iris")
    assert harness.live("legacy")["EndpointConfigName"] == "old-config"
    assert harness.calls("UpdateEndpoint") == 0
    assert harness.inventory()["targets"] == ["endpoint/legacy/variant/primary"]
    assert resource.status.history[0].config_name == "old-config"
    harness.run(300)
    harness.restart()
    harness.run(300)
    assert harness.calls("UpdateEndpoint") == 0
    artifact = ARTIFACTS[1]
    harness.apply("iris", with_variant(spec(endpointName="legacy", adoptExisting=True), modelArtifact=artifact))
    harness.settle("iris")
    assert harness.live("legacy")["EndpointConfigName"] != "old-config"
    assert "old-config" in harness.inventory()["configs"]


@pytest.mark.parametrize("edit", [{}, {"tags": {"team": "other"}}])
def test_what_another_object_redeployed_and_left_gets_no_new_fleet_for_its_name(
    harness: Harness, edit: dict[str, Any]
) -> None:
    harness.ready(deletionPolicy="Retain", revisionHistoryLimit=0)
    harness.annotate("iris", {REDEPLOYED_AT: "today"})
    harness.run(600)
    harness.settle("iris")
    config = harness.live()["EndpointConfigName"]
    harness.delete("iris")
    harness.settle_gone("iris")
    before = harness.inventory()
    adopting = spec(deletionPolicy="Delete", adoptExisting=True)
    harness.apply("iris", adopting)
    harness.run(1200, 30)
    harness.apply("iris", {**adopting, **edit})
    harness.run(1200, 30)
    harness.settle("iris")
    assert harness.live()["EndpointConfigName"] == config
    assert harness.inventory() == before
    harness.apply("iris", with_variant({**adopting, **edit}, modelArtifact=ARTIFACTS[1]))
    harness.run(600)
    harness.settle("iris")
    assert harness.live()["EndpointConfigName"] != config
    harness.delete("iris")
    harness.settle_gone("iris")
    assert not any(harness.inventory().values())


def test_an_object_that_may_adopt_and_made_its_endpoint_itself_rolls_out_what_was_taken_out(harness: Harness) -> None:
    larger = with_variant(
        spec(adoptExisting=True), instance={"type": "ml.m5.large", "count": 1, "volumeSizeGB": 50}, scaling=None
    )
    harness.apply("iris", larger)
    harness.settle("iris")
    before = harness.live()["EndpointConfigName"]
    harness.apply("iris", with_variant(larger, instance={"type": "ml.m5.large", "count": 1}))
    harness.run(600)
    harness.settle("iris")
    assert harness.live()["EndpointConfigName"] != before


def test_the_order_of_subnets_and_of_what_is_captured_is_no_reason_for_a_new_fleet(harness: Harness) -> None:
    sagemaker = harness.client("sagemaker")
    sagemaker.create_model(
        ModelName="old-model",
        PrimaryContainer={"Image": ECHO_IMAGE, "ModelDataUrl": ARTIFACTS[0]},
        ExecutionRoleArn=ROLE_ARN,
        VpcConfig={"Subnets": ["subnet-2", "subnet-1"], "SecurityGroupIds": ["sg-2", "sg-1"]},
    )
    variant = {"VariantName": "primary", "ModelName": "old-model", "InstanceType": "ml.m5.large"}
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 20,
        "DestinationS3Uri": "s3://captured/churn",
        "CaptureOptions": [{"CaptureMode": "Output"}, {"CaptureMode": "Input"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv", "application/csv"]},
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName="old-config",
        ProductionVariants=[{**variant, "InitialInstanceCount": 2}],
        DataCaptureConfig=capture,
    )
    sagemaker.create_endpoint(EndpointName="legacy", EndpointConfigName="old-config")
    harness.world.advance(600)
    same = {
        "vpc": {"subnetIDs": ["subnet-1", "subnet-2"], "securityGroupIDs": ["sg-1", "sg-2"]},
        "dataCapture": {
            "destination": "s3://captured/churn",
            "samplingPercentage": 20,
            "csvContentTypes": ["application/csv", "text/csv"],
        },
    }
    harness.apply("iris", spec(endpointName="legacy", adoptExisting=True, **same))
    harness.settle_told("iris", "InService")
    harness.restart()
    harness.run(300)
    assert harness.calls("UpdateEndpoint") == 0
    other = {**same, "vpc": {"subnetIDs": ["subnet-1", "subnet-3"], "securityGroupIDs": ["sg-1", "sg-2"]}}
    harness.apply("iris", spec(endpointName="legacy", adoptExisting=True, **other))
    harness.settle("iris")
    assert harness.calls("UpdateEndpoint") == 1, "another subnet is one"


def tag(harness: Harness, namespace: str) -> None:
    arn = harness.live("legacy")["EndpointArn"]
    tags = [{"Key": "smendpoints.dev/adoptable-by", "Value": namespace}]
    harness.client("sagemaker").add_tags(ResourceArn=arn, Tags=tags)


def test_a_policy_lets_nobody_adopt_unless_it_or_the_endpoints_tag_says_so(harness: Harness) -> None:
    by_hand(harness)
    harness.policy("quiet", {})
    harness.apply("iris", spec(endpointName="legacy", adoptExisting=True))
    harness.settle("iris")
    tag(harness, "another-namespace")
    harness.run(900)
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert stalled.reason == "PolicyViolation"
    assert "its tag smendpoints.dev/adoptable-by in AWS is default" in stalled.message
    assert harness.calls("AddTags") == 1, "the hand's own alone"
    tag(harness, "default")
    harness.run(900)
    harness.settle_told("iris", "InService")


def test_a_policy_that_allows_adoption_lets_adopt(harness: Harness) -> None:
    by_hand(harness)
    harness.policy("generous", {"allowAdoption": True})
    harness.apply("iris", spec(endpointName="legacy", adoptExisting=True))
    harness.settle_told("iris", "InService")


@pytest.mark.parametrize(("policy", "stays"), [(None, True), ("Retain", True), ("Delete", False)])
def test_what_was_adopted_is_retained_unless_the_spec_says_delete_in_so_many_words(
    harness: Harness, policy: str | None, stays: bool
) -> None:
    by_hand(harness)
    harness.apply("iris", spec(endpointName="legacy", adoptExisting=True, deletionPolicy=policy))
    harness.kill_after = 0  # right after the first tag: what is adopted was written before
    resource = harness.settle("iris")
    assert resource.status.adopted is True
    harness.delete("iris")
    harness.settle_gone("iris")
    assert harness.inventory()["endpoints"] == (["legacy"] if stays else [])
    assert ("old-config" in harness.inventory()["configs"]) is stays or policy == "Delete"


def test_an_adopted_endpoint_that_was_stopped_comes_again_as_the_objects_own(harness: Harness) -> None:
    by_hand(harness)
    harness.apply("iris", spec(endpointName="legacy", adoptExisting=True))
    harness.settle("iris")
    harness.apply("iris", spec(endpointName="legacy", adoptExisting=True, desiredState="Stopped"))
    harness.settle_told("iris", "Stopped")
    harness.apply("iris", spec(endpointName="legacy", adoptExisting=True))
    harness.settle_told("iris", "InService")
    assert harness.resource("iris").status.adopted is None
    harness.delete("iris")
    harness.settle_gone("iris")
    assert harness.inventory()["endpoints"] == []


def test_a_dry_run_of_an_adoption_says_what_would_change(harness: Harness) -> None:
    by_hand(harness, ARTIFACTS[1])
    harness.apply("iris", spec(endpointName="legacy", adoptExisting=True, suspend=True))
    harness.run(60)
    condition = harness.condition("iris", "Ready")
    assert condition is not None
    assert condition.reason == "Suspended"
    assert "would take over legacy, then primary: modelArtifact " in condition.message
    assert harness.calls("AddTags") == 0
    assert harness.calls("UpdateEndpoint") == 0
