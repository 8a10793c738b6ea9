"""Asking before what is not easily taken back; where nobody can answer, as in a script, it is told what to type."""

import click

from smclient.errors import ClientError
from smclient.views.text import line


def agree(question: str, refused: str) -> None:
    """Ask; go on after a yes. The question goes to standard error: what is printed may be read by a program.

    Raises:
        ClientError: the answer was no, or nobody could be asked; `refused` says what was therefore not done.
        click.Abort: Ctrl-C.
    """
    try:
        agreed = click.confirm(line(question), err=True)
    except click.Abort as abort:
        if not isinstance(abort.__context__, EOFError):
            raise
        click.echo(err=True)  # behind the question
        raise ClientError(
            f"{refused}: standard input ended before the question was answered", "use --yes to skip the question"
        ) from None
    if not agreed:
        raise ClientError(refused)
