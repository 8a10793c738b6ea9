"""The variants that are compared: what makes each the one that it is, and which weights they get."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from smendpoints.api.experiment import SageMakerExperimentSpec
from smendpoints.api.experiment_status import Arm
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import TrafficOwner
from smendpoints.api.variants import Variant
from smendpoints.domain.desired.names import content_hash
from smendpoints.domain.experiment.outcomes import captured_at
from smendpoints.domain.plan.in_place import same_weight

_SERVING = {"InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"}
_HOST = {"type", "pools", "volume_size_gb", "routing", "ami_version"}


def is_another(endpoint: SageMakerEndpoint, began_with: str | None) -> bool:
    """Whether the object was made again under its name since the experiment began with the one of this uid."""
    return began_with is not None and endpoint.metadata.uid != began_with


def arm_of(endpoint: SageMakerEndpoint, name: str) -> Arm | None:
    """The variant as its endpoint's spec has it; None if there is none of that name."""
    variant = next((each for each in endpoint.spec.variants if each.name == name), None)
    if variant is None:
        return None
    back = endpoint.status.rolled_back_to
    current = back is not None and back.generation == endpoint.metadata.generation
    content = [_content(variant), endpoint.redeployed(), back.config_name if back is not None and current else None]
    return Arm(variant=name, model=content_hash(content), spec_weight=variant.weight)


def captured(endpoint: SageMakerEndpoint) -> str | None:
    """The S3 URI below which its requests are captured; None: they are not, or it has no name in AWS yet."""
    capture, shown = endpoint.spec.data_capture, endpoint.status.endpoint
    return captured_at(capture.destination, shown.name) if capture is not None and shown is not None else None


def _content(variant: Variant) -> dict[str, Any]:
    """Its model and its host; counts, concurrency, scaling and weight change nothing of what an answer is."""
    kept = variant.model_dump(mode="json", exclude={"weight", "scaling", "instance", "serverless"})
    if variant.instance is not None:
        kept["instance"] = variant.instance.model_dump(mode="json", include=_HOST)
    if variant.serverless is not None:
        kept["serverless"] = variant.serverless.memory_size_mb
    return kept


def percents(spec: SageMakerExperimentSpec) -> list[float]:
    """What the challengers get of the arms' traffic together, one step after the other."""
    number = len(spec.challengers)
    last = float(spec.traffic_percent) if spec.traffic_percent is not None else 100 * number / (number + 1)
    return [*(float(step.traffic_percent) for step in spec.ramp if step.traffic_percent < last), last]


def weights_of(
    spec: SageMakerExperimentSpec, arms: Collection[Arm], percent: float, given_up: Collection[str]
) -> dict[str, float]:
    """The weights of the arms: together those of the endpoint's spec, so that its other variants keep their share.

    What a challenger that was given up would get goes to the control.
    """
    total = sum(arm.spec_weight for arm in arms) or float(len(arms))
    share = percent / 100 / len(spec.challengers)
    found = {name: 0.0 if name in given_up else _rounded(total * share) for name in spec.challengers}
    served = sum(1 for name in spec.challengers if name not in given_up)
    return {spec.control: _rounded(total * (1 - share * served)), **found}


def all_to(arms: Collection[Arm], winner: str) -> dict[str, float]:
    """The weights by which one arm gets the traffic of all."""
    total = sum(arm.spec_weight for arm in arms) or float(len(arms))
    return {arm.variant: _rounded(total) if arm.variant == winner else 0.0 for arm in arms}


def serves(endpoint: SageMakerEndpoint, experiment: str, weights: Mapping[str, float]) -> bool:
    """Whether AWS splits the traffic by these weights now, as far as the endpoint's status tells."""
    status = endpoint.status
    if status.traffic_owner != TrafficOwner(experiment=experiment, weights=dict(weights)):
        return False
    if status.endpoint is None or status.endpoint.status != "InService" or status.pending_variants:
        return False
    shown = _current_weights(endpoint)
    return all(same_weight(weight, shown.get(name)) for name, weight in weights.items())


def away(endpoint: SageMakerEndpoint) -> str | None:
    """Why it serves nobody, as far as its status tells; None: it serves."""
    shown = endpoint.status.endpoint
    if shown is not None and shown.status in _SERVING:
        return None
    return f"{endpoint.metadata.name} is {shown.status if shown is not None else 'not there'}"


def interruption(endpoint: SageMakerEndpoint, weights: Mapping[str, float]) -> str | None:
    """Why a split that was in force is so no more, as far as the endpoint's status tells; None: it may still be.

    An update moves requests between fleets, and keeps the weights.
    """
    gone, shown = away(endpoint), endpoint.status.endpoint
    if gone is not None or shown is None or shown.status != "InService":
        return gone
    current = _current_weights(endpoint)
    found = {arm: now for arm in weights if (now := current.get(arm)) is not None}
    if all(same_weight(weights[arm], now) for arm, now in found.items()):
        return None
    return f"AWS has the weights {', '.join(f'{arm} {now:g}' for arm, now in found.items())}"


def _current_weights(endpoint: SageMakerEndpoint) -> dict[str, float | None]:
    return {each.name: each.current_weight for each in endpoint.status.variants if not each.shadow}


def _rounded(weight: float) -> float:
    return float(f"{weight:.6g}")


def boundary_after(now: datetime, seconds: int) -> datetime:
    """The first whole period that begins after now."""
    whole = int(now.timestamp()) // seconds * seconds + seconds
    return datetime.fromtimestamp(whole, now.tzinfo)


def boundary_before(now: datetime, seconds: int) -> datetime:
    """The end of the last whole period."""
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, now.tzinfo)
