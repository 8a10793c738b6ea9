"""Tables of the documentation are tables to every reader of Markdown: a row is one line, with as many cells as its head."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from smsandbox import paths
from smsandbox.testing.documented import pages

ROOT = paths.repository()
_BORDER = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"\|( ?:?-{3,}:? ?\|)+")


def tables(page: Path) -> Iterator[list[str]]:
    """Each table of a page: the lines from its head to the next empty line."""
    table: list[str] = []
    code = False
    for line in [*page.read_text().splitlines(), ""]:
        code = code != line.lstrip().startswith("```")
        if not code and line.strip() and (table or line.startswith("|")):
            table.append(line)
        elif table:
            yield table
            table = []


def cells(row: str) -> int:
    return len(_BORDER.findall(row)) - 1


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_each_row_is_one_line_with_as_many_cells_as_the_head(page: Path) -> None:
    for head, *rows in tables(page):
        assert rows, head
        assert _RULE.fullmatch(rows[0]), f"no rule below: {head}"
        for row in rows:
            assert row.startswith("|"), f"not a row: {row}"
            assert row.endswith("|"), f"a row goes on in the next line: {row}"
            assert cells(row) == cells(head), f"{cells(row)} cells and not {cells(head)}: {row}"
