"""Adoption: whether an endpoint that somebody else made is already what the spec wants, and what becomes of it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.observed.diff import IN_PLACE, covers, without
from smendpoints.domain.observed.observed import ObservedConfig

_NOT_CONTENT = IN_PLACE | {"EndpointConfigName", "ModelName", "Tags"}
_BLOCKS = ("ShadowProductionVariants", "DataCaptureConfig", "AsyncInferenceConfig", "KmsKeyId", "ExplainerConfig")
# Lists whose order says nothing: whoever made the endpoint wrote them as they came.
_SETS = frozenset({"Subnets", "SecurityGroupIds", "CaptureOptions", "CsvContentTypes", "JsonContentTypes"})
# What the spec may leave out of a config or a model, and what AWS has then: else it is there by another's wish, or by a
# spec of before. Not here: what AWS chooses by itself and shows, as the size of a volume.
_UNNAMED: Mapping[str, Any] = MappingProxyType(
    {
        "VpcConfig": None,
        "EnableNetworkIsolation": False,
        "Mode": "SingleModel",
        "ModelDataDownloadTimeoutInSeconds": None,
        "ContainerStartupHealthCheckTimeoutInSeconds": None,
        "VariantInstanceProvisionTimeoutInSeconds": None,
        "InferenceAmiVersion": None,
        "RoutingConfig": {"RoutingStrategy": "RANDOM"},
        "KmsKeyId": None,
        "CaptureContentTypeHeader": None,
        "CsvContentTypes": None,
        "JsonContentTypes": None,
        "ClientConfig": None,
        "S3FailurePath": None,
        "NotificationConfig": None,
        "SuccessTopic": None,
        "ErrorTopic": None,
    }
)


def is_retained(resource: SageMakerEndpoint) -> bool:
    """Whether deleting the object leaves the endpoint in AWS: what it adopted goes only if the spec says so."""
    policy = resource.spec.deletion_policy
    return policy == "Retain" or (policy is None and resource.status.adopted is True)


def _content(value: Any) -> Any:
    """The value without names and without what changes in place."""
    return without(value, _NOT_CONTENT)


def _covers(wanted: Any, live: Any) -> bool:
    """Whether the live value has all of the wanted one's content, and nothing that was not asked for."""
    return covers(_in_order(_content(wanted)), _in_order(live), _UNNAMED)


def _in_order(value: Any) -> Any:
    """The value with its sets in one order, however deep they are."""
    if isinstance(value, Mapping):
        ordered = {key: _in_order(each) for key, each in value.items()}
        return ordered | {key: sorted(ordered[key], key=repr) for key in _SETS & ordered.keys() if ordered[key]}
    if isinstance(value, list | tuple):
        return [_in_order(each) for each in value]
    return value


def equivalent(desired: Desired, live: ObservedConfig, models: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the live config, with its models by name, serves what the desired revision would serve.

    What AWS adds of its own is no difference; what the spec does not ask for is one.
    """
    wanted = {entry["VariantName"]: entry for entry in desired.config_request["ProductionVariants"]}
    shown = {entry["VariantName"]: entry for entry in live.raw["ProductionVariants"]}
    if wanted.keys() != shown.keys():
        return False
    if any((block in live.raw) != (block in desired.config_request) for block in _BLOCKS):
        return False
    blocks = {block: desired.config_request[block] for block in _BLOCKS if block in desired.config_request}
    if not all(_covers(block, live.raw[name]) for name, block in blocks.items()):
        return False
    requests = {model.name: model.request for model in desired.models}
    return all(
        _covers(entry, shown[name])
        and _keeps_warm(entry) == _keeps_warm(shown[name])
        and _same_model(requests[entry["ModelName"]], models.get(shown[name].get("ModelName", ""), {}))
        for name, entry in wanted.items()
    )


def _keeps_warm(variant: Mapping[str, Any]) -> bool:
    """Whether there is provisioned concurrency, how much ever: no call takes all of it off."""
    return "ProvisionedConcurrency" in variant.get("ServerlessConfig", {})


def _same_model(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether a model serves what was asked for: all of it, and no other variable in a container's environment."""
    return _covers(wanted, found) and _environments(wanted) == _environments(found)


def _environments(model: Mapping[str, Any]) -> list[dict[str, str]]:
    containers = model.get("Containers") or [model.get("PrimaryContainer", {})]
    return [dict(container.get("Environment") or {}) for container in containers]
