"""Endpoints that are not ours are left alone; on demand they are taken over, and let go, with no new fleet."""

from smsandbox.testing.specs import ARTIFACTS, ECHO_IMAGE, spec, with_variant
from smsandbox.testing.stage import Stage, message


def test_an_endpoint_that_is_not_ours_is_left_alone_and_said_so(stage: Stage) -> None:
    sagemaker, name = stage.cloud.aws("sagemaker"), f"{stage.namespace}-theirs"
    model = f"{name}-model"
    sagemaker.create_model(
        ModelName=model, ExecutionRoleArn=spec()["executionRoleARN"], PrimaryContainer={"Image": ECHO_IMAGE}
    )
    variant = {"VariantName": "a", "ModelName": model, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=f"{name}-config", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=f"{name}-config")
    try:
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})
        stage.apply("iris", spec(endpointName=name))
        found = stage.stalled("iris", "NotOwned")
        assert "left alone" in message(found, "Stalled")
        stage.delete("iris")
        stage.gone("iris")
        assert sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService"
        assert stage.inventory()["models"] == [model]
    finally:
        sagemaker.delete_endpoint(EndpointName=name)
        sagemaker.delete_endpoint_config(EndpointConfigName=f"{name}-config")
        sagemaker.delete_model(ModelName=model)
        sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig={"Delay": 1})


def test_an_endpoint_made_by_hand_is_adopted_without_a_new_fleet(stage: Stage) -> None:
    sagemaker, name = stage.cloud.aws("sagemaker"), stage.endpoint_name("iris")
    container = {"Image": ECHO_IMAGE, "ModelDataUrl": ARTIFACTS[0]}
    role = spec()["executionRoleARN"]
    sagemaker.create_model(ModelName=f"{name}-old", PrimaryContainer=container, ExecutionRoleArn=role)
    variant = {"VariantName": "primary", "ModelName": f"{name}-old", "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName=f"{name}-old", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=f"{name}-old")
    stage.see(lambda: (stage.live("iris") or {}).get("EndpointStatus") == "InService", "the endpoint in service")
    stage.apply("iris", spec(adoptExisting=True, deletionPolicy="Delete"))
    found = stage.ready("iris")
    assert found["status"]["endpoint"]["configName"] == f"{name}-old"
    assert len(stage.inventory("iris")["policies"]) == 1
    stage.delete("iris")
    stage.gone("iris")
    assert stage.live("iris") is None
    sagemaker.delete_endpoint_config(EndpointConfigName=f"{name}-old")
    sagemaker.delete_model(ModelName=f"{name}-old")


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
