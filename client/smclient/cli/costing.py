"""`cost`: what runs, and what runs for nobody."""

from datetime import UTC, datetime
from typing import Any

import click

from smclient.cli.options import all_option, connection_options, output_option, selector_option, where
from smclient.views.text import line


@click.command()
@all_option
@selector_option
@click.option(
    "--days",
    type=click.IntRange(1, 60),
    default=14,
    show_default=True,
    help="Idle is who had no request in so many days.",
)
@output_option("json", "yaml")
@connection_options
def cost(*, all_namespaces: bool, selector: str, days: int, output: str | None, **given: Any) -> None:
    """Show what endpoints cost an hour and a month, idle ones first.

    The operator's estimate: on-demand prices of the instances in service.

    \b
    Examples:
      kubectl smendpoint cost
      kubectl smendpoint cost -A --days 30
    """
    from smclient.aws.session import Aws
    from smclient.cli import output as out
    from smclient.spending import requests_of
    from smclient.views.costs import costs, sums

    place = where(given)
    objects = place.cluster.endpoints(None if all_namespaces else place.namespace, selector)
    requests, errors = requests_of(objects, Aws, datetime.now(UTC), days)
    for error in errors:
        click.echo(f"no requests are shown: {line(error)}", err=True)
    views = costs(objects, requests)
    totals = sums(views)
    if output is not None:
        out.data(output, {"endpoints": views, "totals": totals})
        return
    if not views:
        click.echo("No SageMakerEndpoints found.", err=True)
        return
    rows: list[tuple[object, ...]] = [
        (
            view.namespace,
            view.name,
            view.phase,
            view.instances,
            view.hourly_usd,
            view.monthly_usd,
            out.figure(view.requests),
            out.text("idle", "yellow") if view.idle else "",
        )
        for view in views
    ]
    rows += [
        (
            "",
            out.text(f"all of {each.namespace}" if each.namespace else "all", "bold"),
            "",
            "",
            each.hourly_usd,
            each.monthly_usd,
            "",
            "",
        )
        for each in totals
    ]
    heads = ("NAMESPACE", "NAME", "PHASE", "INSTANCES", "$/HOUR", "$/MONTH", f"REQUESTS {days}d", "")
    out.show(out.table(heads, rows))
