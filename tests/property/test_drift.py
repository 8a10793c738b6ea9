"""A hand in AWS is seen and put right, the autoscaler's is not; in virtual time."""

from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import GROWING, spec, with_variant


def test_the_autoscalers_work_is_no_drift(harness: Harness) -> None:
    harness.apply("iris", with_variant(spec(), scaling=GROWING))
    harness.settle("iris")
    harness.scale_by_hand(3)
    harness.run(120)
    resource = harness.settle("iris")
    assert resource.status.instances == "3/3"
    drifted = harness.condition("iris", "Drifted")
    assert drifted is not None
    assert drifted.status == "False"
    assert harness.calls("UpdateEndpointWeightsAndCapacities") == 1


def test_an_endpoint_deleted_by_hand_comes_back(harness: Harness) -> None:
    harness.ready()
    harness.client("sagemaker").delete_endpoint(EndpointName="default-iris")
    harness.run(600)
    assert harness.live()["EndpointStatus"] == "InService"
    assert any(event.reason == "DriftFound" for event in harness.events)


def test_report_only_leaves_drift_alone(harness: Harness) -> None:
    harness.ready(driftPolicy="Report")
    harness.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName="default-iris", DesiredWeightsAndCapacities=[{"VariantName": "primary", "DesiredWeight": 7}]
    )
    harness.run(600)
    drifted = harness.condition("iris", "Drifted")
    assert drifted is not None
    assert drifted.status == "True"
    assert "weight" in drifted.message
    assert harness.live()["ProductionVariants"][0]["DesiredWeight"] == 7


def test_a_weight_changed_by_hand_is_put_back(harness: Harness) -> None:
    harness.ready()
    harness.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName="default-iris", DesiredWeightsAndCapacities=[{"VariantName": "primary", "DesiredWeight": 7}]
    )
    harness.run(600)
    assert harness.live()["ProductionVariants"][0]["DesiredWeight"] == 1
    assert any(event.reason == "DriftFound" for event in harness.events)


def test_a_hand_on_autoscaling_is_seen_within_a_minute_and_put_right(harness: Harness) -> None:
    harness.ready()
    harness.run(120)
    harness.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/default-iris/variant/primary",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MaxCapacity=50,
    )
    harness.run(70)
    targets = harness.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")
    assert [target["MaxCapacity"] for target in targets["ScalableTargets"]] == [5]
    assert any(event.reason == "DriftFound" and "scaling 1 to 50 → 1 to 5" in event.message for event in harness.events)


def test_a_tag_changed_by_hand_is_seen_within_a_minute_and_put_right(harness: Harness) -> None:
    harness.ready(tags={"team": "ml"})
    harness.run(120)
    arn = harness.live()["EndpointArn"]
    harness.client("sagemaker").add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "nobody"}])
    harness.run(70)
    tags = {t["Key"]: t["Value"] for t in harness.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]}
    assert tags["team"] == "ml"
    assert any(event.reason == "DriftFound" and "tag team nobody → ml" in event.message for event in harness.events)


def test_a_config_and_a_model_deleted_under_a_live_endpoint_come_back(harness: Harness) -> None:
    harness.ready()
    harness.run(120)
    before = harness.inventory()
    harness.client("sagemaker").delete_endpoint_config(EndpointConfigName=before["configs"][0])
    harness.client("sagemaker").delete_model(ModelName=before["models"][0])
    harness.run(70)
    assert harness.inventory() == before
    assert any(event.reason == "DriftFound" and "was deleted" in event.message for event in harness.events)
