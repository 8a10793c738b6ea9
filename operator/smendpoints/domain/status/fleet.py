"""What serves, and what is about to: the variants of the config in service and of the one that is being rolled out."""

from collections.abc import Iterable, Mapping
from typing import Any

from smendpoints.api.status import ContainerStatus, SageMakerEndpointStatus, VariantStatus
from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.domain.desired.desired import Desired, artifact_of
from smendpoints.domain.observed.observed import Observed, ObservedVariant

Containers = list[Mapping[str, Any]]


def in_service(observed: Observed, desired: Desired, before: SageMakerEndpointStatus) -> list[VariantStatus]:
    """The variants of the config in service, a shadow last, in the order of the spec."""
    endpoint = observed.endpoint
    if endpoint is None:
        return []
    ours = endpoint.config_name == desired.config_name or observed.equivalent
    same = before.endpoint is not None and before.endpoint.config_name == endpoint.config_name
    known = {each.name: each for each in before.variants} if same else {}
    shadows = {each.name for each in endpoint.shadows}

    def variant(shown: ObservedVariant) -> VariantStatus:
        containers = _containers(shown.name, desired) if ours else _live_containers(shown.name, observed)
        found = _variant(shown, containers, shadow=shown.name in shadows)
        if containers or shown.name not in known:
            return _bounded(found, observed, desired)
        kept = known[shown.name]
        merged = found.model_copy(update={"model_artifact": kept.model_artifact, "containers": kept.containers})
        return _bounded(merged, observed, desired)

    return [variant(each) for each in _ordered((*endpoint.variants, *endpoint.shadows), desired)]


def pending(observed: Observed, desired: Desired) -> list[VariantStatus]:
    """The variants of the config that is being rolled out beside the one in service."""
    endpoint = observed.endpoint
    if endpoint is None or not endpoint.variants:
        return []
    ours = endpoint.pending_config == desired.config_name
    shadows = {each.name for each in endpoint.pending_shadows}
    return [
        _variant(each, _containers(each.name, desired) if ours else [], shadow=each.name in shadows)
        for each in _ordered((*endpoint.pending, *endpoint.pending_shadows), desired)
    ]


def _ordered(variants: Iterable[ObservedVariant], desired: Desired) -> list[ObservedVariant]:
    """In the order of the spec; those that it does not name come last."""
    names = [each.name for each in desired.variants] + ([desired.shadow.name] if desired.shadow is not None else [])
    return sorted(variants, key=lambda each: names.index(each.name) if each.name in names else len(names))


def _containers(variant: str, desired: Desired) -> Containers:
    kinds = ("ProductionVariants", "ShadowProductionVariants")
    entries = [entry for kind in kinds for entry in desired.config_request.get(kind, ())]
    models = {entry["ModelName"] for entry in entries if entry["VariantName"] == variant}
    return [container for model in desired.models if model.name in models for container in model.containers()]


def _live_containers(variant: str, observed: Observed) -> Containers:
    """Those of the config in service, if its models were looked at."""
    entry = observed.live_config.variant(variant) if observed.live_config is not None else None
    model = observed.live_models.get(entry.model or "") if entry is not None else None
    if model is None:
        return []
    return list(model.get("Containers") or [model["PrimaryContainer"]])


def _variant(shown: ObservedVariant, containers: Containers, *, shadow: bool) -> VariantStatus:
    serverless = shown.serverless
    artifacts = [artifact_of(container) for container in containers]
    images = [(shown.image, shown.digest), *shown.further_images]
    pipeline = [
        ContainerStatus(image=image, digest=digest, model_artifact=artifacts[place] if place < len(artifacts) else None)
        for place, (image, digest) in enumerate(images)
    ]
    return VariantStatus(
        name=shown.name,
        shadow=shadow or None,
        image=shown.image,
        digest=shown.digest,
        model_artifact=artifacts[0] if len(artifacts) == 1 else None,
        containers=pipeline if len(pipeline) > 1 else None,
        current_weight=shown.current_weight,
        desired_weight=shown.desired_weight,
        current_instances=shown.current_count if serverless is None else None,
        desired_instances=shown.desired_count if serverless is None else None,
        max_concurrency=serverless.get("MaxConcurrency") if serverless is not None else None,
        provisioned_concurrency=serverless.get("ProvisionedConcurrency") if serverless is not None else None,
    )


def _bounded(variant: VariantStatus, observed: Observed, desired: Desired) -> VariantStatus:
    """With the bounds of autoscaling: those that AWS has, else those that it will have."""
    target = next((each for each in desired.targets if each.variant == variant.name), None)
    found = next(
        (each for each in observed.targets or () if target is not None and each.resource_id == target.resource_id), None
    )
    bounds = found or target
    if bounds is None:
        return variant
    return variant.model_copy(update={"min_capacity": bounds.min_capacity, "max_capacity": bounds.max_capacity})


def instances(variants: list[VariantStatus], beside: list[VariantStatus]) -> str | None:
    """Instances in service and asked for, such as `2/3`; `2/2+1/2` with those of the new fleet beside them."""
    fleets = [told for told in (_counted(variants), _counted(beside)) if told is not None]
    return "+".join(fleets) or None


def _counted(variants: list[VariantStatus]) -> str | None:
    hosted = [variant for variant in variants if variant.desired_instances is not None]
    if not hosted:
        return None
    current = sum(variant.current_instances or 0 for variant in hosted)
    return f"{current}/{sum(variant.desired_instances or 0 for variant in hosted)}"


def traffic(variants: list[VariantStatus], beside: list[VariantStatus], rollout: RolloutStatus | None) -> str | None:
    """Shares of the traffic in percent, such as `rf=90,gb=10`; `rf=90,new:rf=10` while the new fleet takes a part.

    A shadow gets a copy of the traffic, and so no share of it.
    """
    percent = rollout.traffic_percent or 0 if rollout is not None and beside else 0
    parts = [*_shares(variants, 100 - percent, ""), *_shares(beside, percent, "new:")]
    return ",".join(parts) or None


def _shares(variants: list[VariantStatus], percent: int, prefix: str) -> list[str]:
    shown = [each for each in variants if not each.shadow]
    weights = [_weight(each) for each in shown]
    if sum(weights) <= 0 or percent <= 0:
        return []
    parts = zip(shown, weights, strict=True)
    return [f"{prefix}{each.name}={percent * weight / sum(weights):.4g}" for each, weight in parts]


def _weight(variant: VariantStatus) -> float:
    weight = variant.current_weight if variant.current_weight is not None else variant.desired_weight
    return weight or 0
