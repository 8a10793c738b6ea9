"""Questions to the metric store: one metric's statistic, or an expression over others; for alarms and CloudWatch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smsandbox.aws.cloudwatch import metric_math
from smsandbox.aws.cloudwatch.metric_store import MetricId, metric_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from smsandbox.aws.cloudwatch.metric_math import Points
    from smsandbox.aws.cloudwatch.metric_store import MetricStore

_COUNTS = ("Sum", "SampleCount", "TC", "TS", "tc", "ts")


@dataclass(frozen=True)
class Query:
    """One entry of `Metrics`/`MetricDataQueries`: a metric and its statistic, or an expression. AWS seconds."""

    id: str
    period: float
    metric: MetricId | None = None
    statistic: str = "Average"
    expression: str | None = None
    label: str = ""
    returned: bool = True


def parse(account: str, region: str, entries: Iterable[dict[str, Any]], default_period: float = 60.0) -> list[Query]:
    """Queries from API members; ValueError (MetricMathError) for expressions that can't be read."""
    queries: list[Query] = []
    for entry in entries:
        returned = entry.get("ReturnData", True)
        if "MetricStat" in entry:
            stat = entry["MetricStat"]
            metric = metric_of(account, region, stat["Metric"])
            period = float(stat.get("Period", default_period))
            label = entry.get("Label", metric.name)
            queries.append(Query(entry["Id"], period, metric, stat["Stat"], None, label, returned))
        elif "Expression" in entry:
            metric_math.names_in(entry["Expression"])
            period = float(entry.get("Period", 0))
            queries.append(
                Query(entry["Id"], period, None, "", entry["Expression"], entry.get("Label", entry["Id"]), returned)
            )
        else:
            raise ValueError(f"The query {entry['Id']} needs a MetricStat or an Expression.")
    known = max((query.period for query in queries if query.metric), default=default_period)
    return [query if query.period else Query(**{**vars(query), "period": known}) for query in queries]


def metric_of(account: str, region: str, member: dict[str, Any]) -> MetricId:
    """The series that `{Namespace, MetricName, Dimensions: [{Name, Value}]}` names."""
    dimensions = {pair["Name"]: pair["Value"] for pair in member.get("Dimensions") or ()}
    return metric_id(account, region, member["Namespace"], member["MetricName"], dimensions)


def points(
    store: MetricStore,
    queries: Sequence[Query],
    wanted: Query,
    start: float,
    end: float,
    scale: float = 1.0,
    rate: float = 1.0,
) -> Points:
    """The datapoints of `wanted` by period number between two instants.

    `scale` is AWS seconds per real second: a period of 60 lasts 60 / scale. `rate` multiplies sums and counts, so that
    a scaled period reads as the full one would. MetricMathError for an expression that names nothing.
    """
    return _points(store, {query.id: query for query in queries}, wanted, (start, end, wanted.period, scale, rate), ())


def _points(
    store: MetricStore,
    queries: dict[str, Query],
    wanted: Query,
    window: tuple[float, float, float, float, float],
    seen: tuple[str, ...],
) -> Points:
    start, end, period, scale, rate = window
    if wanted.metric is not None:
        factor = rate if wanted.statistic.startswith(_COUNTS) else 1.0
        bins = store.bins(wanted.metric, start, end, period / scale)
        values = {number: bins[number].statistic(wanted.statistic) for number in sorted(bins)}
        return {number: value * factor for number, value in values.items() if value is not None}
    if wanted.expression is None or wanted.id in seen:
        raise metric_math.MetricMathError(f"Error in expression: {wanted.id} refers to itself")
    names = metric_math.names_in(wanted.expression) & queries.keys()
    if "METRICS" in wanted.expression.upper():
        names |= {query.id for query in queries.values() if query.metric is not None}
    inputs = {name: _points(store, queries, queries[name], window, (*seen, wanted.id)) for name in sorted(names)}
    width = period / scale
    numbers = range(math.floor(start / width + 1e-6), math.ceil(end / width - 1e-6))
    return metric_math.evaluate(wanted.expression, inputs, period, numbers)
