"""Messages of EventBridge's queue: what they hint at, and that none of them does harm."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from smendpoints.aws.events import EventQueue, Hint, hint_in, region_of_queue
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason

URL = "https://sqs.us-west-2.amazonaws.com/123456789012/smendpoints-events"
# AWS's samples, with their traps: the ARN in lower case, the time no ISO date, numbers as floats.
ENDPOINT: dict[str, Any] = {
    "version": "0",
    "id": "d2921b5a-b0ad-cace-a8e3-0f159d018e06",
    "detail-type": "SageMaker Endpoint State Change",
    "source": "aws.sagemaker",
    "account": "123456789012",
    "time": "1583831889050",
    "region": "us-west-2",
    "resources": ["arn:aws:sagemaker:us-west-2:123456789012:endpoint/myendpoint"],
    "detail": {
        "EndpointName": "MyEndpoint",
        "EndpointArn": "arn:aws:sagemaker:us-west-2:123456789012:endpoint/myendpoint",
        "EndpointConfigName": "MyEndpointConfig",
        "ProductionVariants": [{"DesiredWeight": 1.0, "DesiredInstanceCount": 1.0}],
        "EndpointStatus": "IN_SERVICE",
        "CreationTime": 1592411992203.0,
        "LastModifiedTime": 1592411994287.0,
        "Tags": {},
    },
}
ALARM: dict[str, Any] = {
    "version": "0",
    "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
    "detail-type": "CloudWatch Alarm State Change",
    "source": "aws.cloudwatch",
    "account": "123456789012",
    "time": "2019-10-02T17:04:40Z",
    "region": "us-west-2",
    "resources": ["arn:aws:cloudwatch:us-west-2:123456789012:alarm:smendpoints/MyEndpoint/config-0123456789/v/errors"],
    "detail": {
        "alarmName": "smendpoints/MyEndpoint/config-0123456789/v/errors",
        "configuration": {"metrics": []},
        "previousState": {"reason": "r", "timestamp": "2019-10-01T13:56:40.987+0000", "value": "OK"},
        "state": {"reason": "r", "timestamp": "2019-10-02T17:04:40.989+0000", "value": "ALARM"},
    },
}
HINT = Hint("us-west-2", "123456789012", "MyEndpoint")


def changed(event: dict[str, Any], **changes: Any) -> str:
    """The event with other members; those in capitals or camel case are of its detail."""
    inner = {key: value for key, value in changes.items() if key in event["detail"]}
    outer = {key.replace("_", "-"): value for key, value in changes.items() if key not in inner}
    return json.dumps({**event, "detail": {**event["detail"], **inner}, **outer})


HINTS = {
    "an endpoint's new status": json.dumps(ENDPOINT),
    "a step of a guarded deployment": changed(ENDPOINT, detail_type="SageMaker Endpoint Deployment State Change"),
    "an alarm of the endpoint's": json.dumps(ALARM),
    "an alarm of its autoscaling": changed(ALARM, alarmName="smendpoints/MyEndpoint/v/queue"),
    "members that nobody knows yet": changed(ENDPOINT, replay_name="again", Tags={"a": "b"}),
}
OTHERS = {
    "a config": changed(ENDPOINT, detail_type="SageMaker Endpoint Config State Change"),
    "a model": changed(ENDPOINT, detail_type="SageMaker Model State Change", detail={"ModelName": "m"}),
    "somebody else's alarm": changed(ALARM, alarmName="shop-errors"),
    "an alarm named like ours, of no endpoint": changed(ALARM, alarmName="smendpoints/-bad-/errors"),
    "an alarm of the endpoint's, of no name": changed(ALARM, alarmName="smendpoints/MyEndpoint/"),
    "an alarm that names ours in its middle": changed(ALARM, alarmName="shop/smendpoints/MyEndpoint/errors"),
    "an alarm of AWS's autoscaling": changed(
        ALARM, alarmName="TargetTracking-endpoint/MyEndpoint/variant/v-AlarmLow-1"
    ),
    "a service that says the same": changed(ENDPOINT, source="shop"),
    "an endpoint of another service": changed(ENDPOINT, source="aws.cloudwatch"),
}
DEEP = "[" * 200_000
MALFORMED = {
    "nothing": "",
    "no JSON": "Hello",
    "half an event": json.dumps(ENDPOINT)[:-40],
    "a list": "[]",
    "null": "null",
    "a number of many digits": "9" * 100_000,
    "depth without end": DEEP,
    "depth in the detail": '{"source": "aws.sagemaker", "detail": ' + DEEP,
    "half of a character": json.dumps(ENDPOINT).replace("MyEndpoint", "\\ud800"),
    "no detail": json.dumps({key: value for key, value in ENDPOINT.items() if key != "detail"}),
    "a detail that is a text": changed(ENDPOINT, detail="x"),
    "no name": changed(ENDPOINT, detail={}),
    "a name that is a number": changed(ENDPOINT, EndpointName=7),
    "a name that is no endpoint's": changed(ENDPOINT, EndpointName="../../etc"),
    "a name with a line break": changed(ENDPOINT, EndpointName="MyEndpoint\n"),
    "a name that is too long": changed(ENDPOINT, EndpointName="a" * 64),
    "a name that is too long by its hyphens": changed(ENDPOINT, EndpointName="a-" * 32 + "a"),
    "a huge name": changed(ENDPOINT, EndpointName="a" * 1_000_000),
    "an account that is none": changed(ENDPOINT, account="me"),
    "a region that is none": changed(ENDPOINT, region="us-west-2/../x"),
    "an alarm without a name": changed(ALARM, alarmName=None),
}


@pytest.mark.parametrize("body", HINTS.values(), ids=HINTS)
def test_what_is_of_an_endpoint_hints_at_it(body: str) -> None:
    assert hint_in(body) == HINT


@pytest.mark.parametrize("body", OTHERS.values(), ids=OTHERS)
def test_what_is_of_something_else_hints_at_nothing(body: str) -> None:
    assert hint_in(body) is None


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_event_is_malformed(body: str) -> None:
    with pytest.raises(ValueError, match=r"validation error"):
        hint_in(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
PLACES = st.sampled_from([(key,) for key in ENDPOINT] + [("detail", key) for key in ENDPOINT["detail"]])


@given(place=PLACES, value=JSON)
def test_whatever_a_member_is_the_message_hints_or_is_malformed(place: tuple[str, ...], value: Any) -> None:
    event = json.loads(json.dumps(ENDPOINT))
    (event if len(place) == 1 else event["detail"])[place[-1]] = value
    try:
        hint = hint_in(json.dumps(event))
    except ValueError:
        return
    assert hint is None or len(hint.endpoint_name) <= 63


REGIONS = {
    URL: "us-west-2",
    "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q": "cn-north-1",
    "https://sqs-fips.us-east-1.amazonaws.com/123456789012/q": "us-east-1",
    "https://sqs.eu-west-1.api.aws/123456789012/q": "eu-west-1",
    "https://us-west-2.queue.amazonaws.com/123456789012/q": "us-west-2",
    "http://127.0.0.1:4566/123456789012/q": None,
    "https://queue.amazonaws.com/123456789012/q": None,
}


@pytest.mark.parametrize(("url", "region"), REGIONS.items())
def test_a_queues_url_names_its_region(url: str, region: str | None) -> None:
    assert region_of_queue(url) == region


class Sqs:
    """What `Clients` is to the queue: answers in order; a failure among them is raised."""

    def __init__(self, *batches: list[str] | ReconcileError) -> None:
        self.batches = list(batches)
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.deletes_refused: ReconcileError | None = None

    def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        assert (service, params.pop("QueueUrl")) == ("sqs", URL)
        self.calls.append((operation, params))
        if operation == "delete_message_batch":
            if self.deletes_refused is not None:
                raise self.deletes_refused
            return {"Successful": [], "Failed": []}
        batch = self.batches.pop(0) if self.batches else []
        if isinstance(batch, ReconcileError):
            raise batch
        return {"Messages": [{"Body": body, "ReceiptHandle": f"h{body[:9]}"} for body in batch]} if batch else {}


def queue(sqs: Any) -> EventQueue:
    return EventQueue(sqs, URL)


def counted(result: str) -> float:
    return REGISTRY.get_sample_value("smendpoints_event_messages_total", {"result": result}) or 0.0


def test_it_waits_as_long_as_aws_lets_it_for_as_many_as_aws_gives() -> None:
    sqs = Sqs([json.dumps(ENDPOINT)])
    assert queue(sqs).receive() == [HINT]
    assert sqs.calls == [("receive_message", {"MaxNumberOfMessages": 10, "WaitTimeSeconds": 20})]


def test_nothing_is_nothing() -> None:
    sqs = Sqs()
    reading = queue(sqs)
    assert (reading.receive(), reading.receive()) == ([], [])
    assert [operation for operation, _ in sqs.calls] == ["receive_message"] * 2


def test_all_that_was_read_is_deleted_and_counted_whatever_it_was() -> None:
    before = {result: counted(result) for result in ("hint", "other", "malformed")}
    bodies = [json.dumps(ENDPOINT), "nonsense", changed(ALARM, alarmName="shop")]
    sqs = Sqs([*bodies, bodies[0]])
    reading = queue(sqs)
    assert reading.receive() == [HINT, HINT]
    assert {result: counted(result) - number for result, number in before.items()} == {
        "hint": 2, "other": 1, "malformed": 1,
    }  # fmt: skip
    reading.receive()
    ((_, deleted),) = [call for call in sqs.calls if call[0] == "delete_message_batch"]
    assert [each["ReceiptHandle"] for each in deleted["Entries"]] == [f"h{body[:9]}" for body in [*bodies, bodies[0]]]
    assert len({each["Id"] for each in deleted["Entries"]}) == 4


def test_what_cannot_be_deleted_is_told_with_the_permission_and_keeps_nothing_from_being_read() -> None:
    sqs = Sqs([json.dumps(ENDPOINT)], [json.dumps(ENDPOINT)])
    sqs.deletes_refused = ReconcileError(
        Kind.BLOCKED, Reason.ACCESS_DENIED, "AccessDenied: no", "delete", "AccessDenied"
    )
    reading = queue(sqs)
    assert reading.receive() == [HINT]
    with pytest.raises(
        ReconcileError, match=rf"AccessDenied: no; the operator needs sqs:DeleteMessage on the queue {URL}"
    ):
        reading.receive()
    assert reading.receive() == [HINT]


def test_a_queue_that_may_not_be_read_is_told_with_the_permission() -> None:
    sqs = Sqs(ReconcileError(Kind.BLOCKED, Reason.ACCESS_DENIED, "AccessDenied: no", "receive_message", "AccessDenied"))
    with pytest.raises(ReconcileError, match="needs sqs:ReceiveMessage on the queue"):
        queue(sqs).receive()


def test_other_failures_are_told_as_aws_tells_them() -> None:
    away = ReconcileError(Kind.RETRY, Reason.UNAVAILABLE, "no route", "receive_message")
    with pytest.raises(ReconcileError, match=r"^ReceiveMessage: no route$"):
        queue(Sqs(away)).receive()
