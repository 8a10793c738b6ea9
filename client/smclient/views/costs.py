"""What endpoints cost, by namespace, idle ones first. Pure; prices are those that the operator estimated."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from smclient.views.fields import Object, moment
from smclient.views.status import phase_of

HOURS_A_MONTH = 730


@dataclass(frozen=True)
class CostView:
    """One endpoint. `requests` are those of the days that were asked for, None where nobody could tell.

    `since` is when AWS made the endpoint that runs.
    """

    namespace: str
    name: str
    phase: str
    instances: str | None
    hourly_usd: str | None
    monthly_usd: str | None
    requests: float | None
    idle: bool
    since: datetime | None = None


@dataclass(frozen=True)
class Sum:
    """What a namespace, or everything, costs; `unknown` endpoints have no price."""

    namespace: str | None
    endpoints: int
    unknown: int
    hourly_usd: str
    monthly_usd: str


def costs(objects: Iterable[Object], requests: Mapping[tuple[str, str], float]) -> list[CostView]:
    """Idle ones first, then the dearest; `requests` by namespace and name."""
    views = [_view(each, requests) for each in objects]
    return sorted(views, key=lambda view: (not view.idle, -_number(view.hourly_usd), view.namespace, view.name))


def sums(views: Iterable[CostView]) -> list[Sum]:
    """By namespace, and of all."""
    listed = list(views)
    spaces = sorted({view.namespace for view in listed})
    return [
        *(_sum(space, [view for view in listed if view.namespace == space]) for space in spaces),
        *([_sum(None, listed)] if len(spaces) > 1 else []),
    ]


def _view(found: Object, requests: Mapping[tuple[str, str], float]) -> CostView:
    metadata, status = found["metadata"], found.get("status") or {}
    where = str(metadata["namespace"]), str(metadata["name"])
    hourly = (status.get("cost") or {}).get("hourlyUSD")
    asked = requests.get(where)
    return CostView(
        *where,
        phase=phase_of(found),
        instances=status.get("instances"),
        hourly_usd=hourly,
        monthly_usd=_money(_number(hourly) * HOURS_A_MONTH) if hourly else None,
        requests=asked,
        idle=asked == 0 and bool(hourly),
        since=moment((status.get("endpoint") or {}).get("createdAt")),
    )


def _sum(namespace: str | None, views: list[CostView]) -> Sum:
    hourly = sum((_number(view.hourly_usd) for view in views), Decimal(0))
    unknown = sum(1 for view in views if view.hourly_usd is None)
    return Sum(namespace, len(views), unknown, f"{hourly.normalize():f}", _money(hourly * HOURS_A_MONTH))


def _number(text: str | None) -> Decimal:
    try:
        return Decimal(text or 0)
    except InvalidOperation:
        return Decimal(0)


def _money(value: Decimal) -> str:
    return f"{value:.2f}"
