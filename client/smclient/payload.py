"""Bodies of requests: rows as CSV or JSON, what kind of content a file holds. Pure."""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smclient.errors import ClientError

JSON, CSV, LINES, BYTES = "application/json", "text/csv", "application/jsonlines", "application/octet-stream"
_BY_ENDING = {
    ".json": JSON,
    ".csv": CSV,
    ".jsonl": LINES,
    ".ndjson": LINES,
    ".npy": "application/x-npy",
    ".txt": "text/plain",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
}
_ROWS = "give a list of rows, such as [[5.1, 3.5, 1.4, 0.2]]"


@dataclass(frozen=True)
class Payload:
    """A body and what it is."""

    body: bytes
    content_type: str


def content_type(body: bytes, name: str = "") -> str:
    """What a body is, by the file's ending, else by its looks."""
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    if ending in _BY_ENDING:
        return _BY_ENDING[ending]
    if body.startswith(b"\x93NUMPY"):
        return "application/x-npy"
    try:
        text = body.decode("utf-8").strip()
    except UnicodeDecodeError:
        return BYTES
    if text[:1] in {"{", "["}:
        return LINES if _is_lines(text) else JSON
    return CSV


def _is_lines(text: str) -> bool:
    """Whether each of several lines is a document; what is broken is sent as one, and the container says where."""
    lines = [each for each in text.splitlines() if each.strip()]
    try:
        return len(lines) > 1 and all(isinstance(json.loads(each), list | dict) for each in lines)
    except ValueError:
        return False


def csv_rows(rows: Iterable[str]) -> Payload:
    """Rows as they were typed, such as `5.1,3.5,1.4,0.2`."""
    return Payload(("\n".join(row.strip() for row in rows) + "\n").encode(), CSV)


def payload_of(rows: Any) -> Payload:
    """Rows of a program: lists of numbers or a NumPy array as JSON; mappings or a DataFrame as CSV with its names.

    Raises:
        ClientError: they are not rows, or not all alike.
    """
    if hasattr(rows, "to_csv") and hasattr(rows, "columns"):
        return Payload(str(rows.to_csv(index=False)).encode(), f"{CSV}; header=present")
    found = rows.tolist() if hasattr(rows, "tolist") else rows
    if isinstance(found, str | bytes | Mapping) or not isinstance(found, Iterable):
        raise ClientError("these are not rows", _ROWS)
    listed = [each.tolist() if hasattr(each, "tolist") else each for each in found]
    if not listed:
        raise ClientError("there are no rows", _ROWS)
    if all(isinstance(each, Mapping) for each in listed):
        return _named(listed)
    if not all(isinstance(each, Sequence) and not isinstance(each, str | bytes) for each in listed):
        raise ClientError("each row has to be a list", _ROWS)
    try:
        body = json.dumps({"instances": [list(each) for each in listed]}, allow_nan=False)
    except (TypeError, ValueError) as error:
        if any(isinstance(value, float) and not math.isfinite(value) for each in listed for value in each):
            raise ClientError(
                "JSON has no NaN and no infinity", "give CSV, or a DataFrame, if the model takes them"
            ) from error
        raise ClientError(f"the rows cannot be written as JSON: {error}", _ROWS) from error
    return Payload(body.encode(), JSON)


def _named(rows: Sequence[Mapping[str, Any]]) -> Payload:
    names = list(rows[0])
    for number, row in enumerate(rows):
        if row.keys() != rows[0].keys():
            raise ClientError(f"row {number} has other names than row 0", "give every row the same names")
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return Payload(text.getvalue().encode(), f"{CSV}; header=present")
