"""Where kube-apiserver and etcd come from.

In this order: the folder `KUBEBUILDER_ASSETS` names; the cache of an earlier run; the release archive that
setup-envtest takes; a build from the pinned modules of `sandbox/controlplane/go.mod`.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from smsandbox import paths
from smsandbox.controlplane import build, release
from smsandbox.process import locked

PROGRAMS = ("kube-apiserver", "etcd")


@dataclass(frozen=True)
class Binaries:
    """Paths of the two programs and where they were found."""

    kube_apiserver: Path
    etcd: Path
    origin: str


class BinariesMissingError(Exception):
    """There are no control plane binaries; the message says how to get them."""


def find() -> Binaries:
    """The binaries that are on this machine already.

    Raises:
        BinariesMissingError: none are, or `KUBEBUILDER_ASSETS` names a folder without them.
    """
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        return _in(Path(assets).absolute(), "KUBEBUILDER_ASSETS") or _refuse(assets)
    for folder in (_built(), _released()):
        if found := _in(folder, "cache"):
            return found
    raise BinariesMissingError("kube-apiserver and etcd are not here yet: run `python -m smsandbox prepare`")


def ensure(say: Callable[[str], None]) -> Binaries:
    """The binaries; got or built (minutes of CPU, once per machine) when they are not here. `say` gets the progress."""
    try:
        return find()
    except BinariesMissingError:
        if os.environ.get("KUBEBUILDER_ASSETS"):
            raise
    with locked(_root() / ".lock"):  # of two clones that come at once one works, and the other finds its result
        try:
            return find()
        except BinariesMissingError:
            pass
        if (archive := release.for_this_machine()) and publish(_released(), partial(release.fetch, archive, say)):
            return find()
        publish(_built(), partial(build.build, say))
        return find()


def publish(folder: Path, make: Callable[[Path], bool]) -> bool:
    """Let `make` fill a temporary folder and put it at `folder` in one step; nothing is left when that fails."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        if not make(temporary):
            return False
        shutil.rmtree(folder, ignore_errors=True)  # what is there lacks a program, or it would have been found
        temporary.rename(folder)
        return True
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _root() -> Path:
    return paths.cache() / "controlplane"


def _built() -> Path:
    return _root() / build.key()


def _released() -> Path:
    return _root() / f"envtest-v{release.VERSION}"


def _in(folder: Path, origin: str) -> Binaries | None:
    programs = [folder / name for name in PROGRAMS]
    if all(os.access(program, os.X_OK) for program in programs):
        return Binaries(kube_apiserver=programs[0], etcd=programs[1], origin=origin)
    return None


def _refuse(assets: str) -> Binaries:
    raise BinariesMissingError(
        f"KUBEBUILDER_ASSETS={assets} holds no kube-apiserver and etcd: name their folder, or unset it"
    )
