"""Where the sandbox keeps things: the clone, its `.sandbox` folder, the cache of all clones, installed tools.

Nothing here creates a folder; who writes into one makes it.
"""

import os
import sys
from pathlib import Path


def repository() -> Path:
    """The root of the clone; the sandbox runs from a checkout, it is not shipped."""
    return Path(__file__).resolve().parents[2]


def state() -> Path:
    """The folder of `make up`: pid files, logs, etcd's data, the simulator's state."""
    return Path(os.environ.get("SMENDPOINTS_SANDBOX_DIR") or repository() / ".sandbox").absolute()


def cache() -> Path:
    """What costs minutes to make and survives `make clean`; every clone of this user shares it."""
    if override := os.environ.get("SMENDPOINTS_CACHE"):
        return Path(override).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "smendpoints"


def tool(name: str) -> Path:
    """A program installed beside this Python (kubectl, aws).

    Raises:
        FileNotFoundError: it is not there; `make setup` installs it.
    """
    path = Path(sys.executable).parent / name
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: run `make setup`")
    return path
