"""The archive of control plane binaries that setup-envtest downloads, for networks that reach it.

Its checksums are those of `envtest-releases.yaml` in kubernetes-sigs/controller-tools. Of 1.36, 1.36.2 was the last one
listed there; the sandbox's own build is 1.36.3. A network without it costs a few seconds and one line, no more.
"""

import hashlib
import platform
import shutil
import sys
import tarfile
import tempfile
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

VERSION = "1.36.2"
TIMEOUT_SECONDS = 5.0  # for a connection, and for each piece of the answer
SHA512 = {
    "amd64": "ea743186c8a799f5cf8faf16969f86189d003cb7d130e0ac4b58789f1e5748dc"
    "f30ebe91c837a10d5ac415383da3e10b9e64d65785c938c23e739781cfb76f08",
    "arm64": "2d72ee985a8e262a3c57dc9f7f0fd891f6a8c7bf7ebaa2db6dc6d8eac8ae2818"
    "1afe51c1f368b67756cdb40b10de9b205609e1726e5f27f7c6d824dd9c6649ac",
}
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
FOLDER = "controller-tools/envtest"
MEMBERS = ("kube-apiserver", "etcd")


@dataclass(frozen=True)
class Archive:
    """A download and the checksum (hex) that it must have."""

    url: str
    sha512: str


def for_this_machine() -> Archive | None:
    """The archive for this system and processor; None where there is none that we pinned."""
    machine = MACHINES.get(platform.machine())
    if machine is None or sys.platform != "linux":
        return None
    name = f"envtest-v{VERSION}"
    base = "https://github.com/kubernetes-sigs/controller-tools/releases/download"
    return Archive(f"{base}/{name}/{name}-linux-{machine}.tar.gz", SHA512[machine])


def fetch(archive: Archive, say: Callable[[str], None], folder: Path) -> bool:
    """Download, verify and unpack the two programs into `folder`; False when the network has it not or it differs."""
    with tempfile.TemporaryFile(dir=folder) as file:
        try:
            with urllib.request.urlopen(archive.url, timeout=TIMEOUT_SECONDS) as response:
                say(f"downloading kube-apiserver and etcd {VERSION} ({archive.url})")
                shutil.copyfileobj(response, file)
        except (OSError, ValueError):
            say("the release archive of kube-apiserver and etcd is not available from here")
            return False
        file.seek(0)
        if hashlib.file_digest(file, "sha512").hexdigest() != archive.sha512:
            say(f"refused {archive.url}: its SHA-512 is not the pinned one")
            return False
        file.seek(0)
        with tarfile.open(fileobj=file, mode="r:gz") as tar:
            for member in MEMBERS:
                source = tar.extractfile(f"{FOLDER}/{member}")
                if source is None:
                    raise tarfile.TarError(f"{FOLDER}/{member} in {archive.url} is not a file")
                target = folder / member
                with source, target.open("wb") as copy:
                    shutil.copyfileobj(source, copy)
                target.chmod(0o755)
    return True
