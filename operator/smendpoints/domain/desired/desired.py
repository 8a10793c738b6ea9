"""What the spec wants, in AWS's terms: requests under names that tell their content.

What can be changed in place (weight, count, provisioned concurrency, scaling, tags) is not in the names' hashes. The
value by which a user asks for a new fleet under the same spec is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smendpoints.api.analysis import Analysis
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.spec import AsyncInference, DataCapture, SageMakerEndpointSpec
from smendpoints.api.status_rollout import RolledBackTo
from smendpoints.api.variants import Container, Variant
from smendpoints.domain.desired import names
from smendpoints.domain.desired.ownership import Owner, is_reserved
from smendpoints.domain.desired.rollout import abort_alarm, deployment_config, rollback_alarms
from smendpoints.domain.desired.scaling import DesiredTarget, desired_target
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason

Request = Mapping[str, Any]


@dataclass(frozen=True)
class DesiredModel:
    """A model to create."""

    name: str
    request: Request = field(hash=False)

    def containers(self) -> list[Request]:
        """Its containers, one or those of a pipeline."""
        return self.request.get("Containers") or [self.request["PrimaryContainer"]]


@dataclass(frozen=True)
class DesiredVariant:
    """What a live variant has beside its config; `count` is None where autoscaling, or nobody, owns it."""

    name: str
    weight: float
    count: int | None
    serverless: Request | None = field(default=None, hash=False)


@dataclass(frozen=True)
class Desired:
    """All that the spec wants of AWS.

    `adoption_refused` says why no endpoint may be taken over; None: it may. `redeployed` is part of what models are.
    `back` says that a revision of the history is wanted in place of the spec. `analysis`: how its rollout is judged.
    """

    owner: Owner
    endpoint_name: str
    models: tuple[DesiredModel, ...]
    config_name: str
    config_request: Request = field(hash=False)
    deployment: Request | None = field(hash=False)
    rollback_alarms: tuple[Request, ...] = field(hash=False)
    variants: tuple[DesiredVariant, ...]
    targets: tuple[DesiredTarget, ...]
    tags: Mapping[str, str] = field(hash=False)
    shadow: DesiredVariant | None = None
    retry: str | None = None
    redeployed: str | None = None
    back: RolledBackTo | None = None
    analysis: Analysis | None = None
    adoption_refused: str | None = None

    def attempt(self) -> str:
        """Names this config being rolled out this way."""
        asked_again = [self.retry] if self.retry is not None else []
        judged = [self.analysis.to_json()] if self.analysis is not None else []
        return names.content_hash([self.config_name, self.deployment or {}, *asked_again, *judged])

    @property
    def abort_alarm(self) -> str | None:
        """The alarm by which the rollout of this config can be aborted, if it carries one."""
        name = abort_alarm(self.endpoint_name, self.config_name)["AlarmName"]
        return next((name for alarm in self.rollback_alarms if alarm["AlarmName"] == name), None)

    def contents(self) -> frozenset[str]:
        """The names of the config and its models."""
        return frozenset({self.config_name, *(model.name for model in self.models)})

    def variant_names(self) -> frozenset[str]:
        """The variants that get instances, a shadow among them."""
        kinds = ("ProductionVariants", "ShadowProductionVariants")
        return frozenset(entry["VariantName"] for kind in kinds for entry in self.config_request.get(kind, ()))

    def images(self) -> frozenset[str]:
        """The images of all containers."""
        return frozenset(container["Image"] for model in self.models for container in model.containers())

    def instance_types(self) -> dict[str, tuple[str, ...]]:
        """The instance types of each variant, a shadow among them, in order of preference."""
        return {
            entry["VariantName"]: tuple(pool["InstanceType"] for pool in entry.get("InstancePools", ()))
            or ((entry["InstanceType"],) if "InstanceType" in entry else ())
            for kind in ("ProductionVariants", "ShadowProductionVariants")
            for entry in self.config_request.get(kind, ())
        }


def artifact_of(container: Request) -> str | None:
    """The S3 URI of a container's artifact, in a request or a response."""
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    uri: str | None = container.get("ModelDataUrl") or source.get("S3Uri")
    return uri


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as AWS's requests have them."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def _set(**values: Any) -> dict[str, Any]:
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


def _model(
    spec: SageMakerEndpointSpec, role: str, endpoint: str, variant: Variant, redeployed: str | None
) -> tuple[str, dict[str, Any]]:
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


def _config_variant(variant: Variant, model: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A variant's entry in the config: what is in the hash, and what can change in place."""
    fixed: dict[str, Any] = {"VariantName": variant.name, "ModelName": model}
    in_place: dict[str, Any] = {"InitialVariantWeight": variant.weight}
    if variant.serverless is not None:
        memory = {"MemorySizeInMB": variant.serverless.memory_size_mb}
        warm = variant.serverless.provisioned_concurrency is not None  # AWS changes it in place, but never takes it off
        fixed["ServerlessConfig"] = memory | ({"ProvisionedConcurrency": "some"} if warm else {})
        in_place["ServerlessConfig"] = memory | _concurrency(variant)
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
    fixed |= _set(
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


def _concurrency(variant: Variant) -> dict[str, Any]:
    if variant.serverless is None:
        return {}
    return _set(
        MaxConcurrency=variant.serverless.max_concurrency,
        ProvisionedConcurrency=variant.serverless.provisioned_concurrency,
    )


def _data_capture(capture: DataCapture) -> dict[str, Any]:
    modes = {"Input": ["Input"], "Output": ["Output"], "InputAndOutput": ["Input", "Output"]}[capture.capture]
    request: dict[str, Any] = {
        "EnableCapture": True,
        "InitialSamplingPercentage": capture.sampling_percentage,
        "DestinationS3Uri": capture.destination,
        "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
    } | _set(KmsKeyId=capture.kms_key_id)
    header = _set(
        CsvContentTypes=sorted(capture.csv_content_types) or None,
        JsonContentTypes=sorted(capture.json_content_types) or None,
    )
    return request | ({"CaptureContentTypeHeader": header} if header else {})


def _async(inference: AsyncInference) -> dict[str, Any]:
    output = _set(
        S3OutputPath=inference.output_path, S3FailurePath=inference.failure_path, KmsKeyId=inference.kms_key_id
    )
    topics = _set(SuccessTopic=inference.success_topic_arn, ErrorTopic=inference.error_topic_arn)
    if topics:
        output["NotificationConfig"] = topics
    request: dict[str, Any] = {"OutputConfig": output}
    if inference.max_concurrent_invocations_per_instance is not None:
        request["ClientConfig"] = {
            "MaxConcurrentInvocationsPerInstance": inference.max_concurrent_invocations_per_instance
        }
    return request


def _beside_config(variant: Variant) -> DesiredVariant:
    count = variant.instance.count if variant.instance is not None and variant.scaling is None else None
    serverless = _concurrency(variant)
    if variant.scaling is not None:
        serverless.pop("ProvisionedConcurrency", None)
    return DesiredVariant(variant.name, variant.weight, count, serverless or None)


def desire(resource: SageMakerEndpoint, cluster: str, default_role: str | None) -> Desired:
    """Translate the spec.

    Raises:
        ReconcileError: the spec lacks what only the operator's settings could give (`INVALID`).
    """
    spec, meta = resource.spec, resource.metadata
    role = spec.execution_role_arn or default_role
    if role is None:
        raise ReconcileError(
            Kind.INVALID,
            Reason.INVALID_SPEC,
            "spec.executionRoleARN is required: this operator has no default execution role",
        )
    endpoint = spec.endpoint_name or names.endpoint_name(meta.namespace, meta.name)
    owner = Owner(cluster, meta.namespace, meta.name)
    tags = {key: value for key, value in spec.tags.items() if not is_reserved(key)} | owner.tags()
    models: dict[str, DesiredModel] = {}
    redeployed = resource.redeployed()

    def entry(variant: Variant) -> tuple[dict[str, Any], dict[str, Any]]:
        name, request = _model(spec, role, endpoint, variant, redeployed)
        models[name] = DesiredModel(name, {"ModelName": name, **request, "Tags": tag_list(tags)})
        return _config_variant(variant, name)

    entries = [entry(variant) for variant in sorted(spec.variants, key=lambda variant: variant.name)]
    content: dict[str, Any] = {"ProductionVariants": [fixed for fixed, _ in entries]}
    full: dict[str, Any] = {"ProductionVariants": [fixed | in_place for fixed, in_place in entries]}
    if spec.shadow is not None:
        fixed, in_place = entry(spec.shadow)
        content["ShadowProductionVariants"] = [fixed | in_place]
        full["ShadowProductionVariants"] = [fixed | in_place]
    shared = _set(
        DataCaptureConfig=_data_capture(spec.data_capture) if spec.data_capture else None,
        AsyncInferenceConfig=_async(spec.async_) if spec.async_ else None,
        KmsKeyId=spec.kms_key_id,
    )
    name = names.config_name(endpoint, content | shared)
    alarms = rollback_alarms(spec, endpoint, name)
    targets = (desired_target(endpoint, variant) for variant in spec.variants)
    return Desired(
        owner=owner,
        endpoint_name=endpoint,
        models=tuple(models.values()),
        config_name=name,
        config_request={"EndpointConfigName": name, **full, **shared, "Tags": tag_list(tags)},
        deployment=deployment_config(spec.rollout, tuple(alarm["AlarmName"] for alarm in alarms)),
        rollback_alarms=alarms,
        variants=tuple(_beside_config(variant) for variant in spec.variants),
        shadow=_beside_config(spec.shadow) if spec.shadow is not None else None,
        targets=tuple(target for target in targets if target is not None),
        tags=tags,
        retry=resource.retry(),
        redeployed=redeployed,
        analysis=spec.rollout.analysis,
    )
