"""The command line: `smendpoints run`."""

import sys
from typing import Any, Literal, get_args, get_origin

import click
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from smendpoints import __version__
from smendpoints.config import Config

_SECONDS = 10.0


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="smendpoints")
def main() -> None:
    """Kubernetes operator for Amazon SageMaker endpoints."""


def _settings_help() -> str:
    lines = ["Run the operator. Settings are environment variables:", "\b"]
    for name, each in Config.model_fields.items():
        default = "" if each.default in {None, ""} else f"default {_spelled(each.default)}"
        said = ", ".join(part for part in (_allowed(each), default) if part)
        lines.append(f"SMENDPOINTS_{name.upper()}: {each.description}{said and f' [{said}]'}")
    return "\n\n".join(lines[:1]) + "\n\n" + "\n".join(lines[1:])


def _allowed(each: FieldInfo) -> str:
    """The values that a setting may have, where they are few or have bounds."""
    if each.annotation is bool:
        return "true or false"
    if get_origin(each.annotation) is Literal:
        return " or ".join(map(str, get_args(each.annotation)))
    bounds: dict[str, Any] = {
        name: getattr(rule, name) for rule in each.metadata for name in ("ge", "gt", "le", "lt") if hasattr(rule, name)
    }
    said = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    return ", ".join(f"{said[name]} {bound:g}" for name, bound in bounds.items())


def _spelled(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


@main.command(help=_settings_help())
def run() -> None:
    from smendpoints.startup import run as run_operator  # noqa: PLC0415 - `--help` needs no kopf

    config = _config()
    try:
        run_operator(config)
    except RuntimeError as error:
        click.echo(str(error), err=True)
        sys.exit(1)


@main.command()
def check() -> None:
    """Tell whether an operator with the settings of `run` can work here: kinds, rights, lease, AWS. Changes nothing."""
    from smendpoints.checkup import checkup  # noqa: PLC0415 - `--help` needs no kopf
    from smendpoints.process.standing import client_for  # noqa: PLC0415
    from smendpoints.startup import region_of  # noqa: PLC0415

    config, lacks = _config(), False
    try:
        for each in checkup(client_for("check", _SECONDS), config, region_of(config)):
            lacks = lacks or each.missing is not None
            click.echo(f"{'ok     ' if each.missing is None else 'MISSING'}  {each.what}{_because(each.missing)}")
    except RuntimeError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    sys.exit(1 if lacks else 0)


def _because(missing: str | None) -> str:
    return "" if missing is None else f": {missing}"


def _config() -> Config:
    """The settings; the process ends where they are none."""
    try:
        return Config()
    except ValidationError as error:
        for each in error.errors():
            name = f"SMENDPOINTS_{'_'.join(str(part) for part in each['loc']).upper()}"
            click.echo(f"{name}: {each['msg']}, got {each.get('input')!r}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main(prog_name="smendpoints")
