"""The command line: `smendpoints run`."""

import sys

import click
from pydantic import ValidationError

from smendpoints import __version__
from smendpoints.config import Config


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="smendpoints")
def main() -> None:
    """Kubernetes operator for Amazon SageMaker endpoints."""


def _settings_help() -> str:
    lines = ["Run the operator. Settings are environment variables:", "\b"]
    for name, each in Config.model_fields.items():
        default = "" if each.default in {None, ""} else f" [{each.default}]"
        lines.append(f"SMENDPOINTS_{name.upper()}: {each.description}{default}")
    return "\n\n".join(lines[:1]) + "\n\n" + "\n".join(lines[1:])


@main.command(help=_settings_help())
def run() -> None:
    from smendpoints.startup import run as run_operator  # noqa: PLC0415 - `--help` needs no kopf

    try:
        config = Config()
    except ValidationError as error:
        for each in error.errors():
            name = f"SMENDPOINTS_{'_'.join(str(part) for part in each['loc']).upper()}"
            click.echo(f"{name}: {each['msg']}, got {each.get('input')!r}", err=True)
        sys.exit(2)
    try:
        run_operator(config)
    except RuntimeError as error:
        click.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main(prog_name="smendpoints")
