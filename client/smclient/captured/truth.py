"""What became of requests, by inference id: CSV or JSON lines, plain or with gzip. Pure.

CSV has a header with `inferenceId` and `value`, and `time` if the rows have one; JSON lines have the same names, or are
those of SageMaker Model Monitor (`groundTruthData`, `eventMetadata.eventId`). Of several rows of one id the latest
counts: by `time`, else by when its object was written, then by the object's key and the place within it. So whatever is
uploaded twice is as if it had been uploaded once.
"""

import csv
import gzip
import io
import json
import math
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from smclient.errors import ClientError
from smclient.views.text import line

_GZIP = b"\x1f\x8b"
_LARGEST = 1e12
_YES, _NO = {"1", "true"}, {"0", "false"}
_WRITE = 'write CSV with the header inferenceId,value or JSON lines such as {"inferenceId": "a1", "value": true}'


@dataclass(frozen=True)
class TruthFile:
    """An object in S3 with truth: its URI, its bytes, and when it was written."""

    uri: str
    data: bytes
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of a request, and where it stands."""

    value: Any
    where: str


def latest(files: Iterable[TruthFile]) -> dict[str, Truth]:
    """What is known by inference id, the latest of each.

    Raises:
        ClientError: a line is no truth.
    """
    found: dict[str, tuple[tuple[float, float, str, int], Truth]] = {}
    for file in files:
        written = file.modified_at.timestamp()
        for number, row in _rows(file):
            where = f"{file.uri}, line {number}"
            try:
                key, value, time = _read(row)
                order = (_seconds(time) if time not in {None, ""} else written, written, file.uri, number)
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                raise ClientError(f"{where}: this is no truth: {line(error)[:200]}", _WRITE) from error
            if key not in found or found[key][0] < order:
                found[key] = order, Truth(value, where)
    return {key: truth for key, (_, truth) in found.items()}


def happened(truth: Truth) -> bool:
    """Whether the event took place, for a share: true or false, 1 or 0.

    Raises:
        ClientError: it says something else.
    """
    value = str(truth.value).strip().lower()
    if value in _YES or value in _NO:
        return value in _YES
    raise ClientError(
        f"{truth.where}: the value of an outcome is {line(value)[:50]!r}", "write true or false, or 1 or 0"
    )


def number(truth: Truth) -> float:
    """The value of an outcome whose mean is compared.

    Raises:
        ClientError: it is no number, or beyond 1e12.
    """
    try:
        value = float(str(truth.value).strip())
    except ValueError:
        value = math.nan
    if isinstance(truth.value, bool) or not abs(value) <= _LARGEST:
        raise ClientError(
            f"{truth.where}: the value of an outcome is {line(truth.value)[:50]!r}",
            "write a number up to 1e12, as the metric's outcome has the type Mean",
        )
    return value


def _rows(file: TruthFile) -> Iterator[tuple[int, Mapping[str, Any]]]:
    data = file.data
    try:
        text = (gzip.decompress(data) if data.startswith(_GZIP) else data).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ClientError(f"{file.uri} is neither UTF-8 nor gzip of it", _WRITE) from error
    if text.lstrip()[:1] in {"{", "["}:
        for number, each in enumerate(text.splitlines(), 1):
            if each.strip():
                try:
                    yield number, json.loads(each)
                except ValueError as error:
                    raise ClientError(f"{file.uri}, line {number}: this is not valid JSON: {error}", _WRITE) from error
        return
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if text.strip() and not {"inferenceId", "value"} <= set(reader.fieldnames or ()):
        raise ClientError(f"{file.uri}: the header lacks inferenceId or value", _WRITE)
    for row in reader:
        yield reader.line_num, row


def _read(row: Mapping[str, Any]) -> tuple[str, Any, Any]:
    if "groundTruthData" in row:
        key, value, time = row["eventMetadata"]["eventId"], row["groundTruthData"]["data"], None
    else:
        key, value, time = row["inferenceId"], row["value"], row.get("time")
    if key in {None, ""} or value in (None, ""):
        raise ValueError("inferenceId or value is empty")
    return str(key), value, time


def _seconds(time: Any) -> float:
    """Of RFC 3339 or seconds since the epoch; without a zone it is UTC."""
    if isinstance(time, int | float) and not isinstance(time, bool):
        return float(time)
    try:
        return float(time)
    except ValueError:
        found = datetime.fromisoformat(str(time))
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()
