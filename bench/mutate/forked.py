"""A server that runs pytest in forks of itself: what all tests import is imported once, the code under test never.

It is for what `collected.py`, which is quicker, cannot change.

A script: a line of JSON on its standard input is one run, a line on its standard output its exit code (null: its time
was over). What a run prints goes to a file.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import sys
from typing import Any

NOT_HERE = 90  # the exit code of a run that this server cannot do

# What costs most to import; nothing of the operator, which differs from mutant to mutant.
_IMPORTED = (
    "pytest",
    "boto3",
    "hypothesis.strategies",
    "kopf",
    "moto.server",
    "numpy",
    "pydantic",
    "aiohttp",
    "coverage",
)


def separate(output: str) -> None:
    """In a child: a group of its own, nothing to read, and what it prints in a file."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.setsid()
    to = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (to, 1), (to, 2)):
        os.dup2(source, target)


def _in_child(run: dict[str, Any]) -> None:
    separate(run["output"])
    import pytest  # noqa: PLC0415

    code = int(pytest.main(["-W", "ignore::pytest.PytestAssertRewriteWarning", *run["arguments"]]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # threads that a mutant has left behind hold nobody up


def ended(child: int, limit: float) -> int | None:
    """The exit code of a child; None when it took longer than `limit` seconds. With this process it ends."""

    def end(*_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    watch = os.pidfd_open(child)
    ready, _, _ = select.select([watch], [], [], limit)
    os.close(watch)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # with the processes that its tests have left
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) if ready else None


def main() -> None:
    """Serve until the standard input ends."""
    for name in _IMPORTED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        run = json.loads(line)
        child = os.fork()
        if child == 0:
            _in_child(run)
        print(json.dumps(ended(child, run["limit"])), flush=True)


if __name__ == "__main__":
    main()
