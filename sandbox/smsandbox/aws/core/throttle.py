"""AWS's request rate limits: a token bucket per account, region and operation."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsandbox.aws.core.context import Request


class Throttle:
    """Thread-safe. A bucket holds one second's worth of calls, at least one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str, str], tuple[float, float]] = {}

    def admits(self, request: Request, rates: Mapping[str, float], now: float) -> bool:
        """Whether the call is within the rate; `rates` in calls per second, the most specific name wins."""
        names = (f"{request.service}.{request.operation}", f"{request.service}.*", "*")
        rule = next((name for name in names if name in rates), None)
        if rule is None:
            return True
        rate = rates[rule]
        size = max(1.0, rate)
        key = (request.account, request.region, names[0] if rule == names[0] else rule)
        with self._lock:
            tokens, since = self._buckets.get(key, (size, now))
            tokens = min(size, tokens + max(0.0, now - since) * rate)
            admitted = tokens >= 1
            self._buckets[key] = (tokens - 1 if admitted else tokens, now)
        return admitted
