"""`answers`: what models answered side by side, from captured data and CloudWatch."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from smclient.cli.experimenting import deliver, experiment_argument
from smclient.cli.measuring import Span
from smclient.cli.options import connection_options, output_option, where
from smclient.errors import ClientError, NotFoundError
from smclient.views.text import line


@click.command()
@experiment_argument
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--truth", metavar="S3_URI", help="Prefix with the true classes by inference id, CSV or JSON lines.")
@click.option("--endpoint", is_flag=True, help="The name is that of an endpoint: its variants and its shadow.")
@click.option(
    "--since", type=Span(), default="24h", show_default=True, metavar="SPAN", help="With --endpoint: how far back."
)
@click.option("--region", metavar="REGION", help="AWS region; that of your AWS settings if unset.")
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
    """Compare what the models of an experiment answered: errors, latency, classes, confidence, drift, disagreement.

    Of the time since the experiment began; with --endpoint of an endpoint's variants, and of its shadow, which gets the
    same requests. With --truth accuracy, calibration and confusion, too. Reads captured data and model artifacts in S3
    (s3:ListBucket, s3:GetObject), and CloudWatch (cloudwatch:GetMetricData). With `-o` it is written to FILE if one is
    given: `html` is a page of its own with pictures, which needs nothing else and runs no script.

    \b
    Examples:
      kubectl smendpoint answers iris-boosting
      kubectl smendpoint answers iris-boosting --truth s3://shop-truth/species/ -o html answers.html
      kubectl smendpoint answers iris-shadow --endpoint --since 7d
    """
    if file is not None and output is None:
        raise click.UsageError("FILE takes -o: text, json, yaml or html")
    try:
        from smclient.answering import of_endpoint, of_experiment
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        raise ClientError("this needs numpy", "pip install 'kubectl-smendpoint[captured]'") from error
    from smclient.aws.session import Aws
    from smclient.cli import output as out
    from smendpoints.statistics.illustrated import illustrated
    from smendpoints.statistics.render import text

    place, now, aws = where(given), datetime.now(UTC), Aws(region)
    if endpoint:
        found = of_endpoint(aws, place.cluster.endpoint(place.namespace, name), truth, now - since, now)
    else:
        experiment = place.cluster.experiment(place.namespace, name)
        try:
            served = place.cluster.endpoint(place.namespace, experiment["spec"]["endpointRef"]["name"])
        except NotFoundError:
            served = None
        found = of_experiment(aws, experiment, served, truth, now)
    if output == "html":
        made = illustrated(found.report, f"{found.of}: what its models answered", [found.about()], found.notes)
    else:
        made = text(found.report) if output in {None, "text"} else out.written(str(output), found)
        for note in found.notes:
            click.echo(line(note), err=True)
    deliver(made, file)
