"""How the story looks: numbered steps, the commands a user would type, what they answer. Colour on a terminal only."""

import os
import shlex
import sys
import time
from collections.abc import Iterable

BOLD, DIM, RED, GREEN, CYAN = "1", "2", "31", "32", "36"


class Terminal:
    """Prints to standard output; every line at once, so that it can be watched through a pipe too."""

    def __init__(self, steps: int) -> None:
        self._steps, self._step = steps, 0
        self._started = time.monotonic()
        self._colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ

    @property
    def seconds(self) -> float:
        """Since the story began."""
        return time.monotonic() - self._started

    def step(self, title: str) -> None:
        self._step += 1
        since = self._style(f"{self.seconds:.0f} s", DIM)
        self._print(f"\n{self._style(f'{self._step}/{self._steps}  {title}', BOLD)}  {since}")

    def command(self, command: Iterable[str]) -> None:
        words = [word if word == "|" else shlex.quote(word) for word in command]
        self._print(f"  {self._style('$', GREEN)} {self._style(' '.join(words), CYAN)}")

    def output(self, text: str) -> None:
        for line in text.rstrip().splitlines():
            self._print(f"    {line}")

    def note(self, text: str) -> None:
        self._print(f"  {self._style(text, DIM)}")

    def success(self, text: str) -> None:
        self._print(f"  {self._style('✓', GREEN)} {text}")

    def failure(self, text: str) -> None:
        self._print(f"  {self._style('✗', RED)} {text}")

    def _style(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def _print(self, line: str) -> None:
        print(line, flush=True)
