"""What an endpoint costs while it runs as it does now: an estimate from on-demand prices.

Not counted: storage, data, requests to serverless variants, a second fleet during an update, discounts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from smendpoints.api.status import Cost
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.observed.observed import Observed, ObservedVariant


@dataclass(frozen=True)
class Price:
    """US dollars per instance and hour, and the date of the price."""

    usd: Decimal
    as_of: str


def hourly_cost(
    desired: Desired, observed: Observed, price_of: Callable[[str], Price | None], before: Cost | None
) -> Cost | None:
    """The sum over all instances in service; None when a price is not known, or nothing runs on instances.

    While the types in service are not looked at, during an update, it is what it was before.
    """
    endpoint = observed.endpoint
    if endpoint is None:
        return None
    types = desired.instance_types()
    if endpoint.config_name != desired.config_name:
        if observed.live_config is None:
            return before
        live = observed.live_config
        types = {variant.name: variant.instance_types for variant in (*live.variants, *live.shadows)}
    total, oldest = Decimal(0), ""
    for variant in (*endpoint.variants, *endpoint.shadows):
        for instance_type, count in _in_service(variant, types.get(variant.name, ())).items():
            price = price_of(instance_type)
            if price is None:
                return None
            total += price.usd * count
            oldest = min(oldest or price.as_of, price.as_of)
    return Cost(hourly_usd=f"{total.normalize():f}", as_of=oldest) if total else None


def _in_service(variant: ObservedVariant, types: tuple[str, ...]) -> dict[str, int]:
    """Instances by type. Of a variant with pools AWS tells each pool's; else all are of the first choice."""
    if variant.pools:
        return {instance_type: count for instance_type, count in variant.pools.items() if count}
    return {types[0]: variant.current_count} if variant.current_count and types else {}
