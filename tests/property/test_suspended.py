"""A suspended object: the operator looks and reports, and a deletion of what serves waits (decision 35)."""

from typing import Any

from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant


def condition(harness: Harness, kind: str = "Ready") -> Any:
    told = harness.condition("iris", kind)
    assert told is not None, harness.resource("iris").status.to_json()
    return told


def changes(harness: Harness) -> int:
    reads = ("Describe", "List", "Get", "Head", "BatchGet")
    return sum(
        sum(codes.values())
        for operations in harness.world.calls.counts().values()
        for operation, codes in operations.items()
        if not operation.startswith(reads)
    )


def suspend(harness: Harness, **changes: Any) -> None:
    harness.ready()
    harness.apply("iris", spec(suspend=True, **changes))
    harness.run(120)


def test_edits_of_a_suspended_object_show_as_pending_and_are_made_when_it_goes_on(harness: Harness) -> None:
    suspend(harness)
    assert condition(harness).status == "True"
    before = changes(harness)
    wider = {"minCapacity": 1, "maxCapacity": 7, "targetInvocationsPerInstance": 70}
    edited = with_variant(spec(tags={"team": "ml"}), modelArtifact=ARTIFACTS[1], scaling=wider)
    harness.apply("iris", {**edited, "suspend": True})
    harness.run(300)
    told = condition(harness)
    assert (told.status, told.reason) == ("False", "Suspended")
    assert f"pending: primary: modelArtifact {ARTIFACTS[0]} → {ARTIFACTS[1]}" in told.message
    assert "tag team none → ml" in told.message
    assert "primary: scaling 1 to 5 → 1 to 7" in told.message
    assert condition(harness, "Available").status == "True"
    assert changes(harness) == before
    harness.apply("iris", edited)
    harness.settle("iris")
    assert condition(harness).status == "True"


def test_of_a_suspended_object_drift_is_looked_at_and_not_corrected(harness: Harness) -> None:
    suspend(harness)
    assert condition(harness, "Drifted").status == "False"
    harness.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/default-iris/variant/primary",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=1,
        MaxCapacity=9,
    )
    before = changes(harness)
    harness.run(300)
    told = condition(harness, "Drifted")
    assert (told.status, told.message) == ("True", "primary: scaling 1 to 9 → 1 to 5")
    assert "not corrected: primary: scaling 1 to 9 → 1 to 5" in condition(harness).message
    assert changes(harness) == before


def test_a_suspended_object_at_rest_writes_nothing(harness: Harness) -> None:
    suspend(harness)
    writes, before = harness.writes, changes(harness)
    harness.run(1800, 15)
    assert (harness.writes, changes(harness)) == (writes, before)


def test_deleting_a_suspended_object_waits_until_it_goes_on(harness: Harness) -> None:
    suspend(harness)
    before = changes(harness)
    harness.delete("iris")
    harness.run(600, 15)
    assert harness.live()["EndpointStatus"] == "InService"
    assert changes(harness) == before
    told = condition(harness)
    assert told.reason == "DeletionSuspended"
    assert "set spec.suspend to false to delete it" in told.message
    assert [each.warning for each in harness.events if each.reason == "DeletionSuspended"] == [True]
    harness.apply("iris", spec())
    harness.settle_gone("iris")
    assert harness.inventory()["endpoints"] == []


def test_a_suspended_object_that_retains_goes_at_once_and_the_endpoint_stays(harness: Harness) -> None:
    suspend(harness, deletionPolicy="Retain")
    harness.delete("iris")
    harness.settle_gone("iris")
    assert harness.live()["EndpointStatus"] == "InService"


def test_a_suspended_object_whose_endpoint_is_gone_can_be_deleted(harness: Harness) -> None:
    suspend(harness)
    harness.client("sagemaker").delete_endpoint(EndpointName="default-iris")
    harness.world.advance(300)
    harness.run(60)
    assert condition(harness, "Drifted").message == "the endpoint was deleted"
    harness.delete("iris")
    harness.settle_gone("iris")
    assert harness.inventory() == {key: [] for key in harness.inventory()}
