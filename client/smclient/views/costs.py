"""What endpoints cost, by namespace, idle ones first. Pure; prices are those that the operator estimated."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError

from smclient.views.fields import Object, moment, region_of
from smclient.views.status import phase_of
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.domain.status.monitoring import monitoring_wanted

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


@dataclass(frozen=True)
class MonitoringPrices:
    """US dollars a month for each metric that an alarm watches, and for a dashboard; None where nobody knows."""

    alarm_metric: Decimal | None = None
    dashboard: Decimal | None = None


@dataclass(frozen=True)
class MonitoringCost:
    """What `spec.monitoring` of all endpoints comes to. AWS bills alarms by the metrics that they watch.

    The amounts are a month's, None where a price is not known. An account has its first ten alarms and three dashboards
    free; how many others it has is not known here, so nothing is taken off.
    """

    alarm_metrics: int
    dashboards: int
    alarms_monthly_usd: str | None = None
    dashboards_monthly_usd: str | None = None

    @property
    def monthly_usd(self) -> str | None:
        """Both together."""
        if self.alarms_monthly_usd is None or self.dashboards_monthly_usd is None:
            return None
        return _money(_number(self.alarms_monthly_usd) + _number(self.dashboards_monthly_usd))


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


def monitoring_cost(objects: Iterable[Object], prices: Mapping[str | None, MonitoringPrices]) -> MonitoringCost | None:
    """The alarms and dashboards of all of them, with the prices by region; None where there are none."""
    metrics, boards = 0, 0
    alarms_usd: Decimal | None = Decimal(0)
    boards_usd: Decimal | None = Decimal(0)
    for found in objects:
        kept = (found.get("status") or {}).get("monitoring") or {}
        of, board, known = _billed(found, kept), bool(kept.get("dashboard")), prices.get(region_of(found))
        metrics, boards = metrics + of, boards + board
        alarms_usd = _plus(alarms_usd, of, known.alarm_metric if known else None)
        boards_usd = _plus(boards_usd, int(board), known.dashboard if known else None)
    if not metrics and not boards:
        return None
    return MonitoringCost(
        metrics,
        boards,
        _money(alarms_usd) if alarms_usd is not None else None,
        _money(boards_usd) if boards_usd is not None else None,
    )


def _plus(total: Decimal | None, count: int, price: Decimal | None) -> Decimal | None:
    if not count:
        return total
    return total + count * price if total is not None and price is not None else None


def _billed(found: Object, kept: Mapping[str, Any]) -> int:
    """How many metrics its alarms watch; one each where this client does not understand the spec."""
    names = [str(each) for each in kept.get("alarms") or []]
    if not names:
        return 0
    try:
        resource = SageMakerEndpoint.parse(found)
    except ValidationError:
        return len(names)
    wanted = monitoring_wanted(resource, resource.status)
    watched = {
        str(each["AlarmName"]): sum("MetricStat" in query for query in each.get("Metrics") or ()) or 1
        for each in (wanted.alarms if wanted is not None else ())
    }
    return sum(watched.get(name, 1) for name in names)


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
