"""Which format a request is in and which one its answer takes. Not the parsing and writing themselves."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

from sminference.errors import RequestError

_CACHED = 256


class Format(Enum):
    """A media type that the container reads and writes."""

    JSON = "application/json"
    CSV = "text/csv"
    NPY = "application/x-npy"
    JSON_LINES = "application/jsonlines"


_NAMES = {
    "application/json": Format.JSON,
    "text/csv": Format.CSV,
    "application/x-npy": Format.NPY,
    "application/jsonlines": Format.JSON_LINES,
    "application/x-jsonlines": Format.JSON_LINES,
    "application/x-ndjson": Format.JSON_LINES,
}
EXPECTED = "application/json, text/csv, application/x-npy or application/jsonlines"


def _parameters(parts: list[str]) -> dict[str, str]:
    pairs = (part.partition("=") for part in parts)
    return {key.strip().lower(): value.strip().strip('"').lower() for key, _, value in pairs}


@lru_cache(_CACHED)
def content_format(content_type: str | None) -> tuple[Format, bool | None]:
    """The format of a body, and whether a CSV body starts with a header line (None: not said).

    Raises:
        RequestError: 415, the content type is missing, unknown, or in another charset than UTF-8.
    """
    if not content_type or not content_type.strip():
        raise RequestError(415, f"Content-Type: expected {EXPECTED}, got none")
    name, *rest = content_type.split(";")
    found = _NAMES.get(name.strip().lower())
    if found is None:
        raise RequestError(415, f"Content-Type: expected {EXPECTED}, got {content_type[:100]!r}")
    parameters = _parameters(rest)
    charset = parameters.get("charset", "utf-8")
    if charset not in {"utf-8", "utf8", "us-ascii"}:
        raise RequestError(415, f"Content-Type: expected charset=utf-8, got charset={charset[:40]!r}")
    header = {"present": True, "absent": False}.get(parameters.get("header", ""))
    return found, header


@lru_cache(_CACHED)
def accepted_format(accept: str | None) -> tuple[Format, bool]:
    """The format of the answer, and whether CSV is asked for with a header line. JSON where everything is welcome.

    Raises:
        RequestError: 406, nothing in the header is a format of ours.
    """
    if not accept or not accept.strip():
        return Format.JSON, False
    best: tuple[float, int, Format, bool] | None = None
    for position, item in enumerate(accept.split(",")):
        name, *rest = item.split(";")
        parameters = _parameters(rest)
        try:
            quality = float(parameters.get("q", "1"))
        except ValueError:
            quality = 0.0
        choice = _wildcard(name.strip().lower())
        if choice is None or not 0 < quality <= 1:
            continue
        rank = (quality, -position)
        if best is None or rank > best[:2]:
            best = (*rank, choice, parameters.get("header") == "present")
    if best is None:
        raise RequestError(406, f"Accept: expected {EXPECTED}, got {accept[:100]!r}")
    return best[2], best[3]


def _wildcard(name: str) -> Format | None:
    if name in {"*/*", "application/*", "*"}:
        return Format.JSON
    if name == "text/*":
        return Format.CSV
    return _NAMES.get(name)
