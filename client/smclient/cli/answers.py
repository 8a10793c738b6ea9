"""`answers`: what models answered side by side, from captured data and CloudWatch."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from smclient.cli.experimenting import deliver, experiment_argument
from smclient.cli.measuring import since_option
from smclient.cli.options import connection_options, output_option, where
from smclient.views.text import line


@click.command()
@experiment_argument
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--truth", metavar="S3_URI", help="S3 prefix with the true class of each inference id, as CSV or JSON lines."
)
@click.option("--endpoint", is_flag=True, help="The name is that of an endpoint: compare its variants and its shadow.")
@since_option("With --endpoint: how far to look back.", default="24h")
@click.option("--region", metavar="REGION", help="AWS region (default: that of the endpoint).")
@output_option("text", "json", "yaml", "html")
@connection_options
def answers(
    name: str,
    file: Path | None,
    *,
    truth: str | None,
    endpoint: bool,
    since: timedelta,
    region: str | None,
    output: str | None,
    **given: Any,
) -> None:
    """Compare the responses of an experiment's models: errors, latency, classes, confidence, drift, disagreement.

    Covers the time since the experiment began. With --endpoint, compares the variants of an endpoint and its shadow
    variant instead. With --truth, also reports accuracy, calibration and a confusion matrix. Reads captured data and
    model artifacts in S3 (s3:ListBucket, s3:GetObject) and metrics in CloudWatch (cloudwatch:GetMetricData). With -o,
    print a report, or write it to FILE; `html` is a self-contained page with charts.

    \b
    Examples:
      kubectl smendpoint answers iris-boosting
      kubectl smendpoint answers iris-boosting --truth s3://shop-truth/species/ -o html answers.html
      kubectl smendpoint answers iris-shadow --endpoint --since 7d
    """
    if file is not None and output is None:
        raise click.UsageError("FILE takes -o: text, json, yaml or html")
    from smclient.cli import output as out
    from smclient.endpoint import Endpoint
    from smclient.experiment import Experiment

    place = where(given)
    if endpoint:
        found = Endpoint(name, place.namespace, cluster=place.cluster).answers(truth, since=since, region=region)
    else:
        found = Experiment(name, place.namespace, cluster=place.cluster).answers(truth, region=region)
    from smendpoints.statistics.illustrated import illustrated  # with numpy, which is there by now
    from smendpoints.statistics.render import text

    if output == "html":
        made = illustrated(found.report, f"{found.of}: what its models answered", [found.about()], found.notes)
    else:
        for_people = output in {None, "text"}
        made = text(found.report) if for_people else out.written(str(output), found)
        for note in (*([found.about()] if for_people else ()), *found.notes):
            click.echo(line(note), err=True)
    deliver(made, file)
