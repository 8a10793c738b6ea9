"""`experiments`, `experiment`, `promote`: A/B tests, how they stand, and what to do with their winner."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from smclient.cli.agreeing import agree
from smclient.cli.changing import Changing
from smclient.cli.options import all_option, complete_experiment, connection_options, output_option, where
from smclient.cli.writing import anyway_option, dry_run_option, write_spec
from smclient.errors import ClientError
from smclient.views.text import line
from smendpoints.api.group import EXPERIMENT_KIND

experiment_argument = click.argument("name", metavar="EXPERIMENT", shell_complete=complete_experiment)


@click.command()
@all_option
@output_option("json", "yaml", "wide", "name")
@connection_options
def experiments(*, all_namespaces: bool, output: str | None, **given: Any) -> None:
    """List SageMakerExperiments with their status and verdict.

    \b
    Examples:
      kubectl smendpoint experiments
      kubectl smendpoint experiments -A -o wide
    """
    from smclient.cli import output as out
    from smclient.cli.experiment_tree import STATES, VERDICTS
    from smclient.views.experiments import ExperimentView, experiment_view

    place, now = where(given), datetime.now(UTC)
    namespace = None if all_namespaces else place.namespace
    found = map(experiment_view, place.cluster.experiments(namespace))
    views = sorted(found, key=lambda view: (view.namespace, view.name))
    columns: out.Columns[ExperimentView] = {
        "NAME": lambda view: view.name,
        "STATUS": lambda view: out.text(view.phase, "red" if view.stalled else STATES.get(view.phase or "", "")),
        "VERDICT": lambda view: out.text(view.verdict, VERDICTS.get(view.verdict or "", "")),
        "PRIMARY": lambda view: view.primary,
        "REQUESTS": lambda view: view.requests,
        "AGE": lambda view: out.ago(view.created_at, now),
    }
    wide: out.Columns[ExperimentView] = {
        "INTERVAL": lambda view: view.interval,
        "ENDPOINT": lambda view: view.endpoint,
        "MESSAGE": lambda view: view.message,
    }
    out.listed(views, output, namespace, columns, wide, EXPERIMENT_KIND)


@click.command()
@experiment_argument
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@output_option("text", "json", "yaml", "html")
@connection_options
def experiment(name: str, file: Path | None, *, output: str | None, **given: Any) -> None:
    """Show an experiment: traffic, results of each metric, and what to do next.

    With -o, print a report, or write it to FILE: `text` includes every interim look, `html` is a self-contained page
    with a chart of the confidence sequence.

    \b
    Examples:
      kubectl smendpoint experiment iris-boosting
      kubectl smendpoint experiment iris-boosting -o html report.html
      kubectl smendpoint experiment iris-boosting -o json
    """
    from smclient.cli import output as out
    from smclient.cli.experiment_tree import experiment_tree
    from smclient.views.experiments import experiment_view

    if file is not None and output is None:
        raise click.UsageError("FILE takes -o: text, json, yaml or html")
    place = where(given)
    view, now = experiment_view(place.cluster.experiment(place.namespace, name)), datetime.now(UTC)
    if output is None:
        out.show(experiment_tree(view, now))
    elif file is None and output in ("json", "yaml"):
        out.data(output, view)
    else:
        if output == "html":
            from smclient.cli.report import page

            report = page(view, now)
        else:
            report = (
                out.plainly(experiment_tree(view, now, looks=True)) + "\n"
                if output == "text"
                else out.written(str(output), view)
            )
        deliver(report, file)


def deliver(report: str, file: Path | None) -> None:
    """Print a report, or write it to a file.

    Raises:
        ClientError: it cannot be written there.
    """
    if file is None:
        click.echo(report, nl=False)
        return
    try:
        file.write_text(report, encoding="utf-8")
    except OSError as error:
        raise ClientError(f"{file} can't be written: {error.strerror}", "name another file") from error
    click.echo(f"written to {line(file)}", err=True)


@click.command(cls=Changing)
@experiment_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@dry_run_option
@anyway_option
@connection_options
def promote(name: str, *, yes: bool, dry_run: bool, write: bool, **given: Any) -> None:
    """Send all of the experiment's traffic to the winner, by writing the weights into the endpoint's spec.

    Works only for the verdict SHIP. Other variants of the endpoint keep their share of the traffic. If Argo CD or Flux
    manages the object, the patch to commit to Git is printed instead.

    \b
    Examples:
      kubectl smendpoint promote iris-boosting
      kubectl smendpoint promote iris-boosting --dry-run
    """
    from smclient.acting import winners_weights
    from smclient.views.gitops import kept_by

    place = where(given)
    endpoint, made, change = winners_weights(place.cluster, place.cluster.experiment(place.namespace, name))
    weights = ", ".join(f"{variant} {weight:g}" for variant, weight in made.weights.items())
    kept = kept_by(endpoint) is not None and not write
    if change and not (yes or dry_run or kept):
        agree(f"Set the weights of {endpoint['metadata']['name']} to {weights}?", "nothing was written")
    if kept and not dry_run:
        click.echo(line(made.afterwards), err=True)  # what follows ends with an error
    write_spec(place, endpoint, change, done=f"promoted {line(made.winner)}", anyway=write, dry_run=dry_run)
    if not kept and not dry_run:
        click.echo(line(made.afterwards), err=True)
