"""The samples of one period, and every statistic that CloudWatch has of them. Not where samples come from.

Sources: "CloudWatch statistics definitions" in CloudWatch's user guide. Bounds are exclusive below and inclusive above;
percents count samples from the smallest on, so that part of a sample may be cut off and a trimmed count is no whole
number.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

_PLAIN = frozenset({"SampleCount", "Sum", "Average", "Minimum", "Maximum"})
_NUMBER = r"\d+(?:\.\d{1,10})?"
_SHORT = re.compile(rf"(p|tm|wm|tc|ts)({_NUMBER})")
_RANGE = re.compile(rf"(TM|WM|TC|TS|PR)\((-?{_NUMBER}%?)?:(-?{_NUMBER}%?)?\)")
_WHOLE = 100.0


def _coarse(value: float) -> float:
    """`value` to three significant digits: percentiles stay within 1 % while a histogram stays small."""
    return 0.0 if value == 0 else round(value, 2 - math.floor(math.log10(abs(value))))


@dataclass(frozen=True)
class Statistic:
    """A statistic by its parts: a plain one, or a kind (`P`, `TM`, `WM`, `TC`, `TS`, `PR`) with its bounds."""

    kind: str
    lower: float | None = None
    upper: float | None = None
    percent: bool = False


def statistic_of(name: str) -> Statistic:
    """The statistic of a name such as `Average`, `p99.9`, `tm90`, `TC(500:)` or `PR(:300)`; ValueError for others."""
    if name in _PLAIN:
        return Statistic(name)
    if name == "IQM":
        return Statistic("TM", 25.0, 75.0, percent=True)
    if short := _SHORT.fullmatch(name):
        upper = float(short[2])
        if upper <= _WHOLE:
            return Statistic(short[1].upper(), None, upper, percent=True)
    if (found := _RANGE.fullmatch(name)) and _fits(*found.groups()):
        lower, above = (None if bound is None else float(bound.rstrip("%")) for bound in found.groups()[1:])
        return Statistic(found[1], lower, above, percent="%" in name)
    raise ValueError(
        f"The value {name} for the statistic must be SampleCount, Sum, Average, Minimum, Maximum, IQM, p0..p100, "
        "tm/wm/tc/ts0..100, or TM/WM/TC/TS(a:b) with two numbers or percents, or PR(a:b) with numbers."
    )


def _fits(kind: str, lower: str | None, upper: str | None) -> bool:
    """Whether bounds are there, of one sort, in order, and possible; a percentile rank takes no percents."""
    given = [bound for bound in (lower, upper) if bound is not None]
    percents = ["%" in bound for bound in given]
    values = [float(bound.rstrip("%")) for bound in given]
    if not given or len(set(percents)) != 1 or values != sorted(set(values)):
        return False
    return not percents[0] or (kind != "PR" and all(0 <= value <= _WHOLE for value in values))


@dataclass(slots=True)
class StatisticSet:
    """Count, sum, extremes and a histogram of the samples of one period."""

    count: float = 0.0
    total: float = 0.0
    minimum: float = math.inf
    maximum: float = -math.inf
    histogram: dict[float, float] = field(default_factory=dict)

    def add(self, value: float, count: float = 1.0) -> None:
        self.count += count
        self.total += value * count
        self.minimum = min(self.minimum, value)
        self.maximum = max(self.maximum, value)
        key = _coarse(value)
        self.histogram[key] = self.histogram.get(key, 0.0) + count

    def merge(self, other: StatisticSet) -> None:
        self.count += other.count
        self.total += other.total
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)
        for key, count in other.histogram.items():
            self.histogram[key] = self.histogram.get(key, 0.0) + count

    def percentile(self, percent: float) -> float:
        """The smallest sample that `percent` % of the samples do not exceed."""
        rank, seen = self.count * percent / _WHOLE, 0.0
        for value in sorted(self.histogram):
            seen += self.histogram[value]
            if seen >= rank - 1e-9:
                return min(max(value, self.minimum), self.maximum)
        return self.maximum

    def statistic(self, name: str) -> float | None:
        """A CloudWatch statistic by name (`Average`, `p99`, ...); ValueError when it is not one.

        None where there is none: the mean of no samples.
        """
        wanted = statistic_of(name)
        match wanted.kind:
            case "P":
                return self.percentile(_WHOLE if wanted.upper is None else wanted.upper)
            case "WM":
                return self._winsorized_mean(wanted)
            case "TM" | "TC" | "TS" | "PR":
                return self._trimmed(wanted)
        return {
            "SampleCount": self.count,
            "Sum": self.total,
            "Average": self.total / self.count if self.count else 0.0,
            "Minimum": self.minimum,
            "Maximum": self.maximum,
        }[wanted.kind]

    def _trimmed(self, wanted: Statistic) -> float | None:
        """What the samples between the bounds are: their number, sum, mean or share in percent."""
        within = self._within(wanted)
        count, total = sum(within.values()), sum(value * weight for value, weight in within.items())
        match wanted.kind:
            case "TC":
                return count
            case "TS":
                return total
            case "PR":
                return _WHOLE * count / self.count if self.count else None
        return total / count if count else None

    def _within(self, wanted: Statistic) -> dict[float, float]:
        """The samples between the bounds, by value, with how many there are of each."""
        if not wanted.percent:
            lower, upper = _or_infinite(wanted)
            return {value: count for value, count in self.histogram.items() if lower < value <= upper}
        first = self.count * (wanted.lower or 0.0) / _WHOLE
        last = self.count * (_WHOLE if wanted.upper is None else wanted.upper) / _WHOLE
        found, seen = {}, 0.0
        for value in sorted(self.histogram):
            before, seen = seen, seen + self.histogram[value]
            if (part := min(seen, last) - max(before, first)) > 0:
                found[value] = part
        return found

    def _winsorized_mean(self, wanted: Statistic) -> float | None:
        """The mean with what lies outside of the bounds taken for the bound."""
        lower, upper = _or_infinite(wanted)
        if wanted.percent:
            lower = -math.inf if wanted.lower is None else self.percentile(wanted.lower)
            upper = math.inf if wanted.upper is None else self.percentile(wanted.upper)
        total = sum(min(max(value, lower), upper) * count for value, count in self.histogram.items())
        return total / self.count if self.count else None


def _or_infinite(wanted: Statistic) -> tuple[float, float]:
    return (
        -math.inf if wanted.lower is None else wanted.lower,
        math.inf if wanted.upper is None else wanted.upper,
    )


ZERO = StatisticSet(1.0, 0.0, 0.0, 0.0, {0.0: 1.0})
