"""A terminal that commands are typed into, and what was seen there."""

import contextlib
import fcntl
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

COLUMNS, LINES = 120, 60
_SECONDS = 300.0
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-Z\\-_])")
_TOKEN = re.compile(r"(?<=token=)[\w-]+")


class Recorder:
    """Runs commands as a user types them; `seen` has by verb what its commands printed, each behind its prompt.

    Commands get a terminal of 120 columns without colours, and an end of file for input.
    """

    def __init__(self, environment: Mapping[str, str], work: Path) -> None:
        self.seen: dict[str, list[str]] = {}
        self._environment = {**environment, "NO_COLOR": "1", "TERM": "xterm", "PS1": ""}
        self._work = work

    def type(self, command: str, *, code: int = 0, until: str | None = None) -> None:
        """Run it, and keep what it printed by its verb. `until`: Ctrl-C once that text is there.

        Raises:
            AssertionError: it ended otherwise, or printed a folder of this machine.
        """
        verb = re.match(r"(?:.*\| )?kubectl smendpoint (\w+)", command)
        assert verb is not None, command
        print(f"$ {command}", flush=True)
        text, ended = self._run(command, until)
        text = _TOKEN.sub("…", _ESCAPES.sub("", text).replace("\r\n", "\n"))
        text = text.replace(socket.gethostname(), "this-machine")
        assert ended == code, f"{command}: {ended}\n{text}"
        private = [each for each in (str(self._work), str(Path.home()), str(Path.cwd()), sys.prefix) if each in text]
        assert not private, f"{command} prints {private}: {text}"
        lines = "\n".join(each.rstrip() for each in text.splitlines()).rstrip()
        print(lines, flush=True)
        self.seen.setdefault(verb[1], []).append(f"$ {command}\n{lines}".rstrip())

    def _run(self, command: str, until: str | None) -> tuple[str, int]:
        with _terminal() as (mine, its):
            with subprocess.Popen(
                ["bash", "-c", command],
                env=self._environment,
                cwd=self._work,
                stdin=subprocess.DEVNULL,
                stdout=its,
                stderr=its,
                start_new_session=True,
            ) as running:
                os.close(its)
                text = ""
                end = time.monotonic() + _SECONDS
                while read := _read(mine):
                    text += read.decode(errors="replace")
                    if until is not None and until in text:
                        os.killpg(running.pid, signal.SIGINT)
                        until = None
                    assert time.monotonic() < end, f"{command} does not end:\n{text}"
            return text, running.returncode

    def write(self, folder: Path) -> None:
        """A file for each verb; those of before go."""
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.txt"):
            old.unlink()
        for verb, parts in self.seen.items():
            (folder / f"{verb}.txt").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


@contextlib.contextmanager
def _terminal() -> Iterator[tuple[int, int]]:
    """Both ends of a terminal; the program's is closed by who started it."""
    mine, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
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
