"""Endpoint configurations: what is stored, and the rules that cross fields."""

from typing import Any

import pytest

ARN = "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/{}"
SERVERLESS: dict[str, Any] = {
    "InstanceType": None,
    "InitialInstanceCount": None,
    "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5},
}
CAPTURE = {
    "InitialSamplingPercentage": 50,
    "DestinationS3Uri": "s3://models/capture",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}
ASYNC = {"OutputConfig": {"S3OutputPath": "s3://models/out"}}


def test_a_config_is_read_back_with_the_defaults_of_aws(cloud: Any) -> None:
    assert cloud.config("c") == ARN.format("c")
    made = cloud.sm.describe_endpoint_config(EndpointConfigName="c")
    assert made["ProductionVariants"] == [
        {
            "VariantName": "primary",
            "ModelName": "iris",
            "InitialInstanceCount": 2,
            "InstanceType": "ml.m5.large",
            "InitialVariantWeight": 1.0,
        }
    ]
    assert made["MetricsConfig"] == {
        "EnableEnhancedMetrics": False,
        "EnableDetailedObservability": True,
        "MetricPublishFrequencyInSeconds": 60,
    }
    assert made["EnableNetworkIsolation"] is False


def test_a_serverless_config_is_read_back_with_a_volume_nobody_asked_for(cloud: Any) -> None:
    cloud.config("c", SERVERLESS)
    variant = cloud.sm.describe_endpoint_config(EndpointConfigName="c")["ProductionVariants"][0]
    assert variant["VolumeSizeInGB"] > 0
    assert variant["ServerlessConfig"] == SERVERLESS["ServerlessConfig"]


def test_every_block_of_a_config_is_stored(cloud: Any) -> None:
    blocks = {
        "DataCaptureConfig": {**CAPTURE, "EnableCapture": True},
        "KmsKeyId": "alias/key",
        "ExplainerConfig": {"ClarifyExplainerConfig": {"ShapConfig": {"ShapBaselineConfig": {"ShapBaseline": "1,2"}}}},
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        "EnableNetworkIsolation": True,
        "ExecutionRoleArn": cloud.role(),
    }
    shadow = {"VariantName": "shadow", "ModelName": "iris", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    details = {
        "VolumeSizeInGB": 64,
        "ModelDataDownloadTimeoutInSeconds": 600,
        "ContainerStartupHealthCheckTimeoutInSeconds": 300,
        "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
        "EnableSSMAccess": True,
        "InferenceAmiVersion": "al2-ami-sagemaker-inference-gpu-2",
    }
    cloud.config("c", details, ShadowProductionVariants=[shadow], **blocks)
    made = cloud.sm.describe_endpoint_config(EndpointConfigName="c")
    assert {key: made[key] for key in blocks} == blocks
    assert made["ShadowProductionVariants"] == [{**shadow, "InitialVariantWeight": 1.0}]
    assert details.items() <= made["ProductionVariants"][0].items()


def test_instance_pools_are_stored_in_place_of_a_type(cloud: Any) -> None:
    pools = [{"InstanceType": "ml.g5.xlarge", "Priority": 1}, {"InstanceType": "ml.g6.xlarge", "Priority": 2}]
    cloud.config("c", {"InstanceType": None, "InstancePools": pools})
    assert cloud.sm.describe_endpoint_config(EndpointConfigName="c")["ProductionVariants"][0]["InstancePools"] == pools


def test_a_second_config_of_the_same_name_is_refused(cloud: Any, refused: Any) -> None:
    cloud.config("c")
    with refused("ValidationException") as error:
        cloud.config("c")
    assert error.text == f'Cannot create already existing endpoint configuration "{ARN.format("c")}".'


@pytest.mark.parametrize("operation", ["describe_endpoint_config", "delete_endpoint_config"])
def test_a_config_that_does_not_exist_is_not_found(cloud: Any, refused: Any, operation: str) -> None:
    with refused("ValidationException") as error:
        getattr(cloud.sm, operation)(EndpointConfigName="nope")
    assert error.text == f'Could not find endpoint configuration "{ARN.format("nope")}".'


def test_a_config_that_names_no_model_is_refused(cloud: Any, refused: Any) -> None:
    with refused("ValidationException") as error:
        cloud.config("c", {"ModelName": "nope"})
    assert error.text == 'Could not find model "arn:aws:sagemaker:us-east-1:123456789012:model/nope".'


@pytest.mark.parametrize(
    ("changes", "member", "constraint"),
    [
        ({"InstanceType": "ml.m7g.large"}, "instanceType", "Member must satisfy enum value set"),
        ({"VolumeSizeInGB": 513}, "volumeSizeInGB", "Member must have value less than or equal to 512"),
        (
            {"ModelDataDownloadTimeoutInSeconds": 3601},
            "modelDataDownloadTimeoutInSeconds",
            "less than or equal to 3600",
        ),
        ({"VariantName": "under_score"}, "variantName", "Member must satisfy regular expression pattern"),
        ({"RoutingConfig": {"RoutingStrategy": "ODD"}}, "routingConfig.routingStrategy", "enum value set"),
    ],
)
def test_what_botocore_lets_pass_the_service_refuses(
    cloud: Any, refused: Any, changes: dict[str, Any], member: str, constraint: str
) -> None:
    with refused("ValidationException") as error:
        cloud.config("c", changes)
    assert error.text.startswith("1 validation error detected: Value '")
    assert f"at 'productionVariants.1.member.{member}' failed to satisfy constraint: " in error.text
    assert constraint in error.text


def test_more_than_ten_variants_are_refused(cloud: Any, refused: Any) -> None:
    with refused("ValidationException") as error:
        cloud.config("c", *({"VariantName": f"v{number}"} for number in range(11)))
    assert "at 'productionVariants' failed" in error.text
    assert "less than or equal to 10" in error.text


@pytest.mark.parametrize(
    ("variants", "others", "text"),
    [
        ([{}, {}], {}, 'The variant name "primary" was non-unique within the request.'),
        ([{"InstanceType": None}], {}, "Exactly one of InstanceType, InstancePools or ServerlessConfig"),
        ([{"ServerlessConfig": SERVERLESS["ServerlessConfig"]}], {}, "Exactly one of InstanceType, InstancePools or"),
        ([{"InitialInstanceCount": None}], {}, "InitialInstanceCount must be specified"),
        (
            [{"ManagedInstanceScaling": {"Status": "ENABLED"}}],
            {},
            "ManagedInstanceScaling is only supported for inference component endpoints.",
        ),
        ([{"ModelName": None}], {}, "ExecutionRoleArn must be specified"),
        (
            [{"RoutingConfig": {"RoutingStrategy": "PREFIX_AWARE"}}],
            {},
            "PrefixLength and ConcurrencyThreshold are required",
        ),
        (
            [{}],
            {"MetricsConfig": {"MetricPublishFrequencyInSeconds": 7}},
            "MetricPublishFrequencyInSeconds must be one",
        ),
        ([SERVERLESS], {"DataCaptureConfig": CAPTURE}, "DataCaptureConfig is not supported for serverless"),
        ([SERVERLESS], {"AsyncInferenceConfig": ASYNC}, "AsyncInferenceConfig is not supported for serverless"),
        ([SERVERLESS, {"VariantName": "second"}], {}, "Serverless endpoints support only a single variant."),
        (
            [{**SERVERLESS, "ServerlessConfig": {"MemorySizeInMB": 1500, "MaxConcurrency": 5}}],
            {},
            "MemorySizeInMB must be one of",
        ),
        (
            [
                {
                    **SERVERLESS,
                    "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 5, "ProvisionedConcurrency": 6},
                }
            ],
            {},
            "ProvisionedConcurrency must be less than or equal to MaxConcurrency.",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(
    cloud: Any, refused: Any, variants: list[dict[str, Any]], others: dict[str, Any], text: str
) -> None:
    with refused("ValidationException") as error:
        cloud.config("c", *variants, **others)
    assert text in error.text


def test_a_shadow_stands_beside_exactly_one_production_variant(cloud: Any, refused: Any) -> None:
    shadow = {"VariantName": "shadow", "ModelName": "iris", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    with refused("ValidationException") as error:
        cloud.config("c", {}, {"VariantName": "second"}, ShadowProductionVariants=[shadow])
    assert "exactly one production and one shadow variant" in error.text


def test_a_key_does_not_go_with_local_storage(cloud: Any, refused: Any) -> None:
    """AWS documents that the call fails."""
    for kind, fails in (
        ("ml.m5.large", False),
        ("ml.m5d.large", True),
        ("ml.g5.xlarge", True),
        ("ml.c7i.large", False),
    ):
        request = {"InstanceType": kind}
        if not fails:
            cloud.config(f"keyed-{kind.replace('.', '-')}", request, KmsKeyId="alias/key")
            continue
        with refused("ValidationException") as error:
            cloud.config("keyed", request, KmsKeyId="alias/key")
        assert f"KmsKeyId is not supported for {kind}" in error.text


def test_serverless_takes_no_model_in_a_vpc_no_pipeline_and_no_multi_model(cloud: Any, refused: Any) -> None:
    vpc = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]}
    cloud.model("in-vpc", VpcConfig=vpc)
    cloud.model("alone", EnableNetworkIsolation=True)
    cloud.model("many", container={"Mode": "MultiModel", "ModelDataUrl": "s3://models/many/"})
    cloud.model("pipe", PrimaryContainer=None, Containers=[{"Image": cloud.image}, {"Image": cloud.image}])
    for model, text in (
        ("in-vpc", "VpcConfig"),
        ("alone", "network isolation"),
        ("many", "Multi-model"),
        ("pipe", "pipelines"),
    ):
        with refused("ValidationException") as error:
            cloud.config("c", {**SERVERLESS, "ModelName": model})
        assert text in error.text


def test_a_config_in_use_is_deleted_without_a_question(cloud: Any) -> None:
    cloud.endpoint()
    cloud.sm.delete_endpoint_config(EndpointConfigName="first")
    assert cloud.status() == "InService"
    assert cloud.sm.list_endpoint_configs()["EndpointConfigs"] == []
