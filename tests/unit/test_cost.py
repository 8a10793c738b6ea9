"""What an endpoint costs an hour, from prices that are written down."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from smendpoints.api.status import Cost
from smendpoints.domain.observed.cost import Price, hourly_cost
from smendpoints.domain.observed.observed import Observed, ObservedVariant

PRICES = {
    "ml.m5.large": Price(Decimal("0.115"), "2026-03-01"),
    "ml.c5.large": Price(Decimal("0.102"), "2026-01-01"),
    "ml.g5.xlarge": Price(Decimal("1.408"), "2026-02-01"),
}
BEFORE = Cost(hourly_usd="9.9", as_of="2025-12-31")
SHADOWED = {
    "shadow": {
        "name": "next",
        "image": "shadow:1",
        "modelArtifact": "s3://models/n.tar.gz",
        "instance": {"type": "ml.c5.large", "count": 2},
    }
}
TWO = {"challenger": {"instance": {"type": "ml.c5.large", "count": 1}}}

CASES: dict[str, tuple[dict[str, Any], dict[str, int | None], tuple[str, str] | None]] = {
    "one instance": ({}, {"primary": 1}, ("0.115", "2026-03-01")),
    "three instances": ({}, {"primary": 3}, ("0.345", "2026-03-01")),
    "nothing runs yet": ({}, {"primary": 0}, None),
    "a count that is not shown": ({}, {"primary": None}, None),
    "two variants, as old as the older price": (TWO, {"primary": 2, "challenger": 4}, ("0.638", "2026-01-01")),
    "a price that is not known": ({"variant": {"instance": {"type": "ml.p9.huge", "count": 1}}}, {"primary": 1}, None),
    "a shadow costs as any other variant": (SHADOWED, {"primary": 1, "next": 2}, ("0.319", "2026-01-01")),
    "no needless zeros": ({}, {"primary": 200}, ("23", "2026-03-01")),
}


@pytest.mark.parametrize("name", CASES)
def test_an_hour_costs(name: str, sight: Any) -> None:
    wants, running, told = CASES[name]
    seen = sight(wants, variants={variant: {"current_count": count} for variant, count in running.items()})
    found = hourly_cost(seen.desired, seen.observed, PRICES.get, BEFORE)
    assert found == (Cost(hourly_usd=told[0], as_of=told[1]) if told else None)


def test_of_pools_each_type_that_runs_counts_and_of_a_shadow_its_instances(sight: Any) -> None:
    seen = sight()
    pooled = replace(seen.observed.endpoint.variants[0], pools={"ml.m5.large": 2, "ml.g5.xlarge": 1, "ml.x": 0})
    shown = replace(seen.observed.endpoint, variants=(pooled,))
    found = hourly_cost(seen.desired, Observed(endpoint=shown), PRICES.get, None)
    assert found == Cost(hourly_usd="1.638", as_of="2026-02-01")


def test_during_an_update_what_serves_still_is_counted_if_it_was_looked_at(sight: Any) -> None:
    other = {"variant": {"instance": {"type": "ml.c5.large", "count": 1}}}
    seen = sight({}, other)
    assert hourly_cost(seen.desired, seen.observed, PRICES.get, BEFORE) == Cost(hourly_usd="0.102", as_of="2026-01-01")
    unseen = replace(seen.observed, live_config=None)
    assert hourly_cost(seen.desired, unseen, PRICES.get, BEFORE) == BEFORE
    assert hourly_cost(seen.desired, Observed(), PRICES.get, BEFORE) is None


def test_a_variant_that_the_config_does_not_know_costs_nothing_that_is_known(sight: Any) -> None:
    seen = sight()
    stray = ObservedVariant(name="stray", current_count=5)
    shown = replace(seen.observed.endpoint, variants=(*seen.observed.endpoint.variants, stray))
    found = hourly_cost(seen.desired, Observed(endpoint=shown), PRICES.get, None)
    assert found == Cost(hourly_usd="0.115", as_of="2026-03-01")
