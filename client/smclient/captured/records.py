"""Captured requests as AWS writes them: JSON lines, each a request with its answer. Pure.

A line has `captureData` (`endpointInput`, `endpointOutput`; what `capture` leaves out is absent) and `eventMetadata`
(`eventId`, `inferenceTime`, and `inferenceId` where the caller gave one). Source: the Developer Guide, "Capture data
from real-time endpoint".
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from smclient.errors import ClientError


@dataclass(frozen=True, slots=True)
class Side:
    """A request or an answer: its bytes, and its content type as it was observed, lower case, without parameters."""

    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Record:
    """One captured request. `key` is what a truth refers to: the caller's inference id, else the event's own id."""

    key: str
    at: float  # seconds since the epoch, whole
    request: Side | None
    answer: Side | None


def records(data: bytes, where: str) -> Iterator[Record]:
    """The records of one object in S3; `where` is its URI.

    Raises:
        ClientError: a line is no captured request.
    """
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            try:
                yield _record(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ClientError(
                    f"{where}, line {number}: this is not a captured request",
                    "keep other objects out of the folders of captured data",
                ) from error


def _record(line: Mapping[str, Any]) -> Record:
    about, data = line["eventMetadata"], line["captureData"]
    at = datetime.fromisoformat(about["inferenceTime"]).timestamp()
    key = str(about.get("inferenceId") or about["eventId"])
    return Record(key, at, _side(data.get("endpointInput")), _side(data.get("endpointOutput")))


def _side(found: Mapping[str, Any] | None) -> Side | None:
    if found is None:
        return None
    data = str(found["data"])
    body = base64.b64decode(data, validate=True) if found["encoding"] == "BASE64" else data.encode()
    return Side(body, str(found.get("observedContentType") or "").partition(";")[0].strip().lower())
