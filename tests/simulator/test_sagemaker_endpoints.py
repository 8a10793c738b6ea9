"""Endpoints: creating, deleting, describing, listing; states, texts, quotas and failures."""

from collections.abc import Callable
from typing import Any

import pytest

ARN = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/{}"
CONFIG_ARN = "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/{}"
PING = (
    "The primary container for production variant primary did not pass the ping health check. "
    "Please check CloudWatch logs for this endpoint."
)


def create(cloud: Any, *variants: dict[str, Any]) -> None:
    cloud.config("first", *variants)
    cloud.sm.create_endpoint(EndpointName="ep", EndpointConfigName="first")


def test_an_endpoint_is_created_over_time(cloud: Any) -> None:
    create(cloud)
    early = cloud.describe()
    assert early["EndpointStatus"] == "Creating"
    assert "ProductionVariants" not in early
    pending = early["PendingDeploymentSummary"]
    assert pending["EndpointConfigName"] == "first"
    assert pending["ProductionVariants"][0]["InstanceType"] == "ml.m5.large"
    status = pending["ProductionVariants"][0]["VariantStatus"][0]
    assert (status["Status"], status["StatusMessage"]) == ("Creating", "Launching 2 instance(s).")
    late = cloud.settle()
    assert late["EndpointStatus"] == "InService"
    assert "PendingDeploymentSummary" not in late
    assert "FailureReason" not in late
    assert late["LastModifiedTime"] > late["CreationTime"]


def test_a_variant_in_service_shows_weights_counts_and_images_but_no_instance_type(cloud: Any) -> None:
    cloud.endpoint()
    variant = cloud.describe()["ProductionVariants"][0]
    image = variant.pop("DeployedImages")[0]
    assert variant == {
        "VariantName": "primary",
        "CurrentWeight": 1.0,
        "DesiredWeight": 1.0,
        "CurrentInstanceCount": 2,
        "DesiredInstanceCount": 2,
    }
    assert image["SpecifiedImage"] == cloud.image
    digest = cloud.client("ecr").describe_images(repositoryName="iris")["imageDetails"][0]["imageDigest"]
    assert image["ResolvedImage"] == f"{cloud.image.removesuffix(':1.0')}@{digest}"


def test_a_tag_pushed_again_changes_nothing_until_the_next_deployment(cloud: Any) -> None:
    cloud.endpoint()
    before = cloud.describe()["ProductionVariants"][0]["DeployedImages"][0]["ResolvedImage"]
    manifest = '{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": []}'
    cloud.client("ecr").put_image(
        repositoryName="iris", imageManifest=manifest, imageTag="1.0", imageDigest=f"sha256:{'a' * 64}"
    )
    weights = [{"VariantName": "primary", "DesiredWeight": 2}]
    cloud.sm.update_endpoint_weights_and_capacities(EndpointName="ep", DesiredWeightsAndCapacities=weights)
    assert cloud.settle()["ProductionVariants"][0]["DeployedImages"][0]["ResolvedImage"] == before
    cloud.config("second")
    cloud.sm.update_endpoint(EndpointName="ep", EndpointConfigName="second")
    after = cloud.settle()["ProductionVariants"][0]["DeployedImages"][0]["ResolvedImage"]
    assert after.endswith(f"@sha256:{'a' * 64}")


def test_a_config_that_does_not_exist_is_named_in_the_refusal(cloud: Any, refused: Any) -> None:
    with refused("ValidationException") as error:
        cloud.sm.create_endpoint(EndpointName="ep", EndpointConfigName="nope")
    assert error.text == f'Could not find endpoint configuration "{CONFIG_ARN.format("nope")}".'


def test_a_config_just_created_is_not_seen_within_the_consistency_window(cloud: Any, refused: Any) -> None:
    cloud.set(consistency={"endpoint_config": 5})
    cloud.config("first")
    with refused("ValidationException") as error:
        cloud.sm.create_endpoint(EndpointName="ep", EndpointConfigName="first")
    assert error.text.startswith("Could not find endpoint configuration")
    cloud.world.advance(5)
    cloud.sm.create_endpoint(EndpointName="ep", EndpointConfigName="first")


def test_endpoint_names_are_one_in_any_case_and_keep_the_case_they_were_made_with(cloud: Any, refused: Any) -> None:
    cloud.endpoint("MyEndpoint")
    with refused("ValidationException") as error:
        cloud.sm.create_endpoint(EndpointName="myendpoint", EndpointConfigName="first")
    assert error.text == f'Cannot create already existing endpoint "{ARN.format("myendpoint")}".'
    described = cloud.describe("MYENDPOINT")
    assert (described["EndpointName"], described["EndpointArn"]) == ("MyEndpoint", ARN.format("myendpoint"))


@pytest.mark.parametrize("operation", ["describe_endpoint", "delete_endpoint"])
def test_an_endpoint_that_does_not_exist_is_not_found(cloud: Any, refused: Any, operation: str) -> None:
    with refused("ValidationException") as error:
        getattr(cloud.sm, operation)(EndpointName="nope")
    assert error.text == f'Could not find endpoint "{ARN.format("nope")}".'


def test_nothing_can_be_done_to_an_endpoint_in_progress(cloud: Any, refused: Any) -> None:
    create(cloud)
    cloud.config("second")
    capacities = [{"VariantName": "primary", "DesiredInstanceCount": 3}]
    calls: list[Callable[[], Any]] = [
        lambda: cloud.sm.update_endpoint(EndpointName="ep", EndpointConfigName="second"),
        lambda: cloud.sm.update_endpoint_weights_and_capacities(
            EndpointName="ep", DesiredWeightsAndCapacities=capacities
        ),
        lambda: cloud.sm.delete_endpoint(EndpointName="ep"),
    ]

    def all_refused() -> None:
        for call in calls:
            with refused("ValidationException") as error:
                call()
            assert error.text == f'Cannot update in-progress endpoint "{ARN.format("ep")}".'

    assert cloud.status() == "Creating"
    all_refused()
    cloud.settle()
    calls[0]()
    assert cloud.status() == "Updating"
    all_refused()
    cloud.settle()
    cloud.world.hosting.interfere(cloud.account, cloud.region, "ep", "SystemUpdating", 5)
    assert cloud.status() == "SystemUpdating"
    all_refused()
    cloud.settle()
    calls[2]()
    assert cloud.status() == "Deleting"
    all_refused()


def test_a_deleted_endpoint_is_not_found_and_leaves_config_and_model(cloud: Any, refused: Any) -> None:
    cloud.endpoint()
    assert cloud.sm.delete_endpoint(EndpointName="ep")["ResponseMetadata"]["HTTPStatusCode"] == 200
    cloud.world.advance(5)
    with refused("ValidationException") as error:
        cloud.describe()
    assert error.text == f'Could not find endpoint "{ARN.format("ep")}".'
    assert cloud.sm.describe_endpoint_config(EndpointConfigName="first")
    assert cloud.sm.describe_model(ModelName="iris")


def test_a_container_that_never_gets_healthy_fails_the_creation(cloud: Any) -> None:
    cloud.world.faults.add({"kind": "never_healthy", "resource": "ep"})
    create(cloud)
    failed = cloud.settle()
    assert (failed["EndpointStatus"], failed["FailureReason"]) == ("Failed", PING)
    assert "ProductionVariants" not in failed


def test_a_failed_endpoint_can_only_be_deleted(cloud: Any, refused: Any) -> None:
    cloud.world.faults.add({"kind": "never_healthy"})
    create(cloud)
    cloud.settle()
    cloud.config("second")
    with refused("ValidationException"):
        cloud.sm.update_endpoint(EndpointName="ep", EndpointConfigName="second")
    cloud.sm.delete_endpoint(EndpointName="ep")
    cloud.world.advance(5)
    assert cloud.sm.list_endpoints()["Endpoints"] == []


def test_an_image_that_is_gone_since_create_model_fails_the_creation(cloud: Any) -> None:
    cloud.client("ecr").batch_delete_image(repositoryName="iris", imageIds=[{"imageTag": "1.0"}])
    create(cloud)
    assert cloud.settle()["FailureReason"] == (
        "Please make sure all images included in the model for the production variant primary exist, and that the "
        "execution role used to create the model has permissions to access them."
    )


def test_an_artifact_deleted_after_create_model_fails_the_creation(cloud: Any) -> None:
    cloud.client("s3").delete_object(Bucket="models", Key="iris/model.tar.gz")
    create(cloud)
    assert cloud.settle()["FailureReason"].startswith("Failed to download model data for container")


def test_a_capacity_shortage_fails_the_creation(cloud: Any) -> None:
    cloud.world.faults.add({"kind": "capacity", "resource": "ml.m5.large", "times": 1})
    create(cloud)
    assert cloud.settle()["FailureReason"].startswith("Unable to provision requested ML compute capacity")


def test_instance_pools_are_tried_in_the_order_of_their_priority(cloud: Any) -> None:
    cloud.model("small")
    pools = [
        {"InstanceType": "ml.g5.xlarge", "Priority": 2, "ModelNameOverride": "small"},
        {"InstanceType": "ml.g6.xlarge", "Priority": 1},
    ]
    cloud.world.faults.add({"kind": "capacity", "resource": "ml.g6.xlarge"})
    create(cloud, {"InstanceType": None, "InstancePools": pools})
    shown = cloud.settle()["ProductionVariants"][0]["InstancePools"]
    assert [(pool["InstanceType"], pool["CurrentInstanceCount"]) for pool in shown] == [
        ("ml.g5.xlarge", 2),
        ("ml.g6.xlarge", 0),
    ]
    routes = cloud.world.hosting.endpoint(cloud.account, cloud.region, "ep").routes
    assert {route.instance.spec.model_name for route in routes} == {"small"}


@pytest.mark.parametrize("what", ["config", "model"])
def test_a_config_or_model_deleted_while_creating_leaves_it_stuck_for_an_hour_then_failed(
    cloud: Any, refused: Any, what: str
) -> None:
    create(cloud)
    if what == "config":
        cloud.sm.delete_endpoint_config(EndpointConfigName="first")
    else:
        cloud.sm.delete_model(ModelName="iris")
    cloud.world.advance(3500)
    assert cloud.status() == "Creating"
    with refused("ValidationException"):
        cloud.sm.delete_endpoint(EndpointName="ep")
    cloud.world.advance(200)
    failed = cloud.describe()
    assert failed["EndpointStatus"] == "Failed"
    assert failed["FailureReason"].startswith(
        "Could not find endpoint config" if what == "config" else "Could not find m"
    )


def test_a_quota_is_checked_over_all_endpoints_in_the_words_of_aws(cloud: Any, refused: Any) -> None:
    cloud.set(quotas={"ml.m5.large": 3})
    cloud.endpoint()
    with refused("ResourceLimitExceeded") as error:
        cloud.sm.create_endpoint(EndpointName="two", EndpointConfigName="first")
    assert error.text == (
        "The account-level service limit 'ml.m5.large for endpoint usage' is 3 Instances, with current utilization of "
        "2 Instances and a request delta of 2 Instances. Please contact AWS support to request an increase for this "
        "limit."
    )
    cloud.sm.delete_endpoint(EndpointName="ep")
    cloud.world.advance(5)
    cloud.sm.create_endpoint(EndpointName="two", EndpointConfigName="first")


def test_a_quota_counts_per_region(cloud: Any) -> None:
    cloud.set(quotas={"ml.m5.large": 2}, options={"verify_artifacts": False, "verify_images": False})
    cloud.endpoint()
    image = cloud.image.replace("us-east-1", "us-west-2")
    west = cloud.session.client("sagemaker", region_name="us-west-2")
    west.create_model(ModelName="iris", ExecutionRoleArn=cloud.role(), PrimaryContainer={"Image": image})
    variant = {"VariantName": "v", "ModelName": "iris", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
    west.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    west.create_endpoint(EndpointName="ep", EndpointConfigName="c")
    assert len(cloud.sm.list_endpoints()["Endpoints"]) == len(west.list_endpoints()["Endpoints"]) == 1


def test_a_deletion_that_fails_ends_in_failed_and_can_be_tried_again(cloud: Any) -> None:
    cloud.endpoint()
    cloud.world.faults.add({"kind": "delete_fails", "times": 1})
    cloud.sm.delete_endpoint(EndpointName="ep")
    assert cloud.settle()["EndpointStatus"] == "Failed"
    cloud.sm.delete_endpoint(EndpointName="ep")
    cloud.world.advance(5)
    assert cloud.sm.list_endpoints()["Endpoints"] == []


def test_serverless_shows_concurrency_in_place_of_instances(cloud: Any) -> None:
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 5, "ProvisionedConcurrency": 2}
    cloud.endpoint("ep", {"InstanceType": None, "InitialInstanceCount": None, "ServerlessConfig": serverless})
    variant = cloud.describe()["ProductionVariants"][0]
    assert variant["CurrentServerlessConfig"] == variant["DesiredServerlessConfig"] == serverless
    assert "DesiredInstanceCount" not in variant


def test_capture_async_and_shadow_are_shown(cloud: Any) -> None:
    capture = {
        "InitialSamplingPercentage": 30,
        "DestinationS3Uri": "s3://models/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    shadow = {
        "VariantName": "shadow",
        "ModelName": "iris",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 0.5,
    }
    cloud.endpoint(DataCaptureConfig=capture, ShadowProductionVariants=[shadow])
    shown = cloud.describe()
    assert shown["DataCaptureConfig"] == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 30,
        "DestinationS3Uri": "s3://models/capture",
        "KmsKeyId": "",
    }
    assert [one["VariantName"] for one in shown["ShadowProductionVariants"]] == ["shadow"]
    output = {"OutputConfig": {"S3OutputPath": "s3://models/out"}}
    cloud.endpoint("later", config="async", AsyncInferenceConfig=output)
    assert cloud.describe("later")["AsyncInferenceConfig"] == output


def test_lists_show_status_and_filter_by_it(cloud: Any) -> None:
    cloud.endpoint("one")
    cloud.world.advance(10)
    cloud.sm.create_endpoint(EndpointName="two", EndpointConfigName="first")
    assert [(one["EndpointName"], one["EndpointStatus"]) for one in cloud.sm.list_endpoints()["Endpoints"]] == [
        ("two", "Creating"),
        ("one", "InService"),
    ]
    found = cloud.sm.list_endpoints(StatusEquals="InService", SortBy="Status")["Endpoints"]
    assert [one["EndpointName"] for one in found] == ["one"]


def test_lists_can_be_asked_for_what_changed_since(cloud: Any) -> None:
    cloud.endpoint("one")
    cloud.world.advance(100)
    cloud.endpoint("two", config="second")
    since = cloud.describe("two")["CreationTime"]
    found = cloud.sm.list_endpoints(LastModifiedTimeAfter=since)["Endpoints"]
    assert [one["EndpointName"] for one in found] == ["two"]


def test_lists_may_show_what_was_and_describe_what_is(cloud: Any) -> None:
    def listed() -> list[tuple[str, str]]:
        return [(one["EndpointName"], one["EndpointStatus"]) for one in cloud.sm.list_endpoints()["Endpoints"]]

    cloud.endpoint("one")
    cloud.set(consistency={"listing": 10}, durations={"delete": 60})
    assert listed() == [("one", "InService")]
    cloud.sm.delete_endpoint(EndpointName="one")
    cloud.world.advance(9)
    assert listed() == [("one", "InService")]
    assert cloud.describe("one")["EndpointStatus"] == "Deleting"
    cloud.world.advance(10)
    assert listed() == [("one", "Deleting")]


def test_tags_are_overwritten_by_key_listed_and_deleted(cloud: Any, refused: Any) -> None:
    cloud.config("first")
    cloud.sm.create_endpoint(
        EndpointName="ep", EndpointConfigName="first", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    )
    arn = ARN.format("ep")
    cloud.sm.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "3"}, {"Key": "c", "Value": "4"}])
    cloud.sm.delete_tags(ResourceArn=arn, TagKeys=["b", "unknown"])
    assert cloud.sm.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "3"}, {"Key": "c", "Value": "4"}]
    with refused("ValidationException") as error:
        cloud.sm.list_tags(ResourceArn=ARN.format("nope"))
    assert error.text == f'Could not find endpoint "{ARN.format("nope")}".'
    with refused("ValidationException"):
        cloud.sm.add_tags(ResourceArn=arn, Tags=[{"Key": f"k{number}", "Value": ""} for number in range(49)])


def test_an_operation_that_is_not_simulated_says_so_and_is_never_answered_by_moto(cloud: Any, refused: Any) -> None:
    with refused("NotImplemented") as error:
        cloud.sm.list_training_jobs()
    assert error.text == "The sandbox does not simulate sagemaker:ListTrainingJobs."
