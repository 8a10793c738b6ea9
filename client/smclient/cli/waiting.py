"""`wait`: until an endpoint is as asked, with an exit code that scripts can trust."""

import sys
import time
from datetime import UTC, datetime
from typing import Any

import click

from smclient.cli.options import connection_options, name_argument, where
from smclient.errors import ClientError, NotFoundError
from smclient.views.text import line

_GOALS = ("ready", "rollout", "deleted")


@click.command()
@name_argument
@click.option(
    "--for",
    "goal",
    type=click.Choice(_GOALS),
    default="ready",
    show_default=True,
    help="`ready`: in AWS as the spec says. `rollout`: no rollout in progress. `deleted`: the object is gone.",
)
@click.option(
    "--timeout", type=click.FloatRange(0, min_open=True), default=1800.0, show_default=True, help="Seconds to wait."
)
@connection_options
def wait(name: str, *, goal: str, timeout: float, **given: Any) -> None:
    """Wait until an endpoint is ready; fail at once if it needs manual action.

    Exit code 0: the condition was met. 1: the endpoint is stalled, failed or was deleted, or the timeout expired.

    \b
    Examples:
      kubectl smendpoint wait iris
      kubectl smendpoint wait iris --for rollout --timeout 3600
      kubectl smendpoint wait iris --for deleted
    """
    from smclient.cli.watching import news_of, versions
    from smclient.views.status import status_view
    from smclient.views.waiting import verdict

    place = where(given)
    until = time.monotonic() + timeout
    before = ""
    try:
        for found in versions(place.cluster, place.namespace, name):
            if found is not None:
                view = status_view(found, (), datetime.now(UTC))
                told = news_of(view)
                if told != before:
                    click.echo(line(told), err=True)
                before = told
                done, why_not = verdict(view, goal)
                if done:
                    click.echo(f"{place.namespace}/{name}: {goal}")
                    return
                if why_not is not None:
                    raise ClientError(f"{place.namespace}/{name}: {why_not}", "see `kubectl smendpoint status`")
            if time.monotonic() > until:
                raise ClientError(f"{place.namespace}/{name} is not {goal} after {timeout:g} s: {before}")
    except NotFoundError:
        if goal != "deleted":
            raise
    if goal != "deleted":
        raise ClientError(f"{place.namespace}/{name} was deleted meanwhile")
    click.echo(f"{place.namespace}/{name}: deleted")
    sys.stdout.flush()
