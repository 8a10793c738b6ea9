"""What runs, since when, what it costs, and what runs for nobody."""

from datetime import UTC, datetime

from flask import Blueprint, render_template, request

from smclient.console.app import backend
from smclient.console.reading import Reading
from smclient.errors import AWSError
from smclient.kube.cluster import Object
from smclient.spending import monitoring_prices_of, requests_of
from smclient.views.costs import MonitoringCost, costs, monitoring_cost, sums
from smclient.views.fields import region_of

blueprint = Blueprint("costs", __name__, url_prefix="/costs")
NAVIGATION = ("Costs", "costs.shown")
DAYS = (1, 7, 14, 30)
_PAGE = 200
_PRICES_SECONDS = 12 * 3600.0
_REQUESTS_SECONDS = 300.0  # the question costs money, an answer of some minutes ago is as good
Requests = tuple[dict[tuple[str, str], float], list[AWSError]]


@blueprint.get("/")
def shown() -> str:
    """The page; what AWS has to be asked for comes by itself."""
    return _shown("costs.html", Reading(), None)


@blueprint.get("/table")
def table() -> str:
    """The table, with the requests."""
    objects = list((backend().endpoints().value or {}).values())
    days = _days()
    key = "requests", days, frozenset(str(each["metadata"]["uid"]) for each in objects)
    requests: Reading[Requests] = backend().kept.read(
        key, _REQUESTS_SECONDS, lambda: requests_of(objects, backend().region, datetime.now(UTC), days)
    )
    return _shown("costs_table.html", requests, _monitoring(objects))


def _monitoring(objects: list[Object]) -> MonitoringCost | None:
    """What alarms and dashboards cost, as far as AWS's price list can be read."""
    monitored = [each for each in objects if (each.get("status") or {}).get("monitoring")]
    key = "monitoring prices", frozenset(region_of(each) for each in monitored)
    told = backend().kept.read(key, _PRICES_SECONDS, lambda: monitoring_prices_of(monitored, backend().region))
    prices, errors = told.value if told.value is not None else ({}, [])
    if errors:
        backend().kept.forget(key)  # the next page tries again
    return monitoring_cost(monitored, prices)


def _shown(template: str, requests: Reading[Requests], monitoring: MonitoringCost | None) -> str:
    reading = backend().endpoints()
    counts, errors = requests.value if requests.value is not None else ({}, [])
    views = costs((reading.value or {}).values(), counts)
    return render_template(
        template,
        reading=reading,
        requests=requests,
        errors=errors,
        views=views[:_PAGE],
        more=max(0, len(views) - _PAGE),
        totals=sums(views),
        idle=sums(view for view in views if view.idle),
        monitoring=monitoring,
        days=_days(),
        choices=DAYS,
    )


def _days() -> int:
    asked = request.args.get("days", 14, type=int)
    return asked if asked in DAYS else 14
