"""A terminal that commands are typed into, without colours, and what was seen there."""

import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

COLUMNS, LINES = 120, 60
_SECONDS = 300.0
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_SETTINGS = {"NO_COLOR": "1", "TERM": "xterm", "PS1": ""}


def typed(
    command: str,
    environment: Mapping[str, str],
    work: Path,
    *,
    columns: int = COLUMNS,
    seconds: float = _SECONDS,
    until: str | None = None,
) -> tuple[str, int]:
    """What bash showed of a command, and its exit code. It reads nothing; `until`: Ctrl-C once that text is there.

    Raises:
        AssertionError: it does not end within `seconds`.
    """
    with _terminal(columns) as (mine, its):
        with subprocess.Popen(
            ["bash", "-c", command],
            env={**environment, **_SETTINGS, "COLUMNS": str(columns), "LINES": str(LINES)},
            cwd=work,
            stdin=subprocess.DEVNULL,
            stdout=its,
            stderr=its,
            start_new_session=True,
        ) as running:
            os.close(its)
            text = ""
            end = time.monotonic() + seconds
            while read := _read(mine):
                text += read.decode(errors="replace")
                if until is not None and until in text:
                    os.killpg(running.pid, signal.SIGINT)
                    until = None
                assert time.monotonic() < end, f"{command} does not end:\n{text}"
        return shown(text), running.returncode


def shown(written: str) -> str:
    """What is read of what was written to a terminal: no colours, no links."""
    return _ESCAPES.sub("", written).replace("\r\n", "\n")


@contextlib.contextmanager
def _terminal(columns: int) -> Iterator[tuple[int, int]]:
    """Both ends of a terminal; the program's is closed by who started it."""
    mine, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
    try:
        yield mine, its
    finally:
        os.close(mine)


def _read(end: int) -> bytes:
    """What comes next; nothing once the other end is closed, which Linux tells by an error."""
    try:
        return os.read(end, 65536)
    except OSError:
        return b""
