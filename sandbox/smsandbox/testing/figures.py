"""Figures out of measurements: quantiles, bursts, growth. Pure; what is measured, and what is good, is for benches."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy.stats import theilslopes

_MOST_POINTS = 400  # the slope looks at every pair


def quantile(values: Sequence[float], share: float) -> float | None:
    """The least of the values that so large a share of them does not exceed; None of none.

    It is a value that was measured: of fewer than a hundred the 0.99 quantile is the worst one.
    """
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def burst(times: Sequence[float], seconds: float = 1.0) -> int:
    """The most events within any stretch of so many seconds, both ends included."""
    ordered = sorted(times)
    return max((bisect_right(ordered, first + seconds) - place for place, first in enumerate(ordered)), default=0)


def histogram_quantile(buckets: Mapping[float, float], share: float) -> float | None:
    """The quantile of a Prometheus histogram, whose buckets count all up to their bound; None of an empty one.

    Within a bucket values are taken to lie evenly, as Prometheus does. Infinite when it is in the last bucket.
    """
    bounds = sorted(buckets)
    if not bounds or buckets[bounds[-1]] <= 0:
        return None
    wanted = share * buckets[bounds[-1]]
    low, below = 0.0, 0.0
    for bound in bounds:
        count = buckets[bound]
        if count >= wanted and count > below:
            return bound if math.isinf(bound) else low + (bound - low) * (wanted - below) / (count - below)
        low, below = bound, count
    return math.inf


@dataclass(frozen=True)
class Growth:
    """How something measured moved over time: its middle, and what it gained over the span that was looked at.

    `least` and `most` bound the gain with 95 % confidence, as far as neighbours are independent of each other.
    """

    median: float
    span_seconds: float
    gain: float
    least: float
    most: float

    def grows(self, tolerance: float) -> bool:
        """Whether it gained more than so much, and surely something."""
        return self.gain > tolerance and self.least > 0


def growth(points: Sequence[tuple[float, float]], warm_up: float = 0.2) -> Growth | None:
    """The growth of (seconds, value), without the first share of the span; None when fewer than 8 points are left.

    The slope is the median of those between all pairs (Theil and Sen): single peaks do not move it.
    """
    if not points:
        return None
    first, last = points[0][0], points[-1][0]
    kept = [point for point in points if point[0] >= first + warm_up * (last - first)]
    if len(kept) < 8:
        return None
    kept = kept[:: math.ceil(len(kept) / _MOST_POINTS)]
    times, values = [time for time, _ in kept], [value for _, value in kept]
    span = times[-1] - times[0]
    slope, _, low, high = theilslopes(values, times)
    middle = quantile(values, 0.5)
    return Growth(float(middle or 0.0), span, float(slope * span), float(low * span), float(high * span))
