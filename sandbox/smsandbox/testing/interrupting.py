"""Ctrl-C for a verb of `kubectl smendpoint` in a process of its own, at a moment that a test chooses."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from smsandbox.testing.api_server import merged
from smsandbox.testing.harness import Harness
from smsandbox.testing.json_server import Asked, JsonServer

SECONDS = 30.0


class HeldObject:
    """The API server over one object. It changes it, and keeps the first answer back until `go`."""

    def __init__(self, server: JsonServer, path: str, found: dict[str, Any]) -> None:
        self.found = found
        self.go = threading.Event()
        self._asked = threading.Event()
        server.answers["GET", path] = lambda _: self.found
        server.answers["PATCH", path] = self._patch

    def asked(self) -> bool:
        """Whether it is changed by now, and nobody knows; waits for it."""
        return self._asked.wait(SECONDS)

    @property
    def annotations(self) -> dict[str, str]:
        found: dict[str, str] = self.found["metadata"].get("annotations") or {}
        return found

    def _patch(self, request: Asked) -> dict[str, Any]:
        before = self.found
        after = merged(before, request.body)
        metadata = {**after["metadata"], "resourceVersion": str(int(before["metadata"]["resourceVersion"]) + 1)}
        metadata["generation"] += after["spec"] != before["spec"]
        self.found = {**after, "metadata": metadata}
        if not self._asked.is_set():
            self._asked.set()
            self.go.wait(SECONDS)
        return self.found


def held(harness: Harness, operation: str) -> Callable[[], object]:
    """Whether AWS has done this by now, and keeps its answer back; waits for it."""
    rule = harness.world.faults.add({"kind": "hold", "operation": operation, "times": 1})
    return lambda: harness.world.faults.held(rule.id, SECONDS)


def interrupted(
    arguments: tuple[str, ...],
    reached: Callable[[], object],
    environment: Mapping[str, str] | None = None,
    then: Callable[[], object] = lambda: None,
) -> str:
    """What a verb said that got Ctrl-C once `reached` came true: one sentence. `then` is done right after that.

    Raises:
        AssertionError: it ended otherwise, or said more, or less.
    """
    command = [str(Path(sys.executable).parent / "kubectl-smendpoint"), *arguments]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
        start_new_session=True,  # as a terminal does it, all of its processes get the signal
    ) as running:
        try:
            came = reached()
            os.killpg(running.pid, signal.SIGINT)
            then()
            out, err = running.communicate(timeout=SECONDS)
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)
    assert came, f"the moment did not come: {out}{err}"
    assert running.returncode == 130, err
    (sentence,) = err.splitlines()
    assert sentence.startswith("interrupted, but the change may have been made; run it again"), err
    return sentence
