"""The verbs that only look at the object: `status`, `history`, `events`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from smclient.cli.options import (
    Where,
    all_option,
    complete_name,
    connection_options,
    name_argument,
    output_option,
    selector_option,
    where,
)
from smendpoints.api.group import KIND

if TYPE_CHECKING:
    from smclient.views.monitoring import MonitoringView


@click.command()
@click.argument("name", required=False, shell_complete=complete_name)
@all_option
@selector_option
@click.option("-w", "--watch", is_flag=True, help="Keep watching until Ctrl-C, or until the object is deleted.")
@output_option("json", "yaml", "wide", "name")
@connection_options
def status(
    name: str | None, *, all_namespaces: bool, selector: str, watch: bool, output: str | None, **given: Any
) -> None:
    """Show the status of one endpoint in detail, or of many in a table.

    \b
    Examples:
      kubectl smendpoint status iris
      kubectl smendpoint status iris -w
      kubectl smendpoint status -A -o wide
    """
    place = where(given)
    if name is None:
        if watch:
            raise click.UsageError("-w needs the name of one endpoint")
        _many(place, None if all_namespaces else place.namespace, selector, output)
        return
    if all_namespaces or selector:
        raise click.UsageError("give a NAME, or -A or -l")
    if watch:
        if output not in (None, "wide"):
            raise click.UsageError("-w works only without -o, or with -o wide")
        from smclient.cli.watching import watch_status  # for `-w` alone

        watch_status(place.cluster, place.namespace, name, wide=output == "wide")
        return
    _one(place, name, output)


def _one(place: Where, name: str, form: str | None) -> None:
    found = place.cluster.endpoint(place.namespace, name)
    if form == "name":
        from smclient.cli import output

        output.name(name)
        return
    from smclient.cli import output
    from smclient.cli.tree import status_tree
    from smclient.views.status import status_view

    now = datetime.now(UTC)
    view = status_view(found, place.cluster.events_or_none(place.namespace, found["metadata"]["uid"]), now)
    if form in ("json", "yaml"):
        output.data(form, view)
    else:
        output.show(status_tree(view, now, wide=form == "wide"))


def _many(place: Where, namespace: str | None, selector: str, form: str | None) -> None:
    from smclient.cli import output
    from smclient.views.status import StatusView, status_view

    now = datetime.now(UTC)
    views = [status_view(each, (), now) for each in place.cluster.endpoints(namespace, selector)]
    columns: output.Columns[StatusView] = {
        "NAME": lambda view: view.name,
        "PHASE": lambda view: output.text(view.phase, output.PHASES.get(view.phase, "")),
        "AWS": lambda view: view.aws_status,
        "INSTANCES": lambda view: view.instances,
        "TRAFFIC": lambda view: view.traffic,
        "$/HOUR": lambda view: view.hourly_usd,
        "AGE": lambda view: output.ago(view.created_at, now),
    }
    wide: output.Columns[StatusView] = {
        "ENDPOINT": lambda view: view.endpoint,
        "ALARMS": lambda view: _alarms(view.monitoring),
        "MESSAGE": lambda view: view.message,
    }
    output.listed(views, form, namespace, columns, wide, KIND)


def _alarms(monitoring: "MonitoringView | None") -> str | None:
    """How many of the alarms fire."""
    return None if monitoring is None else f"{len(monitoring.firing)}/{len(monitoring.alarms)}"


@click.command()
@name_argument
@output_option("json", "yaml", "wide")
@connection_options
def history(name: str, *, output: str | None, **given: Any) -> None:
    """Show the revisions of an endpoint: what each changed, and its outcome.

    \b
    Examples:
      kubectl smendpoint history iris
      kubectl smendpoint history iris -o wide
    """
    from smclient.cli import output as out
    from smclient.views.history import history_view

    place = where(given)
    views = history_view(place.cluster.endpoint(place.namespace, name))
    if output in ("json", "yaml"):
        out.data(output, views)
        return
    if not views:
        click.echo(f"{name} has no revisions yet.", err=True)
        return
    colours = {"Deployed": "green", "Failed": "red", "InProgress": "yellow"}
    heads = ["REVISION", "AGE", "OUTCOME", "LIVE", "CHANGES"]
    rows: list[list[object]] = [
        [
            view.revision,
            out.ago(view.at),
            out.text(view.outcome, colours.get(view.outcome, "")),
            "live" if view.live else "",
            " | ".join(each for each in (view.changes, view.message) if each),
        ]
        for view in views
    ]
    if output == "wide":
        heads.insert(4, "CONFIG")
        for row, view in zip(rows, views, strict=True):
            row.insert(4, view.config)
    out.show(out.table(heads, rows, wrap="CHANGES"))


@click.command()
@click.argument("name", required=False, shell_complete=complete_name)
@all_option
@output_option("json", "yaml")
@connection_options
def events(name: str | None, *, all_namespaces: bool, output: str | None, **given: Any) -> None:
    """Show the Events of one endpoint, or of all endpoints, oldest first.

    \b
    Examples:
      kubectl smendpoint events iris
      kubectl smendpoint events -A
    """
    from smclient.cli import output as out
    from smclient.views.events import event_views

    place = where(given)
    if name is not None:
        if all_namespaces:
            raise click.UsageError("give a NAME, or -A")
        uid = place.cluster.endpoint(place.namespace, name)["metadata"]["uid"]
        found: Sequence[Any] = place.cluster.events(place.namespace, uid)
    else:
        found = place.cluster.events(None if all_namespaces else place.namespace)
    views = event_views(found)
    if output is not None:
        out.data(output, views)
        return
    if not views:
        click.echo("No events; Kubernetes forgets them after an hour.", err=True)
        return
    heads = ["LAST", "TYPE", "REASON", "MESSAGE"]
    rows: list[list[object]] = [
        [
            out.ago(view.last),
            out.text("Warning", "yellow") if view.warning else "Normal",
            view.reason,
            view.message if view.count == 1 else f"{view.message} (x{view.count})",
        ]
        for view in views
    ]
    if name is None:
        heads.insert(1, "OBJECT")
        for row, view in zip(rows, views, strict=True):
            row.insert(1, f"{view.namespace}/{view.object}" if all_namespaces else view.object)
    out.show(out.table(heads, rows, wrap="MESSAGE"))
