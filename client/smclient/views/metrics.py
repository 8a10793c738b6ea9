"""Metrics of an endpoint's variants over a time, as series that can be drawn. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

_POINTS = 60
_PERIODS = (60, 300, 900, 3600, 21600, 86400)


@dataclass(frozen=True)
class Wanted:
    """A metric of `AWS/SageMaker` with a statistic; `scale` turns AWS's unit into the one that is shown."""

    name: str
    metric: str
    statistic: str
    unit: str
    scale: float = 1.0

    @property
    def adds_up(self) -> bool:
        """Whether the sum of its points means something."""
        return self.statistic == "Sum"


METRICS = (
    Wanted("invocations", "Invocations", "Sum", ""),
    Wanted("errors 4xx", "Invocation4XXErrors", "Sum", ""),
    Wanted("errors 5xx", "Invocation5XXErrors", "Sum", ""),
    Wanted("latency p50", "ModelLatency", "p50", "ms", 0.001),  # AWS has microseconds
    Wanted("latency p90", "ModelLatency", "p90", "ms", 0.001),
    Wanted("latency p99", "ModelLatency", "p99", "ms", 0.001),
    Wanted("overhead p90", "OverheadLatency", "p90", "ms", 0.001),
)


@dataclass(frozen=True)
class Series:
    """A metric of a variant: a value for each period, None where nothing was measured."""

    variant: str
    metric: str
    unit: str
    values: tuple[float | None, ...]
    total: float | None

    @property
    def last(self) -> float | None:
        """The newest value that was measured."""
        return next((value for value in reversed(self.values) if value is not None), None)


def period_of(span: timedelta) -> int:
    """Seconds for each point, so that there are at most sixty."""
    seconds = span.total_seconds()
    return next((each for each in _PERIODS if seconds / each <= _POINTS), _PERIODS[-1])


def series(
    variant: str, wanted: Wanted, points: Mapping[datetime, float], begin: datetime, end: datetime, period: int
) -> Series:
    """The points, in their places between begin and end."""
    count = max(1, round((end - begin).total_seconds() / period))
    values: list[float | None] = [None] * count
    for at, value in points.items():
        index = int((at - begin).total_seconds() // period)
        if 0 <= index < count:
            values[index] = value * wanted.scale
    measured = [value for value in values if value is not None]
    total = sum(measured) if wanted.adds_up else None
    return Series(variant, wanted.name, wanted.unit, tuple(values), total)


def spark(values: Sequence[float | None], marks: str) -> str:
    """The values as characters from low to high, a blank where there is none; zero is the lowest."""
    highest = max((value for value in values if value is not None), default=0.0)
    top = len(marks) - 1

    def mark(value: float | None) -> str:
        if value is None:
            return " "
        return marks[0] if highest <= 0 else marks[max(0, min(top, round(value / highest * top)))]

    return "".join(mark(value) for value in values)
