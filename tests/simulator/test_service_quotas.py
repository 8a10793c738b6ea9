"""Service Quotas: what SageMaker's settings allow, as boto3 lists it."""

from typing import Any

NAME = "ml.m5.large for endpoint usage"


def listed(client: Any, operation: str, **params: Any) -> list[dict[str, Any]]:
    pages = client.get_paginator(operation).paginate(ServiceCode="sagemaker", **params)
    return [quota for page in pages for quota in page["Quotas"]]


def named(quotas: list[dict[str, Any]], name: str = NAME) -> dict[str, Any]:
    (found,) = [quota for quota in quotas if quota["QuotaName"] == name]
    return found


def test_every_instance_type_that_sagemaker_hosts_on_has_a_quota_for_endpoint_usage(bare: Any) -> None:
    client = bare.client("service-quotas")
    quotas = listed(client, "list_service_quotas")
    model = bare.sm.meta.service_model.shape_for("ProductionVariantInstanceType")
    assert {quota["QuotaName"] for quota in quotas} == {f"{each} for endpoint usage" for each in model.enum}
    assert len({quota["QuotaCode"] for quota in quotas}) == len(quotas)
    assert named(quotas)["QuotaArn"].startswith(f"arn:aws:servicequotas:{bare.region}:{bare.account}:sagemaker/L-")


def test_a_quota_is_what_create_endpoint_goes_by(cloud: Any, refused: Any) -> None:
    cloud.set(quotas={"ml.m5.large": 1})
    quota = named(listed(cloud.client("service-quotas"), "list_service_quotas"))
    assert (quota["Value"], quota["QuotaAppliedAtLevel"], quota["GlobalQuota"]) == (1.0, "ACCOUNT", False)
    cloud.config("first", {"InitialInstanceCount": 2})
    with refused("ResourceLimitExceeded") as error:
        cloud.sm.create_endpoint(EndpointName="ep", EndpointConfigName="first")
    assert f"'{quota['QuotaName']}' is 1 Instances" in error.text


def test_the_quota_of_scalable_targets_is_listed_under_application_auto_scaling(bare: Any) -> None:
    bare.set(options={"scalable_target_quota": 7})
    client = bare.client("service-quotas")
    which = {"ServiceCode": "application-autoscaling"}
    (quota,) = client.list_service_quotas(**which)["Quotas"]
    (default,) = client.list_aws_default_service_quotas(**which)["Quotas"]
    assert (quota["QuotaName"], quota["Value"]) == ("Scalable targets for Amazon SageMaker", 7.0)
    assert (default["QuotaCode"], default["Value"]) == (quota["QuotaCode"], 500.0)


def test_the_default_stays_when_the_applied_quota_changes(bare: Any) -> None:
    bare.set(quotas={"ml.m5.large": 3}, options={"default_instance_quota": 20})
    client = bare.client("service-quotas")
    applied = named(listed(client, "list_service_quotas"))
    default = named(listed(client, "list_aws_default_service_quotas"))
    assert (applied["Value"], default["Value"]) == (3.0, 20.0)
    which = {"ServiceCode": "sagemaker", "QuotaCode": applied["QuotaCode"]}
    assert client.get_service_quota(**which)["Quota"] == applied
    assert client.get_aws_default_service_quota(**which)["Quota"] == default


def test_pages_are_as_long_as_asked_for_and_no_quota_is_on_two(bare: Any) -> None:
    client = bare.client("service-quotas")
    page = client.list_service_quotas(ServiceCode="sagemaker", MaxResults=7)
    assert len(page["Quotas"]) == 7
    sliced = listed(client, "list_service_quotas", PaginationConfig={"PageSize": 50})
    assert sliced == listed(client, "list_service_quotas")


def test_one_quota_can_be_picked_by_its_code(bare: Any) -> None:
    client = bare.client("service-quotas")
    wanted = named(listed(client, "list_service_quotas"))
    assert listed(client, "list_service_quotas", QuotaCode=wanted["QuotaCode"]) == [wanted]


def test_what_does_not_exist_is_said_in_the_models_errors(bare: Any, refused: Any) -> None:
    client = bare.client("service-quotas")
    with refused("NoSuchResourceException"):
        client.get_service_quota(ServiceCode="sagemaker", QuotaCode="L-00000000")
    with refused("NoSuchResourceException"):
        client.list_service_quotas(ServiceCode="teapots")
    with refused("InvalidPaginationTokenException"):
        client.list_service_quotas(ServiceCode="sagemaker", NextToken="abcd")
