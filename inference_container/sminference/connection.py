"""A client's connection to the worker: its state and its limits. Not here: when what is done."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from time import monotonic
from typing import Any

from sminference.framing import RequestBuffer, Whole


@dataclass(frozen=True)
class Limits:
    """What a client may take: bytes, seconds, connections per process."""

    max_body_bytes: int
    read_seconds: float
    write_seconds: float
    keepalive_seconds: float
    max_connections: int


class Connection:
    """A client. While it is registered with epoll it belongs to the leading thread, else to the one that answers it."""

    __slots__ = (
        "address",
        "busy",
        "closing",
        "deadline",
        "descriptor",
        "explained",
        "next",
        "out",
        "received",
        "requests",
        "socket",
        "waits",
        "writing",
    )

    def __init__(self, sock: socket.socket, address: Any, limits: Limits) -> None:
        self.socket = sock
        self.descriptor = sock.fileno()
        self.address = address
        self.received = RequestBuffer(limits.max_body_bytes)
        self.out = memoryview(b"")
        self.deadline = monotonic() + max(limits.keepalive_seconds, limits.read_seconds)
        # A request that is whole, and waits until others have had their turn.
        self.next: Whole | None = None
        # Waiting for the client to take the rest of `out`.
        self.writing = False
        # The response in `out` is the last; after it the connection is only read over until the client closes it.
        self.closing = False
        # A thread beside the leading one answers it.
        self.busy = False
        # Its request in `next` waits its turn, and nothing is read of it.
        self.waits = False
        # Its request has a turn, to be given back.
        self.explained = False
        self.requests = 0

    @property
    def idle(self) -> bool:
        """Between requests: nothing has come of the next one, and nothing is left to send."""
        return not (self.received.waiting or self.next or self.out or self.closing)
