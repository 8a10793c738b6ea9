"""CloudWatch Logs as the simulator's own services write them: straight into moto's state, with no request."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from moto.backends import get_backend

if TYPE_CHECKING:
    from collections.abc import Iterable

KEPT_EVENTS = 5000
MAX_LINE = 16_384


class MotoLogs:
    """The Logs port. A stream keeps its newest events; lines are stamped with the machine's time, as moto wants it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def append(self, account: str, region: str, group: str, stream: str, lines: Iterable[str]) -> None:
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line[:MAX_LINE]} for line in lines]
        if not events:
            return
        backend = get_backend("logs")[account][region]
        with self._lock:
            if group not in backend.groups:
                backend.create_log_group(group, {})
            streams = backend.groups[group].streams
            if stream not in streams:
                backend.create_log_stream(group, stream)
            backend.put_log_events(group, stream, events)
            del streams[stream].events[:-KEPT_EVENTS]
