"""What one asks of an endpoint: first what it means and what it would write, then the doing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from smclient import acting
from smclient.console.app import backend, is_partial
from smclient.console.formatting import in_yaml
from smclient.console.pages.endpoint import existing, where
from smclient.errors import ClientError
from smclient.kube.cluster import Cluster, Object
from smclient.views.gitops import kept_by

blueprint = Blueprint("actions", __name__, url_prefix="/endpoints/<namespace>/<name>/actions")


@dataclass(frozen=True)
class Action:
    """A verb of the command line. Either it asks by an annotation, or `change` says what of the spec it writes."""

    title: str
    meaning: str
    done: str
    ask: Callable[[Cluster, Object], Object] | None = None
    change: Callable[[Object], dict[str, Any]] | None = None
    danger: bool = False

    def asked(self, cluster: Cluster, found: Object) -> Object:
        """Ask for it by its annotation; the object then."""
        if self.ask is None:
            raise TypeError(f"{self.title} is not asked by an annotation")
        return self.ask(cluster, found)


ACTIONS = {
    "retry": Action(
        "Retry",
        "The operator retries what failed, with the same spec. Use it if the cause was elsewhere, such as a quota, a"
        " role or an image that was missing.",
        "will be retried",
        ask=acting.retry,
    ),
    "redeploy": Action(
        "Redeploy",
        "The operator rolls out the same spec again, with new instances. Use it if an image or a model was overwritten "
        "under its tag or key. Traffic is shifted as in spec.rollout.",
        "will be redeployed",
        ask=acting.redeploy,
    ),
    "abort": Action(
        "Abort the rollout",
        "AWS rolls back to the config that was in service before, when the first baking period begins.",
        "will be rolled back to the config in service before",
        ask=acting.abort,
        danger=True,
    ),
    "suspend": Action(
        "Suspend",
        "The operator changes nothing in AWS until the object is resumed. It continues to report. The endpoint keeps"
        " serving.",
        "is suspended",
        change=lambda found: acting.suspend(found, yes=True),
    ),
    "resume": Action(
        "Resume",
        "The operator changes AWS again, so that it matches the spec.",
        "is resumed",
        change=lambda found: acting.suspend(found, yes=False),
    ),
    "stop": Action(
        "Stop",
        "The endpoint is deleted in AWS, so that it serves no requests and costs nothing. The object stays, and Start "
        "creates the endpoint again, which takes some minutes.",
        "is stopped",
        change=lambda found: acting.stop(found, yes=True),
        danger=True,
    ),
    "start": Action(
        "Start",
        "The endpoint is created again in AWS. This takes some minutes, and it costs money from then on.",
        "is started",
        change=lambda found: acting.stop(found, yes=False),
    ),
    "undo": Action(
        "Roll back",
        "The models, images, instance types and capture settings of the revision are written into the spec. Weights, "
        "counts, scaling and rollout settings stay as they are.",
        "is rolled back",
        danger=True,
    ),
}


@blueprint.get("/<action>")
def asked(namespace: str, name: str, action: str) -> str:
    """What it means, and a button."""
    chosen = ACTIONS.get(action) or abort(404)
    found = existing(namespace, name)
    back = acting.undo(found, backend().aws(found), request.args.get("to", type=int)) if action == "undo" else None
    change = back.change if back is not None else chosen.change(found) if chosen.change is not None else None
    if action == "abort" and (refused := acting.not_abortable(found)) is not None:
        raise refused
    return render_template(
        "action.html",
        action=action,
        chosen=chosen,
        back=back,
        patch=in_yaml(change) if change else None,
        unchanged=change == {},
        kept_by=kept_by(found) if change else None,
        generation=found["metadata"]["generation"],
        name=name,
        where=where(found),
    )


@blueprint.post("/<action>")
def done(namespace: str, name: str, action: str) -> Answer:
    """Do it."""
    chosen = ACTIONS.get(action) or abort(404)
    found = backend().kubernetes(lambda cluster: cluster.endpoint(namespace, name))
    if str(found["metadata"]["generation"]) != request.form.get("generation"):
        raise ClientError(f"somebody changed {name} meanwhile", "look at it again, then decide")
    said = chosen.done
    if action == "undo":
        said, changed = _go_back(found)
    elif chosen.change is not None:
        changed = _written(found, chosen.change(found))
    else:
        changed = backend().kubernetes(lambda cluster: chosen.asked(cluster, found))
    backend().changed(changed)
    flash(f"{name} {said}.", "good")
    page = url_for("endpoint.shown", namespace=namespace, name=name)
    return Response(status=204, headers={"HX-Redirect": page}) if is_partial() else redirect(page, 303)


def _go_back(found: Object) -> tuple[str, Object]:
    number = request.form.get("to", type=int)
    if request.form.get("way") == "annotation":
        to = acting.revision_of(found, number)
        changed = backend().kubernetes(lambda cluster: acting.roll_back(cluster, found, to))
        return f"is rolled back to revision {to.revision}, until its spec is edited", changed
    back = acting.undo(found, backend().aws(found), number)
    return f"is rolled back to revision {back.revision.revision}", _written(found, back.change)


def _written(found: Object, change: dict[str, Any]) -> Object:
    """The object with the change in its spec; as it is where it is so already."""
    return backend().kubernetes(lambda cluster: acting.write(cluster, found, change)) if change else found
