"""Requests and events of several arms side by side, minute by minute, as CloudWatch has them. Pure: reads nothing.

What an arm is differs: a judged rollout compares the new fleet with the old one, an experiment compares variants.
`wanted` names the series, `smendpoints.aws.datapoints.Reader` reads them, and `counts` makes of them what
`smendpoints.statistics` judges. All metrics are shares of requests, as CloudWatch gives no variance.

What could not be read is NaN, and no success. A period without requests is none that is missing: SageMaker publishes
some of its metrics of idle instances, and others not at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from smendpoints.domain.desired.names import SAGEMAKER_METRICS
from smendpoints.statistics.counts import Array, Counts

INVOCATIONS = "Invocations"
Dimensions = tuple[tuple[str, str], ...]
# Of these each request is one sample.
_OF_EACH_REQUEST = frozenset(
    {"Invocation4XXErrors", "Invocation5XXErrors", "InvocationModelErrors", "ModelLatency", "OverheadLatency"}
)
_MICROSECONDS = 1000
_WHOLE = 100.0


@dataclass(frozen=True)
class Series:
    """A statistic of one metric, period by period."""

    namespace: str
    metric: str
    dimensions: Dimensions
    statistic: str


@dataclass(frozen=True)
class Readings:
    """What CloudWatch said: values by the number of their period (epoch seconds / `period`), before `until`.

    `unread` are series that it would not tell; one that it told nothing of has no values.
    """

    period: int
    until: int
    points: Mapping[Series, Mapping[int, float]] = field(hash=False)
    unread: frozenset[Series] = frozenset()


@dataclass(frozen=True)
class Arm:
    """What is compared, by the dimensions of its metrics; `less` are those of a part of it that is not its own.

    So the old fleet of a rollout is the variant less the new fleet: the two that AWS documents to be published.
    """

    name: str
    dimensions: Dimensions
    less: Dimensions | None = None

    def parts(self) -> tuple[Dimensions, ...]:
        """The dimensions to ask for."""
        return (self.dimensions,) if self.less is None else (self.dimensions, self.less)


@dataclass(frozen=True)
class Share:
    """A metric of arms: which share of the requests were events.

    `events` and `requests` are namespace, metric and statistic. `below`: the events are told as the percentage of
    requests that were none (`PR(:x)`), which has a value whenever there are samples; a trimmed count need not.
    """

    name: str
    events: tuple[str, str, str]
    requests: tuple[str, str, str] = (SAGEMAKER_METRICS, INVOCATIONS, "Sum")
    below: bool = False

    def series(self, dimensions: Dimensions) -> tuple[Series, Series]:
        """Those of requests, and of events."""
        (of_requests, requests, how_many), (of_events, events, what) = self.requests, self.events
        return Series(of_requests, requests, dimensions, how_many), Series(of_events, events, dimensions, what)


def dimensions(**values: str) -> Dimensions:
    """Dimensions by name, in one order."""
    return tuple(sorted(values.items()))


def error_rate(name: str, answers: str = "5xx") -> Share:
    """The share of answers of this kind: `5xx` or `4xx`."""
    return Share(name, (SAGEMAKER_METRICS, f"Invocation{answers.upper()}Errors", "Sum"))


def latency_above(name: str, milliseconds: float) -> Share:
    """The share of requests that the model took longer for."""
    return share_above(name, SAGEMAKER_METRICS, "ModelLatency", milliseconds * _MICROSECONDS)


def share_above(name: str, namespace: str, metric: str, bound: float) -> Share:
    """The share of a metric's samples above a bound, in the metric's unit."""
    statistic = f"PR(:{bound:.10f}".rstrip("0").rstrip(".") + ")"
    if namespace == SAGEMAKER_METRICS and metric in _OF_EACH_REQUEST:
        return Share(name, (namespace, metric, statistic), below=True)
    return Share(name, (namespace, metric, statistic), (namespace, metric, "SampleCount"), below=True)


def wanted(arms: Iterable[Arm], shares: Iterable[Share]) -> frozenset[Series]:
    """All that has to be read to count these shares of these arms."""
    places = {part for arm in arms for part in arm.parts()}
    return frozenset(series for share in shares for part in places for series in share.series(part))


def counts(arm: Arm, share: Share, readings: Readings, periods: Sequence[int]) -> Counts:
    """Requests and events of an arm in these periods; NaN where they could not be read, or contradict each other.

    So while a part has been published already, and the whole has not.
    """
    found = [_counted(share, part, readings, periods) for part in arm.parts()]
    requests, events = found[0]
    for less_requests, less_events in found[1:]:
        requests, events = requests - less_requests, events - less_events
    hole = np.isnan(requests) | np.isnan(events) | (requests < 0)
    # A rank is rounded: what is left of a difference may be one event too few, or too many.
    events = np.clip(events, 0.0, np.where(hole, 0.0, requests))
    return Counts(np.where(hole, np.nan, requests), np.where(hole, np.nan, events))


def _counted(share: Share, part: Dimensions, readings: Readings, periods: Sequence[int]) -> tuple[Array, Array]:
    of_requests, of_events = share.series(part)
    requests = np.nan_to_num(_values(of_requests, readings, periods), nan=0.0)
    if of_requests in readings.unread:
        requests = np.full(len(periods), np.nan)
    values = _values(of_events, readings, periods)
    events = requests * (1.0 - values / _WHOLE) if share.below else values
    return np.rint(requests), np.where(requests == 0, 0.0, np.rint(events))


def _values(series: Series, readings: Readings, periods: Sequence[int]) -> Array:
    points: Mapping[int, float] = readings.points.get(series) or {}
    return np.array([points.get(number, np.nan) if number < readings.until else np.nan for number in periods], float)
