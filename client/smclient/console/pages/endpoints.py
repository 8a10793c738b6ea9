"""All endpoints that the user may see, live."""

from datetime import UTC, datetime

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from smclient.console.app import backend
from smclient.console.live import answered
from smclient.views.listing import ORDERS, Filters, listing
from smclient.views.status import PHASES, status_view

blueprint = Blueprint("endpoints", __name__)
NAVIGATION = ("Endpoints", "endpoints.listed")


@blueprint.get("/")
def listed() -> str:
    """The page with its filters."""
    return _shown("endpoints.html")


@blueprint.get("/endpoints")
def rows() -> Response | str:
    """The part of the page that moves."""
    return answered(_shown("endpoints_rows.html"))


def _shown(template: str) -> str:
    reading = backend().endpoints()
    now = datetime.now(UTC)
    views = [status_view(found, (), now) for found in (reading.value or {}).values()]
    filters = _filters()
    return render_template(
        template,
        reading=reading,
        filters=filters,
        listing=listing(views, filters),
        count=len(views),
        namespaces=sorted({view.namespace for view in views}),
        states=PHASES,
        orders=ORDERS,
    )


def _filters() -> Filters:
    asked = request.args
    order = asked.get("order", "name")
    return Filters(
        asked.get("q", "").strip()[:200],
        asked.get("namespace", "").strip()[:63],
        asked.get("state", ""),
        order if order in ORDERS else "name",
        asked.get("page", 1, type=int),
    )
