"""Copies of the tree, in which mutants live: the working tree is read, never written."""

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any, Self, TypeVar

from bench.mutate.forked import NOT_HERE

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".sandbox" / "mutate"  # what is known from earlier runs
_Asked = TypeVar("_Asked")
_Found = TypeVar("_Found")
MUTATED = "operator/smendpoints"
ENVIRONMENT = {"SMENDPOINTS_WALKS": "6"}
_START_SECONDS = 90.0  # of pytest on a busy machine
_ON_THE_PATH = ("operator", "sandbox", "training", "inference_container")


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


def _server(folder: Path, script: str, *arguments: str, **pipes: Any) -> "subprocess.Popen[str]":
    """One of the scripts beside this one, over a fresh copy of the tree."""
    for path in tracked():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, target)
    places = os.pathsep.join(str(folder / each) for each in _ON_THE_PATH)
    return subprocess.Popen(
        ["nice", "-n", "10", sys.executable, "-m", f"bench.mutate.{script}", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": places, "MUTATED": str(folder / MUTATED), **ENVIRONMENT},
        text=True,
        start_new_session=True,
        **pipes,
    )


class Copy:
    """One copy, and the tests that run in it, one run after another and at low priority."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._written = 0
        self._fresh = _server(folder, "forked", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._fresh.stdin is not None
        assert self._fresh.stdout is not None
        self._forked = self._fresh.stdin, self._fresh.stdout

    def collects(self, pipes: tuple[IO[str], IO[str]], collected: Path) -> list[str]:
        """What is asked first is asked there, of tests that were collected in another copy; all of them."""
        self._quick, self._imported = pipes, collected
        return list(self._answer(pipes[1]))

    def run(self, tests: Sequence[str], limit: float, path: Path, original: str, source: str) -> Run:
        """Tests with another source at this path, up to the first that fails, for at most `limit` seconds."""
        changed = {"path": str(self._imported / path), "original": original, "source": source}
        run = self._asked(self._quick, limit, tests=tests, **changed)
        if run.code != NOT_HERE:
            return run
        listing = self.folder / "nearest.txt"
        listing.write_text("\n".join(tests))
        arguments = ("-x", "-q", "--no-header", "--tb=line", f"@{listing}")
        self._write(path, source)
        try:
            return self._asked(self._forked, limit + _START_SECONDS, arguments=arguments)
        finally:
            self._write(path, original)

    def sound(self, test: str, limit: float) -> bool:
        """Whether a test holds without a mutant."""
        return self._asked(self._quick, limit, tests=[test]).code == 0

    def touched(self, tests: Sequence[str], limit: float) -> dict[str, Any] | None:
        """What these tests run of the sources, as `touched.py` has it."""
        told = self.folder / "touched.json"
        told.unlink(missing_ok=True)
        self._asked(self._quick, limit, tests=tests, touched=str(told))
        if not told.exists():
            return None
        found: dict[str, Any] = json.loads(told.read_text().replace(f"{self._imported}{os.sep}", ""))
        return found

    def _write(self, path: Path, source: str) -> None:
        """Replace a file; Python believes its cache of bytecode by size and by whole seconds."""
        self._written += 1
        (self.folder / path).write_text(source)
        stamp = time.time() + 10 * self._written
        os.utime(self.folder / path, (stamp, stamp))

    def _asked(self, pipes: tuple[IO[str], IO[str]], limit: float, **asked: object) -> Run:
        output = self.folder / "output.txt"
        pipes[0].write(json.dumps({**asked, "output": str(output), "limit": limit}) + "\n")
        pipes[0].flush()
        return Run(self._answer(pipes[1]), output.read_text(errors="replace"))

    def _answer(self, answers: IO[str]) -> Any:
        answer = answers.readline()
        if not answer:
            raise RuntimeError(f"a server of {self.folder} has ended")
        return json.loads(answer)

    def end(self) -> None:
        """End its server, and the run under way."""
        _end(self._fresh)


def _end(server: "subprocess.Popen[str]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGTERM)
    server.wait()


class Copies:
    """Some copies, over which work is spread."""

    def __init__(self, folder: Path, number: int, collected: Sequence[str]) -> None:
        self._made = [Copy(folder / str(each)) for each in range(number)]
        asked, answers = [os.pipe() for _ in self._made], [os.pipe() for _ in self._made]
        theirs = [(ask[0], answer[1]) for ask, answer in zip(asked, answers, strict=True)]
        pairs = ";".join(f"{ask},{answer}" for ask, answer in theirs)
        fds = list(itertools.chain(*theirs))
        self._collected = _server(folder / "collected", "collected", pairs, *collected, pass_fds=fds)
        for end in fds:
            os.close(end)
        self.tests: list[str] = []
        for copy, ask, answer in zip(self._made, asked, answers, strict=True):
            self.tests = copy.collects((os.fdopen(ask[1], "w"), os.fdopen(answer[0])), folder / "collected")
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
        _end(self._collected)
