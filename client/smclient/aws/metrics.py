"""Metrics of endpoints in CloudWatch, many in one call."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
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


def latencies(
    aws: Aws, endpoint: str, variants: Sequence[str], begin: datetime, end: datetime, edges: Sequence[float]
) -> dict[str, list[float]]:
    """Requests of each variant by model latency: how many are up to each of the edges (milliseconds, rising), then all.

    CloudWatch has no histogram: of each hour the percentile ranks of the edges are asked for, and how many there were.

    Raises:
        AWSError: refused.
    """
    statistics = [*(f"PR(:{round(1000 * edge)})" for edge in edges), "SampleCount"]
    asked = [(variant, statistic) for variant in variants for statistic in statistics]
    queries = [
        _query(f"q{number}", "ModelLatency", statistic, _HOUR, EndpointName=endpoint, VariantName=variant)
        for number, (variant, statistic) in enumerate(asked)
    ]
    first = datetime.fromtimestamp(begin.timestamp() // _HOUR * _HOUR, begin.tzinfo)
    data = _data(aws, queries, first, end)
    found = {}
    for at, variant in enumerate(variants):
        points = [data.get(f"q{at * len(statistics) + number}", {}) for number in range(len(statistics))]
        hours = points[-1]
        ranks = [sum(each.get(hour, 0.0) / 100 * hours[hour] for hour in hours) for each in points[:-1]]
        found[variant] = [*ranks, sum(hours.values())]
    return found


def _query(name: str, metric: str, statistic: str, period: int, **dimensions: str) -> dict[str, Any]:
    listed = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    about = {"Namespace": _NAMESPACE, "MetricName": metric, "Dimensions": listed}
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
