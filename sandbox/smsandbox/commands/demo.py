"""`demo`: a whole story in the foreground."""

import signal
import sys

import click

from smsandbox.commands.controlplane import ensure_binaries


@click.command()
@click.option(
    "--experiment",
    is_flag=True,
    help="Show A/B tests and a judged rollout instead, each with the verdict that is true.",
)
def demo(*, experiment: bool) -> None:
    """Show the whole life of an endpoint in the foreground.

    Train, push, apply, invoke, scale, update, delete; nothing is left afterwards.
    """
    from smsandbox.demo import run  # noqa: PLC0415 - boto3 takes half a second that `--help` need not wait for

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    ensure_binaries()
    try:
        sys.exit(0 if run(experiment=experiment) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
