"""The rate at which AWS is seen to admit calls of one kind: free until AWS throttles, then learnt.

Less by three tenths when AWS refuses; back at once to nearly the rate at which it refused, then slowly beyond. It
grows only while somebody waits for it, as what nobody asks for cannot be learnt. Not here: who gets the next call.
"""

import math

from smendpoints.aws.calls.fading import Fading

NEVER = float("-inf")
_SLOWEST = 0.2
_FIRST = 1.0
_FREE = 100.0
_BACK = 0.7
_QUICK = (0.5, 0.1)  # calls a second, or a share of the rate, whichever is more; each second
_SLOW = (0.005, 0.01)
_NEAR = 0.9
_QUIET = 30.0
_MEMORY = 2.0
_TOGETHER = 0.5
_STALE = 600.0


class Budget:
    """Seconds of a monotonic clock; calls per second. Not thread-safe; nothing here waits."""

    def __init__(self) -> None:
        self.rate: float | None = None  # None: free
        self.ready_at = NEVER  # when it has a call to give
        self.refused_at = NEVER
        self._grown_at = NEVER
        self._held_up = 0.0  # seconds that it was waited for since AWS refused last
        self._refused_rate = math.inf
        self._admitted = Fading(_MEMORY)

    def take(self, now: float) -> None:
        """Give a call. One that nobody took is kept for the next, so that bursts of two pass."""
        if self.rate is not None:
            self.ready_at = max(self.ready_at + 1 / self.rate, now)

    def admitted(self, now: float) -> None:
        """AWS took a call, whatever it answered."""
        self._admitted.add(now)

    def refused(self, now: float) -> None:
        """AWS refused a call for its number: slower. Those that were under way together count as one."""
        if self.rate is not None and now - self.refused_at < _TOGETHER:
            return
        if self.rate is None:
            self.rate = max(_FIRST, _BACK * self._admitted.rate(now))
        else:
            self._refused_rate, self.rate = self.rate, max(_SLOWEST, _BACK * self.rate)
        self.refused_at = self._grown_at = now
        self._held_up = 0.0
        self.ready_at = max(self.ready_at, now + 1 / self.rate)

    def awaited(self, now: float) -> None:
        """Somebody waits for a call of it: it grows, as time passes."""
        if self.rate is None:
            return
        passed = min(now - self._grown_at, max(1.0, 1 / self.rate))
        self._grown_at = now
        self._held_up += passed
        near = self._refused_rate * _NEAR
        quick = self.rate < near or self._held_up > _QUIET
        least, share = _QUICK if quick else _SLOW
        grown = self.rate + max(least, self.rate * share) * passed
        self.rate = min(grown, near) if self.rate < near else grown
        if self.rate > _FREE:
            self.free()

    def fade(self, now: float) -> None:
        """What was learnt long ago, and slowed nobody since, is forgotten."""
        if self.rate is not None and now - self._grown_at > _STALE:
            self.free()

    def free(self) -> None:
        """Nothing is known of it."""
        self.rate, self.ready_at, self.refused_at, self._refused_rate = None, NEVER, NEVER, math.inf
