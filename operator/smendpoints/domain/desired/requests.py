"""Parts of a spec as AWS's requests have them: models, entries of variants, capture, asynchronous inference.

Not here: how they are put together (`desired`).
"""

from typing import Any

from smendpoints.api.spec import AsyncInference, DataCapture, SageMakerEndpointSpec
from smendpoints.api.variants import Container, Variant
from smendpoints.domain.desired import names
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason


def given(**values: Any) -> dict[str, Any]:
    """Those that are given."""
    return {key: value for key, value in values.items() if value is not None}


def _container(container: Container, *, multi_model: bool) -> dict[str, Any]:
    request: dict[str, Any] = {"Image": container.image}
    if container.hostname is not None:
        request["ContainerHostname"] = container.hostname
    artifact = container.model_artifact
    if multi_model:
        request |= {"Mode": "MultiModel", "ModelDataUrl": artifact}
    elif artifact is not None and artifact.endswith("/"):
        source = {"S3Uri": artifact, "S3DataType": "S3Prefix", "CompressionType": "None"}
        request["ModelDataSource"] = {"S3DataSource": source}
    elif artifact is not None:
        request["ModelDataUrl"] = artifact
    if variables := container.variables():
        request["Environment"] = variables
    return request


def model_request(
    spec: SageMakerEndpointSpec, role: str, endpoint: str, variant: Variant, redeployed: str | None
) -> tuple[str, dict[str, Any]]:
    """The name of a variant's model, which tells its content, and the request without name and tags."""
    containers = [_container(container, multi_model=variant.multi_model) for container in variant.all_containers()]
    request: dict[str, Any] = {"ExecutionRoleArn": role}
    if variant.containers:
        request |= {"Containers": containers, "InferenceExecutionConfig": {"Mode": "Serial"}}
    else:
        request["PrimaryContainer"] = containers[0]
    if spec.vpc is not None:
        request["VpcConfig"] = {
            "Subnets": sorted(spec.vpc.subnet_ids),
            "SecurityGroupIds": sorted(spec.vpc.security_group_ids),
        }
    if spec.network_isolation:
        request["EnableNetworkIsolation"] = True
    content = request if redeployed is None else {**request, "redeployedAt": redeployed}
    return names.model_name(endpoint, variant.name, content), request


def variant_entry(variant: Variant, model: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A variant's entry in the config: what is in the hash, and what can change in place.

    Raises:
        ReconcileError: the variant runs on nothing (`INVALID`).
    """
    fixed: dict[str, Any] = {"VariantName": variant.name, "ModelName": model}
    in_place: dict[str, Any] = {"InitialVariantWeight": variant.weight}
    if variant.serverless is not None:
        memory = {"MemorySizeInMB": variant.serverless.memory_size_mb}
        warm = variant.serverless.provisioned_concurrency is not None  # AWS changes it in place, but never takes it off
        fixed["ServerlessConfig"] = memory | ({"ProvisionedConcurrency": "some"} if warm else {})
        in_place["ServerlessConfig"] = memory | concurrency(variant)
        return fixed, in_place
    instance = variant.instance
    if instance is None:
        raise ReconcileError(
            Kind.INVALID, Reason.INVALID_SPEC, f"variant {variant.name}: give one of `instance` and `serverless`"
        )
    count = instance.count
    if variant.scaling is not None:
        count = min(max(count, variant.scaling.min_capacity, 1), max(variant.scaling.max_capacity, 1))
    in_place["InitialInstanceCount"] = count
    if instance.pools:
        fixed["InstancePools"] = [
            {"InstanceType": pool.type, "Priority": priority} for priority, pool in enumerate(instance.pools, start=1)
        ]
    else:
        fixed["InstanceType"] = instance.type
    fixed |= given(
        VolumeSizeInGB=instance.volume_size_gb,
        ModelDataDownloadTimeoutInSeconds=instance.model_download_timeout_seconds,
        ContainerStartupHealthCheckTimeoutInSeconds=instance.startup_timeout_seconds,
        VariantInstanceProvisionTimeoutInSeconds=instance.provision_timeout_seconds,
        InferenceAmiVersion=instance.ami_version,
    )
    if instance.routing is not None:
        strategy = {"LeastOutstandingRequests": "LEAST_OUTSTANDING_REQUESTS", "Random": "RANDOM"}[instance.routing]
        fixed["RoutingConfig"] = {"RoutingStrategy": strategy}
    return fixed, in_place


def concurrency(variant: Variant) -> dict[str, Any]:
    """The numbers of a serverless variant that can change in place."""
    if variant.serverless is None:
        return {}
    return given(
        MaxConcurrency=variant.serverless.max_concurrency,
        ProvisionedConcurrency=variant.serverless.provisioned_concurrency,
    )


def data_capture(capture: DataCapture) -> dict[str, Any]:
    """`DataCaptureConfig`."""
    modes = {"Input": ["Input"], "Output": ["Output"], "InputAndOutput": ["Input", "Output"]}[capture.capture]
    request: dict[str, Any] = {
        "EnableCapture": True,
        "InitialSamplingPercentage": capture.sampling_percentage,
        "DestinationS3Uri": capture.destination,
        "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
    } | given(KmsKeyId=capture.kms_key_id)
    header = given(
        CsvContentTypes=sorted(capture.csv_content_types) or None,
        JsonContentTypes=sorted(capture.json_content_types) or None,
    )
    return request | ({"CaptureContentTypeHeader": header} if header else {})


def async_inference(inference: AsyncInference) -> dict[str, Any]:
    """`AsyncInferenceConfig`."""
    output = given(
        S3OutputPath=inference.output_path, S3FailurePath=inference.failure_path, KmsKeyId=inference.kms_key_id
    )
    topics = given(SuccessTopic=inference.success_topic_arn, ErrorTopic=inference.error_topic_arn)
    if topics:
        output["NotificationConfig"] = topics
    request: dict[str, Any] = {"OutputConfig": output}
    if inference.max_concurrent_invocations_per_instance is not None:
        request["ClientConfig"] = {
            "MaxConcurrentInvocationsPerInstance": inference.max_concurrent_invocations_per_instance
        }
    return request
