"""The checks of `doctor` of `spec.monitoring`: what CloudWatch has, what fires, whether topics tell anybody."""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

from smclient.aws.alarms import listed
from smclient.aws.session import Aws, told
from smclient.errors import AWSError
from smclient.views.checks import Check, said
from smclient.views.fields import Object
from smclient.views.monitoring import ABSENT, MonitoringView, monitoring_view
from smendpoints.domain.preflight.trust import Trust, trust_in

_CLOUDWATCH = "cloudwatch.amazonaws.com"
_AWS_KEY = "alias/aws/sns"


def of_monitoring(found: Object, aws: Aws) -> Iterator[Check]:
    """What the operator says of it, how its alarms stand, and each topic."""
    view = monitoring_view(found)
    if view is None:
        return
    about = "monitoring"
    if view.active:
        yield Check(about, "ok", view.message)
    elif view.active is False:
        yield Check(about, "bad", view.message, "CloudWatch refused it to the operator: docs/guides/monitoring.md")
    else:
        yield Check(about, "unknown", "the operator has made nothing of spec.monitoring yet", "is it in service?")
    if view.alarms:
        yield from _alarms(view, aws)
    for arn in (found["spec"].get("monitoring") or {}).get("topicARNs") or []:
        yield said("topic", str(arn), partial(_topic, aws, str(arn), _account(found)))


def _alarms(view: MonitoringView, aws: Aws) -> Iterator[Check]:
    about = "alarms"
    try:
        now = listed(aws, view)
    except AWSError as error:
        yield Check(about, "unknown", error.message, error.hint or "ask for cloudwatch:DescribeAlarms")
        return
    for each in now.firing:
        yield Check(about, "bad", f"{each.watches} is in ALARM: {each.why}", "see the endpoint's metrics and log")
    absent = [each.watches for each in now.alarms if each.state == ABSENT]
    if absent:
        yield Check(about, "bad", f"CloudWatch has no alarm for {', '.join(absent)}", "the operator makes it again")
    if not absent and not now.firing:
        yield Check(about, "ok", f"none of {len(now.alarms)} is in ALARM")


def _account(found: Object) -> str | None:
    """The endpoint's, which is that of its alarms."""
    parts = str(((found.get("status") or {}).get("endpoint") or {}).get("arn") or "").split(":")
    return parts[4] if len(parts) > 4 else None


def _topic(aws: Aws, arn: str, account: str | None) -> Check:
    about = "topic"
    partition, region, owner = (arn.split(":")[place] for place in (1, 3, 4))
    whose = account or owner
    if region != aws.region:
        hint = f"use one in {aws.region}: CloudWatch only notifies topics in its own region"
        return Check(about, "bad", f"{arn} is in {region}, the endpoint in {aws.region}", hint)
    with told(f"look at the topic {arn}"):
        attributes: Mapping[str, str] = aws.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
    if attributes.get("KmsMasterKeyId") == _AWS_KEY:
        hint = "encrypt it with a key of your own whose policy lets cloudwatch.amazonaws.com use it"
        return Check(about, "bad", f"{arn} is encrypted with {_AWS_KEY}, which CloudWatch may not use", hint)
    alarms = f"arn:{partition}:cloudwatch:{region}:{whose}:alarm:"
    trust = trust_in(_CLOUDWATCH, "sns:Publish", _policy(attributes), partial(_holds, alarms, whose))
    if trust in (Trust.DENIED, Trust.NOT_ALLOWED):
        hint = f"let cloudwatch.amazonaws.com do sns:Publish in its policy, for the account {whose}"
        return Check(about, "bad", f"{arn} does not let CloudWatch publish", hint)
    if trust is not Trust.ALLOWED:
        return Check(
            about, "unknown", f"{arn}: whether CloudWatch may publish depends on conditions", "read its policy"
        )
    if not _is_heard(aws, arn):
        return Check(about, "bad", f"{arn} tells nobody: no subscription is confirmed", "subscribe, and confirm it")
    return Check(about, "ok", f"{arn} lets CloudWatch publish")


def _is_heard(aws: Aws, arn: str) -> bool:
    """Whether a subscription of the first hundred is confirmed; True where nobody says."""
    try:
        with told(f"list the subscriptions of {arn}"):
            found = aws.client("sns").list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    except AWSError:
        return True
    return any(str(each["SubscriptionArn"]).startswith("arn:") for each in found)  # else `PendingConfirmation`


def _policy(attributes: Mapping[str, str]) -> Mapping[str, Any]:
    try:
        found = json.loads(attributes.get("Policy") or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _holds(alarms: str, account: str, condition: Any) -> bool | None:
    """Whether a condition holds for an alarm whose ARN begins with `alarms`; None for what is not known here."""
    answers: list[bool | None] = []
    for operator, tests in condition.items():
        for key, values in tests.items():
            wanted = [str(each) for each in (values if isinstance(values, list) else [values])]
            match operator, key.lower():
                case "StringEquals" | "StringLike", "aws:sourceowner" | "aws:sourceaccount":
                    answers.append(any(fnmatchcase(account, each) for each in wanted))
                case "ArnLike" | "ArnEquals" | "StringLike" | "StringEquals", "aws:sourcearn":
                    # A pattern of all alarms holds, and one of some need not hold of ours.
                    every = any(fnmatchcase(f"{alarms}\0", each) for each in wanted)
                    some = any(each.startswith(alarms) for each in wanted)
                    answers.append(True if every else None if some else False)
                case _:
                    answers.append(None)
    if False in answers:
        return False
    return None if None in answers else True
