"""The pace at which AWS is called: free until AWS throttles, then what it was seen to admit, and a little more.

One pace for each account, region and service, shared by all threads and whoever calls. Refusals that are no throttling
do not slow it. Not here: which errors are throttling (`errors`), and how often a call is tried (`retries`).
"""

import threading
import time
from collections import deque
from collections.abc import Callable

LONGEST_WAIT = 20.0
_WINDOW = 2.0
_SLOWEST = 0.5
_FREE = 100.0
_BACK = 0.7
_GAIN = 0.1


class Pace:
    """Seconds of a monotonic clock; calls per second. Thread-safe; nothing here sleeps."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rate: float | None = None
        self._slot = float("-inf")
        self._changed_at = float("-inf")
        self._admitted: deque[float] = deque(maxlen=int(_FREE * _WINDOW))

    @property
    def rate(self) -> float | None:
        """What is kept to; None while nothing is throttled."""
        return self._rate

    def reserve(self) -> float | None:
        """How long to wait before sending a call; first come, first served.

        None says not to send it: that many wait already that its turn would come in more than `LONGEST_WAIT`.
        """
        with self._lock:
            now = self._clock()
            self._quicken(now)
            if self._rate is None:
                return 0.0
            slot = max(self._slot, now)
            if slot - now > LONGEST_WAIT:
                return None
            self._slot = slot + 1 / self._rate
            return slot - now

    def admitted(self) -> None:
        """AWS took a call, whatever it answered."""
        with self._lock:
            self._admitted.append(self._clock())

    def throttled(self) -> None:
        """AWS refused a call for its number: slower. Those that were under way together count as one."""
        with self._lock:
            now = self._clock()
            if now - self._changed_at < 1.0 and self._rate is not None:
                return
            taken = sum(1 for when in self._admitted if now - when < _WINDOW) / _WINDOW
            seen = taken if self._rate is None else min(taken, self._rate)
            self._rate = max(_SLOWEST, seen * _BACK)
            self._changed_at = now
            self._slot = max(self._slot, now + 1 / self._rate)

    def _quicken(self, now: float) -> None:
        """A tenth more, at least half a call, for each second without throttling; far above need it is free again."""
        if self._rate is None or now - self._changed_at < 1.0:
            return
        passed = now - self._changed_at
        self._changed_at = now
        self._rate = max(self._rate + _SLOWEST * passed, self._rate * (1 + _GAIN) ** min(passed, 600.0))
        if self._rate > _FREE:
            self._rate = None
            self._slot = float("-inf")


class Paces:
    """The paces by account, region and service."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._paces: dict[tuple[str, str, str], Pace] = {}

    def __call__(self, account: str, region: str, service: str) -> Pace:
        """The pace of this service."""
        with self._lock:
            return self._paces.setdefault((account, region, service), Pace(self._clock))

    def keep(self, places: frozenset[tuple[str, str]]) -> None:
        """Forget all but these accounts and regions."""
        with self._lock:
            self._paces = {key: pace for key, pace in self._paces.items() if key[:2] in places}
