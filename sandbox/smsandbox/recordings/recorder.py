"""Commands of `kubectl smendpoint` as they are typed, and what was seen of them."""

import re
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from smsandbox.terminal import typed

_TOKEN = re.compile(r"(?<=token=)[\w-]+")


class Recorder:
    """Runs commands as a user types them; `seen` has by verb what its commands printed, each behind its prompt.

    Commands get a terminal of 120 columns without colours, and an end of file for input.
    """

    def __init__(self, environment: Mapping[str, str], work: Path) -> None:
        self.seen: dict[str, list[str]] = {}
        self._environment = environment
        self._work = work

    def type(self, command: str, *, code: int = 0, until: str | None = None) -> None:
        """Run it, and keep what it printed by its verb. `until`: Ctrl-C once that text is there.

        Raises:
            AssertionError: it ended otherwise, or printed a folder of this machine.
        """
        verb = re.match(r"(?:.*\| )?kubectl smendpoint (\w+)", command)
        assert verb is not None, command
        print(f"$ {command}", flush=True)
        text, ended = typed(command, self._environment, self._work, until=until)
        text = _TOKEN.sub("…", text)
        text = text.replace(socket.gethostname(), "this-machine")
        assert ended == code, f"{command}: {ended}\n{text}"
        private = [each for each in (str(self._work), str(Path.home()), str(Path.cwd()), sys.prefix) if each in text]
        assert not private, f"{command} prints {private}: {text}"
        lines = "\n".join(each.rstrip() for each in text.splitlines()).rstrip()
        print(lines, flush=True)
        self.seen.setdefault(verb[1], []).append(f"$ {command}\n{lines}".rstrip())

    def write(self, folder: Path) -> None:
        """A file for each verb; those of before go."""
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.txt"):
            old.unlink()
        for verb, parts in self.seen.items():
            (folder / f"{verb}.txt").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
