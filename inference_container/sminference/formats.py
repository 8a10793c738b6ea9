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

    A container's default is put in its place before: `welcomes_all` says where.

    Raises:
        RequestError: 406, nothing in the header is a format of ours.
    """
    if not accept or not accept.strip():
        return Format.JSON, False
    items = []
    for position, item in enumerate(accept.split(",")):
        name, *rest = item.split(";")
        parameters = _parameters(rest)
        items.append((_quality(parameters), -position, name.strip().lower(), parameters.get("header") == "present"))
    # What is named with q=0 is not welcome by a wildcard either.
    excluded = {_NAMES.get(name) for quality, _, name, _ in items if not quality}
    for quality, _, name, header in sorted(items, key=lambda item: item[:2], reverse=True):
        choice = _wildcard(name, excluded)
        if quality and choice is not None:
            return choice, header
    raise RequestError(406, f"Accept: expected {EXPECTED}, got {accept[:100]!r}")


def welcomes_all(accept: str | None) -> bool:
    """Whether a client leaves it to the container what it gets."""
    return not accept or accept.strip() in {"", "*/*"}


def _quality(parameters: dict[str, str]) -> float:
    try:
        quality = float(parameters.get("q", "1"))
    except ValueError:
        return 0.0
    return quality if 0 < quality <= 1 else 0.0


def _wildcard(name: str, excluded: set[Format | None]) -> Format | None:
    if name in {"*/*", "*", "application/*", "text/*"}:
        kind = name.partition("/")[0].strip("*")
        return next((form for form in Format if form not in excluded and form.value.startswith(kind)), None)
    return _NAMES.get(name)
