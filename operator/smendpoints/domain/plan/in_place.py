"""How a live endpoint differs from the spec beside its config: what changes in place, what only an update brings."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.observed.diff import covers
from smendpoints.domain.observed.observed import ObservedEndpoint, ObservedVariant
from smendpoints.domain.plan.actions import Action, Verb

COUNT, WEIGHT = "DesiredInstanceCount", "DesiredWeight"  # AWS's names of properties that an update retains
WARM = "ProvisionedConcurrency"
_FIELDS = {WARM: "provisionedConcurrency", "MaxConcurrency": "maxConcurrency"}


def same_weight(left: float | None, right: float | None) -> bool:
    return left is not None and right is not None and abs(left - right) <= 1e-5 * max(1.0, abs(left))


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
        if not same_weight(variant.weight, shown.desired_weight):
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


def weights_apart(
    calls: tuple[Action, ...], variants: Collection[str]
) -> tuple[tuple[Action, ...], tuple[Action, ...]]:
    """The calls of `changes_in_place` in two parts: the weights of these variants, and all else."""

    def part(*, of_them: bool) -> Iterator[Action]:
        for call in calls:
            kept = [
                entry
                for entry in weights_and_capacities(call)
                if ("DesiredWeight" in entry and entry["VariantName"] in variants) is of_them
            ]
            if kept:
                names = ", ".join(entry["VariantName"] for entry in kept)
                yield replace(call, target=names, params={**call.params, "DesiredWeightsAndCapacities": kept})

    return tuple(part(of_them=True)), tuple(part(of_them=False))


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
            words.append(f"{name}: weight {_told(shown.desired_weight)} → {_told(entry['DesiredWeight'])}")
        if "DesiredInstanceCount" in entry:
            words.append(f"{name}: instances {_told(shown.desired_count)} → {_told(entry['DesiredInstanceCount'])}")
        live = shown.serverless or {}
        words += [
            f"{name}: {_FIELDS.get(key, key)} {_told(live.get(key))} → {_told(value)}"
            for key, value in entry.get("ServerlessUpdateConfig", {}).items()
            if live.get(key) != value
        ]
    return tuple(words)


def describe_known(desired: Desired, endpoint: ObservedEndpoint) -> tuple[str, ...]:
    """What differs of weights and counts that AWS shows in the middle of an update, for people."""
    known = [each for each in endpoint.variants if each.desired_weight is not None]
    variants = tuple(
        replace(
            each,
            count=each.count if shown.desired_count is not None else None,
            serverless=each.serverless if shown.serverless is not None else None,
        )
        for each in desired.variants
        for shown in known
        if shown.name == each.name
    )
    fitting = replace(desired, variants=variants)
    return describe_in_place(changes_in_place(fitting, endpoint), endpoint)


def only_by_update(desired: Desired, endpoint: ObservedEndpoint) -> frozenset[str]:
    """The live properties, in AWS's words, that differ from the spec and that no call changes in place.

    They are the shadow's, and provisioned concurrency that the spec no longer names. An update has to bring them.
    """
    return frozenset(name for name, _ in _only_by_update(desired, endpoint))


def describe_only_by_update(desired: Desired, endpoint: ObservedEndpoint) -> tuple[str, ...]:
    """What of `only_by_update` differs, for people."""
    differing = _only_by_update(desired, endpoint)
    return tuple(f"{words}; AWS changes that only with a new revision" for _, words in differing)


def _only_by_update(desired: Desired, endpoint: ObservedEndpoint) -> Iterator[tuple[str, str]]:
    """Each such property, and what of it differs."""
    shadow = desired.shadow
    if shadow is not None and (shown := endpoint.variant(shadow.name)) is not None:
        if shown.desired_weight is not None and not same_weight(shadow.weight, shown.desired_weight):
            yield WEIGHT, f"{shown.name}: weight {_told(shown.desired_weight)} → {_told(shadow.weight)}"
        if shown.desired_count is not None and shown.desired_count != shadow.count:
            yield COUNT, f"{shown.name}: instances {_told(shown.desired_count)} → {_told(shadow.count)}"
    for shown in _still_warm(desired, endpoint):
        yield COUNT, f"{shown.name}: {_FIELDS[WARM]} {_told((shown.serverless or {})[WARM])} → none"


def _still_warm(desired: Desired, endpoint: ObservedEndpoint) -> list[ObservedVariant]:
    """The variants that keep concurrency warm, though neither the spec nor autoscaling says how much."""
    scaled = {target.variant for target in desired.targets}
    return [
        shown
        for variant in desired.variants
        if variant.name not in scaled and variant.serverless is not None and WARM not in variant.serverless
        if (shown := endpoint.variant(variant.name)) is not None and (shown.serverless or {}).get(WARM)
    ]


def _told(number: float | None) -> str:
    return "none" if number is None else f"{number:.6g}"
