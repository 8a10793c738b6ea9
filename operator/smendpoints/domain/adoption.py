"""Adoption: whether an endpoint that somebody else made is already what the spec wants, under other names."""

from collections.abc import Mapping
from typing import Any

from smendpoints.domain.desired import Desired
from smendpoints.domain.observed import ObservedConfig
from smendpoints.domain.plan_scaling import covers

_NAMES = frozenset({"EndpointConfigName", "ModelName", "Tags"})
_IN_PLACE = frozenset({"InitialInstanceCount", "InitialVariantWeight", "MaxConcurrency", "ProvisionedConcurrency"})
_BLOCKS = ("ShadowProductionVariants", "DataCaptureConfig", "AsyncInferenceConfig", "KmsKeyId", "ExplainerConfig")


def _content(value: Any) -> Any:
    """The value without names and without what changes in place."""
    if isinstance(value, Mapping):
        return {key: _content(each) for key, each in value.items() if key not in _NAMES | _IN_PLACE}
    if isinstance(value, list | tuple):
        return [_content(each) for each in value]
    return value


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
