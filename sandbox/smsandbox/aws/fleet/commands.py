"""Which command an image runs. Its manifest says the name of its program (`moto.images.PROGRAM_ANNOTATION`).

There is no Docker here: a program is a process that keeps SageMaker's container contract on a loopback port.
"""

from __future__ import annotations

import sys

DEFAULT = "sminference"
_MODULES = {
    "sminference": ["sminference", "serve"],
    "echo": ["smsandbox.aws.fleet.programs.echo"],
    "passing-on": ["smsandbox.aws.fleet.programs.echo", "--pass-on"],
    "crash": ["smsandbox.aws.fleet.programs.crash"],
    "never-healthy": ["smsandbox.aws.fleet.programs.echo", "--never-healthy"],
    "slow-start": ["smsandbox.aws.fleet.programs.echo", "--start-seconds", "2"],
}
NAMES = tuple(_MODULES)


def command(program: str | None) -> list[str]:
    """The command line of a program; an image that names none serves models.

    Raises:
        KeyError: there is no such program; the message lists those there are.
    """
    module = _MODULES.get(program or DEFAULT)
    if module is None:
        raise KeyError(f"unknown program {program}: use one of {', '.join(NAMES)}")
    return [sys.executable, "-m", *module]
