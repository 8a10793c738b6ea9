"""The header of a CSV body: which column holds which feature. Not the rows, which `parsing` reads."""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING

from sminference.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Sequence

# What spreadsheets and web pages put around a cell that is not seen: spaces that do not break, marks of byte order.
UNSEEN = " \t\u00a0\u2007\u202f\u200b\u2060\ufeff"
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_SHOWN_NAMES = 4


def order_of(line: str, features: Sequence[str], *, said: bool | None) -> list[int] | None:
    """For each feature the column that holds it, when `line` is a header; None when it is a row.

    `said` is what the client says of its first line; where it says nothing, a line that spells the features, in any
    order, is a header, unless they look like numbers.

    Raises:
        RequestError: 400, the client says that it is a header, and it names other columns than the features; or no
            commas separate them.
    """
    try:
        names = [name.strip(UNSEEN) for name in next(csv.reader([line.strip(UNSEEN)], skipinitialspace=True), [])]
    except csv.Error:  # a cell without end
        names = [line[:60]]
    _check_separator(line, len(names), len(features))
    if said is False:
        return None
    found = _order(names, features)
    if found is not None and (said or not any(map(_is_number, features))):
        return found
    if said:
        raise RequestError(
            400, f"line 1: expected a header of {_listed(features)}, in any order, {_wrong(names, features)}"
        )
    return None


def _check_separator(line: str, found: int, wanted: int) -> None:
    """What spreadsheets of many countries write is named: a comma may be a decimal mark there."""
    for mark, name in _SEPARATORS.items():
        if found != wanted and line.count(mark) >= max(1, wanted - 1):
            raise RequestError(400, f"line 1: expected columns separated by commas, got {name}")


def _order(names: list[str], features: Sequence[str]) -> list[int] | None:
    """By the letters as they are; without regard to their case where that leaves no two features alike."""
    for alike in (str, str.casefold):
        wanted, given = [alike(name) for name in features], [alike(name) for name in names]
        if len(set(wanted)) == len(wanted) and sorted(wanted) == sorted(given):
            return [given.index(name) for name in wanted]
    return None


def _wrong(names: list[str], features: Sequence[str]) -> str:
    known = {name.casefold() for name in features}
    if foreign := [name for name in names if name.casefold() not in known]:
        return f"got {_listed(foreign)}"
    given = Counter(name.casefold() for name in names)
    if twice := [name for name, count in given.items() if count > 1]:
        return f"got {_listed(twice)} twice"
    return f"got none of {_listed([name for name in features if name.casefold() not in given])}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(ascii(name[:60]).strip("'") or "a column without a name" for name in names[:_SHOWN_NAMES])
    return shown + (f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else "")


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True
