"""Whose a thing in AWS is, in virtual time: adoption, and what becomes of what was let go of."""

import pytest

from smsandbox.assets import BUCKET
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import spec, with_variant

MINE = "smendpoints.dev/name"


def tagged(harness: Harness, name: str) -> dict[str, str]:
    """The tags of the endpoint, config or model of that name."""
    sagemaker = harness.client("sagemaker")
    arns = [
        each[f"{kind}Arn"]
        for kind, listed in (
            ("Endpoint", sagemaker.list_endpoints()["Endpoints"]),
            ("EndpointConfig", sagemaker.list_endpoint_configs()["EndpointConfigs"]),
            ("Model", sagemaker.list_models()["Models"]),
        )
        for each in listed
        if each[f"{kind}Name"] == name
    ]
    (arn,) = arns
    return {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]}


def contents(harness: Harness) -> list[str]:
    """The names of all configs and models."""
    found = harness.inventory()
    return [*found["configs"], *found["models"]]


@pytest.fixture
def retained(harness: Harness) -> list[str]:
    """An endpoint whose object was deleted with `deletionPolicy: Retain`; its config and model."""
    harness.apply("iris", spec(deletionPolicy="Retain"))
    harness.settle("iris")
    harness.delete("iris")
    harness.settle_gone("iris")
    assert harness.inventory()["endpoints"] == ["default-iris"]
    assert not any(MINE in tagged(harness, name) for name in ["default-iris", *contents(harness)])
    return contents(harness)


def test_an_adoption_takes_what_was_let_go_of_along_and_deletes_it_in_the_end(
    harness: Harness, retained: list[str]
) -> None:
    harness.apply("iris", spec(adoptExisting=True, deletionPolicy="Delete"))
    harness.settle("iris")
    assert all(tagged(harness, name)[MINE] == "iris" for name in ["default-iris", *retained])
    harness.delete("iris")
    harness.settle_gone("iris")
    assert {kind: left for kind, left in harness.inventory().items() if left} == {}


def test_an_adoption_with_another_model_replaces_what_was_let_go_of(harness: Harness, retained: list[str]) -> None:
    wanted = spec(adoptExisting=True, deletionPolicy="Delete")
    wanted = with_variant(wanted, modelArtifact=f"s3://{BUCKET}/b/model.tar.gz")
    harness.apply("iris", wanted)
    resource = harness.settle("iris")
    assert [each.changes for each in resource.status.history][1:] == ["adopted as it was"]
    assert set(contents(harness)) > set(retained)  # deployable as any revision before
    harness.apply("iris", {**wanted, "revisionHistoryLimit": 0})
    harness.run(120)
    assert set(contents(harness)).isdisjoint(retained)
    harness.delete("iris")
    harness.settle_gone("iris")
    assert {kind: left for kind, left in harness.inventory().items() if left} == {}


@pytest.mark.usefixtures("retained")
def test_what_was_let_go_of_is_in_the_way_and_the_way_out_is_said(harness: Harness) -> None:
    harness.client("sagemaker").delete_endpoint(EndpointName="default-iris")
    harness.world.advance(120)
    harness.apply("iris", spec())
    harness.run(60)
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert stalled.reason == "NameConflict"
    assert "was not made by it; delete it, or set spec.adoptExisting" in stalled.message
    assert not any(MINE in tagged(harness, name) for name in contents(harness))

    harness.apply("iris", spec(adoptExisting=True))
    harness.settle("iris")
    ready = harness.condition("iris", "Ready")
    assert ready is not None
    assert ready.status == "True", ready.message
    assert all(tagged(harness, name)[MINE] == "iris" for name in ["default-iris", *contents(harness)])
    harness.delete("iris")
    harness.settle_gone("iris")
    assert contents(harness) == []


@pytest.mark.usefixtures("retained")
def test_what_belongs_to_another_object_is_never_taken(harness: Harness) -> None:
    sagemaker = harness.client("sagemaker")
    (config,) = sagemaker.list_endpoint_configs()["EndpointConfigs"]
    theirs = {"cluster": "elsewhere", "namespace": "default", "name": "iris"}
    tags = [{"Key": f"smendpoints.dev/{key}", "Value": value} for key, value in theirs.items()]
    sagemaker.add_tags(ResourceArn=config["EndpointConfigArn"], Tags=tags)
    harness.apply("iris", spec(adoptExisting=True))
    harness.settle("iris")
    assert tagged(harness, "default-iris")["smendpoints.dev/cluster"] == "cluster-1"
    assert tagged(harness, config["EndpointConfigName"])["smendpoints.dev/cluster"] == "elsewhere"
    harness.delete("iris")
    harness.settle_gone("iris")
    assert harness.inventory()["configs"] == [config["EndpointConfigName"]]


def test_an_adoption_that_is_interrupted_is_finished(harness: Harness, retained: list[str]) -> None:
    harness.kill_after = 0
    harness.apply("iris", spec(adoptExisting=True))
    harness.settle("iris")
    assert vars(harness)["kill_after"] is None  # it was killed
    assert all(tagged(harness, name)[MINE] == "iris" for name in ["default-iris", *retained])


@pytest.mark.parametrize("how", ["its tags were taken off", "another was made in its place"])
def test_an_endpoint_that_is_no_longer_ours_keeps_what_it_serves_with(harness: Harness, how: str) -> None:
    harness.apply("iris", spec())
    harness.settle("iris")
    sagemaker = harness.client("sagemaker")
    found = sagemaker.describe_endpoint(EndpointName="default-iris")
    if how == "its tags were taken off":
        sagemaker.delete_tags(ResourceArn=found["EndpointArn"], TagKeys=[MINE])
    else:
        sagemaker.delete_endpoint(EndpointName="default-iris")
        harness.world.advance(120)
        sagemaker.create_endpoint(EndpointName="default-iris", EndpointConfigName=found["EndpointConfigName"])
        harness.world.advance(600)
    kept = contents(harness)
    harness.delete("iris")
    harness.settle_gone("iris")
    assert contents(harness) == kept
    assert harness.events[-1].warning
    assert "is left in AWS" in harness.events[-1].message


def config_in_service(harness: Harness) -> str:
    return str(harness.client("sagemaker").describe_endpoint(EndpointName="default-iris")["EndpointConfigName"])


def swap_config(harness: Harness) -> None:
    """A hand puts a config of its own, with the same content, into service."""
    sagemaker = harness.client("sagemaker")
    found = sagemaker.describe_endpoint_config(EndpointConfigName=config_in_service(harness))
    sagemaker.create_endpoint_config(EndpointConfigName="by-hand", ProductionVariants=found["ProductionVariants"])
    sagemaker.update_endpoint(EndpointName="default-iris", EndpointConfigName="by-hand")
    harness.run(600)


def test_a_config_of_a_hand_is_drift_though_it_holds_the_same(harness: Harness) -> None:
    harness.apply("iris", spec())
    harness.settle("iris")
    ours = config_in_service(harness)
    swap_config(harness)
    harness.settle("iris")
    assert config_in_service(harness) == ours
    assert any(event.reason == "DriftFound" and "by-hand" in event.message for event in harness.events)


def test_an_adopted_config_stands_when_adoption_is_no_longer_asked_for(harness: Harness, retained: list[str]) -> None:
    swap_config(harness)
    harness.apply("iris", spec(adoptExisting=True))
    harness.settle("iris")
    assert config_in_service(harness) == "by-hand"
    harness.apply("iris", spec())
    harness.settle("iris")
    harness.restart()
    harness.run(300)
    assert config_in_service(harness) == "by-hand"
    assert "default-iris" in retained[0]


@pytest.mark.parametrize("outcome", ["succeeds", "is rolled back"])
def test_an_endpoint_is_not_let_go_of_in_the_middle_of_an_update(harness: Harness, outcome: str) -> None:
    base = with_variant(spec(deletionPolicy="Retain", rollout={"rollback": {"maxErrorRatePercent": 5}}))
    harness.apply("iris", base)
    harness.settle("iris")
    if outcome == "is rolled back":
        harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("iris", with_variant(base, instance={"type": "ml.c5.large", "count": 1}))
    harness.run(60)
    assert harness.inventory()["targets"] == []
    assert harness.inventory()["alarms"] != []
    harness.delete("iris")
    harness.run(30)
    ready = harness.condition("iris", "Ready")
    assert ready is not None
    assert ready.message == "default-iris stays in AWS without an owner once AWS has finished; it is Updating"
    harness.settle_gone("iris")
    left = harness.inventory()
    assert left["targets"] == ["endpoint/default-iris/variant/primary"]
    assert left["policies"] == ["invocations-per-instance"]
    assert not any(alarm.startswith("smendpoints/") for alarm in left["alarms"])
    assert MINE not in tagged(harness, "default-iris")
