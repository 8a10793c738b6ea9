"""`diff` and `undo`: what differs, and going back."""

from typing import Any

import click

from smclient.cli.changing import Changing, begins
from smclient.cli.options import connection_options, name_argument, output_option, where
from smclient.cli.writing import anyway_option, dry_run_option, write_spec
from smclient.views.text import line
from smendpoints.api.group import GROUP, KIND


@click.command()
@name_argument
@click.option("--from-revision", type=int, metavar="N", help="Compare from this revision instead of the state in AWS.")
@click.option("--to-revision", type=int, metavar="N", help="Compare with this revision instead of the spec.")
@click.option("--exit-code", is_flag=True, help="Exit with code 1 if there are differences.")
@output_option("json", "yaml")
@connection_options
def diff(
    name: str, *, from_revision: int | None, to_revision: int | None, exit_code: bool, output: str | None, **given: Any
) -> int:
    """Show the differences between AWS and the spec, or between revisions, and what applying each would cause.

    \b
    Examples:
      kubectl smendpoint diff iris
      kubectl smendpoint diff iris --from-revision 3
      kubectl smendpoint diff iris --from-revision 1 --to-revision 3
    """
    from smclient.aws.session import Aws
    from smclient.cli import output as out
    from smclient.comparing import difference
    from smclient.views.fields import region_of

    place = where(given)
    found = place.cluster.endpoint(place.namespace, name)
    shown = difference(found, Aws(region_of(found)), from_revision, to_revision)
    if output is not None:
        out.data(output, {"changes": shown.changes, "notInSpec": shown.unsaid})
    elif shown.changes:
        rows = [
            (each.field, _value(each.before), _value(each.after), "new fleet" if each.replaces else "in place")
            for each in shown.changes
        ]
        out.show(out.table(("FIELD", shown.left, shown.right, "TAKES"), rows, wrap=("FIELD", shown.left, shown.right)))
    for each in shown.unsaid:
        click.echo(f"only in AWS: {line(each)}", err=True)
    if output is None:
        click.echo(line(shown.meaning), err=True)
    return 1 if exit_code and shown.changes else 0


def _value(value: Any) -> str:
    return "" if value is None else str(value)


@click.command(cls=Changing)
@name_argument
@click.option("--to-revision", type=int, metavar="N", help="The revision to roll back to (default: the previous one).")
@click.option(
    "--by-annotation",
    is_flag=True,
    help="Roll back by an annotation, without writing the spec; lasts until the spec is edited.",
)
@dry_run_option
@anyway_option
@connection_options
def undo(name: str, *, to_revision: int | None, by_annotation: bool, dry_run: bool, write: bool, **given: Any) -> None:
    """Roll back to an earlier revision by writing what it served into the spec.

    Models, images, instance types and data capture are restored; weights, counts, scaling and the rollout strategy stay
    as they are. If Argo CD or Flux manages the object, the patch to commit to Git is printed instead. To roll back at
    once, before Git is changed, use --by-annotation: GitOps tools do not revert the annotation.

    \b
    Examples:
      kubectl smendpoint undo iris
      kubectl smendpoint undo iris --to-revision 3
      kubectl smendpoint undo iris --dry-run
      kubectl smendpoint undo iris --by-annotation
    """
    from smclient import acting
    from smclient.aws.session import Aws
    from smclient.views.fields import region_of

    place = where(given)
    found = place.cluster.endpoint(place.namespace, name)
    if by_annotation:
        if dry_run or write:
            raise click.UsageError("--by-annotation cannot be combined with --dry-run or --write")
        chosen = acting.revision_of(found, to_revision)
        begins(_again(chosen.revision))
        acting.roll_back(place.cluster, found, chosen)
        click.echo(f"{KIND.lower()}.{GROUP}/{line(name)} goes back to revision {chosen.revision} until its next edit")
        return
    back = acting.undo(found, Aws(region_of(found)), to_revision)
    for each in back.unsaid:
        click.echo(f"not brought back: {line(each)}", err=True)
    done = f"back to revision {back.revision.revision}"
    again = _again(back.revision.revision)
    write_spec(place, found, back.change, done=done, anyway=write, dry_run=dry_run, again=again)


def _again(revision: int) -> str:
    """Once it is done, the revision before is another one."""
    return f"run it again with --to-revision {revision}"
