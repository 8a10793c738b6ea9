"""CloudWatch's metric and alarm operations. What is not here (dashboards, composite alarms, ...) is moto's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from smsandbox.aws import metric_query
from smsandbox.aws.alarm_rules import COMPARISONS
from smsandbox.aws.errors import AwsError, validation
from smsandbox.aws.metrics import MetricStore, StatisticSet, metric_id, percentile_of
from smsandbox.aws.paging import page
from smsandbox.aws.service import Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsandbox.aws.alarms import Alarm, AlarmBook
    from smsandbox.aws.context import Context
    from smsandbox.aws.world import World

Params = dict[str, Any]

MAX_DATAPOINTS = 1440
MAX_ALARM_RANGE = 86_400
_STATISTICS = {"SampleCount", "Average", "Sum", "Minimum", "Maximum"}
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
    ) -> None:
        with self._world.lock:
            self._store.put(metric_id(account, region, namespace, name, dimensions), value, self._world.now(), unit)


class CloudWatchService(Service):
    """Metrics and alarms over one store and one book of alarms."""

    service_name: ClassVar[str] = "cloudwatch"
    falls_back_to_moto: ClassVar[bool] = True

    def __init__(self, world: World, store: MetricStore, book: AlarmBook) -> None:
        self._world = world
        self._store = store
        self._book = book
        self._tags: dict[str, dict[str, str]] = {}

    # metrics

    def put_metric_data(self, ctx: Context, params: Params) -> Params:
        for datum in params.get("MetricData") or ():
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
        if start >= end:
            raise AwsError(
                "InvalidParameterCombination", "The parameter StartTime must be less than the parameter EndTime."
            )
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
            _checked_statistic(name)
        metric = metric_query.metric_of(ctx.account, ctx.region, params)
        series = self._store.series(metric)
        unit = series.unit if series else "None"
        if series is None or params.get("Unit") not in {None, unit}:
            return {"Label": params["MetricName"], "Datapoints": []}
        return {
            "Label": params["MetricName"],
            "Datapoints": [
                {
                    "Timestamp": _when(number * period),
                    "Unit": unit,
                    **{name: values.statistic(name) for name in plain},
                    "ExtendedStatistics": {name: values.statistic(name) for name in extended} or None,
                }
                for number, values in sorted(series.bins(start, min(end, self._world.now()), period).items())
            ],
        }

    def get_metric_data(self, ctx: Context, params: Params) -> Params:
        queries = self._queries(ctx, params["MetricDataQueries"])
        start, end = params["StartTime"].timestamp(), min(params["EndTime"].timestamp(), self._world.now())
        ascending = params.get("ScanBy") == "TimestampAscending"
        results = []
        for query in queries:
            if not query.returned:
                continue
            try:
                points = metric_query.points(self._store, queries, query, start, end)
            except ValueError as error:
                raise validation(str(error)) from error
            numbers = sorted(points, reverse=not ascending)[: params.get("MaxDatapoints")]
            results.append(
                {
                    "Id": query.id,
                    "Label": query.label,
                    "Timestamps": [_when(number * query.period) for number in numbers],
                    "Values": [points[number] for number in numbers],
                    "StatusCode": "Complete",
                }
            )
        return {"MetricDataResults": results, "Messages": []}

    @staticmethod
    def _queries(ctx: Context, entries: list[Params]) -> list[metric_query.Query]:
        try:
            queries = metric_query.parse(ctx.account, ctx.region, entries)
        except ValueError as error:
            raise AwsError("ValidationError", str(error)) from error
        for query in queries:
            if query.metric is not None:
                _checked_statistic(query.statistic)
        return queries

    # alarms

    def put_metric_alarm(self, ctx: Context, params: Params) -> Params:
        _check_alarm(params)
        if params.get("Metrics"):
            queries = self._queries(ctx, params["Metrics"])
            if sum(query.returned for query in queries) != 1:
                raise AwsError("ValidationError", "Exactly one element of the metrics list should return data")
        is_new = self._book.get(ctx.account, ctx.region, params["AlarmName"]) is None
        kept = {key: value for key, value in params.items() if key != "Tags"}
        alarm = self._book.put(ctx.account, ctx.region, kept)
        if is_new and params.get("Tags"):
            self._tags[alarm.arn] = {tag["Key"]: tag["Value"] for tag in params["Tags"]}
        return {}

    def describe_alarms(self, ctx: Context, params: Params) -> Params:
        if params.get("AlarmNames") and params.get("AlarmNamePrefix"):
            raise AwsError("InvalidParameterCombination", "AlarmNamePrefix and AlarmNames cannot be used together.")
        names, prefix = params.get("AlarmNames"), params.get("AlarmNamePrefix", "")
        types = params.get("AlarmTypes") or ["MetricAlarm"]
        found = [
            alarm
            for alarm in self._book.of(ctx.account, ctx.region)
            if (not names or alarm.name in names)
            and alarm.name.startswith(prefix)
            and params.get("StateValue") in {None, alarm.state}
            and "MetricAlarm" in types
            and any(arn.startswith(params.get("ActionPrefix", "")) for arn in alarm.params.get("AlarmActions") or [""])
        ]
        alarms, token = page(found, params.get("MaxRecords", 50), params.get("NextToken"), "InvalidNextToken")
        return {"MetricAlarms": [describe(alarm) for alarm in alarms], "CompositeAlarms": [], "NextToken": token}

    def describe_alarms_for_metric(self, ctx: Context, params: Params) -> Params:
        metric = metric_query.metric_of(ctx.account, ctx.region, params)
        filters = [key for key in ("Statistic", "ExtendedStatistic", "Period", "Unit") if key in params]
        return {
            "MetricAlarms": [
                describe(alarm)
                for alarm in self._book.of(ctx.account, ctx.region)
                if any(query.metric == metric for query in alarm.queries)
                and all(alarm.params.get(key) == params[key] for key in filters)
            ]
        }

    def describe_alarm_history(self, ctx: Context, params: Params) -> Params:
        items = [
            item
            for alarm in self._book.of(ctx.account, ctx.region)
            if params.get("AlarmName") in {None, alarm.name}
            for item in alarm.history
            if params.get("HistoryItemType") in {None, item["HistoryItemType"]}
            and ("StartDate" not in params or item["Timestamp"] >= params["StartDate"])
            and ("EndDate" not in params or item["Timestamp"] <= params["EndDate"])
        ]
        items.sort(key=lambda item: item["Timestamp"], reverse=params.get("ScanBy") != "TimestampAscending")
        shown, token = page(items, params.get("MaxRecords", 50), params.get("NextToken"), "InvalidNextToken")
        return {"AlarmHistoryItems": shown, "NextToken": token}

    def set_alarm_state(self, ctx: Context, params: Params) -> Params:
        alarm = self._named(ctx, params["AlarmName"])
        self._book.force(alarm, params["StateValue"], params["StateReason"], params.get("StateReasonData", ""))
        return {}

    def delete_alarms(self, ctx: Context, params: Params) -> Params:
        for name in params["AlarmNames"]:
            alarm = self._book.get(ctx.account, ctx.region, name)
            if alarm is None and len(params["AlarmNames"]) == 1:
                raise AwsError("ResourceNotFound", f"Alarm {name} does not exist", 404)
            if alarm is not None:
                self._tags.pop(alarm.arn, None)
            self._book.delete(ctx.account, ctx.region, name)
        return {}

    def enable_alarm_actions(self, ctx: Context, params: Params) -> Params:
        return self._switch(ctx, params["AlarmNames"], enabled=True)

    def disable_alarm_actions(self, ctx: Context, params: Params) -> Params:
        return self._switch(ctx, params["AlarmNames"], enabled=False)

    def _switch(self, ctx: Context, names: list[str], *, enabled: bool) -> Params:
        for name in names:
            alarm = self._book.get(ctx.account, ctx.region, name)
            if alarm is not None:
                alarm.params["ActionsEnabled"] = enabled
        return {}

    def _named(self, ctx: Context, name: str) -> Alarm:
        alarm = self._book.get(ctx.account, ctx.region, name)
        if alarm is None:
            raise AwsError("ResourceNotFound", f"Alarm {name} does not exist", 404)
        return alarm

    # tags

    def tag_resource(self, ctx: Context, params: Params) -> Params:
        self._tags.setdefault(self._tagged(ctx, params), {}).update(
            {tag["Key"]: tag["Value"] for tag in params["Tags"]}
        )
        return {}

    def untag_resource(self, ctx: Context, params: Params) -> Params:
        tags = self._tags.get(self._tagged(ctx, params), {})
        for key in params["TagKeys"]:
            tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, ctx: Context, params: Params) -> Params:
        tags = self._tags.get(self._tagged(ctx, params), {})
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _tagged(self, ctx: Context, params: Params) -> str:
        arn: str = params["ResourceARN"]
        name = arn.partition(":alarm:")[2]
        if not name or self._book.get(ctx.account, ctx.region, name) is None:
            raise AwsError("ResourceNotFoundException", f"The resource {arn} does not exist", 404)
        return arn


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


def _checked_statistic(name: str) -> None:
    if name not in _STATISTICS and name != "IQM":
        try:
            percentile_of(name)
        except ValueError as error:
            raise AwsError("ValidationError", str(error)) from error


def _check_alarm(params: Params) -> None:
    """The rules of PutMetricAlarm that its model does not hold."""
    by_metric = "MetricName" in params
    if by_metric == bool(params.get("Metrics")):
        raise AwsError("ValidationError", "Exactly one of MetricName and Metrics must be specified.")
    for member in ("EvaluationPeriods", "ComparisonOperator", "Threshold"):
        if member not in params:
            raise AwsError("ValidationError", f"The parameter {member} is required.")
    _check_judgement(params)
    if by_metric:
        _check_metric(params)


def _check_judgement(params: Params) -> None:
    if params.get("DatapointsToAlarm", 1) > params["EvaluationPeriods"]:
        raise AwsError("ValidationError", "DatapointsToAlarm must be less than or equal to EvaluationPeriods.")
    if params["ComparisonOperator"] not in COMPARISONS:
        raise AwsError(
            "ValidationError",
            f"{params['ComparisonOperator']} needs an anomaly detection model, which the sandbox does not have.",
        )
    if params.get("TreatMissingData", "missing") not in {"missing", "breaching", "notBreaching", "ignore"}:
        raise AwsError("ValidationError", "Option TreatMissingData must be breaching, notBreaching, ignore or missing.")


def _check_metric(params: Params) -> None:
    if "Namespace" not in params or "Period" not in params:
        raise AwsError("ValidationError", "Namespace and Period must be specified with MetricName.")
    if ("Statistic" in params) == ("ExtendedStatistic" in params):
        raise AwsError("ValidationError", "Exactly one of Statistic and ExtendedStatistic must be specified.")
    _checked_statistic(params.get("Statistic") or params["ExtendedStatistic"])
    period = params["Period"]
    if period not in {10, 20, 30} and period % 60:
        raise AwsError("ValidationError", "Period must be 10, 20, 30 or a multiple of 60.")
    if params["EvaluationPeriods"] * period > MAX_ALARM_RANGE:
        raise AwsError(
            "ValidationError",
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).",
        )


def describe(alarm: Alarm) -> Params:
    """An alarm as DescribeAlarms shows it."""
    return {
        "ActionsEnabled": True,
        "OKActions": [],
        "AlarmActions": [],
        "InsufficientDataActions": [],
        "Dimensions": [],
        **alarm.params,
        "AlarmArn": alarm.arn,
        "AlarmConfigurationUpdatedTimestamp": _when(alarm.configured),
        "StateValue": alarm.state,
        "StateReason": alarm.reason,
        "StateReasonData": alarm.reason_data or None,
        "StateUpdatedTimestamp": _when(alarm.updated),
        "StateTransitionedTimestamp": _when(alarm.updated),
    }


def _has_dimension(dimensions: tuple[tuple[str, str], ...], wanted: Params) -> bool:
    return any(name == wanted["Name"] and wanted.get("Value") in {None, value} for name, value in dimensions)


def _metric_member(metric: Any) -> Params:
    return {
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
    }


def _when(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
