"""How verbs write a spec: the API server's way, and never against a tool that keeps it as Git has it."""

import json
from collections.abc import Mapping
from typing import Any

import click

from smclient.cli.changing import begins
from smclient.cli.options import Where
from smclient.errors import ClientError
from smclient.views.text import plain
from smendpoints.api.group import GROUP, KIND

anyway_option = click.option("--write", is_flag=True, help="Write the spec even if Argo CD or Flux manages it.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Print the patch without applying it.")


def write_spec(
    place: Where,
    found: Mapping[str, Any],
    change: Mapping[str, Any],
    *,
    done: str,
    anyway: bool,
    dry_run: bool = False,
    again: str = "run it again: what is so already stays as it is",
) -> None:
    """Merge a change into the spec of an object as it was read, and say what was done, such as `suspended`.

    `again`: how to go on where this is interrupted.

    Raises:
        ClientError: a tool keeps the spec as Git has it; then the patch was printed instead.
        KubernetesError: refused; also where somebody changed the object meanwhile.
    """
    name = str(found["metadata"]["name"])
    shown = f"{KIND.lower()}.{GROUP}/{plain(name)}"
    if not change:
        click.echo(f"{shown} unchanged")
        return
    from smclient.acting import KeptError, write

    if not dry_run:
        begins(again)
    try:
        write(place.cluster, found, change, anyway=anyway, dry_run=dry_run)
    except KeptError as error:
        click.echo(as_yaml(error.patch), nl=False)
        raise ClientError(
            error.message,
            "commit the change above to Git, or apply it for now with --write (`undo` has --by-annotation)",
        ) from error
    if dry_run:
        click.echo(as_yaml({"spec": change}), nl=False)
        return
    click.echo(f"{shown} {done}")


def as_yaml(value: Any) -> str:
    """YAML, keys in their order; text that is no plain ASCII is escaped, so that a terminal shows it as it is."""
    import yaml

    return str(yaml.safe_dump(json.loads(json.dumps(value)), sort_keys=False))
