"""Programs that tests run beside the control plane, built once per machine from `sandbox/tools`.

`helm3` and `helm4` are the released ones, both on the newer one's libraries of Kubernetes; `lua` runs scripts on the
engine of Argo CD. Not here: what is installed beside this Python (`paths.tool`).
"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from smsandbox import golang, paths
from smsandbox.controlplane import binaries, build
from smsandbox.golang import Program
from smsandbox.process import locked

COMPILE = ("-gcflags=all=-N -l -dwarf=false",)
"""No optimisation and no debug data: compiling is a quarter shorter, and they run for a moment."""


class ToolsMissingError(Exception):
    """They are not built yet; the message says how to."""


def find(name: str) -> Path:
    """One of the programs.

    Raises:
        ToolsMissingError: it is not here yet.
    """
    path = _folder() / name
    if not os.access(path, os.X_OK):
        raise ToolsMissingError(f"{name} is not here yet: run `python -m smsandbox prepare --tools`")
    return path


def ensure(say: Callable[[str], None]) -> Path:
    """The folder of all of them; built (minutes of CPU, once per machine) when it is not here. `say` gets the progress.

    Raises:
        BuildError: no Go to be had, or it failed.
    """
    with locked(paths.cache() / "controlplane" / ".lock"):  # Go is installed there by one at a time
        if not all(os.access(_folder() / name, os.X_OK) for name in _programs()):
            say("building Helm 3, Helm 4 and Lua from source: about 4 minutes on 2 idle cores, once per machine")
            binaries.publish(_folder(), partial(_build, say))
    return _folder()


def _build(say: Callable[[str], None], folder: Path) -> bool:
    golang.build(_modules(), _programs(), COMPILE, paths.cache() / "tools" / "build.log", say, folder)
    return True


def _modules() -> Path:
    return paths.repository() / "sandbox" / "tools"


def _folder() -> Path:
    own = {str(path): path.read_text() for path in sorted(_modules().glob("lua/*.go"))}
    return paths.cache() / "tools" / golang.key(_modules(), _programs(), COMPILE, name="tools", of=own)


def _programs() -> dict[str, Program]:
    newer, older = (golang.pinned(_modules(), rf"\shelm\.sh/helm/{major} (\S+)") for major in ("v4", "v3"))
    kubernetes = build.kubernetes_version().split(".")
    # Without these Helm 3 says that it is for Kubernetes 1.20, and refuses charts that ask for a newer one.
    told = "".join(
        f" -X helm.sh/helm/v3/{package}.k8sVersion{part}={value}"
        for package in ("pkg/lint/rules", "pkg/chartutil")
        for part, value in (("Major", kubernetes[0]), ("Minor", kubernetes[1]))
    )
    return {
        "lua": Program("./lua"),
        "helm4": Program("helm.sh/helm/v4/cmd/helm", f"-s -w -X helm.sh/helm/v4/internal/version.version={newer}"),
        "helm3": Program(
            "helm.sh/helm/v3/cmd/helm", f"-s -w -X helm.sh/helm/v3/internal/version.version={older}{told}"
        ),
    }
