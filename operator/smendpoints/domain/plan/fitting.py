"""What of a spec fits the variants in service, where those are of another revision: the rest has to wait for its own.

A count or bounds that were chosen for one instance type say nothing of another one: eight small instances must not
become two because two large ones are to come. Nor does scaling end before what takes its place is there.
"""

from dataclasses import dataclass, replace

from smendpoints.domain.desired.desired import Desired, DesiredVariant
from smendpoints.domain.desired.names import variant_of
from smendpoints.domain.desired.scaling import DesiredTarget, dimension
from smendpoints.domain.observed.observed import ObservedConfig, ObservedEndpoint, ObservedTarget, ObservedVariant
from smendpoints.domain.plan.in_place import WARM, same_weight


@dataclass(frozen=True)
class Fitting:
    """The part of a spec that can be brought about now, and what has to wait, for people.

    `alike` are the variants in service that are hosted and scaled as the spec says.
    """

    desired: Desired
    alike: frozenset[str]
    waits: tuple[str, ...]


def fitting(
    desired: Desired,
    endpoint: ObservedEndpoint,
    live: ObservedConfig | None,
    targets: tuple[ObservedTarget, ...],
    kept: frozenset[str],
) -> Fitting:
    """The part of the spec for the variants of the `live` config.

    `kept` are the variants whose scaling was taken off for an attempt, and is remembered as it was.
    """
    pairs = [(each, shown) for each in desired.variants if (shown := endpoint.variant(each.name)) is not None]
    scaled = kept | {variant_of(each.resource_id) for each in targets}
    unscaled = scaled - {each.variant for each in desired.targets}
    alike = frozenset(each.name for each, _ in pairs if _alike(desired, live, each.name) and each.name not in unscaled)
    waits = [
        f"{each.name}: instances {shown.desired_count} → {each.count}"
        for each, shown in pairs
        if each.name not in alike and each.count not in {None, shown.desired_count}
    ]
    variants = [_variant(each, shown, alike=each.name in alike) for each, shown in pairs]
    if not _serve(variants, endpoint):
        waits.append("the weights, as no variant in service would get traffic")
        live_weights = {shown.name: shown.desired_weight or 0.0 for _, shown in pairs}
        variants = [replace(each, weight=live_weights[each.name]) for each in variants]
    fits = []
    for target in desired.targets:
        found = next((each for each in targets if each.resource_id == target.resource_id), None)
        if not _hosts(endpoint.variant(target.variant), target):
            continue  # as there is none like it in service, it comes with its own
        if target.variant in alike or (found is None and target.variant not in kept):
            fits.append(target)
        elif found is None or (found.min_capacity, found.max_capacity) != (target.min_capacity, target.max_capacity):
            waits.append(f"{target.variant}: bounds {target.min_capacity} to {target.max_capacity}")
    return Fitting(replace(desired, variants=tuple(variants), targets=tuple(fits)), alike, tuple(waits))


def _alike(desired: Desired, live: ObservedConfig | None, name: str) -> bool:
    """Whether a variant of the config in service is hosted on what the spec says."""
    before = live.variant(name) if live is not None else None
    return before is not None and before.instance_types == desired.instance_types()[name]


def _variant(wanted: DesiredVariant, shown: ObservedVariant, *, alike: bool) -> DesiredVariant:
    concurrency = None
    if wanted.serverless is not None and shown.serverless is not None:
        warm = bool(shown.serverless.get(WARM))  # whether any is kept warm is a revision's
        concurrency = {key: value for key, value in wanted.serverless.items() if key != WARM or warm} or None
    count = wanted.count if alike and shown.serverless is None else None
    return replace(wanted, count=count, serverless=concurrency)


def _serve(variants: list[DesiredVariant], endpoint: ObservedEndpoint) -> bool:
    """Whether some variant in service gets traffic by these weights, or as little changes as nothing."""
    wanted = {each.name: each.weight for each in variants}
    pairs = [(wanted.get(shown.name, shown.desired_weight or 0.0), shown) for shown in endpoint.variants]
    return any(weight > 0 for weight, _ in pairs) or all(
        same_weight(weight, shown.desired_weight or 0.0) for weight, shown in pairs
    )


def _hosts(shown: ObservedVariant | None, target: DesiredTarget) -> bool:
    """Whether the variant in service can be scaled so."""
    if shown is None:
        return False
    return target.dimension == dimension(serverless=shown.serverless is not None)
