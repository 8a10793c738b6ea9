"""What the object says is true, and a person can act on it, in virtual time."""

from smsandbox.assets import BUCKET
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import spec, with_variant

NEXT = f"s3://{BUCKET}/b/model.tar.gz"


def status(harness: Harness) -> str:
    endpoint = harness.resource("iris").status.endpoint
    assert endpoint is not None
    return endpoint.status


def says(harness: Harness, kind: str = "Ready") -> tuple[str, str]:
    """Status and message of a condition."""
    told = harness.condition("iris", kind)
    assert told is not None
    return told.status, told.message


def delete_by_hand(harness: Harness) -> None:
    harness.client("sagemaker").delete_endpoint(EndpointName="default-iris")
    harness.world.advance(120)


def test_an_endpoint_that_is_gone_and_cannot_be_made_again_is_not_said_to_be_in_service(harness: Harness) -> None:
    harness.ready()
    harness.world.faults.add({"kind": "access_denied", "service": "sagemaker", "operation": "CreateEndpoint"})
    delete_by_hand(harness)
    harness.run(120)
    assert harness.condition("iris", "Stalled") is not None
    assert status(harness) == "NotFound"


def test_suspended_and_stopped_is_as_wanted_suspended_and_deleted_is_not(harness: Harness) -> None:
    harness.ready(suspend=True, desiredState="Stopped")
    assert (status(harness), says(harness)[0]) == ("Stopped", "True")
    harness.apply("iris", spec())
    harness.settle("iris")
    harness.apply("iris", spec(suspend=True))
    harness.run(60)
    assert says(harness)[0] == "True"
    delete_by_hand(harness)
    harness.run(60)
    assert (status(harness), says(harness)[0]) == ("NotFound", "False")


def test_a_suspended_object_with_another_weight_is_not_as_wanted(harness: Harness) -> None:
    harness.ready()
    harness.apply("iris", with_variant(spec(suspend=True), weight=3))
    harness.run(60)
    assert says(harness)[0] == "False"


def test_an_object_refused_for_its_name_shows_nothing_of_the_other(harness: Harness) -> None:
    harness.ready()
    harness.apply("other", spec(endpointName="default-iris"))
    harness.run(60)
    told = harness.resource("other").status
    assert told.endpoint is not None
    assert (told.endpoint.status, told.endpoint.arn, told.endpoint.config_name) == ("NotOwned", None, None)
    assert (told.instances, told.traffic, told.cost, told.variants) == (None, None, None, [])
    assert {each.type: (each.status, each.reason) for each in told.conditions}["Available"] == ("False", "NameTaken")


def test_a_blocked_change_is_no_outage_and_an_outage_is_told(harness: Harness) -> None:
    harness.ready()
    harness.apply("iris", with_variant(spec(), image="123456789012.dkr.ecr.us-east-1.amazonaws.com/echo:none"))
    harness.run(60)
    assert (says(harness)[0], says(harness, "Available")[0]) == ("False", "True")
    assert harness.resource("iris").status.history[0].outcome == "Blocked"
    harness.apply("iris", spec(driftPolicy="Report"))
    harness.settle("iris")
    delete_by_hand(harness)
    harness.run(120)
    assert (says(harness)[0], says(harness, "Available")[0]) == ("False", "False")


def test_a_stop_during_a_creation_says_that_it_follows(harness: Harness) -> None:
    harness.apply("iris", spec())
    harness.run(30)
    harness.apply("iris", spec(desiredState="Stopped"))
    harness.run(30)
    assert says(harness)[1] == "AWS is creating the endpoint default-iris; then it is stopped, as the spec says"
    harness.settle("iris")
    assert status(harness) == "Stopped"


def test_a_half_suspended_target_is_drift_and_put_right(harness: Harness) -> None:
    harness.ready()
    client = harness.client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/default-iris/variant/primary",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    client.register_scalable_target(**target, SuspendedState={"DynamicScalingInSuspended": True})
    harness.run(120)
    (found,) = client.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert not any(found["SuspendedState"].values())
    told = [event.message for event in harness.events if event.reason == "DriftFound"]
    assert told == ["primary: scaling suspended in part → active"]


def test_a_config_deleted_just_before_an_edit_is_named_with_the_way_out(harness: Harness) -> None:
    harness.ready()
    shown = harness.client("sagemaker").describe_endpoint(EndpointName="default-iris")
    harness.client("sagemaker").delete_endpoint_config(EndpointConfigName=shown["EndpointConfigName"])
    harness.apply("iris", with_variant(spec(), modelArtifact=NEXT))
    harness.settle("iris")
    assert "the config in service was deleted in AWS" in says(harness, "Stalled")[1]
    harness.ready()
    harness.run(180)
    harness.apply("iris", with_variant(spec(), modelArtifact=NEXT))
    harness.settle("iris")
    assert says(harness)[0] == "True"


def test_a_lower_history_limit_collects_at_once(harness: Harness) -> None:
    for letter in "abc":
        harness.apply("iris", with_variant(spec(), modelArtifact=f"s3://{BUCKET}/{letter}/model.tar.gz"))
        harness.settle("iris")
    harness.run(60)
    assert len(harness.inventory()["configs"]) == 3
    harness.apply("iris", with_variant(spec(revisionHistoryLimit=1), modelArtifact=f"s3://{BUCKET}/c/model.tar.gz"))
    harness.settle("iris")
    harness.run(60)
    assert len(harness.inventory()["configs"]) == 2


def test_an_object_at_rest_says_when_aws_can_no_longer_be_looked_at(harness: Harness) -> None:
    harness.ready()
    harness.run(120)
    harness.world.faults.add({"kind": "error", "service": "sagemaker", "operation": "ListEndpoints"})
    harness.run(300)
    assert says(harness)[0] == says(harness, "Available")[0] == "Unknown"
    harness.world.calls.reset()
    harness.run(3600, 15)
    assert harness.world.calls.count("ListEndpoints") <= 3 * 3600 / 16 + 3  # three attempts, each 16 seconds at most
    harness.world.faults.remove()
    harness.run(330)
    assert says(harness)[0] == says(harness, "Available")[0] == "True"
    harness.run(120)
    writes = harness.writes
    harness.run(600, 15)
    assert harness.writes == writes


def test_an_object_at_rest_says_that_it_may_no_longer_look(harness: Harness) -> None:
    harness.ready()
    harness.run(120)
    harness.world.faults.add({"kind": "access_denied", "service": "sagemaker", "operation": "ListEndpoints"})
    harness.run(300)
    assert says(harness, "Stalled")[0] == "True"
    assert "AccessDenied" in says(harness)[1]
    harness.world.faults.remove()
    harness.run(600)
    assert says(harness)[0] == "True"


def cost(harness: Harness) -> str:
    found = harness.resource("iris").status.cost
    assert found is not None
    return found.hourly_usd


def test_the_cost_is_that_of_the_pool_that_serves(harness: Harness) -> None:
    pools = {"count": 2, "pools": [{"type": "ml.m5.large"}, {"type": "ml.m5.xlarge"}]}
    harness.world.faults.add({"kind": "capacity", "resource": "ml.m5.large"})
    harness.apply("iris", with_variant(spec(), scaling=None, instance=pools))
    harness.settle("iris")
    assert cost(harness) == "0.46"


def test_the_cost_is_that_of_the_config_in_service_while_another_is_wanted(harness: Harness) -> None:
    fixed = with_variant(spec(), scaling=None)
    harness.apply("iris", fixed)
    harness.settle("iris")
    assert cost(harness) == "0.115"
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("iris", with_variant(fixed, instance={"type": "ml.m5.xlarge", "count": 1}))
    harness.run(60)
    assert cost(harness) == "0.115"
    harness.settle("iris")
    assert says(harness, "Stalled")[0] == "True"
    assert cost(harness) == "0.115"
