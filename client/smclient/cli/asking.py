"""The verbs that ask the operator for something: `retry`, `redeploy`, `abort`, `suspend`, `resume`, `stop`, `start`."""

from collections.abc import Callable
from typing import Any

import click

from smclient.cli.changing import Changing, begins
from smclient.cli.options import complete_name, connection_options, name_argument, where
from smclient.cli.writing import anyway_option, write_spec
from smclient.views.text import plain
from smendpoints.api.group import GROUP, KIND

names_argument = click.argument("names", nargs=-1, required=True, shell_complete=complete_name)


@click.command(cls=Changing)
@name_argument
@connection_options
def retry(name: str, **given: Any) -> None:
    """Retry a failed rollout or creation without changing the spec.

    Use it after the cause was fixed outside of the spec: a quota, a role, a missing image.

    \b
    Examples:
      kubectl smendpoint retry iris
    """
    from smclient.acting import retry as asked

    _annotate(asked, name, given, "will be retried", "run it again: to ask twice does no harm")


@click.command(cls=Changing)
@name_argument
@connection_options
def redeploy(name: str, **given: Any) -> None:
    """Roll out a new fleet with the same spec, using the strategy of `spec.rollout`.

    Use it after an image tag or a model's S3 key was overwritten. It is to endpoints what `kubectl rollout restart` is
    to Deployments.

    \b
    Examples:
      kubectl smendpoint redeploy iris
    """
    from smclient.acting import redeploy as asked

    again = "run it again if `kubectl smendpoint status` shows no rollout: asked twice, it may roll out twice"
    _annotate(asked, name, given, "will be redeployed", again)


@click.command(cls=Changing)
@name_argument
@connection_options
def abort(name: str, **given: Any) -> None:
    """Abort the rollout in progress; AWS rolls back to the previous fleet.

    AWS rolls back as soon as the first baking period begins. `spec.rollout.rollback.onRequest` must have been set when
    the rollout started.

    \b
    Examples:
      kubectl smendpoint abort iris
    """
    from smclient.acting import abort as asked

    again = "run it again: the rollout under way is aborted once"
    _annotate(asked, name, given, "will be rolled back to what was in service before", again)


def _annotate(asked: Callable[[Any, Any], Any], name: str, given: dict[str, Any], done: str, again: str) -> None:
    place = where(given)
    found = place.cluster.endpoint(place.namespace, name)
    begins(again)
    asked(place.cluster, found)
    click.echo(f"{KIND.lower()}.{GROUP}/{plain(name)} {done}")


def _each(names: tuple[str, ...], given: dict[str, Any], change: Callable[[Any], dict[str, Any]], done: str) -> None:
    anyway = given.pop("write")
    place = where(given)
    for name in dict.fromkeys(names):
        found = place.cluster.endpoint(place.namespace, name)
        write_spec(place, found, change(found), done=done, anyway=anyway)


@click.command(cls=Changing)
@names_argument
@anyway_option
@connection_options
def suspend(names: tuple[str, ...], **given: Any) -> None:
    """Suspend reconciliation: the operator reports, but changes nothing in AWS.

    \b
    Examples:
      kubectl smendpoint suspend iris
    """
    from smclient import acting

    _each(names, given, lambda found: acting.suspend(found, yes=True), "suspended")


@click.command(cls=Changing)
@names_argument
@anyway_option
@connection_options
def resume(names: tuple[str, ...], **given: Any) -> None:
    """Resume reconciliation.

    \b
    Examples:
      kubectl smendpoint resume iris
    """
    from smclient import acting

    _each(names, given, lambda found: acting.suspend(found, yes=False), "resumed")


@click.command(cls=Changing)
@names_argument
@anyway_option
@connection_options
def stop(names: tuple[str, ...], **given: Any) -> None:
    """Delete the endpoint in AWS to save its costs, but keep the object; `start` restores it.

    \b
    Examples:
      kubectl smendpoint stop iris
    """
    from smclient import acting

    _each(names, given, lambda found: acting.stop(found, yes=True), "stopped")


@click.command(cls=Changing)
@names_argument
@anyway_option
@connection_options
def start(names: tuple[str, ...], **given: Any) -> None:
    """Restore a stopped endpoint (within `spec.officeHours`, if set).

    \b
    Examples:
      kubectl smendpoint start iris
    """
    from smclient import acting

    _each(names, given, lambda found: acting.stop(found, yes=False), "started")
