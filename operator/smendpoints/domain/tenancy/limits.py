"""What a namespace may hold in all: instances, and US dollars an hour, both at the greatest count that it may scale to.

First come, first kept: an object that holds its share is not disturbed by one that comes later or grows. A second fleet
during an update is not counted, nor is what serverless variants cost by request: they have no price by the hour.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from smendpoints.domain.observed.cost import Price
from smendpoints.domain.tenancy.facts import SERVERLESS, Capacity, Facts, instances, within
from smendpoints.domain.tenancy.policy import Policies, Violation

PriceOf = Callable[[str], Price | None]


@dataclass(frozen=True)
class Room:
    """What the other objects of the namespace hold, as far as it counts before this one.

    Of each the capacities that AWS may run for it, one of them at a time: the largest counts.
    """

    held: tuple[tuple[Capacity, ...], ...]


def room_beside(mine: Facts, others: Iterable[Facts]) -> Room:
    """What others hold. Who asks for no more than it holds comes after those alone that came before it."""
    grows = mine.granted is None or not within(mine.asked, mine.granted)
    return Room(
        tuple(
            each.held()
            for each in sorted(others, key=_order)
            if each.granted is not None and (grows or _order(each) < _order(mine))
        )
    )


def limited(asked: Capacity, room: Room, policies: Policies, price_of: PriceOf) -> tuple[Violation, ...]:
    """Which limits of a namespace this would go beyond."""
    found = []
    held = sum(max(map(instances, each)) for each in room.held)
    for policy in policies:
        most, usd = policy.spec.max_instances, policy.spec.max_hourly_usd
        if most is not None and held + instances(asked) > most:
            message = (
                f"this namespace may have {most} instances, its other objects hold {held}, and this one would have "
                f"{instances(asked)}: lower the counts, or the upper bounds of scaling, or delete another object"
            )
            found.append(Violation(policy.metadata.name, "maxInstances", message))
        if usd is not None:
            told = _dear(asked, room, Decimal(str(usd)), price_of)
            if told is not None:
                found.append(Violation(policy.metadata.name, "maxHourlyUSD", told))
    return tuple(found)


def _dear(asked: Capacity, room: Room, most: Decimal, price_of: PriceOf) -> str | None:
    try:
        mine = _hourly(asked, price_of)
        others = sum((max(_hourly(one, price_of) for one in each) for each in room.held), Decimal(0))
    except LookupError as unknown:
        return (
            f"the price of {unknown.args[0]} is not known, so that the limit of {most:f} USD an hour cannot be kept: "
            "use another instance type, or let the operator read AWS's price list (pricing:GetProducts)"
        )
    if others + mine <= most:
        return None
    return (
        f"this namespace may cost {most:f} USD an hour, its other objects up to {others:f}, and this one {mine:f}: "
        "use fewer or smaller instances, or delete another object"
    )


def _hourly(capacity: Capacity, price_of: PriceOf) -> Decimal:
    """At full scale; of pools the dearest type counts.

    Raises:
        LookupError: a price is not known; names the type.
    """
    total = Decimal(0)
    for types, count in capacity:
        if types == SERVERLESS:
            raise LookupError("serverless variants by the hour")
        dearest = Decimal(0)
        for each in types.split(","):
            price = price_of(each)
            if price is None:
                raise LookupError(each)
            dearest = max(dearest, price.usd)
        total += dearest * count
    return total


def _order(facts: Facts) -> tuple[bool, str, str]:
    return facts.granted is None, facts.created, facts.uid
