"""Metrics of endpoints in CloudWatch, many in one call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from smclient.aws.session import Aws, told
from smclient.views.metrics import METRICS, Series, period_of, series

_QUERIES = 500  # the most that one GetMetricData takes
_NAMESPACE = "AWS/SageMaker"
_DAY = 86400
_HOUR = 3600


def of_variants(aws: Aws, endpoint: str, variants: Sequence[str], end: datetime, span: timedelta) -> list[Series]:
    """All that is shown of each variant.

    Raises:
        AWSError: refused.
    """
    period = period_of(span)
    last = datetime.fromtimestamp(end.timestamp() // period * period + period, end.tzinfo)
    begin = last - timedelta(seconds=max(1, round(span.total_seconds() / period)) * period)
    asked = [(variant, wanted) for variant in variants for wanted in METRICS]
    queries = [
        _query(f"q{number}", wanted.metric, wanted.statistic, period, EndpointName=endpoint, VariantName=variant)
        for number, (variant, wanted) in enumerate(asked)
    ]
    found = _data(aws, queries, begin, last)
    return [
        series(variant, wanted, found.get(f"q{number}", {}), begin, last, period)
        for number, (variant, wanted) in enumerate(asked)
    ]


def invocations(aws: Aws, variants: Mapping[str, Sequence[str]], end: datetime, days: int) -> dict[str, float]:
    """How many requests each endpoint had, by its name; `variants` are those of each.

    Raises:
        AWSError: refused.
    """
    pairs = [(endpoint, variant) for endpoint, names in variants.items() for variant in names]
    queries = [
        _query(f"q{number}", "Invocations", "Sum", _DAY, EndpointName=endpoint, VariantName=variant)
        for number, (endpoint, variant) in enumerate(pairs)
    ]
    found = _data(aws, queries, end - timedelta(days=days), end)
    counts = dict.fromkeys(variants, 0.0)
    for number, (endpoint, _) in enumerate(pairs):
        counts[endpoint] += sum(found.get(f"q{number}", {}).values())
    return counts


@dataclass(frozen=True)
class Asked:
    """A series of CloudWatch."""

    namespace: str
    metric: str
    statistic: str
    dimensions: Mapping[str, str]


@dataclass(frozen=True)
class Counted:
    """Requests of a variant: in all, answered 5xx, answered 4xx, and how many took up to each of some latencies."""

    requests: int
    errors: int
    refused: int
    through: tuple[float, ...]


def counted(
    aws: Aws, endpoint: str, variants: Sequence[str], begin: datetime, end: datetime, edges: Sequence[float]
) -> dict[str, Counted]:
    """What CloudWatch counted of each variant in whole periods after `begin`.

    CloudWatch has no histogram: of each period the percentile ranks of the edges (milliseconds, rising) are asked for,
    and how many there were; the last of `through` is all of them.

    Raises:
        AWSError: refused.
    """
    wanted = [("Invocations", "Sum"), ("Invocation5XXErrors", "Sum"), ("Invocation4XXErrors", "Sum")]
    wanted += [("ModelLatency", f"PR(:{round(1000 * edge)})") for edge in edges]
    wanted += [("ModelLatency", "SampleCount")]
    asked = [
        Asked(_NAMESPACE, metric, statistic, {"EndpointName": endpoint, "VariantName": variant})
        for variant in variants
        for metric, statistic in wanted
    ]
    data = data_of(aws, asked, begin, end)
    found = {}
    for at, variant in enumerate(variants):
        points = data[at * len(wanted) : (at + 1) * len(wanted)]
        requests, errors, refused = (round(sum(each.values())) for each in points[:3])
        samples = points[-1]
        ranks = [sum(each.get(when, 0.0) / 100 * samples[when] for when in samples) for each in points[3:-1]]
        found[variant] = Counted(requests, errors, refused, (*ranks, sum(samples.values())))
    return found


def data_of(aws: Aws, asked: Sequence[Asked], begin: datetime, end: datetime) -> list[dict[datetime, float]]:
    """The values of each series in whole periods after `begin`, by their beginning; errors as `counted`."""
    period, first = period_between(begin, end), whole_since(begin, end)
    queries = [
        _query(f"q{number}", each.metric, each.statistic, period, each.namespace, **each.dimensions)
        for number, each in enumerate(asked)
    ]
    data = _data(aws, queries, first, end) if first < end else {}
    return [data.get(f"q{number}", {}) for number in range(len(asked))]


def whole_since(begin: datetime, end: datetime) -> datetime:
    """The beginning of the first whole period that is read of a time."""
    period = period_between(begin, end)
    return datetime.fromtimestamp(-(-begin.timestamp() // period) * period, begin.tzinfo)


def period_between(begin: datetime, end: datetime) -> int:
    """The seconds of a period that is read of a time: short, so that little is left out at the beginning, and what
    CloudWatch still has.
    """
    age, span = (datetime.now(UTC) - begin).total_seconds(), (end - begin).total_seconds()
    if span <= 6 * _HOUR and age <= 14 * _DAY:
        return 60
    return 300 if span <= 3 * _DAY and age <= 60 * _DAY else _HOUR


def _query(
    name: str, metric: str, statistic: str, period: int, namespace: str = _NAMESPACE, **dimensions: str
) -> dict[str, Any]:
    listed = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    about = {"Namespace": namespace, "MetricName": metric, "Dimensions": listed}
    return {"Id": name, "MetricStat": {"Metric": about, "Period": period, "Stat": statistic}}


def _data(aws: Aws, queries: list[dict[str, Any]], begin: datetime, end: datetime) -> dict[str, dict[datetime, float]]:
    found: dict[str, dict[datetime, float]] = {}
    for first in range(0, len(queries), _QUERIES):
        asked = queries[first : first + _QUERIES]
        with told("read metrics"):
            pages = aws.client("cloudwatch").get_paginator("get_metric_data")
            for page in pages.paginate(MetricDataQueries=asked, StartTime=begin, EndTime=end):
                for result in page["MetricDataResults"]:
                    points = zip(result["Timestamps"], result["Values"], strict=True)
                    found.setdefault(str(result["Id"]), {}).update(points)
    return found
