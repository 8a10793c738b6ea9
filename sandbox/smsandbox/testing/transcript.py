"""What a page shows below its prompts, against what its commands print when they are run.

A `console` block that shows any output shows all of it: a command without output below it prints nothing. `…` alone in
a line stands for any lines that are left out. A command that a page shows several times, as its output depends on when
it is typed, prints one of these. What differs from run to run is compared by what it is, not by its value.
"""

import difflib
import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from smsandbox.terminal import typed
from smsandbox.testing.documented import Block, Step

MARK = "\x1e"
_COLUMNS = 1000  # nothing is wrapped: a page does that itself


def _rounded(found: re.Match[str]) -> str:
    return f"{float(found[0]):.3f}"


_VARIES = (
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"\b\d\d:\d\d:\d\dZ", "TIME"),
    (r"\b\d{4}-\d\d-\d\d \d\d:\d\d UTC\b", "TIME"),
    (r"\b(?=\d*[a-f])(?:[0-9a-f]{10}|[0-9a-f]{12})\b|(?<=-)\d{10}\b", "HASH"),
    (r"\b(\d+[dhms])+\b(?= |$)", "AGE"),
    (r"\bin [\d,]+ ms\b", "in N ms"),
    (r"\b\d+\.\d{5,}(e-?\d+)?\b|\b\d\.\d+e-\d+\b", _rounded),
    (r"(?<=\S) +", " "),
)
"""What is not the same twice: ids, times, hashes, ages, latencies, the last digits of numbers, columns' widths."""
ON_THE_WAY = re.compile(r"^Reconciling |\bRolloutStep\b")
"""Steps on the way: which of them are seen depends on when one looks. `tests/client/test_guides.py` knows them all."""


def steady(line: str) -> str:
    """A line without what differs from run to run."""
    for pattern, stands in _VARIES:
        line = re.sub(pattern, stands, line)
    return line.rstrip()


def normalised(text: str) -> list[str]:
    """The lines of an output without what differs from run to run, and without steps on the way."""
    lines = [steady(line) for line in text.rstrip().splitlines() if not ON_THE_WAY.search(line)]
    runs = itertools.groupby(lines, key=lambda line: _left_out(line) or line.lstrip().startswith("AGE "))
    return [line for events, run in runs for line in (_in_one_order([*run]) if events else run)]


def _left_out(line: str) -> bool:
    return line.strip() == "…"


def _in_one_order(events: Sequence[str]) -> list[str]:
    """Events of one second come in any order; where a page leaves some out, others may stand anywhere between."""
    told = sorted(line for line in events if not _left_out(line))
    if len(told) == len(events):
        return told
    return ["…", *(part for line in told for part in (line, "…"))]


def differences(told: str, seen: str) -> str:
    """A diff from what a page tells to what was seen; nothing where they agree."""
    wanted, found = normalised(told), normalised(seen)
    if re.fullmatch(_pattern(wanted), "".join(f"{line}\n" for line in found), re.DOTALL):
        return ""
    return "\n".join(difflib.unified_diff(wanted, found, "the page", "as printed", lineterm="", n=9))


@dataclass(frozen=True)
class Transcript:
    """What commands printed, each with the block that it stands in."""

    printed: Sequence[tuple[Block, Step, str]]

    def replaced(self, old: str, new: str) -> "Transcript":
        """The same with another word for one, such as for the namespace."""
        return Transcript([(block, step, output.replace(old, new)) for block, step, output in self.printed])

    def differences(self) -> str:
        """Where the page tells something else, all in one text."""
        shown: dict[tuple[str, str], list[str]] = {}
        for block, step, _ in self.printed:
            if block.shows_output:
                shown.setdefault((block.page, step.command), []).append(step.output)
        found = []
        for block, step, output in self.printed:
            if block.shows_output and all(differences(each, output) for each in shown[block.page, step.command]):
                found.append(f"{block.page}: $ {step.command}\n{differences(step.output, output)}")
        return "\n\n".join(found)


def _pattern(lines: Sequence[str]) -> str:
    return "".join(r"(?:[^\n]*\n)*?" if _left_out(line) else re.escape(f"{line}\n") for line in lines)


def follow(
    blocks: Iterable[Block], cwd: Path, environment: Mapping[str, str], timeout: float, before: str = ""
) -> Transcript:
    """Run all commands of some blocks in one shell, up to the first that fails; `before` is what the shell does first.

    Raises:
        AssertionError: one failed.
    """
    steps = [(block, step) for block in blocks for step in block.steps or map(Step, block.commands)]
    script = ["set -euo pipefail", before]
    for _, step in steps:
        script += [f"printf '{MARK}'", step.command]
    text, code = typed("\n".join(script), environment, cwd, columns=_COLUMNS, seconds=timeout)
    printed = text.split(MARK)[1:]
    if code:
        block, step = steps[len(printed) - 1]
        raise AssertionError(f"{block.page}: $ {step.command}\n{printed[-1][-3000:]}")
    return Transcript([(block, step, output) for (block, step), output in zip(steps, printed, strict=True)])
