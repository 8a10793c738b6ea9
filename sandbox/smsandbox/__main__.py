"""`python -m smsandbox`: the sandbox's command line."""

import click

from smsandbox.commands.controlplane import controlplane, prepare
from smsandbox.commands.demo import demo
from smsandbox.commands.world import console, down, status, up


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """A real Kubernetes control plane and an AWS simulator on this machine."""


for command in (prepare, controlplane, up, down, status, console, demo):
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="python -m smsandbox")
