"""The documentation's blocks of code: what a reader copies, and what the reader sees."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from smsandbox import paths

GUIDES = (
    "docs/guides/ab-tests.md",
    "docs/guides/autoscaling.md",
    "docs/guides/async.md",
    "docs/guides/multi-model.md",
    "docs/guides/pipelines.md",
    "docs/guides/serverless.md",
    "docs/guides/shadow.md",
    "docs/guides/rollouts.md",
    "docs/guides/office-hours.md",
    "docs/guides/from-terraform-and-sdk.md",
    "docs/guides/adoption.md",
)
"""Pages of which `tests/integration/test_docs.py` runs every command."""
_FENCE = re.compile(
    r'^ *```(?P<kind>\w*)(?: title="(?P<file>[\w./-]+)")?[^\n]*\n(?P<text>.*?)^ *```$', re.MULTILINE | re.DOTALL
)
_CONTINUED = re.compile(r" *\\\n *")


@dataclass(frozen=True)
class Step:
    """A command of a page and the output that stands below it."""

    command: str
    output: str = ""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page (its path in the repository). `file`: the file of the repository that it shows."""

    page: str
    kind: str
    text: str
    file: str | None = None

    @property
    def first(self) -> str:
        """Its first line, by which people find it."""
        return self.text.partition("\n")[0].strip()

    @property
    def commands(self) -> list[str]:
        """The command lines: of `console` what stands behind a prompt, of `sh` and `bash` all but comments."""
        if self.kind in {"sh", "bash"}:
            lines = [line.strip() for line in _CONTINUED.sub(" ", self.text).splitlines()]
            return [line for line in lines if line and not line.startswith("#")]
        return [each.command for each in self.steps]

    @property
    def steps(self) -> list[Step]:
        """The commands of a `console` with what is shown of each."""
        if self.kind != "console":
            return []
        parts = re.split(r"^ *\$ ", _CONTINUED.sub(" ", self.text), flags=re.MULTILINE)[1:]
        return [Step(command.strip(), output) for command, _, output in (each.partition("\n") for each in parts)]

    @property
    def shows_output(self) -> bool:
        """Whether any of its commands is followed by output."""
        return any(each.output.strip() for each in self.steps)


def blocks(page: Path, section: str | None = None) -> Iterator[Block]:
    """The blocks of a page, or of one of its sections, in their order."""
    name = page.relative_to(paths.repository()).as_posix() if page.is_relative_to(paths.repository()) else page.name
    text = page.read_text(encoding="utf-8")
    if section is not None:
        text = text.partition(f"## {section}\n")[2].partition("\n## ")[0]
    for found in _FENCE.finditer(text):
        yield Block(name, found["kind"], found["text"], found["file"])


def without_blocks(page: Path) -> str:
    """The prose of a page."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def pages() -> list[Path]:
    """All pages with prose of ours."""
    root = paths.repository()
    return [
        *sorted((root / "docs").rglob("*.md")),
        *(root / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY")),
    ]
