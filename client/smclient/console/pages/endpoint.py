"""One endpoint: how it is, its rollout as it moves, history, Events, failure."""

from collections.abc import Sequence
from datetime import UTC, datetime

from flask import Blueprint, abort, render_template
from werkzeug.wrappers import Response

from smclient.console.app import backend
from smclient.console.live import answered
from smclient.console.reading import Reading
from smclient.kube.cluster import Object
from smclient.views.history import RevisionView, history_view
from smclient.views.status import StatusView, status_view

blueprint = Blueprint("endpoint", __name__, url_prefix="/endpoints/<namespace>/<name>")


@blueprint.get("/")
def shown(namespace: str, name: str) -> str:
    """The page."""
    return _shown("endpoint.html", namespace, name)


@blueprint.get("/now")
def now(namespace: str, name: str) -> Response | str:
    """The part of it that moves."""
    return answered(_shown("endpoint_now.html", namespace, name))


def found_or_404(namespace: str, name: str) -> Reading[Object]:
    """The object as it was read; a page says that there is none, if that is certain."""
    reading = backend().endpoint(namespace, name)
    if reading.value is None and reading.error is None and reading.at is not None:
        abort(404)
    return reading


def _shown(template: str, namespace: str, name: str) -> str:
    reading = found_or_404(namespace, name)
    view: StatusView | None = None
    history: Sequence[RevisionView] = ()
    if reading.value is not None:
        events = backend().events(reading.value)
        view = status_view(reading.value, events.value or (), datetime.now(UTC))
        history = history_view(reading.value)
    return render_template(template, reading=reading, view=view, history=history, namespace=namespace, name=name)
