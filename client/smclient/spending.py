"""Whether anybody uses what runs: the requests of many endpoints, asked region by region."""

from collections.abc import Callable, Sequence
from datetime import datetime

from smclient.aws.metrics import invocations
from smclient.aws.session import Aws, region_of
from smclient.errors import AWSError
from smclient.kube.cluster import Object
from smclient.views.fields import variants_of


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
