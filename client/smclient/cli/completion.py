"""Completion: what kubectl asks its plugins for, and what shells source."""

import sys

import click
from click.shell_completion import ShellComplete, get_completion_class

from smclient.cli.main import root
from smclient.cli.options import PROGRAM

_NO_FILES = ":4"  # cobra's directive: offer nothing but these
_FILES = ":0"  # ... or files, as the shell does by itself
EXECUTABLE = "kubectl-smendpoint"
VARIABLE = "_KUBECTL_SMENDPOINT_COMPLETE"


def complete_for_kubectl() -> None:
    """The executable that kubectl runs: the words so far, the last of them unfinished; a line for each completion."""
    *before, incomplete = sys.argv[1:] or [""]
    click.echo("\n".join(completions(before, incomplete)))


def completions(before: list[str], incomplete: str) -> list[str]:
    """The lines that cobra reads: completions with their help, and what to do when there are none."""
    found = ShellComplete(root, {}, PROGRAM, VARIABLE).get_completions(before, incomplete)
    lines = [f"{each.value}\t{each.help}" if each.help else str(each.value) for each in found if each.type == "plain"]
    return [*lines, _FILES if any(each.type in {"file", "dir"} for each in found) else _NO_FILES]


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the shell completion script for `kubectl-smendpoint`.

    `kubectl smendpoint` is completed by kubectl's own completion through `kubectl_complete-smendpoint`; if that is set
    up, there is nothing to do.

    \b
    Examples:
      source <(kubectl smendpoint completion bash)
    """
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    click.echo(kind(root, {}, EXECUTABLE, VARIABLE).source())
