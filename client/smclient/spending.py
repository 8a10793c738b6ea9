"""Whether anybody uses what runs, and what its monitoring costs: asked for many endpoints, region by region."""

from collections.abc import Callable, Sequence
from datetime import datetime

from smclient.aws.metrics import invocations
from smclient.aws.prices import LISTED_IN, monitoring_prices
from smclient.aws.session import Aws
from smclient.errors import AWSError
from smclient.kube.cluster import Object
from smclient.views.costs import MonitoringPrices
from smclient.views.fields import region_of, variants_of


def requests_of(
    objects: Sequence[Object], aws: Callable[[str | None], Aws], now: datetime, days: int
) -> tuple[dict[tuple[str, str], float], list[AWSError]]:
    """The requests of each that costs something, by namespace and name; and why those of a region are not known."""
    places: dict[str | None, dict[str, tuple[tuple[str, str], list[str]]]] = {}
    for found in objects:
        status = found.get("status") or {}
        endpoint = (status.get("endpoint") or {}).get("name")
        if endpoint and status.get("cost"):
            metadata = found["metadata"]
            who = str(metadata["namespace"]), str(metadata["name"])
            names = [str(each["name"]) for each in variants_of(found)]
            places.setdefault(region_of(found), {})[str(endpoint)] = who, names
    counts: dict[tuple[str, str], float] = {}
    errors: list[AWSError] = []
    for region, endpoints in places.items():
        variants = {endpoint: names for endpoint, (_, names) in endpoints.items()}
        try:
            there = invocations(aws(region), variants, now, days)
        except AWSError as error:
            errors.append(error)
            continue
        counts |= {who: there[endpoint] for endpoint, (who, _) in endpoints.items()}
    return counts, errors


def monitoring_prices_of(
    objects: Sequence[Object], aws: Callable[[str | None], Aws]
) -> tuple[dict[str | None, MonitoringPrices], list[AWSError]]:
    """The prices of alarms and dashboards where any of the objects has some, by region; and why those are not known."""
    regions = {region_of(found) for found in objects if (found.get("status") or {}).get("monitoring")}
    prices: dict[str | None, MonitoringPrices] = {}
    try:
        for region in regions:
            prices[region] = monitoring_prices(aws(LISTED_IN), region or aws(region).region)
    except AWSError as error:
        return prices, [error]
    return prices, []
