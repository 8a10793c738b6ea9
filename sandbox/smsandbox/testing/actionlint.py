"""actionlint, built once per machine from `sandbox/actionlint`: half a minute of CPU. Not here: what it checks."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from smsandbox import golang, paths
from smsandbox.controlplane import binaries
from smsandbox.golang import Program
from smsandbox.process import locked

_PROGRAMS = {"actionlint": Program("github.com/rhysd/actionlint/cmd/actionlint")}
_COMPILE = ("-gcflags=all=-N -l -dwarf=false",)


def ensure(say: Callable[[str], None]) -> Path:
    """The program; built when it is not here. `say` gets the progress.

    Raises:
        BuildError: no Go to be had, or it failed.
    """
    modules = paths.repository() / "sandbox" / "actionlint"
    folder = paths.cache() / "tools" / golang.key(modules, _PROGRAMS, _COMPILE, name="actionlint")
    with locked(paths.cache() / "controlplane" / ".lock"):  # Go is installed there by one at a time
        if not os.access(folder / "actionlint", os.X_OK):
            log = paths.cache() / "tools" / "actionlint.log"
            binaries.publish(folder, partial(_build, modules, log, say))
    return folder / "actionlint"


def _build(modules: Path, log: Path, say: Callable[[str], None], folder: Path) -> bool:
    golang.build(modules, _PROGRAMS, _COMPILE, log, say, folder)
    return True
