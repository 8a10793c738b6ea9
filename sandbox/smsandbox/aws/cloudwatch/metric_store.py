"""Metric data in memory, as CloudWatch holds it: statistic sets per series and instant. Not the CloudWatch API.

A *series* is (account, region, namespace, name, dimensions). While a series is *alive* (its endpoint serves), a period
without samples reads as zero, as SageMaker publishes zeros for idle instances, without one write per period.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from smsandbox.aws.cloudwatch.statistic_set import ZERO, StatisticSet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from smsandbox.aws.core.world import World

KEEP_SECONDS = 3 * 3600.0
FINE_SECONDS = 900.0
FINEST_PERIOD = 10.0
_PRUNE_EVERY = 512


class MetricId(NamedTuple):
    """The name of one series; `dimensions` are sorted pairs."""

    account: str
    region: str
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


def metric_id(account: str, region: str, namespace: str, name: str, dimensions: Mapping[str, str]) -> MetricId:
    """The id of a series from a plain mapping of dimensions."""
    return MetricId(account, region, namespace, name, tuple(sorted(dimensions.items())))


@dataclass(slots=True)
class Series:
    """The samples of one metric, oldest first, and the spans in which silence means zero."""

    unit: str = "None"
    buckets: list[tuple[float, StatisticSet]] = field(default_factory=list)
    alive: list[tuple[float, float]] = field(default_factory=list)
    last_sample: float = -math.inf
    _puts: int = 0

    def put(self, at: float, values: StatisticSet, quantum: float) -> None:
        start = math.floor(at / quantum + 1e-9) * quantum
        self.last_sample = max(self.last_sample, at)
        if self.buckets and self.buckets[-1][0] == start:
            self.buckets[-1][1].merge(values)
            return
        if not self.buckets or self.buckets[-1][0] < start:
            self.buckets.append((start, values))
        else:
            insort(self.buckets, (start, values), key=lambda bucket: bucket[0])
        self._puts += 1
        if self._puts % _PRUNE_EVERY == 0:
            self._prune(self.buckets[-1][0])

    def _prune(self, now: float) -> None:
        """Forgets what is too old, and keeps minutes of what is no longer recent."""
        coarse: dict[float, StatisticSet] = {}
        first_fine = bisect_left(self.buckets, now - FINE_SECONDS, key=lambda bucket: bucket[0])
        for start, values in self.buckets[:first_fine]:
            if start >= now - KEEP_SECONDS:
                coarse.setdefault(start // 60 * 60, StatisticSet()).merge(values)
        self.buckets = [*coarse.items(), *self.buckets[first_fine:]]
        self.alive = [span for span in self.alive if span[1] >= now - KEEP_SECONDS]

    def bins(self, start: float, end: float, period: float, visible: float = math.inf) -> dict[int, StatisticSet]:
        """The whole periods from `start` to `end` by number (instant / `period`), missing ones left out.

        Of samples from `visible` on nothing is known yet: the period it lies in is shown by half.
        """
        first, last = math.floor(start / period + 1e-6), math.ceil(end / period - 1e-6)
        found: dict[int, StatisticSet] = {}
        index = bisect_left(self.buckets, first * period - 1e-6, key=lambda bucket: bucket[0])
        for at, values in self.buckets[index:]:
            number = math.floor(at / period + 1e-6)
            if number >= last or at >= visible:
                break
            found.setdefault(number, StatisticSet()).merge(values)
        for since, until in self.alive:
            lower = max(first, math.ceil(since / period - 1e-6))
            ended = min(until, visible)
            upper = last if ended == math.inf else min(last, math.floor(ended / period + 1e-6))
            for number in range(lower, upper):
                found.setdefault(number, ZERO)
        return found

    def live_from(self, at: float) -> None:
        if not self.alive or self.alive[-1][1] != math.inf:
            self.alive.append((at, math.inf))

    def live_until(self, at: float) -> None:
        if self.alive and self.alive[-1][1] == math.inf:
            self.alive[-1] = (self.alive[-1][0], at)

    def quiet_since(self, at: float) -> bool:
        """True when nothing was sampled, and life neither began nor ended, after `at`."""
        return self.last_sample < at and all(
            since < at and (until == math.inf or until < at) for since, until in self.alive
        )

    def is_recent(self, now: float, within: float) -> bool:
        return self.last_sample >= now - within or any(until >= now - within for _, until in self.alive)


class MetricStore:
    """Every series of the simulator."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._series: dict[MetricId, Series] = {}

    @property
    def quantum(self) -> float:
        """The finest time that is told apart, in real seconds: CloudWatch's shortest alarm period holds some of it."""
        return min(1.0, max(0.02, FINEST_PERIOD / self._world.settings.time_scale))

    def series(self, metric: MetricId) -> Series | None:
        return self._series.get(metric)

    def open(self, metric: MetricId, unit: str = "None") -> Series:
        """The series of that name, made when it is new."""
        series = self._series.get(metric)
        if series is None:
            series = self._series[metric] = Series(unit)
        return series

    def put(self, metric: MetricId, value: float, at: float, unit: str = "None", count: float = 1.0) -> None:
        values = StatisticSet()
        values.add(value, count)
        self.open(metric, unit).put(at, values, self.quantum)

    def put_set(self, metric: MetricId, values: StatisticSet, at: float, unit: str = "None") -> None:
        self.open(metric, unit).put(at, values, self.quantum)

    def ids(self, account: str, region: str) -> Iterator[MetricId]:
        return (metric for metric in self._series if metric.account == account and metric.region == region)

    def bins(self, metric: MetricId, start: float, end: float, period: float) -> dict[int, StatisticSet]:
        series = self._series.get(metric)
        lag = self._world.settings.consistency.metrics
        return series.bins(start, end, period, self._world.now() - lag if lag else math.inf) if series else {}
