"""One endpoint: how it is, its rollout as it moves, history, Events, failure; its metrics and what differs from AWS."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, abort, render_template, request
from werkzeug.wrappers import Response

from smclient.acting import not_abortable
from smclient.aws.alarms import states
from smclient.aws.metrics import of_variants
from smclient.comparing import difference
from smclient.console.app import backend
from smclient.console.charts import charts
from smclient.console.live import answered
from smclient.console.reading import Reading
from smclient.kube.cluster import Object
from smclient.views.events import newest
from smclient.views.fields import endpoint_name, variants_of
from smclient.views.gitops import kept_by
from smclient.views.history import history_view
from smclient.views.monitoring import MonitoringView, as_listed, monitoring_view
from smclient.views.status import status_view

blueprint = Blueprint("endpoint", __name__, url_prefix="/endpoints/<namespace>/<name>")
SPANS = {"15m": timedelta(minutes=15), "1h": timedelta(hours=1), "6h": timedelta(hours=6), "1d": timedelta(days=1)}
_METRICS_SECONDS = 20.0
_ALARMS_SECONDS = 15.0
_DIFFERENCE_SECONDS = 10.0


@blueprint.get("/")
def shown(namespace: str, name: str) -> str:
    """The page."""
    return _shown("endpoint.html", namespace, name)


@blueprint.get("/now")
def now(namespace: str, name: str) -> Response | str:
    """The part of it that moves."""
    return answered(_shown("endpoint_now.html", namespace, name))


@blueprint.get("/metrics")
def metrics(namespace: str, name: str) -> str:
    """What CloudWatch measured of its variants."""
    found = existing(namespace, name)
    asked = request.args.get("span", "1h")
    span = asked if asked in SPANS else "1h"
    end = datetime.now(UTC)

    def ask() -> Any:
        names = [str(each["name"]) for each in variants_of(found)]
        return charts(
            of_variants(backend().aws(found), endpoint_name(found), names, end, SPANS[span]), end, SPANS[span]
        )

    key = "metrics", found["metadata"]["uid"], span
    reading = backend().kept.read(key, _METRICS_SECONDS, ask)
    return render_template("endpoint_metrics.html", reading=reading, span=span, spans=SPANS, where=where(found))


@blueprint.get("/alarms")
def alarms(namespace: str, name: str) -> Response | str:
    """The alarms of `spec.monitoring`, as CloudWatch has them."""
    found = existing(namespace, name)
    view = monitoring_view(found)
    known: Reading[MonitoringView] = Reading(view, datetime.now(UTC))
    if view is not None and view.alarms:
        names = tuple(each.name for each in view.alarms)
        key = "alarms", found["metadata"]["uid"], names
        told = backend().kept.read(key, _ALARMS_SECONDS, lambda: states(backend().aws(found), names))
        # Where nobody says, they are as the operator listed them last.
        known = Reading(view if told.value is None else as_listed(view, told.value), told.at, told.error)
    return answered(render_template("endpoint_alarms.html", reading=known, where=where(found)))


@blueprint.get("/diff")
def diff(namespace: str, name: str) -> str:
    """What differs between AWS, or a revision, and the spec, or another revision."""
    found = existing(namespace, name)
    one, two = (request.args.get(each, type=int) for each in ("from", "to"))
    key = "difference", found["metadata"]["uid"], found["metadata"]["resourceVersion"], one, two
    reading = backend().kept.read(key, _DIFFERENCE_SECONDS, lambda: difference(found, backend().aws(found), one, two))
    return render_template(
        "endpoint_diff.html",
        reading=reading,
        history=history_view(found),
        one=one,
        two=two,
        where=where(found),
        name=name,
    )


def existing(namespace: str, name: str) -> Object:
    """The object, as new as it is known.

    Raises:
        ClientError: it is not there, or nobody knows.
    """
    return (
        backend().endpoint(namespace, name).known(f"there is no SageMakerEndpoint {name} in the namespace {namespace}")
    )


def where(found: Object) -> dict[str, str]:
    """The arguments of the URLs of an object's pages."""
    metadata = found["metadata"]
    return {"namespace": str(metadata["namespace"]), "name": str(metadata["name"])}


def _shown(template: str, namespace: str, name: str) -> str:
    reading = backend().endpoint(namespace, name)
    if reading.is_absent:
        abort(404)
    more = _of(reading.value) if reading.value is not None else {}
    return render_template(template, reading=reading, namespace=namespace, name=name, **more)


def _of(found: Object) -> Mapping[str, Any]:
    events: Reading[list[Object]] = backend().events(found)
    spec = found.get("spec") or {}
    return {
        "view": status_view(found, events.value or (), datetime.now(UTC)),
        "history": history_view(found),
        "events": events,
        "told": newest(events.value or ()),
        "kept_by": kept_by(found),
        "may_change": backend().may_change(str(found["metadata"]["namespace"])),
        "not_abortable": not_abortable(found),
        "stopped": spec.get("desiredState") == "Stopped",
        "strategy": spec.get("rollout") or {},
        "where": where(found),
    }
