"""Experiments: all that the user may see, live; and one with its confidence sequences, guardrails and verdict."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from smclient.captured.installed import needs_numpy
from smclient.console.app import backend
from smclient.console.formatting import in_yaml
from smclient.console.live import answered
from smclient.console.reading import Reading
from smclient.console.sequence import picture
from smclient.kube.cluster import Object
from smclient.views.advice import advice
from smclient.views.challengers import limit
from smclient.views.events import newest
from smclient.views.experiments import experiment_view, is_kept, order
from smclient.views.gitops import kept_by
from smclient.views.paging import paged
from smendpoints.api.group import EXPERIMENT_PLURAL

if TYPE_CHECKING:
    from smclient.answering import Answered
    from smendpoints.statistics.models import Report

_ANSWERS_SECONDS = 60.0
blueprint = Blueprint("experiments", __name__, url_prefix="/experiments")
NAVIGATION = ("Experiments", "experiments.listed")


@blueprint.get("/")
def listed() -> str:
    """The page."""
    return _listed("experiments.html")


@blueprint.get("/rows")
def rows() -> Response | str:
    """The part of it that moves."""
    return answered(_listed("experiments_rows.html"))


@blueprint.get("/<namespace>/<name>/")
def shown(namespace: str, name: str) -> str:
    """The page of one."""
    return _shown("experiment.html", namespace, name)


@blueprint.get("/<namespace>/<name>/now")
def now(namespace: str, name: str) -> Response | str:
    """The part of it that moves."""
    return answered(_shown("experiment_now.html", namespace, name))


@blueprint.get("/<namespace>/<name>/answers")
def answers(namespace: str, name: str) -> str:
    """How the models answered, from captured data and CloudWatch; `truth`: a prefix in S3."""
    found, truth = existing_experiment(namespace, name), request.args.get("truth", "").strip()
    endpoint = backend().endpoint(namespace, str(found["spec"]["endpointRef"]["name"])).value

    def ask() -> "Answered":
        needs_numpy()
        from smclient.answering import of_experiment

        aws = backend().aws(endpoint) if endpoint is not None else backend().region(None)
        return of_experiment(aws, found, endpoint, truth or None, datetime.now(UTC))

    key = "answers", found["metadata"]["uid"], truth
    reading: Reading[Answered] = backend().kept.read(key, _ANSWERS_SECONDS, ask)
    shown = _told(reading.value.report) if reading.value is not None else {}
    return render_template("experiment_answers.html", reading=reading, namespace=namespace, name=name, **shown)


def _told(report: "Report") -> Mapping[str, Any]:
    """The report's parts: a title, and HTML in which all that others wrote is escaped; and what stands below."""
    from smendpoints.statistics.illustrated import NO_VERDICT, parts  # with numpy

    return {"parts": [(each.title, Markup(each.html)) for each in parts(report)], "closing": NO_VERDICT}  # noqa: S704


def existing_experiment(namespace: str, name: str) -> Object:
    """The object, as new as it is known.

    Raises:
        ClientError: it is not there, or nobody knows.
    """
    return (
        backend()
        .experiment(namespace, name)
        .known(f"there is no SageMakerExperiment {name} in the namespace {namespace}")
    )


def weights_in_spec(weights: Mapping[str, float]) -> dict[str, Any]:
    """Weights of variants as a part of an endpoint's spec."""
    return {"variants": [{"name": name, "weight": _plain(weight)} for name, weight in weights.items()]}


def _plain(weight: float) -> float:
    """A whole number as one writes it."""
    return int(weight) if weight == int(weight) else weight


def _listed(template: str) -> str:
    reading = backend().experiments()
    found = sorted((experiment_view(each) for each in (reading.value or {}).values()), key=order)
    here, endpoints = backend().experiment_objects, backend().objects
    return render_template(
        template,
        reading=reading,
        listing=paged(found, request.args.get("page", 1, type=int)),
        only=here.namespace if here.narrowed and not endpoints.narrowed else None,
    )


def _shown(template: str, namespace: str, name: str) -> str:
    reading = backend().experiment(namespace, name)
    if reading.is_absent:
        abort(404)
    found = reading.value
    if found is None:
        return render_template(template, reading=reading, namespace=namespace, name=name)
    view = experiment_view(found)
    to_write = view.in_git is not None and not is_kept(view, backend().endpoint(namespace, view.endpoint).value)
    events: Reading[list[Object]] = backend().events(found)
    return render_template(
        template,
        reading=reading,
        namespace=namespace,
        name=name,
        view=view,
        pictures={each.variant: picture(each.looks, view.started_at, limit(each)) for each in view.challengers},
        events=events,
        told=newest(events.value or ()),
        git=in_yaml(weights_in_spec(view.in_git or {})) if to_write else None,
        kept_by=kept_by(found),
        may={verb: backend().may_change(namespace, verb, EXPERIMENT_PLURAL) for verb in ("patch", "delete")},
        advice=advice(view),
        may_promote=to_write and view.verdict == "SHIP" and backend().may_change(namespace),
    )
