"""What a client did wrong, as one exception. Not for faults of the server: those stay exceptions and end as a 500."""

from __future__ import annotations

from typing import Any

import orjson

_SHOWN = 60


class RequestError(Exception):
    """A request that can't be answered: an HTTP status, and a sentence with the place and the expectation.

    `headers` go out with the answer (`Allow` with 405, for example).
    """

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}

    def body(self) -> bytes:
        return error_body(self.status, self.message)


def error_body(status: int, message: str) -> bytes:
    """The JSON body of every error answer."""
    return orjson.dumps({"error": message, "status": status}) + b"\n"


def shown(value: Any) -> str:
    """`value` as JSON, cut to what fits a sentence; never fails, whatever the client sent."""
    try:
        text = orjson.dumps(value).decode()
    except (TypeError, ValueError):
        text = repr(value)[: _SHOWN * 2]
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
