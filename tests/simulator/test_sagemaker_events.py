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
