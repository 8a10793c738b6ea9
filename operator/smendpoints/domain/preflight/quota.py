"""Instances that an update has at once, against the account's quota: pure functions.

Lower bounds only. What is not known for sure (which pool AWS took from, other endpoints, how AWS rounds a batch) counts
as nothing: then AWS's own refusal stands.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.observed.observed import ConfigVariant, Observed, ObservedConfig, ObservedEndpoint
from smendpoints.domain.plan.actions import Action
from smendpoints.domain.plan.update import upcoming_config

_ONE = {"Type": "INSTANCE_COUNT", "Value": 1}


@dataclass(frozen=True)
class Need:
    """Instances of one type: those in service, and those that an update has beside them, at the least.

    `beside_rolling` is what it would have beside them in rolling steps of one instance; None where AWS cannot roll.
    """

    instance_type: str
    live: int
    beside: int
    beside_rolling: int | None = None

    @property
    def quota(self) -> str:
        """AWS's name of the quota."""
        return f"{self.instance_type} for endpoint usage"

    def exceeds(self, limit: float) -> bool:
        """Whether the update cannot fit. A limit below what is in service is not the one that AWS goes by."""
        return self.live <= limit < self.live + self.beside

    def refusal(self, limit: float) -> str:
        """What to tell the user."""
        smaller = "use fewer instances or another type"
        if self.beside_rolling is not None and self.live + self.beside_rolling <= limit:
            smaller = f"set spec.rollout.strategy to Rolling with stepInstances: 1, {smaller}"
        return (
            f"the quota '{self.quota}' is {limit:g} instances, and this update has {self.live + self.beside} at once: "
            f"{self.live} in service and {self.beside} new beside them; {smaller}, or have the quota raised in AWS "
            "Service Quotas"
        )


def needs(desired: Desired, observed: Observed, update: Action) -> tuple[Need, ...]:
    """What UpdateEndpoint needs of each instance type that it launches.

    Nothing where the live config is not known.
    """
    endpoint, before = observed.endpoint, observed.live_config
    if endpoint is None or before is None:
        return ()
    after = upcoming_config(desired, observed)
    rolling = (desired.deployment or {}).get("RollingUpdatePolicy")
    live = _live(before, endpoint)
    beside, by_one = Counter[str](), Counter[str]()
    for variant in (*after.variants, *after.shadows):
        instance_type = _only_type(variant)
        if instance_type is None:
            continue
        count = _count(variant, endpoint, update)
        there = live.get(variant.name, {}).get(instance_type, 0)
        beside[instance_type] += _rolls(rolling["MaximumBatchSize"], count, there) if rolling is not None else count
        by_one[instance_type] += _rolls(_ONE, count, there)
    in_service = sum((Counter(counts) for counts in live.values()), Counter())
    may_roll = len(after.variants) == 1 and not after.shadows
    return tuple(
        Need(each, in_service[each], count, by_one[each] if may_roll and by_one[each] < count else None)
        for each, count in sorted(beside.items())
        if count > 0
    )


def _live(config: ObservedConfig, endpoint: ObservedEndpoint) -> dict[str, dict[str, int]]:
    """Instances in service by variant and type."""
    found: dict[str, dict[str, int]] = {}
    for variant in (*config.variants, *config.shadows):
        shown, instance_type = endpoint.variant(variant.name), _only_type(variant)
        if shown is not None and instance_type is not None:
            found[variant.name] = {instance_type: shown.current_count or 0}
    return found


def _only_type(variant: ConfigVariant) -> str | None:
    return variant.instance_types[0] if len(variant.instance_types) == 1 else None


def _count(variant: ConfigVariant, endpoint: ObservedEndpoint, update: Action) -> int:
    """What the variant begins with: the live count where the update keeps it, else the config's own."""
    excluded = update.params.get("ExcludeRetainedVariantProperties", ())
    kept = update.params.get("RetainAllVariantProperties") and not any(
        each["VariantPropertyType"] == "DesiredInstanceCount" for each in excluded
    )
    shown = endpoint.variant(variant.name)
    if kept and shown is not None and shown.desired_count is not None:
        return shown.desired_count
    return variant.initial_count or 0


def _rolls(size: Mapping[str, Any], count: int, live: int) -> int:
    """What a rolling update has beside the live instances of that type: one batch, or what the fleet grows by."""
    value = size["Value"] if size["Type"] == "INSTANCE_COUNT" else count * size["Value"] // 100
    return max(min(count, max(1, int(value))), count - live)
