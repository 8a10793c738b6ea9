"""Copies of the tree, in which mutants live: the working tree is read, never written."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_ON_THE_PATH = ("operator", "sandbox", "training", "inference_container", "bench/mutate")


def tracked(*folders: str) -> list[Path]:
    """The files of the working tree, those not committed yet among them."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *folders]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return [Path(name) for name in names if name and (ROOT / name).is_file()]


def fingerprint(*folders: str) -> str:
    """Equal for equal contents."""
    told = hashlib.sha256()
    for path in sorted(tracked(*folders)):
        told.update(f"{path}\0".encode() + (ROOT / path).read_bytes())
    return told.hexdigest()[:16]


@dataclass
class Copy:
    """One copy, and the tests that run in it."""

    folder: Path
    _written: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        for path in tracked():
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, target)
        where = self.run(["-c", "import smendpoints; print(smendpoints.__file__)"], limit=60).output.strip()
        if not Path(where).is_relative_to(self.folder):
            raise RuntimeError(f"the copy would test {where}")

    def write(self, path: Path, source: str) -> None:
        """Replace a file; Python believes its cache of bytecode by size and by whole seconds."""
        self._written += 1
        (self.folder / path).write_text(source)
        stamp = time.time() + 10 * self._written
        os.utime(self.folder / path, (stamp, stamp))

    def run(self, arguments: list[str], *, limit: float, **environment: str) -> "Run":
        """Python in this copy, at low priority, for at most `limit` seconds."""
        path = os.pathsep.join(str(self.folder / each) for each in _ON_THE_PATH)
        started = time.monotonic()
        process = subprocess.Popen(
            ["nice", "-n", "5", sys.executable, "-P", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": path, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            return Run(None, output, time.monotonic() - started)
        return Run(process.returncode, output, time.monotonic() - started)


@dataclass(frozen=True)
class Run:
    """How a run ended; `code` is None when its time was over."""

    code: int | None
    output: str
    seconds: float
