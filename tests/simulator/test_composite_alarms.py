"""Composite alarms: their rules are read and evaluated whenever what they name changes; they undo rollouts like others."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from smsandbox.aws.cloudwatch.composite_rule import RuleError, read

STATES = {"a": "ALARM", "b": "OK", "c": "INSUFFICIENT_DATA"}
ALARM = {
    "Namespace": "shop", "MetricName": "Errors", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
    "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "ignore",
}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("ALARM(a)", True),
        ('OK("b") AND ALARM(a)', True),
        ("ALARM(b) OR INSUFFICIENT_DATA(c)", True),
        ("NOT ALARM(a)", False),
        ("NOT ALARM(b) AND NOT OK(c)", True),
        ("ALARM(b) AND ALARM(a) OR ALARM(a)", True),
        ("ALARM(a) OR ALARM(a) AND ALARM(b)", True),
        ("(ALARM(a) OR ALARM(a)) AND ALARM(b)", False),
        ("TRUE AND NOT FALSE", True),
        ("ALARM(arn:aws:cloudwatch:us-east-1:123456789012:alarm:a)", False),
        ("NOT (ALARM(b) OR (OK(a) AND TRUE))", True),
    ],
)
def test_a_rule_holds_by_the_states_of_what_it_names(rule: str, holds: bool) -> None:
    assert read(rule).holds(STATES.get) is holds  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", ["", "ALARM()", "ALARM(a", "a AND b", "ALARM(a) ALARM(b)", "(ALARM(a)", "OK(a) AND"])
def test_a_rule_that_cannot_be_read_is_refused(rule: str) -> None:
    with pytest.raises(RuleError):
        read(rule)


def set_state(cloudwatch: Any, name: str, state: str) -> None:
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a drill")


def state(cloudwatch: Any, name: str) -> str:
    found = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm", "MetricAlarm"])
    alarms: list[dict[str, Any]] = found["CompositeAlarms"] + found["MetricAlarms"]
    return str(alarms[0]["StateValue"])


@pytest.fixture
def cloudwatch(cloud: Any) -> Any:
    """Two metric alarms that nothing evaluates."""
    made = cloud.client("cloudwatch")
    for name in ("errors", "latency"):
        made.put_metric_alarm(AlarmName=name, **ALARM)
        set_state(made, name, "OK")
    return made


def test_it_follows_its_children_at_once_tells_topics_and_composites_of_composites(cloud: Any, cloudwatch: Any) -> None:
    topic = cloud.client("sns").create_topic(Name="oncall")["TopicArn"]
    queue = cloud.client("sqs").create_queue(QueueName="pager")["QueueUrl"]
    arn = cloud.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    rule = "ALARM(errors) AND ALARM(latency)"
    cloudwatch.put_composite_alarm(AlarmName="sick", AlarmRule=rule, AlarmActions=[topic])
    cloudwatch.put_composite_alarm(AlarmName="well", AlarmRule="NOT ALARM(sick)")
    assert (state(cloudwatch, "sick"), state(cloudwatch, "well")) == ("OK", "ALARM")
    set_state(cloudwatch, "errors", "ALARM")
    assert state(cloudwatch, "sick") == "OK"
    set_state(cloudwatch, "latency", "ALARM")
    assert (state(cloudwatch, "sick"), state(cloudwatch, "well")) == ("ALARM", "OK")
    message = json.loads(
        json.loads(cloud.client("sqs").receive_message(QueueUrl=queue)["Messages"][0]["Body"])["Message"]
    )
    assert (message["AlarmName"], message["NewStateValue"]) == ("sick", "ALARM")


def test_it_is_listed_by_its_type_and_by_who_names_whom(cloudwatch: Any) -> None:
    cloudwatch.put_composite_alarm(AlarmName="sick", AlarmRule="ALARM(errors) OR OK(latency)")
    assert cloudwatch.describe_alarms(AlarmNames=["sick"])["CompositeAlarms"] == []
    shown = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])
    assert [each["AlarmRule"] for each in shown["CompositeAlarms"]] == ["ALARM(errors) OR OK(latency)"]
    assert shown["MetricAlarms"] == []
    children = cloudwatch.describe_alarms(ChildrenOfAlarmName="sick")["MetricAlarms"]
    assert [each["AlarmName"] for each in children] == ["errors", "latency"]
    parents = cloudwatch.describe_alarms(ParentsOfAlarmName="errors", AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert [each["AlarmName"] for each in parents] == ["sick"]


def test_what_cannot_be_is_refused(cloudwatch: Any, refused: Callable[[str], Any]) -> None:
    with refused("ValidationError") as error:
        cloudwatch.put_composite_alarm(AlarmName="sick", AlarmRule="ALARM(nobody)")
    assert "alarms [nobody] in the alarm rule do not exist" in error.text
    with refused("ValidationError"):
        cloudwatch.put_composite_alarm(AlarmName="errors", AlarmRule="TRUE")
    for name in ("sick", "ill"):
        cloudwatch.put_composite_alarm(AlarmName=name, AlarmRule="ALARM(errors)")
    with refused("ValidationError") as error:
        cloudwatch.delete_alarms(AlarmNames=["errors"])
    assert "composite alarm(s) depending on it: ill, sick" in error.text
    with refused("ValidationError"):
        cloudwatch.delete_alarms(AlarmNames=["sick", "ill"])
    for names in (["sick", "latency"], ["ill"], ["errors"]):
        cloudwatch.delete_alarms(AlarmNames=names)
    assert cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm", "MetricAlarm"])["MetricAlarms"] == []


def test_a_circle_of_two_comes_to_rest(cloudwatch: Any) -> None:
    cloudwatch.put_composite_alarm(AlarmName="one", AlarmRule="ALARM(errors)")
    cloudwatch.put_composite_alarm(AlarmName="two", AlarmRule="NOT ALARM(one)")
    cloudwatch.put_composite_alarm(AlarmName="one", AlarmRule="ALARM(two)")
    assert {state(cloudwatch, name) for name in ("one", "two")} <= {"OK", "ALARM"}
