"""CloudWatch's alarm operations over the book of alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from smsandbox.aws.cloudwatch import metric_query
from smsandbox.aws.cloudwatch.alarm_rules import COMPARISONS
from smsandbox.aws.cloudwatch.metrics import check_statistic, instant, queries_of
from smsandbox.aws.core import tags
from smsandbox.aws.core.errors import AwsError
from smsandbox.aws.core.paging import page
from smsandbox.aws.core.service import Service

if TYPE_CHECKING:
    from smsandbox.aws.cloudwatch.alarm import Alarm
    from smsandbox.aws.cloudwatch.alarm_book import AlarmBook
    from smsandbox.aws.core.context import Context

Params = dict[str, Any]

MAX_ALARM_RANGE = 86_400
_COLONS_OF_AN_ARN = 5


class AlarmOperations(Service):
    """Metric alarms and their tags."""

    service_name: ClassVar[str] = "cloudwatch"

    def __init__(self, book: AlarmBook) -> None:
        self._book = book

    def put_metric_alarm(self, ctx: Context, params: Params) -> Params:
        _check_alarm(params)
        if params.get("Metrics"):
            queries = queries_of(ctx, params["Metrics"])
            if sum(query.returned for query in queries) != 1:
                raise AwsError("ValidationError", "Exactly one element of the metrics list should return data")
        # Tags count when an alarm is made; on one that is there they are ignored, as AWS does.
        is_new = self._book.get(ctx.account, ctx.region, params["AlarmName"]) is None
        given = _tags({}, params.get("Tags") or []) if is_new else None
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
        alarm = self._tagged(ctx, params)
        alarm.tags = _tags(alarm.tags, params["Tags"])
        return {}

    def untag_resource(self, ctx: Context, params: Params) -> Params:
        present = self._tagged(ctx, params).tags
        for key in params["TagKeys"]:
            present.pop(key, None)
        return {}

    def list_tags_for_resource(self, ctx: Context, params: Params) -> Params:
        return {"Tags": tags.listed(self._tagged(ctx, params).tags)}

    def _tagged(self, ctx: Context, params: Params) -> Alarm:
        arn: str = params["ResourceARN"]
        alarm = self._book.tagged(ctx.account, ctx.region, arn)
        if alarm is None:
            raise AwsError("ResourceNotFoundException", f"The resource {arn} does not exist", 404)
        return alarm


def _tags(existing: dict[str, str], added: list[dict[str, str]]) -> dict[str, str]:
    try:
        return tags.merged(existing, added)
    except AwsError as refusal:
        raise AwsError("InvalidParameterValue", refusal.message) from refusal


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


def _check_metric(params: Params) -> None:
    if "Namespace" not in params or "Period" not in params:
        raise AwsError("ValidationError", "Namespace and Period must be specified with MetricName.")
    if ("Statistic" in params) == ("ExtendedStatistic" in params):
        raise AwsError("ValidationError", "Exactly one of Statistic and ExtendedStatistic must be specified.")
    check_statistic(params.get("Statistic") or params["ExtendedStatistic"])
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
        "AlarmConfigurationUpdatedTimestamp": instant(alarm.configured),
        "StateValue": alarm.state,
        "StateReason": alarm.reason,
        "StateReasonData": alarm.reason_data or None,
        "StateUpdatedTimestamp": instant(alarm.updated),
        "StateTransitionedTimestamp": instant(alarm.updated),
    }
