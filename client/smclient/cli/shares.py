"""Metrics, looks and moments of experiments as cells of tables."""

from datetime import UTC, datetime

from smclient.views.challengers import LookView, MetricView
from smclient.views.levels import level, points

NONE = "-"


def interval(lower: float | None, upper: float | None, *, mean: bool = False) -> str:
    """The differences that are still possible; of shares an end that is open is at 100 points."""
    if lower is None and upper is None:
        return NONE
    if mean:
        return f"{'any' if lower is None else points(lower)} to {'any' if upper is None else points(upper)}"
    return f"{points(-100.0 if lower is None else lower)} to {points(100.0 if upper is None else upper)} points"


def minute(when: datetime | None) -> str:
    """A moment in UTC, to the minute."""
    return NONE if when is None else f"{when.astimezone(UTC):%Y-%m-%d %H:%MZ}"


def count(requests: int | None) -> str:
    """A number of requests."""
    return NONE if requests is None else f"{requests:,}"


def margin(metric: MetricView) -> str:
    """How much worse a metric may be."""
    return f"{metric.margin:.3g}{'' if metric.mean else ' points'}" if metric.margin else NONE


def source(metric: MetricView) -> str:
    """What a metric is of; of outcomes that come later until when requests count."""
    if metric.counted_until is None:
        return metric.source
    return f"{metric.source}; requests until {minute(metric.counted_until)} count"


def standing(metric: MetricView, goal: str) -> str:
    """What is shown of a metric."""
    if metric.worse:
        return "worse by more than its margin" if metric.margin else "worse"
    if metric.passed:
        return "better" if metric.primary and goal == "Superiority" else "not worse by its margin"
    return "no requests to compare yet" if metric.difference is None else "not decided yet"


def metric_cells(metric: MetricView, goal: str) -> tuple[str, ...]:
    """A metric in a row: name, both arms, difference, interval, margin, requests, what is shown."""
    return (
        f"{metric.name} (primary)" if metric.primary else metric.name,
        level(metric.control, mean=metric.mean),
        level(metric.challenger, mean=metric.mean),
        points(metric.difference),
        interval(metric.lower, metric.upper, mean=metric.mean),
        margin(metric),
        count(metric.requests),
        standing(metric, goal),
    )


def look_cells(look: LookView) -> tuple[str, ...]:
    """A look in a row: when, requests, the difference and its interval."""
    return (
        minute(look.at),
        count(look.requests),
        points(look.difference),
        interval(look.lower, look.upper, mean=look.mean),
    )
