"""A client's connection to the worker, and what stands for its socket towards gunicorn. Not here: when what is done."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from time import monotonic
from typing import Any

from gunicorn.http.unreader import Unreader
from gunicorn.util import http_date

from sminference.errors import RequestError
from sminference.framing import RequestBuffer

_REASONS = {400: "Bad Request", 408: "Request Timeout", 413: "Content Too Large", 414: "URI Too Long"}
_REASONS |= {417: "Expectation Failed", 431: "Request Header Fields Too Large"}


@dataclass(frozen=True)
class Limits:
    """What a client may take: bytes, seconds, connections per process."""

    max_body_bytes: int
    read_seconds: float
    write_seconds: float
    keepalive_seconds: float
    max_connections: int


class Head(Unreader):  # type: ignore[misc]
    """Gives gunicorn's parser a head that is already here."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data

    def chunk(self, size_hint: int | None = None) -> bytes:  # noqa: ARG002 - gunicorn's signature
        data, self._data = self._data, b""
        return data


class Outbox:
    """What gunicorn takes for a socket when it writes a response: collects it, so that it leaves in one piece."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        self.parts.append(data)

    def send(self, data: bytes) -> int:
        """Gunicorn uses it for "100 Continue" only, which has gone out before the body came in."""
        return len(data)


class Connection:
    """A client. While it is registered with epoll it belongs to the leading thread, else to the one that answers it."""

    __slots__ = (
        "address",
        "busy",
        "closing",
        "deadline",
        "descriptor",
        "out",
        "received",
        "requests",
        "socket",
        "writing",
    )

    def __init__(self, sock: socket.socket, address: Any, limits: Limits) -> None:
        self.socket = sock
        self.descriptor = sock.fileno()
        self.address = address
        self.received = RequestBuffer(limits.max_body_bytes)
        self.out = memoryview(b"")
        self.deadline = monotonic() + max(limits.keepalive_seconds, limits.read_seconds)
        # Waiting for the client to take the rest of `out`.
        self.writing = False
        # The response in `out` is the last; after it the connection is only read over until the client closes it.
        self.closing = False
        # A thread beside the leading one answers it.
        self.busy = False
        self.requests = 0

    @property
    def idle(self) -> bool:
        """Between requests: nothing has come of the next one, and nothing is left to send."""
        return not (self.received.waiting or self.out or self.closing)


def refusal(error: RequestError) -> bytes:
    body = error.body()
    return (
        f"HTTP/1.1 {error.status} {_REASONS.get(error.status, 'Error')}\r\nDate: {http_date()}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode() + body
