"""The verbs that ask CloudWatch of one endpoint: `logs`, `metrics`."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from smclient.cli.options import (
    Command,
    connection_options,
    name_argument,
    output_option,
    where,
)
from smclient.errors import AWSError
from smclient.views.fields import endpoint_name, names_of
from smclient.views.text import line

_SPAN = re.compile(r"([1-9][0-9]*)([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Span(click.ParamType[timedelta]):
    """A length of time, such as `90m`."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """From text; `30s`, `15m`, `3h` or `7d`."""
        if isinstance(value, timedelta):
            return value
        match = _SPAN.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} is no length of time; give one such as 30s, 15m, 3h or 7d", param, ctx)
        return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def since_option(what: str, default: str | None = None) -> Callable[[Command], Command]:
    """`--since`, with what it says of the verb."""
    return click.option("--since", type=Span(), default=default, show_default=True, metavar="SPAN", help=what)


@click.command()
@name_argument
@click.option("-f", "--follow", is_flag=True, help="Keep printing new lines until Ctrl-C.")
@click.option("-p", "--previous", is_flag=True, help="Logs of the previous fleet, or of the one whose rollout failed.")
@click.option("--variant", metavar="NAME", help="Only containers of this variant.")
@click.option(
    "--tail",
    type=click.IntRange(0, 10_000),
    default=100,
    show_default=True,
    help="Number of recent lines to print first.",
)
@since_option("Only lines newer than this, for example 15m.")
@click.option("--timestamps", is_flag=True, help="Print the time before each line.")
@connection_options
def logs(
    name: str,
    *,
    follow: bool,
    previous: bool,
    variant: str | None,
    tail: int,
    since: timedelta | None,
    timestamps: bool,
    **given: Any,
) -> None:
    """Print the logs of an endpoint's containers from CloudWatch Logs.

    \b
    Examples:
      kubectl smendpoint logs iris -f
      kubectl smendpoint logs iris --previous --variant challenger
      kubectl smendpoint logs iris --since 1h --tail 1000
    """
    from smclient.aws import logging
    from smclient.aws.session import Aws
    from smclient.views.fields import region_of
    from smclient.views.history import history_view
    from smclient.views.logs import LogLine, chosen, window

    if follow and previous:
        raise click.UsageError("nothing comes from a fleet that is gone: give -f or -p")
    place = where(given)
    found = place.cluster.endpoint(place.namespace, name)
    aws, endpoint, within = Aws(region_of(found)), endpoint_name(found), window(history_view(found), previous=previous)

    def streams() -> Sequence[Any]:
        return chosen(logging.streams(aws, endpoint), within, variant)

    def show(each: LogLine) -> None:
        at = f"{each.at.isoformat(timespec='milliseconds')} " if timestamps else ""
        click.echo(f"[{line(each.stream)}] {at}{line(each.message)}")

    began = datetime.now(UTC)
    there = streams()
    if not there and not follow:
        click.echo(f"There is no log of {'that' if previous or variant else 'the'} fleet of {name}.", err=True)
        return
    shown = logging.tail(aws, endpoint, there, tail, began - since if since is not None else None)
    for each in shown:
        show(each)
    if follow:
        for each in logging.follow(aws, endpoint, streams, began, shown):
            show(each)


@click.command()
@name_argument
@since_option("How far to look back, for example 3h.", default="1h")
@click.option("--variant", metavar="NAME", help="Only this variant.")
@output_option("json", "yaml")
@connection_options
def metrics(name: str, *, since: timedelta, variant: str | None, output: str | None, **given: Any) -> None:
    """Show requests, errors and latency of each variant over time, and the state of its alarms.

    \b
    Examples:
      kubectl smendpoint metrics iris
      kubectl smendpoint metrics iris --since 7d --variant challenger
    """
    from smclient.aws.alarms import listed
    from smclient.aws.metrics import of_variants
    from smclient.aws.session import Aws
    from smclient.cli import output as out
    from smclient.views.fields import region_of
    from smclient.views.metrics import spark
    from smclient.views.monitoring import monitoring_view

    place = where(given)
    found = place.cluster.endpoint(place.namespace, name)
    names = names_of(found, variant)
    aws, now, monitoring = Aws(region_of(found)), datetime.now(UTC), monitoring_view(found)
    views = of_variants(aws, endpoint_name(found), names, now, since)
    if monitoring is not None:
        try:
            monitoring = listed(aws, monitoring)
        except AWSError as error:
            click.echo(f"alarms are as the operator listed them last: {line(error)}", err=True)
    if output is not None:
        out.data(output, {"metrics": views, "monitoring": monitoring} if monitoring is not None else {"metrics": views})
        return
    rows = []
    for view in views:
        measured = [value for value in view.values if value is not None]
        figures = (view.total, view.last, max(measured, default=None))
        rows.append(
            (
                view.variant,
                view.metric,
                *(out.figure(each, view.unit) for each in figures),
                spark(view.values, out.marks()),
            )
        )
    out.show(out.table(("VARIANT", "METRIC", "TOTAL", "LAST", "MOST", f"LAST {given_span(since)}"), rows))
    if monitoring is not None and monitoring.alarms:
        alarms = [
            (each.watches, out.alarm(each.state), out.ago(each.since, now), each.why) for each in monitoring.alarms
        ]
        out.show(out.table(("ALARM", "STATE", "SINCE", "WHY"), alarms, wrap="WHY"))


def given_span(span: timedelta) -> str:
    """A span as it is typed."""
    seconds = int(span.total_seconds())
    unit, size = next((unit, size) for unit, size in reversed(_UNITS.items()) if seconds % size == 0)
    return f"{seconds // size}{unit}"
