"""`answers`: what the models of an experiment answered, from captured data."""

from datetime import UTC, datetime
from typing import Any

import click

from smclient.cli.experimenting import experiment_argument
from smclient.cli.options import connection_options, output_option, where
from smclient.errors import ClientError


@click.command()
@experiment_argument
@click.option("--truth", metavar="S3_URI", help="Prefix with the true classes by inference id, CSV or JSON lines.")
@click.option("--region", metavar="REGION", help="AWS region; that of your AWS settings if unset.")
@output_option("json")
@connection_options
def answers(name: str, *, truth: str | None, region: str | None, output: str | None, **given: Any) -> None:
    """Compare what the models of an experiment answered, from captured data: classes, confidence, latency.

    With --truth accuracy, calibration and confusion, too. Reads what the endpoint captured since the experiment began
    (s3:ListBucket, s3:GetObject), and latencies from CloudWatch.

    \b
    Examples:
      kubectl smendpoint answers iris-boosting
      kubectl smendpoint answers iris-boosting --truth s3://shop-truth/species/ -o json
    """
    try:
        from smclient.answering import answered
        from smendpoints.statistics.render import text
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        raise ClientError("this needs numpy", "pip install 'kubectl-smendpoint[captured]'") from error
    from smclient.aws.session import Aws
    from smclient.cli import output as out

    place = where(given)
    found = place.cluster.experiment(place.namespace, name)
    report, unread = answered(Aws(region), found, truth, datetime.now(UTC))
    if output is not None:
        out.data(output, report.json())
    else:
        click.echo(text(report), nl=False)
    if unread:
        click.echo(
            f"{unread} captured answers hold no classes that could be read, and count as requests alone", err=True
        )
