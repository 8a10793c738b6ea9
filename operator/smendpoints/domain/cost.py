"""What an endpoint costs while it runs as it does now: an estimate from on-demand prices.

Not counted: storage, data, requests to serverless variants, a second fleet during an update, discounts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from smendpoints.api.status import Cost
from smendpoints.domain.desired import Desired
from smendpoints.domain.observed import ObservedEndpoint


@dataclass(frozen=True)
class Price:
    """US dollars per instance and hour, and the date of the price."""

    usd: Decimal
    as_of: str


def hourly_cost(
    desired: Desired, endpoint: ObservedEndpoint | None, price_of: Callable[[str], Price | None]
) -> Cost | None:
    """The sum over all instances in service; None when a price is not known, or nothing runs on instances.

    A variant with pools counts at the price of its first choice.
    """
    if endpoint is None:
        return None
    types = desired.instance_types()
    total, oldest = Decimal(0), ""
    for variant in (*endpoint.variants, *endpoint.shadows):
        count = variant.current_count
        if not count:
            continue
        choices = types.get(variant.name)
        price = price_of(choices[0]) if choices else None
        if price is None:
            return None
        total += price.usd * count
        oldest = min(oldest or price.as_of, price.as_of)
    return Cost(hourly_usd=f"{total.normalize():f}", as_of=oldest) if total else None
