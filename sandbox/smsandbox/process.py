"""Programs that the sandbox keeps running: start once, find again, stop, and leave nothing behind.

A `Service` is known by its pid file. The file is believed only while the process of that pid is the one that was
started (same boot, same start time), so a pid that the system gave away again is never signalled. Not a supervisor:
nothing is restarted by itself. Linux only (`/proc`, `prctl`).
"""

import contextlib
import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar

from smsandbox import exec_bound

T = TypeVar("T")
KILL_SECONDS = 60.0  # a killed process has to be scheduled once more; a loaded machine may let it wait


class ServiceError(Exception):
    """A program did not start, or ended before it was ready; the message ends with the tail of its log."""


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path` against other processes; the kernel lets go of it when the holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def is_locked(path: Path) -> bool:
    """Whether somebody, perhaps this process, holds the lock file `path`."""
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace `path` in one step: a reader sees the old text or the new, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as handle:
        handle.write(text)
    temporary.replace(path)


def wait_until(probe: Callable[[], T | None], seconds: float, failure: Callable[[], str]) -> T:
    """The first value of `probe` that is not None.

    Raises:
        ServiceError: with `failure()`, when `seconds` have passed without one.
    """
    deadline = time.monotonic() + seconds
    while True:
        if (value := probe()) is not None:
            return value
        if time.monotonic() >= deadline:
            raise ServiceError(failure())
        time.sleep(0.05)


def identity(pid: int) -> str | None:
    """What tells the process `pid` from every other that ever had this pid; None when there is none, or it has ended.

    A zombie has ended once its threads have, too: until then its ports and locks are taken.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        fields = stat.rpartition(")")[2].split()  # the name before it may hold spaces and brackets
        state, started = fields[0], fields[19]
        if state in "ZX" and len(os.listdir(f"/proc/{pid}/task")) <= 1:  # noqa: PTH208 - only the number counts
            return None
    except (FileNotFoundError, ProcessLookupError):
        return None
    return f"{pid} {started} {_boot()}"


@cache
def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@cache
def _spawner() -> ThreadPoolExecutor:
    # The kernel sends the parent-death signal when the *thread* that forked ends; this one lives as long as we do.
    return ThreadPoolExecutor(1, thread_name_prefix="spawner")


def inherited() -> dict[str, str]:
    """This process's environment without the user's own cluster and AWS account, which the sandbox never touches."""
    return {name: value for name, value in os.environ.items() if name != "KUBECONFIG" and not name.startswith("AWS_")}


def spawn(
    command: list[str], *, log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None, bound: bool = True
) -> "subprocess.Popen[bytes]":
    """Start `command` in a session of its own (so Ctrl-C reaches us alone), its output appended to `log`.

    `bound`: it ends when this process ends, however that happens. The pid is that of the program itself.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    shim = [sys.executable, "-I", "-S", exec_bound.__file__, str(os.getpid())] if bound else []

    def start() -> "subprocess.Popen[bytes]":
        with log.open("ab") as output:
            return subprocess.Popen(
                [*shim, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                start_new_session=True,
            )

    return _spawner().submit(start).result() if bound else start()


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, or a note that it is empty."""
    text = log.read_text(errors="replace").strip() if log.exists() else ""
    return "\n".join(text.splitlines()[-lines:]) or "(nothing in the log)"


@dataclass
class Service:
    """One program with a pid file `<run_dir>/<name>.pid` and a log.

    `environment` is added to `inherited()`. `bound` programs end with this process, the others outlive it.
    """

    name: str
    command: list[str]
    run_dir: Path
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    bound: bool = True
    _child: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def pid_file(self) -> Path:
        return self.run_dir / f"{self.name}.pid"

    @property
    def _record_file(self) -> Path:
        return self.run_dir / f".{self.name}.json"  # apart, so that `kill $(cat NAME.pid)` does what it says

    @property
    def _digest(self) -> str:
        return hashlib.sha256(json.dumps([self.command, dict(self.environment)], sort_keys=True).encode()).hexdigest()

    @property
    def pid(self) -> int | None:
        """The pid while the program runs, else None."""
        return None if (record := self._running()) is None else int(record["identity"].split()[0])

    def ensure_running(self) -> bool:
        """Start it unless it runs already with this command and environment; True when it was started now."""
        with locked(self.run_dir / f".{self.name}.lock"):
            if (record := self._running()) and record["digest"] == self._digest:
                return False
            self._end(signal.SIGTERM, seconds=10)  # one of another command; or our child, whose pid file was lost
            child = spawn(self.command, log=self.log, env={**inherited(), **self.environment}, bound=self.bound)
            try:
                started = identity(child.pid)
                write_atomically(self._record_file, json.dumps({"identity": started, "digest": self._digest}))
                write_atomically(self.pid_file, f"{child.pid}\n")
            except BaseException:  # Ctrl-C too: what has no pid file would never be found again
                child.kill()
                child.wait()
                raise
            self._child = child
            return True

    def wait_ready(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until `ready()`.

        Raises:
            ServiceError: the program ended first, or `seconds` have passed.
        """

        def probe() -> bool | None:
            if self.pid is None:
                raise ServiceError(f"{self.name} ended before it was ready; its log ({self.log}):\n{tail(self.log)}")
            return ready() or None

        wait_until(probe, seconds, lambda: f"{self.name} is not ready after {seconds:g} s:\n{tail(self.log)}")

    def stop(self, seconds: float = 10) -> bool:
        """SIGTERM, then SIGKILL when it still runs after `seconds`; False when it did not run."""
        with locked(self.run_dir / f".{self.name}.lock"):
            return self._end(signal.SIGTERM, seconds)

    def kill(self) -> bool:
        """SIGKILL at once; False when it did not run."""
        with locked(self.run_dir / f".{self.name}.lock"):
            return self._end(signal.SIGKILL, seconds=0)

    def _running(self) -> dict[str, str] | None:
        try:
            pid = int(self.pid_file.read_text())
            record: dict[str, str] = json.loads(self._record_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return record if record.get("identity") == identity(pid) else None

    def _end(self, how: signal.Signals, seconds: float) -> bool:
        if self._child is not None and self._child.poll() is None:
            target = identity(self._child.pid)  # ours for certain, whatever became of its pid file
        else:
            target = record["identity"] if (record := self._running()) else None
        if target is not None:
            pid = int(target.split()[0])
            for signum, wait in ((how, seconds), (signal.SIGKILL, KILL_SECONDS)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signum)
                with contextlib.suppress(ServiceError):
                    wait_until(lambda: identity(pid) != target or None, wait, lambda: "")
                    break
        if self._child is not None:
            self._child.poll()  # reaps it
            self._child = None
        self.pid_file.unlink(missing_ok=True)
        self._record_file.unlink(missing_ok=True)
        return target is not None
