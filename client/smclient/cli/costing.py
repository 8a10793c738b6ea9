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
    help="An endpoint without requests for this many days is idle.",
)
@output_option("json", "yaml")
@connection_options
def cost(*, all_namespaces: bool, selector: str, days: int, output: str | None, **given: Any) -> None:
    """Show what endpoints cost per hour and month, idle ones first.

    An estimate from on-demand prices of the instances in service. Prices of alarms and dashboards are read from AWS's
    price list with your permissions (pricing:GetProducts).

    \b
    Examples:
      kubectl smendpoint cost
      kubectl smendpoint cost -A --days 30
    """
    from smclient.aws.session import Aws
    from smclient.cli import output as out
    from smclient.spending import monitoring_prices_of, requests_of
    from smclient.views.costs import costs, monitoring_cost, sums

    place = where(given)
    objects = place.cluster.endpoints(None if all_namespaces else place.namespace, selector)
    requests, errors = requests_of(objects, Aws, datetime.now(UTC), days)
    for error in errors:
        click.echo(f"no requests are shown: {line(error)}", err=True)
    views = costs(objects, requests)
    totals = sums(views)
    prices, unpriced = monitoring_prices_of(objects, Aws)
    for error in unpriced:
        click.echo(f"the prices of monitoring are unknown: {line(error)}", err=True)
    monitoring = monitoring_cost(objects, prices)
    if output is not None:
        more = {"monitoring": monitoring} if monitoring is not None else {}
        out.data(output, {"endpoints": views, "totals": totals, **more})
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
    if monitoring is not None:
        alarms = f"{_many(monitoring.alarm_metrics, 'metric')} of alarms ({_monthly(monitoring.alarms_monthly_usd)})"
        boards = f"{_many(monitoring.dashboards, 'dashboard')} ({_monthly(monitoring.dashboards_monthly_usd)})"
        click.echo(f"\nMonitoring: {alarms}, {boards}; an account has 10 and 3 free.")


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _monthly(usd: str | None) -> str:
    return f"${usd} a month" if usd is not None else "price unknown"
