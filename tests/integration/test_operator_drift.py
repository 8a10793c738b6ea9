"""A hand on the console is seen, told, and set right where the object says so."""

from smsandbox.testing.specs import spec
from smsandbox.testing.stage import Stage


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
