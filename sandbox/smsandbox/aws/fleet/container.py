"""One container: a process on a loopback port that keeps SageMaker's contract, its log file, and talking to it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import urllib3

from smsandbox import ports
from smsandbox.aws.fleet.commands import command
from smsandbox.aws.fleet.environment import notes, passed
from smsandbox.process import spawn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from smsandbox.aws.core.ports import ContainerSpec

PING_SECONDS = 2.0
CONNECT_SECONDS = 10.0
INVOKE_SECONDS = 60.0
STOP_SECONDS = 30.0
_POOL = 64


class Container:
    """Started, pinged, invoked, stopped. `start` may be called again after the process died."""

    def __init__(self, spec: ContainerSpec, name: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.spec = spec
        self.name = name
        self.model_dir = folder / "model"
        self.models_dir = folder / "models"
        self.log = folder / "log"
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._pool: urllib3.HTTPConnectionPool | None = None
        self._held = contextlib.ExitStack()  # the port, until the program has it
        self._read_from = 0
        self._rest = b""

    def start(self) -> None:
        """Start the process.

        Raises:
            KeyError: the image's program is unknown.
        """
        self._held.close()
        (port,) = ports.free(1)
        self._held.enter_context(ports.held(port))
        self.models_dir.mkdir(parents=True, exist_ok=True)
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "TZ") if name in os.environ}
        environment = {
            **kept,
            "SMINFERENCE_WORKERS": "1",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            **self._environment,
            **passed(self.spec.environment),
            "SMINFERENCE_HOST": "127.0.0.1",
            "SMINFERENCE_MODELS_ROOT": str(self.models_dir),
            "SM_MODEL_DIR": str(self.model_dir),
            "SAGEMAKER_BIND_TO_PORT": str(port),
            "SAGEMAKER_SAFE_PORT_RANGE": f"{port}-{port}",
        }
        if self.spec.multi_model:
            environment["SAGEMAKER_MULTI_MODEL"] = "true"
        self._pool = urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=_POOL, retries=False)
        with self.log.open("a") as log:
            log.writelines(f"{note}\n" for note in notes(self.spec.environment))
        self._process = spawn(command(self.spec.program), log=self.log, env=environment, cwd=self.log.parent)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ping(self) -> bool:
        """Whether GET /ping is 200 within two seconds."""
        try:
            is_healthy = self.request("GET", "/ping", timeout=PING_SECONDS).status == 200
        except urllib3.exceptions.HTTPError:
            return False
        if is_healthy:
            self._held.close()
        return is_healthy

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = INVOKE_SECONDS,
    ) -> urllib3.BaseHTTPResponse:
        """The container's answer, read in full; urllib3's HTTPError when it can't be reached or is too slow."""
        if self._pool is None:
            raise urllib3.exceptions.ClosedPoolError(None, "the container was never started")  # type: ignore[arg-type]
        limits = urllib3.Timeout(connect=CONNECT_SECONDS, read=timeout)
        return self._pool.urlopen(method, path, body, dict(headers or {}), timeout=limits, redirect=False)

    def new_lines(self) -> list[str]:
        """The whole lines logged since the last call."""
        try:
            with self.log.open("rb") as log:
                log.seek(self._read_from)
                fresh = log.read(1 << 20)
        except FileNotFoundError:
            return []
        self._read_from += len(fresh)
        *lines, self._rest = (self._rest + fresh).split(b"\n")
        return [line.decode(errors="replace").rstrip("\r") for line in lines]

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for the whole group when that does not help in time. Blocks until it has ended."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the process and what it started, at once."""
        process = self._process
        if process is None:
            return
        # The process leads a session of its own, so its group is what it started; the pid is ours until waited for.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._held.close()
        if self._pool is not None:
            self._pool.close()

    def processes(self) -> Iterator[int]:
        """The pid of the process, and of those it started."""
        if self._process is None or self._process.poll() is not None:
            return
        yield from descendants(self._process.pid)


def descendants(pid: int) -> Iterator[int]:
    """`pid` and everything below it, as the kernel says now."""
    yield pid
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:  # noqa: PTH123 - /proc is not a directory of ours
            children = file.read().split()
    except OSError:
        return
    for child in children:
        yield from descendants(int(child))
