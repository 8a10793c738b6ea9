"""`outcomes`: what became of an experiment's requests, joined from S3 for the operator."""

import time
from datetime import UTC, datetime
from typing import Any

import click

from smclient.cli.changing import Changing, begins
from smclient.cli.experimenting import experiment_argument
from smclient.cli.options import connection_options, output_option, where
from smclient.errors import ClientError

_SHORTEST = 60.0


@click.command(cls=Changing)
@experiment_argument
@click.option(
    "--every",
    type=click.FloatRange(_SHORTEST),
    metavar="SECONDS",
    help="Repeat at this interval until the experiment ends.",
)
@click.option("--dry-run", is_flag=True, help="Compute the counts without writing them.")
@click.option("--region", metavar="REGION", help="AWS region (default: that of your AWS configuration).")
@output_option("json", "yaml")
@connection_options
def outcomes(
    name: str, *, every: float | None, dry_run: bool, region: str | None, output: str | None, **given: Any
) -> None:
    """Join captured requests with the ground truth in S3, and store the counts for the operator.

    Needs s3:ListBucket and s3:GetObject on captured data and ground truth, and s3:PutObject below <captured
    data>/<endpoint>/_outcomes. Every run counts everything again, so it can be run as often as you like, for example by
    a CronJob.

    \b
    Examples:
      kubectl smendpoint outcomes iris-clicks
      kubectl smendpoint outcomes iris-clicks --every 300
    """
    from smclient.aws.session import Aws
    from smclient.joining import join
    from smclient.views.text import line

    place, aws = where(given), Aws(region)
    over = False
    if not dry_run:
        begins("run it again: everything is counted anew")
    while True:
        try:
            found = place.cluster.experiment(place.namespace, name)
            over = (found.get("status") or {}).get("phase") == "Finished"
            results = join(aws, found, datetime.now(UTC), dry_run=dry_run)
        except ClientError as error:
            if every is None or over:
                raise
            click.echo(f"{line(error.message)}; again in {every:g} s", err=True)
        else:
            _show(results, output, dry_run=dry_run)
        if every is None or over:
            return
        time.sleep(every)


def _show(results: Any, output: str | None, *, dry_run: bool) -> None:
    from smclient.cli import output as out

    if output is not None:
        out.data(output, [each.told() for each in results])
        return
    means = any(each.joined.means for each in results)
    rows: list[list[object]] = [
        [
            each.metric,
            variant,
            count,
            each.joined.events.get(variant, 0),
            *([out.figure(each.joined.means.get(variant))] if means else []),
        ]
        for each in results
        for variant, count in sorted(each.joined.requests.items())
    ]
    heads = ("METRIC", "VARIANT", "REQUESTS", "EVENTS", *(["MEAN"] if means else []))
    out.show(out.table(heads, rows))
    for each in results:
        found = each.joined
        notes = [
            (found.waiting, "are too recent to count"),
            (found.unknown, "are old enough, and nothing is known of them"),
            (each.several, "are left out, as several variants answered the same inference id"),
        ]
        for number, what in notes:
            if number:
                click.echo(f"{each.metric}: {number} requests {what}", err=True)
        if found.unmatched:
            click.echo(f"{each.metric}: {found.unmatched} truths are of requests that were not captured", err=True)
        if not dry_run:
            click.echo(f"{each.metric}: written to {each.uri}", err=True)
