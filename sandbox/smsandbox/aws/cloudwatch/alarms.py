"""CloudWatch's alarm operations over the book of alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from smsandbox.aws.cloudwatch import metric_query
from smsandbox.aws.cloudwatch.alarm import Alarm
from smsandbox.aws.cloudwatch.alarm_rules import COMPARISONS
from smsandbox.aws.cloudwatch.composites import CompositeAlarm
from smsandbox.aws.cloudwatch.metrics import check_statistic, instant, queries_of
from smsandbox.aws.cloudwatch.tagging import merged
from smsandbox.aws.core.errors import AwsError
from smsandbox.aws.core.paging import page
from smsandbox.aws.core.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smsandbox.aws.cloudwatch.alarm_book import AlarmBook
    from smsandbox.aws.core.context import Context

Params = dict[str, Any]

HOUR, DAY = 3_600, 86_400
MAX_ALARM_RANGE = 7 * DAY  # "no longer than seven days", with a period of an hour at least
MOST_METRICS = 10
_COLONS_OF_AN_ARN = 5


class AlarmOperations(Service):
    """Alarms of both kinds, but for the putting of composite ones."""

    service_name: ClassVar[str] = "cloudwatch"

    def __init__(self, book: AlarmBook) -> None:
        self._book = book

    def put_metric_alarm(self, ctx: Context, params: Params) -> Params:
        _check_alarm(params)
        if self._book.composites.get(ctx.account, ctx.region, params["AlarmName"]) is not None:
            raise AwsError("ValidationError", f"{params['AlarmName']} is the name of a composite alarm.")
        if params.get("Metrics"):
            queries = queries_of(ctx, params["Metrics"])
            if sum(query.returned for query in queries) != 1:
                raise AwsError("ValidationError", "Exactly one element of the metrics list should return data")
            if sum(query.metric is not None for query in queries) > MOST_METRICS:
                raise AwsError("ValidationError", f"An alarm can have at most {MOST_METRICS} metrics.")
            _check_range(params["EvaluationPeriods"], max(query.period for query in queries))
        # Tags count when an alarm is made; on one that is there they are ignored, as AWS does.
        is_new = self._book.get(ctx.account, ctx.region, params["AlarmName"]) is None
        given = merged({}, params.get("Tags") or []) if is_new else None
        kept = {key: value for key, value in params.items() if key != "Tags"}
        alarm = self._book.put(ctx.account, ctx.region, kept)
        if given is not None:
            alarm.tags = given
        return {}

    def describe_alarms(self, ctx: Context, params: Params) -> Params:
        if params.get("AlarmNames") and params.get("AlarmNamePrefix"):
            raise AwsError("InvalidParameterCombination", "AlarmNamePrefix and AlarmNames cannot be used together.")
        names, prefix = params.get("AlarmNames"), params.get("AlarmNamePrefix", "")
        types = params.get("AlarmTypes") or ["MetricAlarm"]
        kinds: dict[str, Callable[[str, str], Iterator[Alarm | CompositeAlarm]]] = {
            "MetricAlarm": self._book.of,
            "CompositeAlarm": self._book.composites.of,
        }
        there: list[Alarm | CompositeAlarm] = [
            alarm for kind, of in kinds.items() if kind in types for alarm in of(ctx.account, ctx.region)
        ]
        related = self._related(ctx, params)
        found = [
            alarm
            for alarm in there
            if (not names or alarm.name in names)
            and alarm.name.startswith(prefix)
            and (related is None or alarm.name in related)
            and params.get("StateValue") in {None, alarm.state}
            and any(arn.startswith(params.get("ActionPrefix", "")) for arn in alarm.params.get("AlarmActions") or [""])
        ]
        alarms, token = page(found, params.get("MaxRecords", 50), params.get("NextToken"), "InvalidNextToken")
        return {
            "MetricAlarms": [describe(alarm) for alarm in alarms if isinstance(alarm, Alarm)],
            "CompositeAlarms": [describe(each) for each in alarms if isinstance(each, CompositeAlarm)],
            "NextToken": token,
        }

    def _related(self, ctx: Context, params: Params) -> set[str] | None:
        """The names of the children or the parents that are asked for; None where neither is."""
        place = ctx.account, ctx.region
        if (parent := params.get("ChildrenOfAlarmName")) is not None:
            found = self._book.composites.get(*place, parent)
            return found.names() if found is not None else set()
        if (child := params.get("ParentsOfAlarmName")) is not None:
            return {each.name for each in self._book.composites.parents(*place, child)}
        return None

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
        composite = self._book.composites.get(ctx.account, ctx.region, params["AlarmName"])
        if composite is not None:
            state, why = params["StateValue"], params["StateReason"]
            self._book.composites.force(composite, state, why, params.get("StateReasonData", ""))
            return {}
        alarm = self._named(ctx, params["AlarmName"])
        self._book.force(alarm, params["StateValue"], params["StateReason"], params.get("StateReasonData", ""))
        return {}

    def delete_alarms(self, ctx: Context, params: Params) -> Params:
        place, names = (ctx.account, ctx.region), params["AlarmNames"]
        composites = [name for name in names if self._book.composites.get(*place, name) is not None]
        if len(composites) > 1:
            raise AwsError("ValidationError", "DeleteAlarms can delete only one composite alarm in a request.")
        for name in names:
            if parents := [each.name for each in self._book.composites.parents(*place, name) if each.name not in names]:
                depends = f"Cannot delete {name} as there are composite alarm(s) depending on it: {', '.join(parents)}."
                raise AwsError("ValidationError", depends)
        for name in names:
            if len(names) == 1 and not composites and self._book.get(*place, name) is None:
                raise AwsError("ResourceNotFound", f"Alarm {name} does not exist", 404)
            self._book.delete(*place, name)
            self._book.composites.delete(*place, name)
        return {}

    def enable_alarm_actions(self, ctx: Context, params: Params) -> Params:
        return self._switch(ctx, params["AlarmNames"], enabled=True)

    def disable_alarm_actions(self, ctx: Context, params: Params) -> Params:
        return self._switch(ctx, params["AlarmNames"], enabled=False)

    def _switch(self, ctx: Context, names: list[str], *, enabled: bool) -> Params:
        for name in names:
            place = ctx.account, ctx.region
            alarm = self._book.get(*place, name) or self._book.composites.get(*place, name)
            if alarm is not None:
                alarm.params["ActionsEnabled"] = enabled
        return {}

    def _named(self, ctx: Context, name: str) -> Alarm:
        alarm = self._book.get(ctx.account, ctx.region, name)
        if alarm is None:
            raise AwsError("ResourceNotFound", f"Alarm {name} does not exist", 404)
        return alarm


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
    for member in ("OKActions", "AlarmActions", "InsufficientDataActions"):
        for action in params.get(member) or ():
            if action.count(":") < _COLONS_OF_AN_ARN or not action.startswith("arn:"):
                raise AwsError("ValidationError", f"Invalid arn syntax: {action}")
    if params.get("TreatMissingData", "missing") not in {"missing", "breaching", "notBreaching", "ignore"}:
        raise AwsError("ValidationError", "Option TreatMissingData must be breaching, notBreaching, ignore or missing.")
    few = params.get("EvaluateLowSampleCountPercentile", "evaluate")
    if few not in {"evaluate", "ignore"}:
        raise AwsError(
            "ValidationError",
            f"Option {few} is not supported. Supported options for parameter EvaluateLowSampleCountPercentile are "
            "evaluate and ignore.",
        )


def _check_metric(params: Params) -> None:
    if "Namespace" not in params or "Period" not in params:
        raise AwsError("ValidationError", "Namespace and Period must be specified with MetricName.")
    if ("Statistic" in params) == ("ExtendedStatistic" in params):
        raise AwsError("ValidationError", "Exactly one of Statistic and ExtendedStatistic must be specified.")
    check_statistic(params.get("Statistic") or params["ExtendedStatistic"])
    period = params["Period"]
    if period not in {10, 20, 30} and period % 60:
        raise AwsError("ValidationError", "Period must be 10, 20, 30 or a multiple of 60.")
    _check_range(params["EvaluationPeriods"], period)


def _check_range(periods: int, period: float) -> None:
    """At most seven days, and one where the period is shorter than an hour."""
    most = MAX_ALARM_RANGE if period >= HOUR else DAY
    if periods * period > most:
        days = "seven days" if most > DAY else "a day"
        raise AwsError(
            "ValidationError",
            f"Metrics cannot be checked across more than {days} (EvaluationPeriods * Period must be <= {most}).",
        )


def describe(alarm: Alarm | CompositeAlarm) -> Params:
    """An alarm of either type as DescribeAlarms shows it."""
    return {
        "ActionsEnabled": True,
        "OKActions": [],
        "AlarmActions": [],
        "InsufficientDataActions": [],
        **({"Dimensions": []} if isinstance(alarm, Alarm) else {}),
        **alarm.params,
        "AlarmArn": alarm.arn,
        "AlarmConfigurationUpdatedTimestamp": instant(alarm.configured),
        "StateValue": alarm.state,
        "StateReason": alarm.reason,
        "StateReasonData": alarm.reason_data or None,
        "StateUpdatedTimestamp": instant(alarm.updated),
        "StateTransitionedTimestamp": instant(alarm.updated),
    }
