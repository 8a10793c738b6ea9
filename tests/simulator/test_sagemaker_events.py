"""EventBridge hears of every change of an endpoint, and a queue behind a rule gets it."""

import json
from typing import Any

import pytest


@pytest.fixture
def queue(cloud: Any) -> Any:
    """A function that takes the events that have come in since it was last called."""
    events, sqs = cloud.client("events"), cloud.client("sqs")
    url = sqs.create_queue(QueueName="changes")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="endpoints", EventPattern=json.dumps({"source": ["aws.sagemaker"]}))
    events.put_targets(Rule="endpoints", Targets=[{"Id": "1", "Arn": arn}])
    sends = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**sends, "Resource": arn}]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})

    def take() -> list[dict[str, Any]]:
        taken = []
        while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                taken.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return taken

    return take


def test_every_change_of_status_is_an_event_in_upper_snake(cloud: Any, queue: Any) -> None:
    cloud.endpoint("MyEndpoint")
    cloud.sm.delete_endpoint(EndpointName="MyEndpoint")
    events = queue()
    assert [event["detail"]["EndpointStatus"] for event in events] == ["CREATING", "IN_SERVICE", "DELETING"]
    event = events[1]
    assert event["detail-type"] == "SageMaker Endpoint State Change"
    assert event["resources"] == ["arn:aws:sagemaker:us-east-1:123456789012:endpoint/myendpoint"]
    assert event["detail"]["EndpointName"] == "MyEndpoint"
    assert event["detail"]["ProductionVariants"][0]["DesiredInstanceCount"] == 2.0
    assert event["detail"]["CreationTime"] > 1e12


def test_the_steps_of_a_guarded_deployment_are_events_of_their_own(cloud: Any, queue: Any) -> None:
    cloud.endpoint("ep", {"InitialInstanceCount": 4})
    cloud.config("second", {"InitialInstanceCount": 4})
    queue()
    routing = {
        "Type": "CANARY",
        "WaitIntervalInSeconds": 10,
        "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1},
    }
    cloud.sm.update_endpoint(
        EndpointName="ep",
        EndpointConfigName="second",
        DeploymentConfig={"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}},
    )
    cloud.settle()
    steps = [event["detail"] for event in queue() if event["detail-type"].endswith("Deployment State Change")]
    messages = [
        step["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"][0]["StatusMessage"] for step in steps
    ]
    assert messages[0] == "Activating traffic on canary capacity of 1 instance(s)."
    assert messages[1].startswith("Baking for 10 seconds (WaitIntervalInSeconds)")
    assert messages[2] == "Activating traffic on full capacity of 4 instance(s)."


def test_a_queue_gets_nothing_without_a_policy_nor_from_a_rule_that_is_switched_off(cloud: Any, queue: Any) -> None:
    cloud.client("events").disable_rule(Name="endpoints")
    cloud.endpoint("one")
    assert queue() == []
    cloud.client("events").enable_rule(Name="endpoints")
    url = cloud.client("sqs").get_queue_url(QueueName="changes")["QueueUrl"]
    cloud.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    cloud.endpoint("two", config="second")
    assert queue() == []


def test_a_queue_whose_policy_names_somebody_else_gets_nothing(cloud: Any, queue: Any) -> None:
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName="changes")["QueueUrl"]
    everything = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    others = [{**everything, "Principal": {"AWS": "*"}}, {**everything, "Principal": {"Service": "sns.amazonaws.com"}}]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": others})})
    cloud.endpoint("one")
    assert queue() == []


def test_a_rule_that_changes_what_it_passes_on_is_motos(cloud: Any, queue: Any) -> None:
    arn = "arn:aws:sqs:us-east-1:123456789012:changes"
    short = {"InputPathsMap": {"name": "$.detail.EndpointName"}, "InputTemplate": '{"endpoint": "<name>"}'}
    target = {"Id": "1", "Arn": arn, "InputTransformer": short}
    cloud.client("events").put_targets(Rule="endpoints", Targets=[target])
    cloud.endpoint("one")
    assert queue() == [{"endpoint": "one"}] * 2
