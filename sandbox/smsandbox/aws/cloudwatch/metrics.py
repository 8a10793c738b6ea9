"""CloudWatch's metric operations over the store, and the store as the simulator's own services write to it."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from smsandbox.aws.cloudwatch import metric_query
from smsandbox.aws.cloudwatch.metric_store import MetricStore, metric_id
from smsandbox.aws.cloudwatch.statistic_set import StatisticSet, statistic_of
from smsandbox.aws.core.errors import AwsError
from smsandbox.aws.core.paging import page
from smsandbox.aws.core.service import Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsandbox.aws.core.context import Context
    from smsandbox.aws.core.world import World

Params = dict[str, Any]

MAX_DATAPOINTS = 1440
MAX_QUERIES, MAX_POINTS = 500, 100_800  # of one GetMetricData
_SHORT_PERIODS = {1, 5, 10, 20, 30}


class StoreMetrics:
    """The Metrics port over a store: data points of the simulator's own services, now."""

    def __init__(self, world: World, store: MetricStore) -> None:
        self._world = world
        self._store = store

    def put(
        self,
        account: str,
        region: str,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float,
        unit: str,
        count: float = 1.0,
    ) -> None:
        with self._world.lock:
            self._store.put(
                metric_id(account, region, namespace, name, dimensions), value, self._world.now(), unit, count
            )


class MetricOperations(Service):
    """Metrics put, listed and read back."""

    service_name: ClassVar[str] = "cloudwatch"

    def __init__(self, world: World, store: MetricStore) -> None:
        self._world = world
        self._store = store

    def put_metric_data(self, ctx: Context, params: Params) -> Params:
        for number, datum in enumerate(params.get("MetricData") or (), 1):
            _check(datum, f"MetricData.member.{number}")
            metric = metric_query.metric_of(ctx.account, ctx.region, {**datum, "Namespace": params["Namespace"]})
            at = datum["Timestamp"].timestamp() if "Timestamp" in datum else self._world.now()
            self._store.put_set(metric, _samples(datum), at, datum.get("Unit", "None"))
        return {}

    def list_metrics(self, ctx: Context, params: Params) -> Params:
        filters = params.get("Dimensions") or ()
        recent = params.get("RecentlyActive") == "PT3H"
        found = [
            metric
            for metric in sorted(self._store.ids(ctx.account, ctx.region))
            if params.get("Namespace") in {None, metric.namespace}
            and params.get("MetricName") in {None, metric.name}
            and all(_has_dimension(metric.dimensions, wanted) for wanted in filters)
            and (not recent or self._store.open(metric).is_recent(self._world.now(), 3 * 3600))
        ]
        metrics, token = page(found, 500, params.get("NextToken"), "InvalidNextToken")
        return {"Metrics": [_metric_member(metric) for metric in metrics], "NextToken": token}

    def get_metric_statistics(self, ctx: Context, params: Params) -> Params:
        plain, extended = params.get("Statistics") or [], params.get("ExtendedStatistics") or []
        if not plain and not extended:
            raise AwsError(
                "MissingParameter",
                "At least one of the parameters Statistics and ExtendedStatistics must be specified.",
            )
        start, end, period = params["StartTime"].timestamp(), params["EndTime"].timestamp(), params["Period"]
        if int(start) >= int(end):
            raise AwsError("InvalidParameterValue", "The parameter StartTime must be less than the parameter EndTime.")
        if period not in _SHORT_PERIODS and period % 60:
            raise AwsError(
                "InvalidParameterValue", "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60."
            )
        if (end - start) / period > MAX_DATAPOINTS:
            raise AwsError(
                "InvalidParameterCombination",
                f"You have requested up to {(end - start) / period:.0f} datapoints, which exceeds the limit of "
                f"{MAX_DATAPOINTS}. You may reduce the datapoints requested by increasing Period, or decreasing the "
                "time range.",
            )
        for name in extended:
            check_statistic(name)
        metric = metric_query.metric_of(ctx.account, ctx.region, params)
        series = self._store.series(metric)
        unit = series.unit if series else "None"
        if series is None or params.get("Unit") not in {None, unit}:
            return {"Label": params["MetricName"], "Datapoints": []}
        bins = self._store.bins(metric, start, min(end, self._world.now()), period)
        return {
            "Label": params["MetricName"],
            "Datapoints": [
                {
                    "Timestamp": instant(number * period),
                    "Unit": unit,
                    **{name: values.statistic(name) for name in plain},
                    "ExtendedStatistics": {
                        name: value for name in extended if (value := values.statistic(name)) is not None
                    }
                    or None,
                }
                for number, values in sorted(bins.items())
            ],
        }

    def get_metric_data(self, ctx: Context, params: Params) -> Params:
        queries = queries_of(ctx, params["MetricDataQueries"])
        if len(queries) > MAX_QUERIES:
            raise AwsError(
                "ValidationError", f"The collection MetricDataQueries must not have a size greater than {MAX_QUERIES}."
            )
        if len({query.id for query in queries}) != len(queries):
            raise AwsError("ValidationError", "The values for parameter id in MetricDataQueries must be unique.")
        start, end = params["StartTime"].timestamp(), params["EndTime"].timestamp()
        if int(start) == int(end):
            raise AwsError("ValidationError", "The parameter StartTime must not equal parameter EndTime.")
        if end < start:
            raise AwsError("ValidationError", "The parameter EndTime must be greater than StartTime.")
        end = min(end, self._world.now())
        backwards = params.get("ScanBy") != "TimestampAscending"
        found: list[tuple[metric_query.Query, list[tuple[int, float]]]] = []
        for query in queries:
            if not query.returned:
                continue
            try:
                points = metric_query.points(self._store, queries, query, start, end)
            except ValueError as error:
                raise AwsError("ValidationError", str(error)) from error
            found.append((query, sorted(points.items(), reverse=backwards)))
        return _page_of_data(found, params.get("MaxDatapoints", MAX_POINTS), params.get("NextToken"))


def _page_of_data(
    found: list[tuple[metric_query.Query, list[tuple[int, float]]]], size: int, token: str | None
) -> Params:
    """So many datapoints of all queries together, from where the token of the page before points to."""
    try:
        first = int(token) if token is not None else 0
    except ValueError:
        raise AwsError("ValidationError", "The parameter NextToken is not valid.") from None
    results, passed = [], 0
    for query, points in found:
        shown = points[max(0, first - passed) : max(0, first + size - passed)]
        ends_here = passed + len(points) <= first + size
        begins_here = passed >= first
        passed += len(points)
        if shown or (begins_here and ends_here):
            results.append(
                {
                    "Id": query.id,
                    "Label": query.label,
                    "Timestamps": [instant(number * query.period) for number, _ in shown],
                    "Values": [value for _, value in shown],
                    "StatusCode": "Complete" if ends_here else "PartialData",
                }
            )
    following = {"NextToken": str(first + size)} if passed > first + size else {}
    return {"MetricDataResults": results, "Messages": [], **following}


def queries_of(ctx: Context, entries: list[Params]) -> list[metric_query.Query]:
    """The queries of a request; ValidationError for what can't be read."""
    try:
        queries = metric_query.parse(ctx.account, ctx.region, entries)
    except ValueError as error:
        raise AwsError("ValidationError", str(error)) from error
    for query in queries:
        if query.metric is not None:
            check_statistic(query.statistic)
    return queries


def _check(datum: Params, where: str) -> None:
    """Raise AwsError for a datum that says its samples in two ways, or has none that is a number."""
    given = [name for name in ("Value", "Values", "StatisticValues") if name in datum]
    if len(given) > 1:
        first, second = (f"{where}.{name}" for name in given[:2])
        code = "InvalidParameterCombination" if "StatisticValues" in given else "InvalidParameterValue"
        raise AwsError(code, f"The parameters {first} and {second} are mutually exclusive and you have specified both.")
    for name in given:
        value = datum[name]
        values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else (value,)
        for each in values:
            if not math.isfinite(each):
                shown = "NaN" if math.isnan(each) else f"{each:+}"
                raise AwsError("InvalidParameterValue", f"The value {shown} for parameter {where}.{name} is invalid.")


def _samples(datum: Params) -> StatisticSet:
    """The samples of one datum: a value, values with counts, or a statistic set."""
    samples = StatisticSet()
    if "StatisticValues" in datum:
        given = datum["StatisticValues"]
        count, total = given["SampleCount"], given["Sum"]
        mean = total / count if count else 0.0
        return StatisticSet(count, total, given["Minimum"], given["Maximum"], {mean: count})
    if "Values" in datum:
        counts = datum.get("Counts") or [1.0] * len(datum["Values"])
        if len(counts) != len(datum["Values"]):
            raise AwsError("InvalidParameterValue", "The parameters Values and Counts must have the same length.")
        for value, count in zip(datum["Values"], counts, strict=True):
            samples.add(value, count)
        return samples
    if "Value" not in datum:
        raise AwsError(
            "InvalidParameterValue",
            f"The metric datum {datum['MetricName']} needs one of Value, Values or StatisticValues.",
        )
    samples.add(datum["Value"])
    return samples


def check_statistic(name: str) -> None:
    try:
        statistic_of(name)
    except ValueError as error:
        raise AwsError("ValidationError", str(error)) from error


def _has_dimension(dimensions: tuple[tuple[str, str], ...], wanted: Params) -> bool:
    return any(name == wanted["Name"] and wanted.get("Value") in {None, value} for name, value in dimensions)


def _metric_member(metric: Any) -> Params:
    return {
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
    }


def instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
