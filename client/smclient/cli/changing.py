"""Verbs that change something: after Ctrl-C they say whether they may have, and how to go on.

What is asked for may have been done although no answer came: so a verb says how to go on before it asks.
"""

from typing import Any

import click

from smclient.errors import ClientError

_AGAIN = "smclient.again"


class StoppedError(ClientError):
    """Ctrl-C; says what may be changed by now, and how to go on."""


class Changing(click.Command):
    """The class of every verb that changes something in the cluster or in AWS."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            again = ctx.meta.get(_AGAIN)
            if again is None:
                raise StoppedError("interrupted, and nothing was changed") from None
            raise StoppedError("interrupted, but the change may have been made", again) from None


def begins(again: str) -> None:
    """From here on something may be changed; `again` says how to go on if it is interrupted."""
    click.get_current_context().meta[_AGAIN] = again
