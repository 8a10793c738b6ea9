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
    """Try again what failed, with the spec as it is.

    For when the cause was elsewhere: a quota, a role, an image that was not there yet.

    \b
    Examples:
      kubectl smendpoint retry iris
    """
    from smclient.acting import retry as asked

    _annotate(asked, name, given, "will be tried again", "run it again: to ask twice does no harm")


@click.command(cls=Changing)
@name_argument
@connection_options
def redeploy(name: str, **given: Any) -> None:
    """Roll out a new fleet under the same spec, as `spec.rollout` says.

    For when an image or a model was overwritten under its tag or key: `kubectl rollout restart` for endpoints.

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
    """Abort the rollout under way: AWS goes back to what was in service before.

    AWS goes back once its first bake begins. The rollout has to carry an alarm for it from its start, by
    `spec.rollout.rollback.onRequest`.

    \b
    Examples:
      kubectl smendpoint abort iris
    """
    from smclient.acting import abort as asked

    again = "run it again: the rollout under way is aborted once"
    _annotate(asked, name, given, "will go back to what was in service before", again)


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
    """Let the operator only look and report, and change nothing in AWS.

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
    """Let the operator act again.

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
    """Delete the endpoint in AWS and keep the object: nothing runs, nothing costs, `start` restores it.

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
    """Restore a stopped endpoint. Where `spec.officeHours` are set, it runs within them.

    \b
    Examples:
      kubectl smendpoint start iris
    """
    from smclient import acting

    _each(names, given, lambda found: acting.stop(found, yes=False), "started")
