"""The verbs that ask the operator for something: `retry`, `redeploy`, `abort`, `suspend`, `resume`, `stop`, `start`."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import click

from smclient.cli.options import complete_name, connection_options, name_argument, where
from smclient.cli.writing import anyway_option, write_spec
from smclient.errors import ClientError
from smclient.views.status import phase_of
from smclient.views.text import plain
from smendpoints.api.resource import ABORT_REVISION, GROUP, KIND, REDEPLOYED_AT, RETRY

names_argument = click.argument("names", nargs=-1, required=True, shell_complete=complete_name)


@click.command()
@name_argument
@connection_options
def retry(name: str, **given: Any) -> None:
    """Try again what failed, with the spec as it is.

    For when the cause was elsewhere: a quota, a role, an image that was not there yet.

    \b
    Examples:
      kubectl smendpoint retry iris
    """
    place = where(given)
    found = place.cluster.endpoint(place.namespace, name)
    if phase_of(found) == "Ready":
        raise ClientError(
            f"nothing of {name} failed", "for a new fleet under the same spec use `kubectl smendpoint redeploy`"
        )
    _annotate(place.cluster, place.namespace, name, RETRY)
    click.echo(f"{KIND.lower()}.{GROUP}/{plain(name)} will be tried again")


@click.command()
@name_argument
@connection_options
def redeploy(name: str, **given: Any) -> None:
    """Roll out a new fleet under the same spec, as `spec.rollout` says.

    For when an image or a model was overwritten under its tag or key: `kubectl rollout restart` for endpoints.

    \b
    Examples:
      kubectl smendpoint redeploy iris
    """
    place = where(given)
    place.cluster.endpoint(place.namespace, name)
    _annotate(place.cluster, place.namespace, name, REDEPLOYED_AT)
    click.echo(f"{KIND.lower()}.{GROUP}/{plain(name)} will be redeployed")


@click.command()
@name_argument
@connection_options
def abort(name: str, **given: Any) -> None:
    """Abort the rollout under way: AWS goes back to what was in service before.

    AWS goes back once its first bake begins. The rollout has to carry an alarm for it from its start, by
    `spec.rollout.rollback.onRequest`.

    \b
    Examples:
      kubectl smendpoint abort iris
    """
    place = where(given)
    found = place.cluster.endpoint(place.namespace, name)
    status = found.get("status") or {}
    rollout, history = status.get("rollout") or {}, status.get("history") or []
    if rollout.get("phase") not in {"Pending", "InProgress"} or not history:
        raise ClientError(f"no rollout of {name} is under way", "to go back to an earlier revision use `undo`")
    if not rollout.get("abortAlarm"):
        raise ClientError(
            f"this rollout of {name} carries no alarm to be aborted by",
            "wait for its end, then `kubectl smendpoint undo`; for the next one set spec.rollout.rollback.onRequest",
        )
    place.cluster.patch(
        place.namespace, name, {"metadata": {"annotations": {ABORT_REVISION: str(history[0]["revision"])}}}
    )
    click.echo(f"{KIND.lower()}.{GROUP}/{plain(name)} will go back to what was in service before")


def _annotate(cluster: Any, namespace: str, name: str, annotation: str) -> None:
    """Set an annotation to a value that it did not have."""
    value = datetime.now(UTC).isoformat(timespec="milliseconds")
    cluster.patch(namespace, name, {"metadata": {"annotations": {annotation: value}}})


def _each(
    names: tuple[str, ...], given: dict[str, Any], change: Mapping[str, Any], is_so: Callable[[Any], bool], done: str
) -> None:
    anyway = given.pop("write")
    place = where(given)
    for name in dict.fromkeys(names):
        found = place.cluster.endpoint(place.namespace, name)
        so = is_so(found.get("spec") or {})
        write_spec(place, found, {} if so else change, done=done, anyway=anyway)


@click.command()
@names_argument
@anyway_option
@connection_options
def suspend(names: tuple[str, ...], **given: Any) -> None:
    """Let the operator only look and report, and change nothing in AWS.

    \b
    Examples:
      kubectl smendpoint suspend iris
    """
    _each(names, given, {"suspend": True}, lambda spec: bool(spec.get("suspend")), "suspended")


@click.command()
@names_argument
@anyway_option
@connection_options
def resume(names: tuple[str, ...], **given: Any) -> None:
    """Let the operator act again.

    \b
    Examples:
      kubectl smendpoint resume iris
    """
    _each(names, given, {"suspend": None}, lambda spec: not spec.get("suspend"), "resumed")


@click.command()
@names_argument
@anyway_option
@connection_options
def stop(names: tuple[str, ...], **given: Any) -> None:
    """Delete the endpoint in AWS and keep the object: nothing runs, nothing costs, `start` restores it.

    \b
    Examples:
      kubectl smendpoint stop iris
    """
    _each(names, given, {"desiredState": "Stopped"}, lambda spec: spec.get("desiredState") == "Stopped", "stopped")


@click.command()
@names_argument
@anyway_option
@connection_options
def start(names: tuple[str, ...], **given: Any) -> None:
    """Restore a stopped endpoint. Where `spec.officeHours` are set, it runs within them.

    \b
    Examples:
      kubectl smendpoint start iris
    """
    _each(names, given, {"desiredState": None}, lambda spec: spec.get("desiredState") != "Stopped", "started")
