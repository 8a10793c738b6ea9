"""Rows that a person typed or uploaded, as a model's features in their order; what is wrong is told with its place."""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smclient.console.playground.description import Description, number
from smclient.errors import ClientError

Row = tuple[float | None, ...]
_SEPARATORS = (",", ";", "\t")
_MISSING = frozenset({"", "nan", "na", "null"})
_SHOWN = 60


@dataclass(frozen=True)
class Rows:
    """Rows of numbers, None where a value is missing; `unsent` are the columns that are no features."""

    rows: tuple[Row, ...]
    unsent: tuple[str, ...] = ()

    def body(self) -> bytes:
        """The request in JSON."""
        return json.dumps({"instances": [list(row) for row in self.rows]}).encode()


def typed(values: Sequence[str], description: Description) -> Rows:
    """The row of a form: a text for each feature.

    Raises:
        ClientError: one is no number.
    """
    row = tuple(
        _cell(text, f"the value of {feature.name}", description)
        for text, feature in zip(values, description.features, strict=True)
    )
    return Rows((row,))


def uploaded(content: bytes, description: Description) -> Rows:
    """The rows of a file, CSV or JSON as its first character tells.

    Raises:
        ClientError: it holds no rows for this model; says where and what was expected.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ClientError(f"this file is not UTF-8 text (byte {error.start})", "save it as CSV in UTF-8") from None
    found = _json(text, description) if text.lstrip()[:1] in {"{", "["} else _csv(text, description)
    if not found.rows:
        raise ClientError("there are no rows in it", f"give a line for each row: {', '.join(description.names[:6])}")
    if len(found.rows) > description.most_rows:
        raise ClientError(f"these are {len(found.rows)} rows, and the model takes {description.most_rows} at once")
    return found


def _csv(text: str, description: Description) -> Rows:
    lines = [line for line in text.splitlines() if line.strip()]
    separator = max(_SEPARATORS, key=lines[0].count) if lines else ","
    try:
        cells = [row for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=separator, strict=True) if row]
    except csv.Error as error:
        raise ClientError(f"this is not valid CSV: {error}", "look for a quote that is never closed") from None
    if not cells:
        return Rows(())
    head = [cell.strip() for cell in cells[0]]
    if all(_is_value(cell) for cell in head):
        return Rows(tuple(_by_place(row, number, description) for number, row in enumerate(cells, 1)))
    order, unsent = _order(head, description)
    found = []
    for place, row in enumerate(cells[1:], 2):
        if len(row) != len(head):
            raise ClientError(f"row {place} has {len(row)} cells, the first line has {len(head)}")
        found.append(
            tuple(
                _cell(row[column], f"row {place}, {name}", description)
                for column, name in zip(order, description.names, strict=True)
            )
        )
    return Rows(tuple(found), unsent)


def _json(text: str, description: Description) -> Rows:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ClientError(f"this is not valid JSON: {error}") from None
    if isinstance(document, Mapping):
        document = document.get("instances")
    if not isinstance(document, list):
        raise ClientError("there is no list of rows in this JSON", 'write {"instances": [[…], …]} or [[…], …]')
    rows, unsent = [], dict[str, None]()
    for place, row in enumerate(document):
        if isinstance(row, Mapping):
            order, others = _order(list(row), description)
            keys = list(row)
            unsent |= dict.fromkeys(others)
            values = [row[keys[column]] for column in order]
        elif isinstance(row, list):
            values = row
        else:
            raise ClientError(f"instances[{place}] is no row", "write a list of numbers, or an object by feature names")
        _width(len(values), f"instances[{place}]", description)
        rows.append(
            tuple(
                _value(value, f"instances[{place}], {name}", description)
                for value, name in zip(values, description.names, strict=True)
            )
        )
    return Rows(tuple(rows), tuple(unsent))


def _order(head: Sequence[str], description: Description) -> tuple[list[int], tuple[str, ...]]:
    """Where each feature is in the header, and the columns that are none."""
    twice = next((name for place, name in enumerate(head) if name in head[:place]), None)
    if twice is not None:
        raise ClientError(f'the column "{twice[:_SHOWN]}" is there twice')
    absent = [name for name in description.names if name not in head]
    if absent:
        raise ClientError(
            f'there is no column "{absent[0][:_SHOWN]}"' + (f" and {len(absent) - 1} more" if len(absent) > 1 else ""),
            f"name the columns {', '.join(description.names[:12])}, or leave the first line out",
        )
    return [head.index(name) for name in description.names], tuple(
        each for each in head if each not in description.names
    )


def _by_place(row: Sequence[str], place: int, description: Description) -> Row:
    _width(len(row), f"row {place}", description)
    named = zip(row, description.names, strict=True)
    return tuple(_cell(cell, f"row {place}, {name}", description) for cell, name in named)


def _width(found: int, where: str, description: Description) -> None:
    if found != len(description.names):
        raise ClientError(
            f"{where} has {found} values, the model takes {len(description.names)}",
            f"in this order: {', '.join(description.names[:12])}",
        )


def _is_value(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell.lower() in _MISSING
    return True


def _cell(text: str, where: str, description: Description) -> float | None:
    bare = text.strip()
    if bare.lower() in _MISSING:
        _refuse_missing(where, description)
        return None
    try:
        value = float(bare) if "_" not in bare else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ClientError(f'{where}: "{bare[:_SHOWN]}" is no number', "write it with a point, such as 5.1")
    return value


def _value(value: Any, where: str, description: Description) -> float | None:
    if value is None:
        _refuse_missing(where, description)
        return None
    found = number(value)
    if found is None:
        raise ClientError(f"{where}: {json.dumps(value)[:_SHOWN]} is not a number")
    return found


def _refuse_missing(where: str, description: Description) -> None:
    if not description.missing_values:
        raise ClientError(f"{where}: there is no value, and this model takes no missing ones")
