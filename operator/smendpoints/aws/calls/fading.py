"""A count of what happened of late. Nothing here knows what is counted."""

import math


class Fading:
    """Each counts less as time passes: by half in about 0.7 of so many `seconds`. Times are of a monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._count = 0.0
        self._at = 0.0

    def add(self, now: float) -> None:
        """It happened now."""
        self._count, self._at = self.count(now) + 1, now

    def count(self, now: float) -> float:
        """How often it happened of late."""
        return self._count * math.exp((self._at - now) / self.seconds)

    def rate(self, now: float) -> float:
        """How often a second it happened of late."""
        return self.count(now) / self.seconds
