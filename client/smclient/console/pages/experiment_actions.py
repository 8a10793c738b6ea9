"""What one asks of an experiment: first what it means and what it would write, then the doing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from smclient import acting
from smclient.console.app import backend, is_partial
from smclient.console.formatting import in_yaml
from smclient.console.pages.endpoint import existing
from smclient.console.pages.experiments import existing_experiment, weights_in_spec
from smclient.errors import ClientError
from smclient.kube.cluster import Object
from smclient.specs.promoting import promotion, winner_of
from smclient.views.experiments import ExperimentView, experiment_view
from smclient.views.gitops import kept_by
from smendpoints.api.group import EXPERIMENT_PLURAL

blueprint = Blueprint("experiment_actions", __name__, url_prefix="/experiments/<namespace>/<name>/actions")


@dataclass(frozen=True)
class Action:
    """What it is called, what it means, and what is said once it is done. `writes`: whose spec it writes, if any."""

    title: str
    meaning: str
    done: str
    writes: str | None = None
    danger: bool = False


ACTIONS = {
    "end": Action(
        "End and delete",
        "The experiment is deleted, without a verdict if it has none yet. Its results are deleted, too, and the"
        " weights of the endpoint's spec apply again.",
        "is being deleted",
        danger=True,
    ),
    "shift": Action(
        "Shift traffic after the verdict",
        "After a SHIP the winner gets all traffic of the experiment, after a ROLLBACK the control, until the"
        " endpoint's spec is edited.",
        "shifts the traffic after its verdict",
        writes="SageMakerExperiment",
    ),
    "report": Action(
        "Only report the verdict",
        "At the end, the weights of the endpoint's spec apply again, whatever the verdict.",
        "only reports its verdict",
        writes="SageMakerExperiment",
    ),
    "promote": Action(
        "Promote",
        "Weights that give the winner all traffic of the experiment are written into the endpoint's spec.",
        "is written into the endpoint's weights",
        writes="SageMakerEndpoint",
    ),
}
_ON_VERDICT = {"shift": "ShiftTraffic", "report": "Report"}


@blueprint.get("/<action>")
def asked(namespace: str, name: str, action: str) -> str:
    """What it means, and a button."""
    chosen = ACTIONS.get(action) or abort(404)
    found = existing_experiment(namespace, name)
    view = experiment_view(found)
    _refuse(action, found, view)
    subject = existing(namespace, view.endpoint) if action == "promote" else found
    made = promotion(found, subject) if action == "promote" else None
    weights = made.weights if made is not None else {}
    return render_template(
        "experiment_action.html",
        action=action,
        chosen=chosen,
        patch=in_yaml(_change(action, weights)) if chosen.writes else None,
        kept_by=kept_by(subject),
        mark=_mark(subject),
        name=name,
        where={"namespace": namespace, "name": name},
        view=view,
        afterwards=made.afterwards if made is not None else None,
    )


@blueprint.post("/<action>")
def done(namespace: str, name: str, action: str) -> Answer:
    """Do it."""
    chosen = ACTIONS.get(action) or abort(404)
    found = existing_experiment(namespace, name)
    view = experiment_view(found)
    _refuse(action, found, view)
    endpoint = view.endpoint
    subject = (
        backend().kubernetes(lambda cluster: cluster.endpoint(namespace, endpoint)) if action == "promote" else found
    )
    if _mark(subject) != request.form.get("mark"):
        raise ClientError(f"somebody changed {subject['metadata']['name']} meanwhile", "look at it again, then decide")
    _do(action, view, found, subject)
    flash(f"{view.winner if action == 'promote' else name} {chosen.done}.", "good")
    here = url_for("experiments.shown", namespace=namespace, name=name)
    page = url_for("experiments.listed") if action == "end" else here
    return Response(status=204, headers={"HX-Redirect": page}) if is_partial() else redirect(page, 303)


def _do(action: str, view: ExperimentView, found: Object, subject: Object) -> None:
    keeper = kept_by(subject)
    if keeper is not None:
        raise ClientError(f"{keeper} manages {subject['metadata']['name']}", "change it in Git")
    if action == "promote":
        change = acting.reweigh(subject, promotion(found, subject).weights)
        backend().changed(backend().kubernetes(lambda cluster: acting.write(cluster, subject, change)))
    elif action == "end":
        uid = str(subject["metadata"]["uid"])
        backend().kubernetes(lambda cluster: cluster.delete(view.namespace, view.name, uid, EXPERIMENT_PLURAL))
    else:
        patch = {"spec": _change(action, {})}
        backend().experiment_objects.saw(
            backend().kubernetes(
                lambda cluster: cluster.patch(view.namespace, view.name, patch, plural=EXPERIMENT_PLURAL)
            )
        )


def _refuse(action: str, found: Object, view: ExperimentView) -> None:
    """What is too late, or too early."""
    if action == "promote":
        winner_of(found)
    elif action in _ON_VERDICT and view.phase == "Finished":
        raise ClientError(f"{view.name} has ended", "promote its winner, or make a new one")


def _change(action: str, weights: Mapping[str, float]) -> dict[str, Any]:
    """What is written into the spec, as far as a person has to see it."""
    return weights_in_spec(weights) if action == "promote" else {"onVerdict": _ON_VERDICT[action]}


def _mark(subject: Object) -> str:
    """Changes with every edit of what somebody wrote, and not with what the operator reports."""
    metadata = subject["metadata"]
    return f"{metadata['uid']}/{metadata['generation']}"
