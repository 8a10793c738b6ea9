"""The rules of CreateEndpointConfig that cross fields: pure functions from a request to the sentences it breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsandbox.aws.moto.hardware import has_local_storage
from smsandbox.aws.sagemaker import texts
from smsandbox.aws.sagemaker.models import artifact_of, containers_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from smsandbox.aws.sagemaker.state import Request

MEMORY_SIZES = tuple(range(1024, 6145, 1024))
PUBLISH_SECONDS = (10, 30, 60, 120, 180, 240, 300)
#: Some of the accounts that hold AWS's own images; push to one of them what is to stand for such an image.
PREBUILT_REGISTRIES = frozenset({"763104351884", "683313688378", "811284229777", "382416733822"})
INSTANCE_ONLY = (
    "VolumeSizeInGB",
    "ModelDataDownloadTimeoutInSeconds",
    "ContainerStartupHealthCheckTimeoutInSeconds",
    "EnableSSMAccess",
    "InferenceAmiVersion",
    "RoutingConfig",
    "ManagedInstanceScaling",
    "CapacityReservationConfig",
    "InitialInstanceCount",
)


def variants_of(config: Request) -> list[Request]:
    """Production variants, then shadow variants."""
    return [*config["ProductionVariants"], *(config.get("ShadowProductionVariants") or [])]


def is_serverless(config: Request) -> bool:
    return any("ServerlessConfig" in variant for variant in config["ProductionVariants"])


def models_named(config: Request) -> list[str]:
    """Every model that a configuration refers to, overrides of instance pools included."""
    names = [variant["ModelName"] for variant in variants_of(config) if "ModelName" in variant]
    for variant in variants_of(config):
        names += [
            pool["ModelNameOverride"] for pool in variant.get("InstancePools") or [] if "ModelNameOverride" in pool
        ]
    return list(dict.fromkeys(names))


def problems(config: Request, models: Mapping[str, Request], account: str) -> Iterator[str]:
    """What is wrong with a CreateEndpointConfig request; `models` are the requests of the models it names, `account` is
    the caller's.
    """
    variants = variants_of(config)
    names = [variant["VariantName"] for variant in variants]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f'The variant name "{name}" was non-unique within the request.'
    shadows = config.get("ShadowProductionVariants") or []
    if shadows and (len(shadows) != 1 or len(config["ProductionVariants"]) != 1):
        yield "An endpoint configuration with shadow variants must have exactly one production and one shadow variant."
    for variant in variants:
        yield from _variant_problems(variant, config, models)
    if is_serverless(config):
        yield from _serverless_problems(config, models, account)
    yield from _block_problems(config)
    if config.get("KmsKeyId"):
        yield from _encryption_problems(variants)


def _encryption_problems(variants: Iterable[Request]) -> Iterator[str]:
    types = [variant.get("InstanceType", "") for variant in variants]
    types += [pool["InstanceType"] for variant in variants for pool in variant.get("InstancePools") or []]
    for instance_type in sorted({one for one in types if has_local_storage(one)}):
        yield f"KmsKeyId is not supported for {instance_type}, whose local storage is encrypted with a key of its own."


def _variant_problems(variant: Request, config: Request, models: Mapping[str, Request]) -> Iterator[str]:
    name = variant["VariantName"]
    hosts = [key for key in ("InstanceType", "InstancePools", "ServerlessConfig") if variant.get(key)]
    if len(hosts) != 1:
        given = " and ".join(hosts) or "none of them"
        yield (
            f"Exactly one of InstanceType, InstancePools or ServerlessConfig must be specified for variant {name}, "
            f"but it has {given}."
        )
    hosts_components = "ModelName" not in variant
    if hosts_components and "ExecutionRoleArn" not in config:
        yield (
            f"ExecutionRoleArn must be specified in the endpoint configuration because variant {name} has no ModelName."
        )
    if "ManagedInstanceScaling" in variant and not hosts_components:
        yield "ManagedInstanceScaling is only supported for inference component endpoints."
    if "ServerlessConfig" not in variant and not hosts_components and "InitialInstanceCount" not in variant:
        yield f"InitialInstanceCount must be specified for variant {name}."
    priorities = [pool["Priority"] for pool in variant.get("InstancePools") or []]
    if len(set(priorities)) != len(priorities):
        yield f"The priorities of the instance pools of variant {name} must be unique."
    routing = variant.get("RoutingConfig") or {}
    if routing.get("RoutingStrategy") == "PREFIX_AWARE" and set(routing.get("PrefixAwareRoutingConfig") or {}) != {
        "PrefixLength",
        "ConcurrencyThreshold",
    }:
        yield "PrefixLength and ConcurrencyThreshold are required for the routing strategy PREFIX_AWARE."
    model = models.get(variant.get("ModelName", ""))
    if model is not None and "ExecutionRoleArn" not in model and "ExecutionRoleArn" not in config:
        yield f"The model {variant['ModelName']} of variant {name} has no ExecutionRoleArn."


def _serverless_problems(config: Request, models: Mapping[str, Request], account: str) -> Iterator[str]:
    variants = variants_of(config)
    if len(variants) > 1:
        yield "Serverless endpoints support only a single variant."
    if config.get("DataCaptureConfig"):
        yield "DataCaptureConfig is not supported for serverless endpoints."
    if config.get("AsyncInferenceConfig"):
        yield "AsyncInferenceConfig is not supported for serverless endpoints."
    if config.get("VpcConfig"):
        yield "VpcConfig is not supported for serverless endpoints."
    for variant in variants:
        if "ServerlessConfig" in variant:
            yield from _serverless_variant_problems(variant, models, account)


def _serverless_variant_problems(variant: Request, models: Mapping[str, Request], account: str) -> Iterator[str]:
    serverless = variant["ServerlessConfig"]
    if serverless["MemorySizeInMB"] not in MEMORY_SIZES:
        yield f"MemorySizeInMB must be one of {list(MEMORY_SIZES)}, but is {serverless['MemorySizeInMB']}."
    if serverless.get("ProvisionedConcurrency", 0) > serverless["MaxConcurrency"]:
        yield "ProvisionedConcurrency must be less than or equal to MaxConcurrency."
    for key in INSTANCE_ONLY:
        if key in variant:
            yield f"{key} is not supported for serverless variants."
    if (model := models.get(variant.get("ModelName", ""))) is not None:
        yield from _serverless_model_problems(model, account)


def _serverless_model_problems(model: Request, account: str) -> Iterator[str]:
    containers = containers_of(model)
    if model.get("VpcConfig"):
        yield "Models with a VpcConfig are not supported for serverless endpoints."
    if model.get("EnableNetworkIsolation"):
        yield "Models with network isolation are not supported for serverless endpoints."
    if len(containers) > 1:
        yield "Inference pipelines are not supported for serverless endpoints."
    for container in containers:
        if container.get("Mode") == "MultiModel":
            yield "Multi-model containers are not supported for serverless endpoints."
        if container.get("ModelPackageName"):
            yield "Marketplace model packages are not supported for serverless endpoints."
        if container.get("ModelDataSource") and artifact_of(container):
            yield "ModelDataSource is not supported for serverless endpoints."
        if (container.get("ImageConfig") or {}).get("RepositoryAccessMode") == "Vpc":
            yield "Private registries are not supported for serverless endpoints."
        registry = str(container.get("Image", "")).partition(".dkr.ecr.")[0]
        if container.get("Image") and registry not in {account, *PREBUILT_REGISTRIES}:
            yield texts.SERVERLESS_IMAGE


def _block_problems(config: Request) -> Iterator[str]:
    seconds = (config.get("MetricsConfig") or {}).get("MetricPublishFrequencyInSeconds", 60)
    if seconds not in PUBLISH_SECONDS:
        yield f"MetricPublishFrequencyInSeconds must be one of {list(PUBLISH_SECONDS)}, but is {seconds}."
    if config.get("CrossRegionTrafficConfig") and (is_serverless(config) or config.get("AsyncInferenceConfig")):
        yield "CrossRegionTrafficConfig is not supported for serverless and asynchronous endpoints."
    shap = ((config.get("ExplainerConfig") or {}).get("ClarifyExplainerConfig") or {}).get("ShapConfig")
    if shap and len({"ShapBaseline", "ShapBaselineUri"} & set(shap["ShapBaselineConfig"])) > 1:
        yield "Only one of ShapBaseline and ShapBaselineUri can be specified."
