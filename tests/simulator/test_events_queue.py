"""The stack of manifests/aws/events.yaml: what an endpoint and its alarms go through reaches its queue, as AWS tells it."""

import json
from typing import Any

import pytest

from smsandbox import events, paths
from smsandbox.aws.iam.queue_policy import lets_rule_send

ALARM = {
    "Namespace": "AWS/SageMaker", "MetricName": "Errors", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
    "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold",
    "Dimensions": [{"Name": "EndpointName", "Value": "iris"}],
}  # fmt: skip


@pytest.fixture
def url(bare: Any) -> str:
    """The URL of the queue of the stack."""
    return events.ensure(bare.client("cloudformation"))


def taken(cloud: Any, url: str) -> list[dict[str, Any]]:
    """The events that have come in since this was called last."""
    sqs, found = cloud.client("sqs"), []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0).get("Messages"):
        found += [json.loads(each["Body"]) for each in messages]
        handles = [{"Id": each["MessageId"], "ReceiptHandle": each["ReceiptHandle"]} for each in messages]
        sqs.delete_message_batch(QueueUrl=url, Entries=handles)
    return found


def set_state(cloud: Any, alarm: str, state: str) -> None:
    cloud.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue=state, StateReason=f"now {state}")


def test_each_change_of_an_endpoint_reaches_the_queue(cloud: Any, url: str) -> None:
    cloud.endpoint("Iris")
    told = [(each["region"], each["account"], each["detail"]["EndpointStatus"]) for each in taken(cloud, url)]
    place = ("us-east-1", "123456789012")
    assert told == [(*place, "CREATING"), (*place, "IN_SERVICE")]
    cloud.sm.delete_endpoint(EndpointName="Iris")
    assert [each["detail"]["EndpointName"] for each in taken(cloud, url)] == ["Iris"]


def test_an_alarm_of_the_operators_reaches_the_queue_and_no_other(bare: Any, url: str) -> None:
    for name in ("smendpoints/iris/errors", "shop-errors"):
        bare.client("cloudwatch").put_metric_alarm(AlarmName=name, AlarmDescription="too many", **ALARM)
        set_state(bare, name, "ALARM")
        set_state(bare, name, "ALARM")  # no change
    (event,) = taken(bare, url)
    now = "2023-11-14T22:13:20.000+0000"
    assert {key: value for key, value in event.items() if key != "id"} == {
        "version": "0",
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": "123456789012",
        "time": "2023-11-14T22:13:20Z",
        "region": "us-east-1",
        "resources": ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:smendpoints/iris/errors"],
        "detail": {
            "alarmName": "smendpoints/iris/errors",
            "configuration": {
                "description": "too many",
                "metrics": [
                    {
                        "id": "m1",
                        "metricStat": {
                            "metric": {
                                "dimensions": {"EndpointName": "iris"},
                                "name": "Errors",
                                "namespace": "AWS/SageMaker",
                            },
                            "period": 60,
                            "stat": "Sum",
                        },
                        "returnData": True,
                    }
                ],
            },
            "previousState": {
                "reason": "Unchecked: Initial alarm creation",
                "timestamp": now,
                "value": "INSUFFICIENT_DATA",
            },
            "state": {"reason": "now ALARM", "timestamp": now, "value": "ALARM"},
        },
    }


def test_an_alarm_on_metric_math_tells_its_expression(bare: Any, url: str) -> None:
    stat = {"Metric": {"Namespace": "shop", "MetricName": "Errors"}, "Period": 60, "Stat": "Sum"}
    bare.client("cloudwatch").put_metric_alarm(
        AlarmName="smendpoints/iris/rate",
        EvaluationPeriods=1,
        Threshold=5.0,
        ComparisonOperator="GreaterThanThreshold",
        Metrics=[
            {"Id": "e1", "Expression": "m1 * 2", "Label": "twice"},
            {"Id": "m1", "MetricStat": stat, "ReturnData": False},
        ],
    )
    set_state(bare, "smendpoints/iris/rate", "OK")
    (event,) = taken(bare, url)
    assert event["detail"]["configuration"]["metrics"] == [
        {"expression": "m1 * 2", "id": "e1", "label": "twice", "returnData": True},
        {
            "id": "m1",
            "metricStat": {
                "metric": {"dimensions": {}, "name": "Errors", "namespace": "shop"},
                "period": 60,
                "stat": "Sum",
            },
            "returnData": False,
        },
    ]


def test_an_alarm_that_goes_off_by_itself_is_told_too(bare: Any, url: str) -> None:
    bare.client("cloudwatch").put_metric_alarm(AlarmName="smendpoints/iris/errors", **ALARM)
    bare.client("cloudwatch").put_metric_data(
        Namespace="AWS/SageMaker",
        MetricData=[{"MetricName": "Errors", "Value": 9.0, "Dimensions": ALARM["Dimensions"]}],
    )
    bare.world.advance(61)
    states = [each["detail"]["state"]["value"] for each in taken(bare, url)]
    assert states[0] == "ALARM"


def test_a_rule_whose_queue_is_gone_holds_nothing_up(cloud: Any, url: str) -> None:
    cloud.client("sqs").delete_queue(QueueUrl=url)
    cloud.endpoint("iris")
    assert cloud.status("iris") == "InService"


def test_the_rules_of_the_stack_may_send_to_the_queue_and_nobody_else(bare: Any, url: str) -> None:
    sqs, rules = bare.client("sqs"), bare.client("events")
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    policy = json.loads(told["Policy"])
    assert [(each["Principal"], each["Action"]) for each in policy["Statement"]] == [
        ({"Service": "events.amazonaws.com"}, "sqs:SendMessage")
    ]
    rules.put_rule(Name="other", EventPattern=json.dumps({"source": ["aws.sagemaker"]}))
    arns = {rule["Name"]: rule["Arn"] for rule in rules.list_rules()["Rules"]}
    assert len(arns) == 3
    sends = {name for name, arn in arns.items() if lets_rule_send(told["Policy"], told["QueueArn"], arn)}
    assert sends == set(arns) - {"other"}
    assert told["SqsManagedSseEnabled"] == "true"
    assert told["MessageRetentionPeriod"] == "300"


def test_without_its_policy_the_stack_lets_nobody_send(cloud: Any, url: str) -> None:
    template = (paths.repository() / "manifests" / "aws" / "events.yaml").read_text()
    lax, _, outputs = template.partition("\n  OnlyTheseRulesSend:")
    less = lax + "\nOutputs:" + outputs.partition("\nOutputs:")[2]
    cloud.client("cloudformation").update_stack(StackName=events.STACK, TemplateBody=less)
    attributes = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert "Policy" not in attributes
    cloud.endpoint("iris")
    assert taken(cloud, url) == []


def test_the_stack_goes_whole(bare: Any, url: str) -> None:
    cloudformation = bare.client("cloudformation")
    assert events.ensure(cloudformation) == url
    cloudformation.delete_stack(StackName=events.STACK)
    assert "QueueUrls" not in bare.client("sqs").list_queues()
    assert bare.client("events").list_rules()["Rules"] == []
