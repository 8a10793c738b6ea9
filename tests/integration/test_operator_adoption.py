"""Endpoints that are not ours are left alone; on demand they are taken over, and let go, with no new fleet."""

from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.testing.stage import Stage


def test_a_retained_endpoint_goes_on_serving_and_is_nobodys_any_more(stage: Stage) -> None:
    stage.apply("iris", spec(deletionPolicy="Retain"))
    stage.ready("iris")
    stage.delete("iris")
    stage.gone("iris")
    found = stage.in_service("iris")
    assert found["EndpointStatus"] == "InService"
    tags = stage.cloud.aws("sagemaker").list_tags(ResourceArn=found["EndpointArn"])["Tags"]
    assert [tag["Key"] for tag in tags if tag["Key"].startswith("smendpoints.dev/")] == []

    # The next one takes it over, with no new fleet.
    stage.apply("iris", spec(adoptExisting=True, deletionPolicy="Delete"))
    stage.ready("iris")
    taken = stage.in_service("iris")
    assert taken["CreationTime"] == found["CreationTime"]
    assert taken["EndpointConfigName"] == found["EndpointConfigName"]
    assert "UpdateEndpoint" not in stage.operations("iris")

    # What came along can be gone back to, and goes with the object.
    stage.apply("iris", with_variant(spec(adoptExisting=True, deletionPolicy="Delete"), modelArtifact=ARTIFACTS[1]))
    stage.ready("iris")
    stage.apply("iris", spec(adoptExisting=True, deletionPolicy="Delete"))
    stage.ready("iris")
    stage.delete("iris")
    stage.gone("iris")
    assert stage.left() == {}
