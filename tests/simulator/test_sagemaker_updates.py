"""UpdateEndpoint: what is retained, what is refused, what a failed update leaves behind."""

from typing import Any

import pytest

ARN = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/ep"


class Registered:
    """Scalable targets, as the autoscaler would report them."""

    def __init__(self, *variants: str) -> None:
        self.variants = set(variants)

    def registered(self, _ctx: Any, _endpoint: str, variant: str) -> bool:
        return variant in self.variants

    def deregister_all(self, _ctx: Any, _endpoint: str) -> None:
        self.variants.clear()


def update(cloud: Any, config: str = "second", **others: Any) -> None:
    cloud.sm.update_endpoint(EndpointName="ep", EndpointConfigName=config, **others)


def rescale(cloud: Any, **change: Any) -> None:
    cloud.sm.update_endpoint_weights_and_capacities(
        EndpointName="ep", DesiredWeightsAndCapacities=[{"VariantName": "primary", **change}]
    )
    cloud.settle()


def test_while_updating_the_old_config_stays_on_top_and_the_new_one_is_pending(cloud: Any) -> None:
    cloud.endpoint()
    cloud.config("second", {"InstanceType": "ml.c5.large"})
    update(cloud)
    shown = cloud.describe()
    assert (shown["EndpointStatus"], shown["EndpointConfigName"]) == ("Updating", "first")
    assert shown["PendingDeploymentSummary"]["EndpointConfigName"] == "second"
    assert shown["PendingDeploymentSummary"]["ProductionVariants"][0]["InstanceType"] == "ml.c5.large"
    assert cloud.traffic() == {"first": 1}
    done = cloud.settle()
    assert (done["EndpointStatus"], done["EndpointConfigName"]) == ("InService", "second")
    assert cloud.traffic() == {"second": 1}


def test_a_plain_update_resets_live_counts_and_weights(cloud: Any) -> None:
    cloud.endpoint()
    rescale(cloud, DesiredInstanceCount=5, DesiredWeight=3)
    cloud.config("second")
    update(cloud)
    variant = cloud.settle()["ProductionVariants"][0]
    assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (2, 1)


def test_retaining_keeps_live_counts_and_weights_of_variants_of_the_same_name(cloud: Any) -> None:
    cloud.endpoint()
    rescale(cloud, DesiredInstanceCount=5, DesiredWeight=3)
    cloud.config("second", {}, {"VariantName": "other"})
    update(cloud, RetainAllVariantProperties=True)
    primary, other = cloud.settle()["ProductionVariants"]
    assert (primary["CurrentInstanceCount"], primary["CurrentWeight"]) == (5, 3)
    assert (other["CurrentInstanceCount"], other["CurrentWeight"]) == (2, 1)


@pytest.mark.parametrize(("excluded", "count", "weight"), [("DesiredInstanceCount", 2, 3), ("DesiredWeight", 5, 1)])
def test_what_is_excluded_from_retaining_is_taken_from_the_config(
    cloud: Any, excluded: str, count: int, weight: float
) -> None:
    cloud.endpoint()
    rescale(cloud, DesiredInstanceCount=5, DesiredWeight=3)
    cloud.config("second")
    update(
        cloud,
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": excluded}],
    )
    variant = cloud.settle()["ProductionVariants"][0]
    assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (count, weight)


def test_a_failed_update_returns_to_service_with_the_old_config_and_a_reason(cloud: Any) -> None:
    cloud.endpoint()
    cloud.config("second")
    cloud.world.faults.add({"kind": "never_healthy", "resource": "second", "times": 1})
    update(cloud)
    failed = cloud.settle()
    assert (failed["EndpointStatus"], failed["EndpointConfigName"]) == ("InService", "first")
    assert "did not pass the ping health check" in failed["FailureReason"]
    assert cloud.traffic() == {"first": 1}
    assert failed["ProductionVariants"][0]["CurrentInstanceCount"] == 2


def test_the_waiter_of_boto3_takes_a_failed_update_for_a_success(cloud: Any) -> None:
    cloud.endpoint()
    cloud.config("second")
    cloud.world.faults.add({"kind": "never_healthy", "resource": "second"})
    update(cloud)
    cloud.settle()
    cloud.sm.get_waiter("endpoint_in_service").wait(EndpointName="ep", WaiterConfig={"Delay": 0, "MaxAttempts": 1})
    assert cloud.describe()["EndpointConfigName"] == "first"


def test_a_later_update_clears_the_reason_but_a_change_of_weights_does_not(cloud: Any) -> None:
    cloud.endpoint()
    cloud.config("second")
    cloud.world.faults.add({"kind": "never_healthy", "resource": "second", "times": 1})
    update(cloud)
    cloud.settle()
    rescale(cloud, DesiredWeight=2)
    assert "FailureReason" in cloud.describe()
    update(cloud)
    done = cloud.settle()
    assert done["EndpointConfigName"] == "second"
    assert "FailureReason" not in done


@pytest.mark.parametrize("gone", ["first", "second"])
def test_a_config_deleted_while_updating_fails_the_update(cloud: Any, gone: str) -> None:
    cloud.endpoint()
    cloud.config("second")
    update(cloud)
    cloud.sm.delete_endpoint_config(EndpointConfigName=gone)
    failed = cloud.settle()
    assert failed["EndpointConfigName"] == "first"
    assert failed["FailureReason"] == (
        f'Could not find endpoint configuration "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/{gone}".'
    )


def test_an_artifact_that_has_gone_fails_the_update_not_the_endpoint(cloud: Any) -> None:
    cloud.client("s3").put_object(Bucket="models", Key="next.tar.gz", Body=b"x")
    cloud.model("next", container={"ModelDataUrl": "s3://models/next.tar.gz"})
    cloud.client("s3").delete_object(Bucket="models", Key="next.tar.gz")
    cloud.endpoint()
    cloud.config("second", {"ModelName": "next"})
    update(cloud)
    failed = cloud.settle()
    assert (failed["EndpointStatus"], failed["EndpointConfigName"]) == ("InService", "first")
    assert failed["FailureReason"].startswith("Failed to download model data for container")


def test_updating_to_what_does_not_exist_is_refused_with_the_name_that_is_missing(cloud: Any, refused: Any) -> None:
    cloud.endpoint()
    with refused("ValidationException") as error:
        update(cloud, "nope")
    assert error.text.startswith('Could not find endpoint configuration "')
    cloud.config("second")
    with refused("ValidationException") as error:
        cloud.sm.update_endpoint(EndpointName="nope", EndpointConfigName="second")
    assert error.text.startswith('Could not find endpoint "')


def test_the_config_that_is_deployed_is_refused_unless_the_option_says_otherwise(cloud: Any, refused: Any) -> None:
    cloud.endpoint()
    with refused("ValidationException"):
        update(cloud, "first")
    cloud.set(options={"update_with_current_config": "accept"})
    update(cloud, "first")
    assert cloud.settle()["EndpointConfigName"] == "first"


def test_the_quota_must_cover_both_fleets(cloud: Any, refused: Any) -> None:
    cloud.set(quotas={"ml.m5.large": 3})
    cloud.endpoint()
    cloud.config("second")
    with refused("ResourceLimitExceeded") as error:
        update(cloud)
    assert "is 3 Instances, with current utilization of 2 Instances and a request delta of 2 Instances" in error.text
    assert cloud.status() == "InService"


def test_an_instance_based_endpoint_cannot_become_serverless_but_the_other_way_works(cloud: Any, refused: Any) -> None:
    serverless = {
        "InstanceType": None,
        "InitialInstanceCount": None,
        "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 5},
    }
    cloud.endpoint()
    cloud.config("serverless", serverless)
    with refused("ValidationException") as error:
        update(cloud, "serverless")
    assert "serverless" in error.text
    cloud.endpoint("other", serverless, config="third")
    cloud.sm.update_endpoint(EndpointName="other", EndpointConfigName="first")
    assert cloud.settle("other")["EndpointConfigName"] == "first"


def test_partition_layouts_of_a_live_variant_cannot_even_be_reordered(cloud: Any, refused: Any) -> None:
    partitions = ["mig-1g.5gb", "mig-2g.10gb"]
    layouts = [{"AcceleratorPartitionTypes": partitions}]
    cloud.endpoint("ep", {"InstanceType": "ml.p4d.24xlarge", "AcceleratorPartitionLayouts": layouts})
    changed = [{"AcceleratorPartitionTypes": list(reversed(partitions))}]
    cloud.config("second", {"InstanceType": "ml.p4d.24xlarge", "AcceleratorPartitionLayouts": changed})
    with refused("ValidationException") as error:
        update(cloud)
    assert "AcceleratorPartitionLayouts of variant primary cannot be changed" in error.text


@pytest.mark.parametrize("variant", [{"InstanceType": "ml.c5.large"}, {"VariantName": "renamed"}])
def test_a_scalable_variant_keeps_its_type_and_its_place(cloud: Any, refused: Any, variant: dict[str, str]) -> None:
    cloud.endpoint()
    cloud.world.targets = Registered("primary")
    cloud.config("second", variant)
    with refused("ValidationException") as error:
        update(cloud)
    assert error.text == (
        'The variant(s) "["primary"]" must be deregistered as scalable targets with AWS Auto Scaling before they can be '
        "removed or have their instance type updated."
    )
    cloud.world.targets = Registered()
    update(cloud)
    assert cloud.settle()["EndpointConfigName"] == "second"


def test_the_model_of_a_scalable_variant_may_change(cloud: Any) -> None:
    cloud.endpoint()
    cloud.world.targets = Registered("primary")
    cloud.model("next")
    cloud.config("second", {"ModelName": "next"})
    update(cloud, RetainAllVariantProperties=True)
    assert cloud.settle()["EndpointConfigName"] == "second"


def test_deleting_takes_the_targets_off_unless_the_caller_may_not(cloud: Any, refused: Any) -> None:
    cloud.endpoint()
    cloud.world.targets = targets = Registered("primary")
    denied = {"service": "application-autoscaling", "operation": "DeregisterScalableTarget", "times": 1}
    cloud.world.faults.add({"kind": "access_denied", **denied})
    with refused("ValidationException") as error:
        cloud.sm.delete_endpoint(EndpointName="ep")
    assert error.text == (
        "An Application AutoScaling scalable target exists for a variant being deleted, and the IAM identity used to "
        "invoke DeleteEndpoint does not have application-autoscaling:DeregisterScalableTarget permission to deregister "
        "the scalable target."
    )
    cloud.sm.delete_endpoint(EndpointName="ep")
    assert targets.variants == set()


def test_weights_and_counts_change_in_place_through_updating(cloud: Any) -> None:
    cloud.endpoint("ep", {}, {"VariantName": "other"})
    change = [{"VariantName": "primary", "DesiredWeight": 3, "DesiredInstanceCount": 4}]
    cloud.sm.update_endpoint_weights_and_capacities(EndpointName="ep", DesiredWeightsAndCapacities=change)
    shown = cloud.describe()
    primary = shown["ProductionVariants"][0]
    assert shown["EndpointStatus"] == "Updating"
    assert "PendingDeploymentSummary" not in shown
    assert (primary["DesiredWeight"], primary["CurrentWeight"]) == (3, 1)
    assert (primary["DesiredInstanceCount"], primary["CurrentInstanceCount"]) == (4, 2)
    assert primary["VariantStatus"][0]["StatusMessage"] == "Launching 2 instance(s)."
    primary, other = cloud.settle()["ProductionVariants"]
    assert (primary["CurrentWeight"], primary["CurrentInstanceCount"]) == (3, 4)
    assert (other["CurrentWeight"], other["CurrentInstanceCount"]) == (1, 2)
    views = cloud.world.hosting.endpoint(cloud.account, cloud.region, "ep").routes
    assert sum(route.share for route in views if route.variant == "primary") == pytest.approx(0.75)


def test_what_is_left_out_of_a_change_is_left_alone(cloud: Any) -> None:
    cloud.endpoint()
    rescale(cloud, DesiredWeight=3)
    rescale(cloud, DesiredInstanceCount=1)
    variant = cloud.describe()["ProductionVariants"][0]
    assert (variant["CurrentWeight"], variant["CurrentInstanceCount"]) == (3, 1)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            [{"VariantName": "nope", "DesiredWeight": 1}],
            'The variant name(s) "nope" is/are not present within endpoint configuration "first".',
        ),
        ([{"VariantName": "primary", "DesiredWeight": 1}] * 2, 'The variant name "primary" was non-unique within the'),
        ([{"VariantName": "primary"}], "Either a weight or a capacity"),
        ([{"VariantName": "primary", "DesiredInstanceCount": 0}], "must be at least 1"),
        (
            [
                {"VariantName": "primary", "DesiredInstanceCount": 3},
                {"VariantName": "other", "DesiredInstanceCount": 3},
            ],
            "The capacity of only one variant can be updated at a time.",
        ),
        (
            [{"VariantName": "primary", "ServerlessUpdateConfig": {"MaxConcurrency": 3}}],
            "ServerlessUpdateConfig cannot be specified",
        ),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(
    cloud: Any, refused: Any, changes: list[dict[str, Any]], text: str
) -> None:
    cloud.endpoint("ep", {}, {"VariantName": "other"})
    with refused("ValidationException") as error:
        cloud.sm.update_endpoint_weights_and_capacities(EndpointName="ep", DesiredWeightsAndCapacities=changes)
    assert text in error.text


def test_an_asynchronous_variant_goes_down_to_zero_and_up_again(cloud: Any) -> None:
    cloud.endpoint(AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://models/out"}})
    rescale(cloud, DesiredInstanceCount=0)
    assert cloud.describe()["ProductionVariants"][0]["CurrentInstanceCount"] == 0
    assert cloud.traffic() == {}
    rescale(cloud, DesiredInstanceCount=1)
    assert cloud.traffic() == {"first": 1}


def test_serverless_concurrency_changes_in_place(cloud: Any) -> None:
    serverless = {"MemorySizeInMB": 1024, "MaxConcurrency": 5}
    cloud.endpoint("ep", {"InstanceType": None, "InitialInstanceCount": None, "ServerlessConfig": serverless})
    rescale(cloud, ServerlessUpdateConfig={"MaxConcurrency": 10, "ProvisionedConcurrency": 4})
    shown = cloud.describe()["ProductionVariants"][0]["CurrentServerlessConfig"]
    assert shown == {"MemorySizeInMB": 1024, "MaxConcurrency": 10, "ProvisionedConcurrency": 4}


def test_scaling_out_is_held_to_the_quota(cloud: Any, refused: Any) -> None:
    cloud.set(quotas={"ml.m5.large": 3})
    cloud.endpoint()
    with refused("ResourceLimitExceeded"):
        rescale(cloud, DesiredInstanceCount=4)
    rescale(cloud, DesiredInstanceCount=3)


def test_a_scale_out_without_capacity_rolls_back_visibly_only_under_autoscaling(cloud: Any) -> None:
    cloud.endpoint()
    for registered, expected in ((Registered("primary"), "RollingBack"), (Registered(), "Updating")):
        cloud.world.targets = registered
        cloud.world.faults.add({"kind": "capacity", "times": 1})
        change = [{"VariantName": "primary", "DesiredInstanceCount": 4}]
        cloud.sm.update_endpoint_weights_and_capacities(EndpointName="ep", DesiredWeightsAndCapacities=change)
        assert cloud.status() == expected
        shown = cloud.settle()
        assert shown["EndpointStatus"] == "InService"
        assert shown["FailureReason"].startswith("Unable to provision requested ML compute capacity")
        assert shown["ProductionVariants"][0]["DesiredInstanceCount"] == 2
