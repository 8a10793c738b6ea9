"""What people ask of an endpoint: to try again, to go back, to stop. With the user's own rights; the operator does it.

Each takes the object as it was read, and gives it as the API server has it then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from smclient.aws.reading import revision
from smclient.aws.session import Aws
from smclient.errors import ClientError, KubernetesError
from smclient.kube.cluster import Cluster, Object
from smclient.specs.promoting import Promotion, promotion, winner_of
from smclient.specs.rebuild import rebuild, secret_names
from smclient.specs.revising import patch_between, with_revision
from smclient.views.gitops import kept_by
from smclient.views.history import RevisionView, history_view
from smclient.views.revisions import before, named
from smclient.views.status import phase_of
from smendpoints.api.group import ABORT_REVISION, REDEPLOYED_AT, RETRY, ROLLBACK_TO

_CONFLICT = 409
_TRIES = 5  # the operator writes a status some times in a row, not without end


class KeptError(ClientError):
    """A tool keeps the spec as Git has it, so nothing was written; `patch` is what would have been."""

    def __init__(self, name: str, keeper: str, patch: Mapping[str, Any]) -> None:
        super().__init__(f"{keeper} manages the spec of {name}, so nothing was written")
        self.keeper = keeper
        self.patch = patch


def retry(cluster: Cluster, found: Object) -> Object:
    """Let what failed be tried again.

    Raises:
        ClientError: nothing failed.
        KubernetesError: refused, or no answer; so do all below.
    """
    if phase_of(found) == "Ready":
        raise ClientError(
            f"nothing of {_name(found)} failed", "for a new fleet under the same spec use `kubectl smendpoint redeploy`"
        )
    return _annotate(cluster, found, RETRY)


def redeploy(cluster: Cluster, found: Object) -> Object:
    """Let a new fleet be rolled out under the same spec."""
    return _annotate(cluster, found, REDEPLOYED_AT)


def abort(cluster: Cluster, found: Object) -> Object:
    """Let the rollout under way be aborted: AWS goes back to what was in service before.

    Raises:
        ClientError: there is none, or it carries no alarm to be aborted by.
    """
    refused = not_abortable(found)
    if refused is not None:
        raise refused
    return _annotate(cluster, found, ABORT_REVISION, str(found["status"]["history"][0]["revision"]))


def not_abortable(found: Object) -> ClientError | None:
    """Why nothing can be aborted; None where a rollout can."""
    status = found.get("status") or {}
    rollout, history, name = status.get("rollout") or {}, status.get("history") or [], _name(found)
    if rollout.get("phase") not in {"Pending", "InProgress"} or not history:
        return ClientError(f"{name} has no rollout in progress", "to go back to an earlier revision use `undo`")
    if not rollout.get("abortAlarm"):
        return ClientError(
            f"this rollout of {name} cannot be aborted: it was started without rollback.onRequest",
            "wait until it has ended, then run `kubectl smendpoint undo`; set spec.rollout.rollback.onRequest then",
        )
    return None


def suspend(found: Object, *, yes: bool) -> dict[str, Any]:
    """The change of the spec by which the operator only looks, or acts again; nothing where it is so already."""
    if bool((found.get("spec") or {}).get("suspend")) is yes:
        return {}
    return {"suspend": True if yes else None}


def stop(found: Object, *, yes: bool) -> dict[str, Any]:
    """The change of the spec by which the endpoint is deleted in AWS, or restored; nothing where it is so already."""
    if ((found.get("spec") or {}).get("desiredState") == "Stopped") is yes:
        return {}
    return {"desiredState": "Stopped" if yes else None}


def reweigh(found: Object, weights: Mapping[str, float]) -> dict[str, Any]:
    """The change of the spec by which variants have these weights; all else of them stays.

    Raises:
        ClientError: a variant is not there.
    """
    variants = found["spec"].get("variants") or []
    missing = sorted(weights.keys() - {str(each.get("name")) for each in variants})
    if missing:
        raise ClientError(f"{_name(found)} has no variant {missing[0]} any more", "look at its spec")
    # A merge patch takes a list as a whole.
    return {
        "variants": [{**each, "weight": weights.get(str(each["name"]), each.get("weight", 1))} for each in variants]
    }


def winners_weights(cluster: Cluster, experiment: Object) -> tuple[Object, Promotion, dict[str, Any]]:
    """The endpoint of an experiment, the promotion of its winner, and the change of the spec that does it; nothing is
    written. The change is empty where the spec says so already.

    Raises:
        ClientError: there is no verdict yet, no winner, or the winner is not what was compared any more.
    """
    winner_of(experiment)
    endpoint = cluster.endpoint(experiment["metadata"]["namespace"], str(experiment["spec"]["endpointRef"]["name"]))
    made = promotion(experiment, endpoint)
    change = reweigh(endpoint, made.weights)
    return endpoint, made, change if change["variants"] != endpoint["spec"]["variants"] else {}


@dataclass(frozen=True)
class Undo:
    """Going back to a revision: the change of the spec that does it, and what of the revision no spec can say."""

    revision: RevisionView
    change: dict[str, Any]
    unsaid: tuple[str, ...]


def undo(found: Object, aws: Aws, number: int | None = None) -> Undo:
    """How to go back to the revision of that number, the one before unless given; nothing is written.

    Raises:
        ClientError: there is none.
        AWSError: it is gone in AWS, or AWS refused.
    """
    chosen = revision_of(found, number)
    rebuilt = rebuild(revision(aws, chosen.config), secret_names(found["spec"]))
    return Undo(chosen, patch_between(found["spec"], with_revision(found["spec"], rebuilt.spec)), rebuilt.unsaid)


def revision_of(found: Object, number: int | None = None) -> RevisionView:
    """The revision of that number; without one, what `undo` goes back to.

    Raises:
        ClientError: there is none.
    """
    history = history_view(found)
    return named(history, number) if number is not None else before(history)


def roll_back(cluster: Cluster, found: Object, to: RevisionView) -> Object:
    """Let the operator bring a revision back without a change of the spec, until its next edit."""
    return _annotate(cluster, found, ROLLBACK_TO, f"{to.revision}@{found['metadata']['generation']}")


def write(
    cluster: Cluster,
    found: Mapping[str, Any],
    change: Mapping[str, Any],
    *,
    anyway: bool = False,
    dry_run: bool = False,
) -> Object:
    """Merge a change into the spec of the object as it was read. The operator's writes to its status do not hinder it.

    `anyway`: also where a tool keeps it as Git has it. `dry_run`: ask the API server, and write nothing.

    Raises:
        KeptError: a tool keeps it.
        KubernetesError: refused; also where somebody changed the spec meanwhile.
    """
    namespace, name = str(found["metadata"]["namespace"]), str(found["metadata"]["name"])
    tries = 0
    while True:
        patch: dict[str, Any] = {"spec": change}
        keeper = kept_by(found)
        if keeper is not None and not anyway:
            raise KeptError(name, keeper, patch)
        if not dry_run:
            patch["metadata"] = {"resourceVersion": found["metadata"]["resourceVersion"]}
        try:
            return cluster.patch(namespace, name, patch, dry_run=dry_run)
        except KubernetesError as error:
            tries += 1
            if error.code != _CONFLICT or tries == _TRIES:
                raise
            found, before = cluster.endpoint(namespace, name), found
            if any(found["metadata"][key] != before["metadata"][key] for key in ("uid", "generation")):
                raise


def _annotate(cluster: Cluster, found: Object, annotation: str, value: str | None = None) -> Object:
    """Set an annotation; to a value that it did not have, unless one is given."""
    said = value or datetime.now(UTC).isoformat(timespec="milliseconds")
    metadata = found["metadata"]
    change = {"metadata": {"annotations": {annotation: said}}}
    return cluster.patch(str(metadata["namespace"]), str(metadata["name"]), change)


def _name(found: Object) -> str:
    return str(found["metadata"]["name"])
