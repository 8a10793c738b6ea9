"""`diff` and `undo`: what differs, and going back."""

from typing import Any

import click

from smclient.cli.options import connection_options, name_argument, output_option, where
from smclient.cli.writing import anyway_option, dry_run_option, write_spec
from smclient.errors import ClientError
from smclient.views.text import line
from smendpoints.api.resource import GROUP, KIND, ROLLBACK_TO


@click.command()
@name_argument
@click.option("--from-revision", type=int, metavar="N", help="Compare this revision, instead of AWS as it is.")
@click.option("--to-revision", type=int, metavar="N", help="With this revision, instead of the spec.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if there are differences.")
@output_option("json", "yaml")
@connection_options
def diff(
    name: str, *, from_revision: int | None, to_revision: int | None, exit_code: bool, output: str | None, **given: Any
) -> int:
    """Show what differs between AWS and the spec, or between revisions, and what changing it takes.

    \b
    Examples:
      kubectl smendpoint diff iris
      kubectl smendpoint diff iris --from-revision 3
      kubectl smendpoint diff iris --from-revision 1 --to-revision 3
    """
    from smclient.aws.reading import live, revision
    from smclient.aws.session import Aws, region_of
    from smclient.cli import output as out
    from smclient.specs.compare import as_shown, changes
    from smclient.specs.rebuild import rebuild
    from smclient.views.history import history_view
    from smclient.views.revisions import named

    place = where(given)
    found = place.cluster.endpoint(place.namespace, name)
    aws, history = Aws(region_of(found)), history_view(found)
    secrets = secret_names(found["spec"])

    def of_revision(number: int) -> dict[str, Any]:
        return rebuild(revision(aws, named(history, number).config), secrets).spec

    spec = as_shown(found)
    unsaid: tuple[str, ...] = ()
    if from_revision is None:
        rebuilt = rebuild(live(aws, _endpoint_name(found)), secrets)
        before, unsaid, left = rebuilt.spec, rebuilt.unsaid, "AWS"
        before["tags"] = {key: value for key, value in before.get("tags", {}).items() if key in _own_tags(found)}
    else:
        before, left = of_revision(from_revision), f"REVISION {from_revision}"
    after, right = (spec, "SPEC") if to_revision is None else (of_revision(to_revision), f"REVISION {to_revision}")
    content_alone = from_revision is not None or to_revision is not None
    differences = changes(before, after, shown_in_aws=True, content_alone=content_alone)
    if output is not None:
        out.data(output, {"changes": differences, "notInSpec": unsaid})
    elif differences:
        rows = [
            (each.field, _value(each.before), _value(each.after), "new fleet" if each.replaces else "in place")
            for each in differences
        ]
        out.show(out.table(("FIELD", left, right, "TAKES"), rows))
    for each in unsaid:
        click.echo(f"only in AWS: {line(each)}", err=True)
    if output is None:
        click.echo(_meaning(found, differences, against_aws=not content_alone), err=True)
    return 1 if exit_code and differences else 0


def _meaning(found: Any, differences: tuple[Any, ...], *, against_aws: bool) -> str:
    """What the operator makes of the differences."""
    if not differences:
        return "There is no difference."
    if not against_aws:
        return "What is not served (weights, counts, scaling, tags) is not compared."
    spec = found["spec"]
    if spec.get("suspend"):
        return "The operator changes nothing: spec.suspend is set."
    if not any(each.replaces for each in differences):
        return "The operator changes this in place."
    strategy = (spec.get("rollout") or {}).get("strategy", "AllAtOnce")
    return f"The operator rolls out a new fleet: {line(strategy)}."


def _value(value: Any) -> str:
    return "" if value is None else str(value)


def _endpoint_name(found: Any) -> str:
    name = ((found.get("status") or {}).get("endpoint") or {}).get("name")
    if not name:
        raise ClientError(f"{found['metadata']['name']} has no endpoint yet", "see `kubectl smendpoint status`")
    return str(name)


def _own_tags(found: Any) -> set[str]:
    status = found.get("status") or {}
    return {*(found["spec"].get("tags") or {}), *((status.get("endpoint") or {}).get("tagKeys") or [])}


def secret_names(spec: Any) -> set[str]:
    """The variables that the spec keeps under `secrets`."""
    variants = [*(spec.get("variants") or []), *([spec["shadow"]] if spec.get("shadow") else [])]
    containers = [each for variant in variants for each in (variant.get("containers") or [variant])]
    return {name for each in containers for name in each.get("secrets") or {}}


@click.command()
@name_argument
@click.option("--to-revision", type=int, metavar="N", help="The revision to go back to; the one before if unset.")
@click.option(
    "--by-annotation",
    is_flag=True,
    help="Let the operator bring it back, without writing the spec: until its next edit.",
)
@dry_run_option
@anyway_option
@connection_options
def undo(name: str, *, to_revision: int | None, by_annotation: bool, dry_run: bool, write: bool, **given: Any) -> None:
    """Go back to an earlier revision: write what it served back into the spec.

    What is served comes back (models, images, instance types, capture); weights, counts, scaling and the way of
    rolling out stay as they are. Where Argo CD or Flux keeps the spec, the patch for Git is printed instead; until Git
    has it, --by-annotation brings the revision back at once, and no tool undoes it.

    \b
    Examples:
      kubectl smendpoint undo iris
      kubectl smendpoint undo iris --to-revision 3
      kubectl smendpoint undo iris --dry-run
      kubectl smendpoint undo iris --by-annotation
    """
    from smclient.aws.reading import revision
    from smclient.aws.session import Aws, region_of
    from smclient.specs.rebuild import rebuild
    from smclient.specs.revising import patch_between, with_revision
    from smclient.views.history import history_view
    from smclient.views.revisions import before, named

    place = where(given)
    found = place.cluster.endpoint(place.namespace, name)
    history = history_view(found)
    chosen = named(history, to_revision) if to_revision is not None else before(history)
    if by_annotation:
        if dry_run or write:
            raise click.UsageError("--by-annotation writes no spec: without --dry-run and --write")
        value = f"{chosen.revision}@{found['metadata']['generation']}"
        place.cluster.patch(place.namespace, name, {"metadata": {"annotations": {ROLLBACK_TO: value}}})
        click.echo(f"{KIND.lower()}.{GROUP}/{line(name)} goes back to revision {chosen.revision} until its next edit")
        return
    rebuilt = rebuild(revision(Aws(region_of(found)), chosen.config), secret_names(found["spec"]))
    for each in rebuilt.unsaid:
        click.echo(f"not brought back: {line(each)}", err=True)
    change = patch_between(found["spec"], with_revision(found["spec"], rebuilt.spec))
    write_spec(place, found, change, done=f"back to revision {chosen.revision}", anyway=write, dry_run=dry_run)
