"""Copies of the tree, in which mutants live: the working tree is read, never written."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue
from typing import Self, TypeVar

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".sandbox" / "mutate"  # what is known from earlier runs
_Asked = TypeVar("_Asked")
_Found = TypeVar("_Found")
_ON_THE_PATH = ("operator", "sandbox", "training", "inference_container", "bench/mutate")


def tracked(*folders: str) -> list[Path]:
    """The files of the working tree, those not committed yet among them."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *folders]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return [Path(name) for name in names if name and (ROOT / name).is_file()]


def fingerprint(*texts: str) -> str:
    """Equal for equal texts."""
    return sha256("\0".join(texts).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Run:
    """How a run ended; `code` is None when its time was over."""

    code: int | None
    output: str
    seconds: float


class Copy:
    """One copy, and the tests that run in it, one run after another and at low priority."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._written = 0
        for path in tracked():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, target)
        places = os.pathsep.join(str(folder / each) for each in _ON_THE_PATH)
        self._server = subprocess.Popen(
            ["nice", "-n", "10", sys.executable, "-P", str(folder / "bench/mutate/forked.py")],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": places},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def write(self, path: Path, source: str) -> None:
        """Replace a file; Python believes its cache of bytecode by size and by whole seconds."""
        self._written += 1
        (self.folder / path).write_text(source)
        stamp = time.time() + 10 * self._written
        os.utime(self.folder / path, (stamp, stamp))

    def pytest(self, *arguments: str, limit: float, **environment: str) -> Run:
        """Tests of this copy, for at most `limit` seconds."""
        started = time.monotonic()
        output = self.folder / "output.txt"
        asked = {"arguments": arguments, "environment": environment, "output": str(output), "limit": limit}
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(asked) + "\n")
        self._server.stdin.flush()
        answer = self._server.stdout.readline()
        if not answer:
            raise RuntimeError(f"the server of {self.folder} has ended")
        return Run(json.loads(answer), output.read_text(errors="replace"), time.monotonic() - started)

    def end(self) -> None:
        """End its server, and the run under way."""
        self._server.terminate()
        self._server.wait()


class Copies:
    """Some copies, over which work is spread."""

    def __init__(self, folder: Path, number: int) -> None:
        self._made = [Copy(folder / str(each)) for each in range(number)]
        self._free: SimpleQueue[Copy] = SimpleQueue()
        for copy in self._made:
            self._free.put(copy)

    def spread(self, work: Callable[[Copy, _Asked], _Found], asked: list[_Asked]) -> Iterator[_Found]:
        """What the work finds in a copy for each that is asked, in their order."""

        def one(each: _Asked) -> _Found:
            copy = self._free.get()
            try:
                return work(copy, each)
            finally:
                self._free.put(copy)

        with ThreadPoolExecutor(len(self._made)) as pool:
            try:
                yield from pool.map(one, asked)
            except BaseException:  # Ctrl-C above all: what is under way ends, nothing else is begun
                pool.shutdown(wait=False, cancel_futures=True)
                self.end()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.end()

    def end(self) -> None:
        """End them, and what runs in them; their folders stay."""
        for copy in self._made:
            copy.end()
