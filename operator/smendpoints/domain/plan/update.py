"""The plan for a new revision: models and config, what the update retains of live variants, and the update itself."""

from collections.abc import Mapping
from typing import Any

from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.desired.names import variant_of
from smendpoints.domain.desired.scaling import DesiredTarget
from smendpoints.domain.observed.observed import (
    ConfigVariant,
    Observed,
    ObservedConfig,
    ObservedEndpoint,
    ObservedTarget,
)
from smendpoints.domain.observed.parsing import parse_config
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.in_place import COUNT, WEIGHT, only_by_update, same_weight


def create_revision(desired: Desired, observed: Observed) -> list[Action]:
    """Models and config of the desired revision; none where its config is there, and brings what it must."""
    request = _missing_config(desired, observed)
    if request is None:
        return restore(desired, observed.missing)
    create = Action(Verb.CREATE_CONFIG, desired.config_name, request)
    if observed.wanted_config is not None:
        delete = Action(Verb.DELETE_CONFIG, desired.config_name, {"EndpointConfigName": desired.config_name})
        return [*restore(desired, observed.missing - {desired.config_name}), delete, create]
    live = observed.live_config.models() if observed.live_config is not None else frozenset()
    models = [each for each in desired.models if each.name not in live]
    return [*(Action(Verb.CREATE_MODEL, model.name, model.request) for model in models), create]


def upcoming_config(desired: Desired, observed: Observed) -> ObservedConfig:
    """The config of the desired revision, as it is when `create_revision` is done."""
    config, request = observed.wanted_config, _missing_config(desired, observed)
    if config is not None and request is None:
        return config
    return parse_config({**(request or desired.config_request), "EndpointConfigArn": ""})


def _missing_config(desired: Desired, observed: Observed) -> Mapping[str, Any] | None:
    """The request for the config; None where there is one that brings what the update does not retain."""
    endpoint, config = observed.endpoint, observed.wanted_config
    if endpoint is None:
        return desired.config_request if config is None else None
    properties = only_by_update(desired, endpoint)
    request = _with_live_counts(desired, endpoint) if COUNT in properties else desired.config_request
    return None if config is not None and _brings(config, request, properties) else request


def _with_live_counts(desired: Desired, endpoint: ObservedEndpoint) -> Mapping[str, Any]:
    """The request for the config, such that variants that scale keep their counts though the update retains none."""
    scaled = {variant.name for variant in desired.variants if variant.count is None}

    def entry(request: Mapping[str, Any]) -> Mapping[str, Any]:
        shown = endpoint.variant(request["VariantName"])
        if request["VariantName"] not in scaled or shown is None or not shown.desired_count:
            return request
        return {**request, "InitialInstanceCount": shown.desired_count}

    variants = [entry(each) for each in desired.config_request["ProductionVariants"]]
    return {**desired.config_request, "ProductionVariants": variants}


def _brings(config: ObservedConfig, request: Mapping[str, Any], properties: frozenset[str]) -> bool:
    """Whether a config that is there brings what the request would, of these properties."""
    wanted = parse_config({**request, "EndpointConfigArn": ""})
    for variant in wanted.variants:
        found = config.variant(variant.name)
        if found is None or (WEIGHT in properties and not same_weight(variant.initial_weight, found.initial_weight)):
            return False
        if COUNT in properties and variant.initial_count != found.initial_count:
            return False
    return True


def restore(desired: Desired, missing: frozenset[str]) -> list[Action]:
    """Make again what was deleted under the live endpoint: AWS needs it for scaling, patching and updates."""
    models = [Action(Verb.CREATE_MODEL, model.name, model.request) for model in desired.models if model.name in missing]
    if desired.config_name not in missing:
        return models
    return [*models, Action(Verb.CREATE_CONFIG, desired.config_name, desired.config_request)]


def targets_in_the_way(desired: Desired, observed: Observed) -> list[ObservedTarget]:
    """AWS refuses to change the instance type of a scalable target, or to remove it: those come off first."""
    types = desired.instance_types()
    wanted: dict[str, DesiredTarget] = {target.resource_id: target for target in desired.targets}
    found = []
    for target in observed.targets or ():
        variant = variant_of(target.resource_id)
        live = observed.live_config.variant(variant) if observed.live_config is not None else None
        stays = (
            live is not None
            and types.get(variant) == live.instance_types
            and target.resource_id in wanted
            and wanted[target.resource_id].dimension == target.dimension
        )
        if not stays:
            found.append(target)
    return found


def _not_retained(desired: Desired, observed: Observed, endpoint: ObservedEndpoint) -> list[str]:
    """Which live properties the config's own values shall replace: only those that the spec changed.

    What no call changes in place has to come so; the rest could be kept, and set in place afterwards. A config that is
    already there may bring values of its own time; then nothing else is taken from it.
    """
    config = observed.wanted_config if _missing_config(desired, observed) is None else None
    common = [(variant, endpoint.variant(variant.name)) for variant in desired.variants]
    live = [(variant, shown) for variant, shown in common if shown is not None]

    def brings(name: str) -> ConfigVariant | None:
        return config.variant(name) if config is not None else None

    properties = only_by_update(desired, endpoint)
    weights_fit = config is None or all(
        (entry := brings(variant.name)) is not None and same_weight(variant.weight, entry.initial_weight)
        for variant, _ in live
    )
    if weights_fit and any(not same_weight(variant.weight, shown.desired_weight) for variant, shown in live):
        properties |= {WEIGHT}
    counts_fit = config is None or all(
        (entry := brings(variant.name)) is not None and variant.count == entry.initial_count for variant, _ in live
    )
    ours = all(variant.count is not None for variant, _ in live)
    if ours and counts_fit and any(variant.count != shown.desired_count for variant, shown in live):
        properties |= {COUNT}
    return sorted(properties)


def update_endpoint(desired: Desired, observed: Observed, endpoint: ObservedEndpoint) -> Action:
    """Bring the desired config into service, keeping live counts and weights."""
    params: dict[str, object] = {
        "EndpointName": endpoint.name,
        "EndpointConfigName": desired.config_name,
        "RetainAllVariantProperties": True,
    }
    excluded = _not_retained(desired, observed, endpoint)
    if excluded:
        params["ExcludeRetainedVariantProperties"] = [
            {"VariantPropertyType": property_type} for property_type in excluded
        ]
    if desired.deployment is not None:
        params["DeploymentConfig"] = desired.deployment
    return Action(Verb.UPDATE_ENDPOINT, endpoint.name, params)
