"""The plan for changes of a live endpoint: what changes in place, and what takes a new config."""

from typing import Any

from smendpoints.domain.desired.desired import Desired, tag_list
from smendpoints.domain.desired.names import variant_of
from smendpoints.domain.desired.scaling import DesiredTarget
from smendpoints.domain.observed.diff import covers
from smendpoints.domain.observed.observed import (
    ConfigVariant,
    Observed,
    ObservedConfig,
    ObservedEndpoint,
    ObservedTarget,
    ObservedVariant,
)
from smendpoints.domain.plan.actions import Action, Verb


def create_revision(desired: Desired, observed: Observed) -> list[Action]:
    """Models and config of the desired revision; none where its config is known to be there."""
    if observed.wanted_config is not None:
        return restore(desired, observed.missing)
    live = observed.live_config.models() if observed.live_config is not None else frozenset()
    models = [
        Action(Verb.CREATE_MODEL, model.name, model.request) for model in desired.models if model.name not in live
    ]
    request = desired.config_request
    if observed.endpoint is not None and _resizes_shadow(desired, observed.endpoint):
        request = _with_live_counts(desired, observed.endpoint)
    return [*models, Action(Verb.CREATE_CONFIG, desired.config_name, request)]


def _resizes_shadow(desired: Desired, endpoint: ObservedEndpoint) -> bool:
    """Whether the spec changed the count of a shadow that is there: only a new config brings it."""
    entries = desired.config_request.get("ShadowProductionVariants", ())
    shown = [(entry, endpoint.variant(entry["VariantName"])) for entry in entries]
    return any(live is not None and entry["InitialInstanceCount"] != live.desired_count for entry, live in shown)


def _with_live_counts(desired: Desired, endpoint: ObservedEndpoint) -> dict[str, Any]:
    """The config with the counts that autoscaling chose: AWS keeps the live counts of all variants, or of none."""
    scaled = {variant.name for variant in desired.variants if variant.count is None}
    entries = []
    for entry in desired.config_request["ProductionVariants"]:
        live = endpoint.variant(entry["VariantName"])
        count = live.desired_count if live is not None and live.name in scaled else None
        entries.append({**entry, "InitialInstanceCount": count} if count else entry)
    return {**desired.config_request, "ProductionVariants": entries}


def restore(desired: Desired, missing: frozenset[str]) -> list[Action]:
    """Make again what was deleted under the live endpoint: AWS needs it for scaling, patching and updates."""
    models = [Action(Verb.CREATE_MODEL, model.name, model.request) for model in desired.models if model.name in missing]
    if desired.config_name not in missing:
        return models
    return [*models, Action(Verb.CREATE_CONFIG, desired.config_name, desired.config_request)]


def _same_weight(left: float, right: float | None) -> bool:
    return right is not None and abs(left - right) <= 1e-5 * max(1.0, abs(left))


def changes_in_place(desired: Desired, endpoint: ObservedEndpoint) -> tuple[Action, ...]:
    """Weights, counts and concurrency that differ: one call for all weights, then one for each variant's capacity.

    AWS takes the weights of several variants in one call, but the capacity of one only.
    """
    weights, capacities = [], []
    for variant in desired.variants:
        shown = endpoint.variant(variant.name)
        if shown is None:
            continue
        entry: dict[str, Any] = {"VariantName": variant.name}
        if not _same_weight(variant.weight, shown.desired_weight):
            weights.append({**entry, "DesiredWeight": variant.weight})
        if variant.count is not None and shown.desired_count != variant.count:
            capacities.append({**entry, "DesiredInstanceCount": variant.count})
        if variant.serverless is not None and not covers(variant.serverless, shown.serverless or {}):
            capacities.append({**entry, "ServerlessUpdateConfig": variant.serverless})
    calls = ([weights] if weights else []) + [[capacity] for capacity in capacities]
    return tuple(
        Action(
            Verb.SET_WEIGHTS_AND_CAPACITIES,
            ", ".join(entry["VariantName"] for entry in call),
            {"EndpointName": endpoint.name, "DesiredWeightsAndCapacities": call},
        )
        for call in calls
    )


def weights_and_capacities(action: Action) -> list[dict[str, Any]]:
    """What a call of `changes_in_place` sets, for each variant."""
    entries: list[dict[str, Any]] = action.params["DesiredWeightsAndCapacities"]
    return entries


def describe_in_place(actions: tuple[Action, ...], endpoint: ObservedEndpoint) -> tuple[str, ...]:
    """What the calls change, from what to what, for people."""
    words = []
    for entry in (entry for action in actions for entry in weights_and_capacities(action)):
        name = entry["VariantName"]
        shown = endpoint.variant(name) or ObservedVariant(name)
        if "DesiredWeight" in entry:
            words.append(f"{name}: weight {_told(shown.desired_weight)} -> {_told(entry['DesiredWeight'])}")
        if "DesiredInstanceCount" in entry:
            words.append(f"{name}: instances {_told(shown.desired_count)} -> {_told(entry['DesiredInstanceCount'])}")
        live = shown.serverless or {}
        words += [
            f"{name}: {key} {_told(live.get(key))} -> {_told(value)}"
            for key, value in entry.get("ServerlessUpdateConfig", {}).items()
            if live.get(key) != value
        ]
    return tuple(words)


def _told(number: float | None) -> str:
    return "none" if number is None else f"{number:.6g}"


def tag_changes(desired: Desired, endpoint: ObservedEndpoint, kept: list[str]) -> list[Action]:
    """Tags that differ; `kept` are the keys that the operator set before."""
    missing = {key: value for key, value in desired.tags.items() if endpoint.tags.get(key) != value}
    gone = sorted(key for key in kept if key not in desired.tags and key in endpoint.tags)
    actions = []
    if missing:
        params = {"ResourceArn": endpoint.arn, "Tags": tag_list(missing)}
        actions.append(Action(Verb.ADD_TAGS, endpoint.name, params))
    if gone:
        actions.append(Action(Verb.DELETE_TAGS, endpoint.name, {"ResourceArn": endpoint.arn, "TagKeys": gone}))
    return actions


def describe_tags(action: Action) -> str:
    """The keys that a call of `tag_changes` sets or takes away."""
    if action.verb is Verb.ADD_TAGS:
        return "set " + ", ".join(tag["Key"] for tag in action.params["Tags"])
    return "remove " + ", ".join(action.params["TagKeys"])


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

    Without that they are kept, and set in place afterwards. A config that is already there may bring values of its own
    time; then nothing is taken from it.
    """
    config = observed.wanted_config
    common = [(variant, endpoint.variant(variant.name)) for variant in desired.variants]
    live = [(variant, shown) for variant, shown in common if shown is not None]

    def brings(name: str) -> ConfigVariant | None:
        return config.variant(name) if config is not None else None

    properties = []
    weights_fit = config is None or all(
        (entry := brings(variant.name)) is not None and _same_weight(variant.weight, entry.initial_weight)
        for variant, _ in live
    )
    if weights_fit and any(not _same_weight(variant.weight, shown.desired_weight) for variant, shown in live):
        properties.append("DesiredWeight")
    counts = [
        (variant.name, variant.count if variant.count is not None else shown.desired_count) for variant, shown in live
    ]
    counts_fit = config is None or all(
        (entry := brings(name)) is not None and count == entry.initial_count for name, count in counts
    )
    ours = all(variant.count is not None for variant, _ in live)
    changed = ours and any(variant.count != shown.desired_count for variant, shown in live)
    if counts_fit and (changed or _resizes_shadow(desired, endpoint)):
        properties.append("DesiredInstanceCount")
    return properties


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
            {"VariantPropertyType": property_type} for property_type in sorted(excluded)
        ]
    if desired.deployment is not None:
        params["DeploymentConfig"] = desired.deployment
    return Action(Verb.UPDATE_ENDPOINT, endpoint.name, params)


def describe_changes(desired: Desired, live: ObservedConfig | None) -> str | None:
    """What a new revision changes against the live config, in a sentence; None when that is not known."""
    if live is None:
        return None
    types = desired.instance_types()
    words = []
    wanted = {entry["VariantName"]: entry for entry in desired.config_request["ProductionVariants"]}
    for name, entry in wanted.items():
        before = live.variant(name)
        if before is None:
            words.append(f"variant {name} added")
            continue
        if before.model != entry["ModelName"]:
            words.append(f"{name}: model {before.model} -> {entry['ModelName']}")
        if before.instance_types != types[name]:
            words.append(f"{name}: {'/'.join(before.instance_types)} -> {'/'.join(types[name])}")
    words += [f"variant {variant.name} removed" for variant in live.variants if variant.name not in wanted]
    return "; ".join(words)[:1024] or "settings of the config"
