"""A hand on the console is seen, told, and set right where the object says so."""

from smsandbox.testing.specs import spec, two_variants
from smsandbox.testing.stage import Stage, has, message


def test_an_endpoint_deleted_by_hand_comes_back(stage: Stage) -> None:
    stage.apply("iris", spec())
    stage.ready("iris")
    created = stage.in_service("iris")["CreationTime"]
    stage.cloud.aws("sagemaker").delete_endpoint(EndpointName=stage.endpoint_name("iris"))

    def is_new() -> bool:
        found = stage.live("iris")
        return found is not None and found["EndpointStatus"] == "InService" and found["CreationTime"] > created

    stage.see(is_new, "a new endpoint")
    stage.ready("iris")
    assert stage.inventory()["policies"] == ["invocations-per-instance"]
    assert any(reason == "DriftFound" for _, reason, _ in stage.events("iris"))


def test_a_weight_changed_by_hand_is_put_back_and_said(stage: Stage) -> None:
    stage.apply("iris", two_variants(9, 1))
    stage.ready("iris")
    stage.cloud.aws("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=stage.endpoint_name("iris"),
        DesiredWeightsAndCapacities=[{"VariantName": "primary", "DesiredWeight": 1}],
    )
    stage.see(lambda: any(reason == "DriftFound" for _, reason, _ in stage.events("iris")), "an Event of drift")

    def weights() -> dict[str, float]:
        variants = stage.in_service("iris")["ProductionVariants"]
        return {each["VariantName"]: each["DesiredWeight"] for each in variants}

    stage.see(lambda: weights() == {"primary": 9, "challenger": 1}, "the spec's weights")


def test_drift_is_only_reported_when_the_policy_says_so(stage: Stage) -> None:
    stage.apply("iris", spec(driftPolicy="Report"))
    stage.ready("iris")
    stage.cloud.aws("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=stage.endpoint_name("iris"),
        DesiredWeightsAndCapacities=[{"VariantName": "primary", "DesiredWeight": 7}],
    )
    found = stage.until("iris", lambda found: has(found, "Drifted"), "Drifted")
    assert "primary: weight 7 -> 1" in message(found, "Drifted")
    stage.listings(2)
    assert stage.in_service("iris")["ProductionVariants"][0]["DesiredWeight"] == 7
