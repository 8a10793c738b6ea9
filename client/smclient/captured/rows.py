"""The rows of a captured request, alike however they were written: CSV, JSON, JSON lines, an array of numpy. Pure."""

import csv
import io
import json
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from smclient.captured.records import Side

JSON = "application/json"
LINES = ("application/jsonlines", "application/x-jsonlines", "application/jsonl", "application/x-ndjson")
Key = tuple[Hashable, ...]
_MISSING = {"null", '""'}


def inputs(request: Side, features: Sequence[str] = ()) -> list[Key]:
    """The rows of a request; none where they cannot be told.

    features: the model's, in their order. A first line of CSV that spells them is a header, and orders the columns; so
    is one without a number, which orders nothing.
    """
    try:
        if request.media_type == "application/x-npy":
            return [_row(each) for each in np.load(io.BytesIO(request.body), allow_pickle=False).tolist()]
        text = request.body.decode("utf-8-sig")
        if request.media_type == "text/csv":
            return _of_csv([each for each in csv.reader(io.StringIO(text)) if each], features)
        if request.media_type == JSON:
            found = json.loads(text)
            return [_row(each) for each in (found["instances"] if isinstance(found, Mapping) else found)]
        if request.media_type in LINES:
            return [_row(json.loads(each)) for each in text.splitlines() if each.strip()]
    except (ValueError, KeyError, TypeError, EOFError, RecursionError):
        return []
    return []


def numbers(rows: Iterable[Key]) -> list[list[float]]:
    """Those rows that are numbers alone; what is missing is NaN."""
    found = []
    for row in rows:
        values = [math.nan if cell in _MISSING else cell for cell in row]
        if all(isinstance(each, float) and not math.isinf(each) for each in values):
            found.append([float(str(each)) for each in values])
    return found


def _of_csv(lines: list[list[str]], features: Sequence[str]) -> list[Key]:
    head = [each.strip() for each in lines[0]] if lines else []
    if features and sorted(head) == sorted(features):
        order = [head.index(name) for name in features]
        return [_row([each[at] for at in order]) for each in lines[1:] if len(each) == len(head)]
    headed = bool(head) and not any(isinstance(_cell(each), float) for each in head)
    return [_row(each) for each in (lines[1:] if headed else lines)]


def _row(cells: Any) -> Key:
    if isinstance(cells, Mapping):
        if isinstance(cells.get("features"), list):
            return _row(cells["features"])
        return tuple((name, _cell(value)) for name, value in sorted(cells.items()))
    if isinstance(cells, str):
        raise TypeError("no row")
    return tuple(map(_cell, cells))


def _cell(value: Any) -> Hashable:
    try:
        number = float(value)
        return number if number == number else "null"  # noqa: PLR0124 - a row that lacks a value is like another
    except (ValueError, TypeError):
        return json.dumps(value)
