"""Programs for tests that Debian packages: installed by apt, where this is root on such a machine."""

import os
import shutil
import subprocess


def can_install() -> bool:
    """Whether this machine has apt, and lets us."""
    return shutil.which("apt-get") is not None and os.geteuid() == 0


def install(*packages: str) -> None:
    """Install them.

    Raises:
        subprocess.CalledProcessError: apt failed; it said why.
    """
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], check=True, env=quiet)
    subprocess.run(["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages], check=True, env=quiet)
