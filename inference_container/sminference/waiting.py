"""Requests that wait their turn: so many of a kind are answered at once, and so many wait, by number and by bytes.

It holds neither sockets nor threads: whoever asks says which connection it is, and is told which ones may go on.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import NamedTuple


class _Waiting(NamedTuple):
    connection: int
    size: int


class Turns:
    """Turns of one kind of request in one process. Safe to use from several threads."""

    def __init__(self, at_once: int, most_waiting: int, most_bytes: int) -> None:
        self._at_once = at_once
        self._most_waiting = most_waiting
        self._most_bytes = most_bytes
        self._under_way = 0
        self._bytes = 0
        self._queue: deque[_Waiting] = deque()
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Whether a request may be answered now, since nobody waits; then `done` must be called after it."""
        with self._lock:
            if self._queue or self._under_way >= self._at_once:
                return False
            self._under_way += 1
            return True

    def wait(self, connection: int, size: int) -> bool:
        """Puts a request of `size` bytes at the end of the queue; False when too much waits already."""
        with self._lock:
            if len(self._queue) >= self._most_waiting or self._bytes + size > self._most_bytes:
                return False
            self._bytes += size
            self._queue.append(_Waiting(connection, size))
            return True

    def done(self) -> bool:
        """A request that had a turn is answered, or gone; whether somebody waits for it."""
        with self._lock:
            self._under_way -= 1
            return bool(self._queue)

    def due(self) -> list[int]:
        """The connections whose turn has come; it is theirs until `done`."""
        with self._lock:
            free = min(self._at_once - self._under_way, len(self._queue))
            found = [self._queue.popleft() for _ in range(free)]
            self._under_way += free
            self._bytes -= sum(waiting.size for waiting in found)
            return [waiting.connection for waiting in found]
