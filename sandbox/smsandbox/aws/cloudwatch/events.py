"""What a metric alarm tells EventBridge, an SNS topic and its own history when its state changes. Pure functions.

The event's fields are those of AWS's sample for a single metric and for metric math:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsandbox.aws.cloudwatch.alarm import AnyAlarm
    from smsandbox.aws.cloudwatch.alarm_rules import State

SOURCE = "aws.cloudwatch"
STATE_CHANGE = "CloudWatch Alarm State Change"


@dataclass(frozen=True)
class Told:
    """The state of an alarm as events tell it; `since` in epoch seconds."""

    value: State
    reason: str
    data: str
    since: float

    @classmethod
    def of(cls, alarm: AnyAlarm) -> Told:
        """The state that the alarm is in."""
        return cls(alarm.state, alarm.reason, alarm.reason_data, alarm.updated)

    def member(self) -> dict[str, Any]:
        data = {"reasonData": self.data} if self.data else {}
        return {"value": self.value, "reason": self.reason, **data, "timestamp": iso(self.since)}


def state_change(alarm: AnyAlarm, before: Told) -> dict[str, Any]:
    """The detail of the event."""
    description = alarm.params.get("AlarmDescription")
    return {
        "alarmName": alarm.name,
        "configuration": {
            **({"description": description} if description else {}),
            **_judged(alarm.params),
        },
        "previousState": before.member(),
        "state": Told.of(alarm).member(),
    }


def _judged(params: Mapping[str, Any]) -> dict[str, Any]:
    """What the state follows from."""
    if "AlarmRule" in params:
        return {"alarmRule": params["AlarmRule"]}
    return {"metrics": [_metric(each) for each in params.get("Metrics") or [_single(params)]]}


def _single(params: Mapping[str, Any]) -> dict[str, Any]:
    """The metric of an alarm without math as if it were the only one of `Metrics`."""
    metric = {member: params[member] for member in ("Namespace", "MetricName", "Dimensions") if member in params}
    stat = params.get("Statistic") or params["ExtendedStatistic"]
    return {"Id": "m1", "MetricStat": {"Metric": metric, "Period": params["Period"], "Stat": stat}}


def _metric(query: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"id": query["Id"], "returnData": query.get("ReturnData", True)}
    shown |= {
        name: query[member] for name, member in (("expression", "Expression"), ("label", "Label")) if query.get(member)
    }
    if (stat := query.get("MetricStat")) is not None:
        metric = stat["Metric"]
        shown["metricStat"] = {
            "metric": {
                "namespace": metric["Namespace"],
                "name": metric["MetricName"],
                "dimensions": {each["Name"]: each["Value"] for each in metric.get("Dimensions") or ()},
            },
            "period": int(stat["Period"]),
            "stat": stat["Stat"],
        }
    return shown


def topic_message(alarm: AnyAlarm) -> dict[str, Any]:
    """What a topic among the alarm's actions is sent."""
    return {
        "AlarmName": alarm.name,
        "AlarmArn": alarm.arn,
        "AlarmDescription": alarm.params.get("AlarmDescription"),
        "AWSAccountId": alarm.account,
        "NewStateValue": alarm.state,
        "NewStateReason": alarm.reason,
        "StateChangeTime": iso(alarm.updated),
        "Region": alarm.region,
    }


def history_item(alarm: AnyAlarm, kind: str, summary: str, now: float, of: str = "MetricAlarm") -> dict[str, Any]:
    """An entry of DescribeAlarmHistory."""
    data = {"version": "1.0", "type": kind, "stateValue": alarm.state, "stateReason": alarm.reason}
    return {
        "AlarmName": alarm.name,
        "AlarmType": of,
        "Timestamp": datetime.fromtimestamp(now, UTC),
        "HistoryItemType": kind,
        "HistorySummary": summary,
        "HistoryData": json.dumps(data),
    }


def iso(when: float) -> str:
    """A time as CloudWatch writes it in JSON: `2019-10-02T17:04:40.985+0000`."""
    return datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")
