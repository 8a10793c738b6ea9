"""Builds an image by buildah, without a daemon and without namespaces, and says what came of it.

Buildah's chroot isolation works as root in a container, where nothing else does. Times in the image are those of the
commit (`--timestamp`), so that two builds of one commit have the same layers.
"""

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smsandbox import paths
from smsandbox.images import standin
from smsandbox.images.dockerfiles import Image
from smsandbox.testing import debian

_HELP = "building needs buildah and podman, as root: on Debian `apt-get install buildah podman runc`"
_PROGRAMS = ("buildah", "podman", "runc")
_ISOLATION = ("--isolation", "chroot")
_ON_SCRATCH = """FROM scratch
ADD rootfs.tar /
ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin
RUN ldconfig && ln -sf python3 /usr/local/bin/python
CMD ["python3"]
"""


class NoBuilderError(Exception):
    """Nothing here can build images; says what to install."""


@dataclass(frozen=True)
class Built:
    """An image in the store of this machine."""

    image: Image
    base: str
    tag: str
    digest: str  # of the manifest
    base_layers: tuple[str, ...]  # digests of the layers' contents (DiffIDs), from the bottom
    layers: tuple[str, ...]  # those above the base
    size: int  # bytes of all layers, not compressed
    base_size: int

    @property
    def pinned(self) -> bool:
        """Whether it stands on the base that the Dockerfile names."""
        return self.base == self.image.base


def install() -> None:
    """Install buildah, podman and runc, unless they are here.

    Raises:
        NoBuilderError: this machine has no apt, or this is not root.
    """
    if all(map(shutil.which, _PROGRAMS)):
        if os.geteuid() == 0:
            return
    elif debian.can_install():
        debian.install(*_PROGRAMS)
        return
    raise NoBuilderError(_HELP)


def epoch() -> int:
    """The time of the commit, in seconds, or `SOURCE_DATE_EPOCH`."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    return int(_out("git", "-C", str(paths.repository()), "log", "-1", "--format=%ct"))


def base_for(image: Image) -> str:
    """The base to build on: the pinned one where it is here or can be pulled, else a stand-in of this machine's files.

    Raises:
        RuntimeError: neither can be had; says why.
    """
    pinned = f"docker.io/library/{image.base}"
    # With both, buildah 1.28 refuses the reference; the digest alone says which it is.
    name, _, digest = pinned.partition("@")
    by_digest = f"{name.rpartition(':')[0]}@{digest}"
    pulled = subprocess.run(
        ["buildah", "pull", "--quiet", by_digest], check=False, capture_output=True, text=True, timeout=600
    )
    if pulled.returncode == 0:
        return by_digest
    print(
        f"{image.base} cannot be pulled ({_last(pulled.stderr)}): a stand-in is made of this machine's files",
        file=sys.stderr,
    )
    return _stand_in()


def _stand_in() -> str:
    """The stand-in as an image of this machine's store; made anew whenever its files differ."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder, "rootfs.tar")
        standin.write(archive, 0)
        with archive.open("rb") as file:
            tag = f"localhost/smendpoints-stand-in:{hashlib.file_digest(file, 'sha256').hexdigest()[:16]}"
        if subprocess.run(["buildah", "inspect", "--type", "image", tag], check=False, capture_output=True).returncode:
            Path(folder, "Dockerfile").write_text(_ON_SCRATCH)
            _buildah("bud", *_ISOLATION, "--quiet", "--timestamp", "0", "--tag", tag, folder)
        return tag


def build(image: Image, base: str, tag: str, at: int) -> Built:
    """Build it on `base` from the files of the clone, nothing else that is here; times in it are `at` (seconds).

    Raises:
        subprocess.CalledProcessError: the build failed; its output was shown.
    """
    with tempfile.TemporaryDirectory() as folder:
        dockerfile = Path(folder, "Dockerfile")
        dockerfile.write_text(image.on(base))
        pip = Path(folder, "pip.conf")
        pip.write_text(_pip_settings())
        # Seen while it builds, and in no layer: where this machine has pip find packages, and whom it trusts for it.
        mounts = ["--volume", f"{pip}:/etc/pip.conf:ro"]
        if Path("/etc/ssl/certs").is_dir():
            mounts += ["--volume", "/etc/ssl/certs:/etc/ssl/certs:ro"]
        network = ["--network", "host", "--pull-never", "--no-cache", "--timestamp", str(at)]
        options = ["--ignorefile", str(paths.repository() / ".dockerignore"), "--file", str(dockerfile), "--tag", tag]
        _buildah("bud", *_ISOLATION, "--quiet", *network, *mounts, *options, str(paths.repository()))
    below, found = _inspect(base), _inspect(tag)
    layers = _layers(found)
    base_layers = _layers(below)
    return Built(
        image=image,
        base=image.base if base.rpartition("@")[2] == image.base.rpartition("@")[2] else base,
        tag=tag,
        digest=found["FromImageDigest"],
        base_layers=base_layers,
        layers=layers[len(base_layers) :],
        size=_size(tag),
        base_size=_size(base),
    )


@contextmanager
def opened(tag: str) -> Iterator[Path]:
    """The image's files, mounted for the block."""
    container = _out("buildah", "from", "--pull-never", tag)
    try:
        yield Path(_out("buildah", "mount", container))
    finally:
        _buildah("rm", container)


def _layers(found: dict[str, Any]) -> tuple[str, ...]:
    return tuple(found["OCIv1"]["rootfs"]["diff_ids"])


def _inspect(tag: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_out("buildah", "inspect", "--type", "image", tag))
    return found


def _size(tag: str) -> int:
    return int(_out("podman", "image", "inspect", "--format", "{{.Size}}", tag))


def _pip_settings() -> str:
    """A pip.conf that says what pip's files and variables say here; folders of this machine are left out."""
    listed = _out(sys.executable, "-m", "pip", "config", "list").splitlines()
    found: dict[str, str] = {}
    for line in listed:
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in {"global", "install", ":env:"} and name not in {"find-links", "cache-dir"}:
            found[name] = "".join(shlex.split(value))
    return "\n".join(["[global]", *(f"{name} = {value}" for name, value in found.items()), ""])


def _buildah(*arguments: str) -> None:
    done = subprocess.run(["buildah", *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
        done.check_returncode()


def _out(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _last(text: str) -> str:
    return (text.strip().splitlines() or ["no reason was given"])[-1]
