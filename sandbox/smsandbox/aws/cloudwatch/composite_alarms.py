"""CloudWatch's operation on composite alarms; what they share with metric alarms is in `alarms`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from smsandbox.aws.cloudwatch import composite_rule
from smsandbox.aws.cloudwatch.composites import name_of
from smsandbox.aws.cloudwatch.tagging import merged
from smsandbox.aws.core.errors import AwsError
from smsandbox.aws.core.service import Service

if TYPE_CHECKING:
    from smsandbox.aws.cloudwatch.alarm_book import AlarmBook
    from smsandbox.aws.core.context import Context

Params = dict[str, Any]


class CompositeOperations(Service):
    """PutCompositeAlarm."""

    service_name: ClassVar[str] = "cloudwatch"

    def __init__(self, book: AlarmBook) -> None:
        self._of = book

    def put_composite_alarm(self, ctx: Context, params: Params) -> Params:
        place, name = (ctx.account, ctx.region), params["AlarmName"]
        if self._of.get(*place, name) is not None:
            raise AwsError("ValidationError", f"{name} is the name of a metric alarm.")
        if "ActionsSuppressor" in params:
            raise AwsError("ValidationError", "The sandbox does not suppress the actions of composite alarms.")
        try:
            rule = composite_rule.read(params["AlarmRule"])
        except composite_rule.RuleError as error:
            raise AwsError("ValidationError", str(error)) from error
        lacking = [each for each in rule.children if self._of.composites.state(*place, name_of(each)) is None]
        if lacking:
            told = f"Could not save the composite alarm as alarms [{', '.join(lacking)}] in the alarm rule do not exist"
            raise AwsError("ValidationError", told)
        is_new = self._of.composites.get(*place, name) is None
        kept = {key: value for key, value in params.items() if key != "Tags"}
        alarm = self._of.composites.put(*place, kept)
        if is_new:
            alarm.tags = merged({}, params.get("Tags") or [])
        return {}
