"""The rules of UpdateEndpoint and UpdateEndpointWeightsAndCapacities: pure functions over fleets and requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsandbox.aws.sagemaker import deployment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smsandbox.aws.sagemaker.state import Fleet, Request, Variant

GUARDRAIL_FREE = ("ml.inf1.",)


def instances(fleet: Fleet) -> int:
    """The instances of a fleet's production variants."""
    return sum(variant.desired_count for variant in fleet.production)


def problems(blue: Fleet, green: Fleet, guardrails: Request | None) -> Iterator[str]:
    """What forbids going from one fleet to the other."""
    old, new = _serverless(blue), _serverless(green)
    if new and not old:
        yield "Updating an endpoint from instance-based to serverless inference is not supported."
    for name in set(blue.variants) & set(green.variants):
        layouts = [fleet.variants[name].spec.get("AcceleratorPartitionLayouts") for fleet in (blue, green)]
        if layouts[0] != layouts[1]:
            yield f"AcceleratorPartitionLayouts of variant {name} cannot be changed on an existing endpoint."
    if guardrails is None:
        return
    yield from deployment.problems(guardrails, instances(green))
    rolling = "RollingUpdatePolicy" in guardrails
    if rolling and (old or new):
        yield "RollingUpdatePolicy is not supported for serverless endpoints."
    if rolling and (len(blue.variants) > 1 or len(green.variants) > 1):
        yield "RollingUpdatePolicy is not supported for endpoints with multiple variants."
    if set(guardrails) & {"BlueGreenUpdatePolicy", "RollingUpdatePolicy"} and set(blue.variants) != set(green.variants):
        yield "The new endpoint configuration must have the same variant names when a deployment policy is specified."


def guarded(green: Fleet) -> bool:
    """Whether AWS executes guardrails for this fleet at all; elsewhere it silently updates all at once."""
    for variant in green.variants.values():
        if variant.serverless or (variant.instance_type or "").startswith(GUARDRAIL_FREE):
            return False
        model = variant.model.request if variant.model else {}
        containers = [model["PrimaryContainer"]] if "PrimaryContainer" in model else model.get("Containers") or []
        if any("ModelPackageName" in container for container in containers):
            return False
    return True


def retain(blue: Fleet, green: Fleet, excluded: list[str]) -> None:
    """Carry live weights and counts over to the variants of the same name, but for what is excluded."""
    for name, new in green.variants.items():
        old = blue.variants.get(name)
        if old is None:
            continue
        if "DesiredWeight" not in excluded:
            new.desired_weight = old.desired_weight
        if "DesiredInstanceCount" not in excluded:
            if new.serverless is None and old.serverless is None:
                new.desired_count = old.desired_count
            elif new.serverless and old.desired_serverless:
                new.desired_serverless = {**new.serverless, **_concurrency(old.desired_serverless)}


def _concurrency(serverless: Request) -> Request:
    return {key: serverless[key] for key in ("MaxConcurrency", "ProvisionedConcurrency") if key in serverless}


def still_registered(blue: Fleet, green: Fleet, registered: set[str]) -> list[str]:
    """The scalable variants that the update would remove or give another instance type."""
    changed = []
    for name, old in blue.variants.items():
        new = green.variants.get(name)
        if name in registered and (new is None or _hosting(new.spec) != _hosting(old.spec)):
            changed.append(name)
    return changed


def _hosting(spec: Request) -> object:
    pools = [pool["InstanceType"] for pool in spec.get("InstancePools") or []]
    return spec.get("InstanceType"), pools, "ServerlessConfig" in spec


def _serverless(fleet: Fleet) -> bool:
    return any(variant.serverless is not None for variant in fleet.variants.values())


def rescale_problems(fleet: Fleet, changes: list[Request], *, one_capacity: bool) -> Iterator[str]:
    """What is wrong with DesiredWeightsAndCapacities."""
    names = [change["VariantName"] for change in changes]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f'The variant name "{name}" was non-unique within the request.'
    capacities = [one for one in changes if "DesiredInstanceCount" in one or "ServerlessUpdateConfig" in one]
    if one_capacity and len(capacities) > 1:
        yield "The capacity of only one variant can be updated at a time."
    asynchronous = "AsyncInferenceConfig" in fleet.config.request
    for change in changes:
        variant = fleet.variants.get(change["VariantName"])
        if variant is None:
            yield (
                f'The variant name(s) "{change["VariantName"]}" is/are not present within endpoint configuration '
                f'"{fleet.config.name}".'
            )
        else:
            yield from _change_problems(variant, change, may_be_empty=asynchronous or variant.model is None)


def _change_problems(variant: Variant, change: Request, *, may_be_empty: bool) -> Iterator[str]:
    count, concurrency = change.get("DesiredInstanceCount"), change.get("ServerlessUpdateConfig")
    if not {"DesiredWeight", "DesiredInstanceCount", "ServerlessUpdateConfig"} & set(change):
        yield f"Either a weight or a capacity must be specified for variant {variant.name}."
    if count is not None and variant.serverless is not None:
        yield f"DesiredInstanceCount cannot be specified for the serverless variant {variant.name}."
    if count == 0 and not may_be_empty:
        yield f"DesiredInstanceCount of variant {variant.name} must be at least 1."
    if concurrency is None:
        return
    if variant.desired_serverless is None:
        yield f"ServerlessUpdateConfig cannot be specified for variant {variant.name}, which is not serverless."
        return
    merged = {**variant.desired_serverless, **concurrency}
    if merged.get("ProvisionedConcurrency", 0) > merged["MaxConcurrency"]:
        yield "ProvisionedConcurrency must be less than or equal to MaxConcurrency."
