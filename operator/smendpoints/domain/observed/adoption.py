"""Adoption: whether an endpoint that somebody else made is already what the spec wants, and what becomes of it."""

from collections.abc import Mapping
from typing import Any

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.observed.diff import IN_PLACE, covers, without
from smendpoints.domain.observed.observed import ObservedConfig

_NOT_CONTENT = IN_PLACE | {"EndpointConfigName", "ModelName", "Tags"}
_BLOCKS = ("ShadowProductionVariants", "DataCaptureConfig", "AsyncInferenceConfig", "KmsKeyId", "ExplainerConfig")


def is_retained(resource: SageMakerEndpoint) -> bool:
    """Whether deleting the object leaves the endpoint in AWS: what it adopted goes only if the spec says so."""
    policy = resource.spec.deletion_policy
    return policy == "Retain" or (policy is None and resource.status.adopted is True)


def _content(value: Any) -> Any:
    """The value without names and without what changes in place."""
    return without(value, _NOT_CONTENT)


def equivalent(desired: Desired, live: ObservedConfig, models: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the live config, with its models by name, serves what the desired revision would serve.

    What AWS adds of its own is no difference; a block that the spec does not ask for is one.
    """
    wanted = {entry["VariantName"]: entry for entry in desired.config_request["ProductionVariants"]}
    shown = {entry["VariantName"]: entry for entry in live.raw["ProductionVariants"]}
    if wanted.keys() != shown.keys():
        return False
    if any((block in live.raw) != (block in desired.config_request) for block in _BLOCKS):
        return False
    blocks = {block: desired.config_request[block] for block in _BLOCKS if block in desired.config_request}
    if not covers(_content(blocks), live.raw):
        return False
    requests = {model.name: model.request for model in desired.models}
    return all(
        covers(_content(entry), shown[name])
        and covers(_content(requests[entry["ModelName"]]), models.get(shown[name].get("ModelName", ""), {}))
        for name, entry in wanted.items()
    )
