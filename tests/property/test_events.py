"""From AWS's change to the object that is looked at: the stack's rules and queue, and the operator's own clients."""

import json
import threading
from collections.abc import Collection
from functools import partial
from typing import Any

import pytest

from smendpoints.aws.calls.clients import Clients, Place
from smendpoints.aws.events import EventQueue, Hint
from smendpoints.domain.errors import ReconcileError
from smendpoints.work.hints import listen, pass_on
from smsandbox import events
from smsandbox.testing.by_script import config_by_script
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.world import ACCOUNT, EVENTS_QUEUE, REGION

HERE = Place(REGION)


@pytest.fixture
def url(harness: Harness) -> str:
    return events.ensure(harness.client("cloudformation"))


def reader(harness: Harness, url: str) -> EventQueue:
    """The operator's; it waits for nothing, as virtual time stands still meanwhile."""
    return EventQueue(Clients(HERE, harness.connections), url, wait_seconds=0)


def all_hints(queue: EventQueue) -> list[Hint]:
    """Until there is none."""
    found: list[Hint] = []
    while hints := queue.receive():
        found += hints
    return found


def waiting(harness: Harness, url: str) -> tuple[str, str]:
    """How many messages can be read, and how many were read and not deleted."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = harness.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return told[names[0]], told[names[1]]


def test_the_sandboxs_operator_is_told_the_queue_of_the_stack(url: str) -> None:
    assert url == EVENTS_QUEUE


def test_each_change_of_an_objects_endpoint_and_of_its_alarms_is_a_hint(harness: Harness, url: str) -> None:
    queue = reader(harness, url)
    hint = Hint(REGION, ACCOUNT, "default-iris")
    guarded = {"strategy": "Canary", "stepPercent": 50, "stepWaitSeconds": 60, "rollback": {"maxErrorRatePercent": 1}}
    harness.ready(rollout=guarded)
    assert set(all_hints(queue)) == {hint}
    assert waiting(harness, url) == ("0", "0")
    harness.apply("iris", with_variant(spec(rollout=guarded), modelArtifact=ARTIFACTS[1]))
    harness.run(300)
    (alarm, *_) = harness.client("cloudwatch").describe_alarms(AlarmNamePrefix="smendpoints/")["MetricAlarms"]
    assert all_hints(queue)
    harness.client("cloudwatch").set_alarm_state(AlarmName=alarm["AlarmName"], StateValue="ALARM", StateReason="drill")
    assert hint in all_hints(queue)
    harness.settle("iris")
    all_hints(queue)
    harness.delete("iris")
    harness.settle_gone("iris")
    assert set(all_hints(queue)) == {hint}


def test_a_hand_on_somebody_elses_endpoint_or_alarm_wakes_nobody(harness: Harness, url: str) -> None:
    queue, told = reader(harness, url), list[tuple[Place, Collection[str]]]()
    alarm = {"Namespace": "shop", "MetricName": "Errors", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}
    cloudwatch = harness.client("cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName="shop", Threshold=1.0, ComparisonOperator="GreaterThanThreshold", **alarm)
    cloudwatch.set_alarm_state(AlarmName="shop", StateValue="ALARM", StateReason="x")
    assert all_hints(queue) == []
    harness.ready()
    pass_on(all_hints(queue), [Place("eu-west-1")], lambda *moved: told.append(moved))
    assert told == []


def test_a_message_that_is_nonsense_goes_like_the_others(harness: Harness, url: str) -> None:
    queue, sqs = reader(harness, url), harness.client("sqs")
    huge = json.dumps({"source": "aws.sagemaker", "detail": {"EndpointName": "x" * 900_000}})
    for body in ("nonsense", "[" * 100_000, huge):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    harness.ready()
    assert [hint.endpoint_name for hint in queue.receive()] == ["default-iris", "default-iris"]
    assert queue.receive() == []
    assert waiting(harness, url) == ("0", "0")


def test_a_queue_that_is_gone_is_told_and_read_again_once_it_is_back(harness: Harness, url: str) -> None:
    queue = reader(harness, url)
    harness.client("cloudformation").delete_stack(StackName=events.STACK)
    with pytest.raises(ReconcileError, match=r"NonExistentQueue|QueueDoesNotExist"):
        queue.receive()
    events.ensure(harness.client("cloudformation"))
    harness.ready()
    assert all_hints(queue)


def test_a_queue_that_may_not_be_read_is_told_with_the_permission(harness: Harness, url: str) -> None:
    harness.client("iam").create_user(UserName="operator")
    key = harness.client("iam").create_access_key(UserName="operator")["AccessKey"]
    credentials = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    session = harness.session_of(**credentials)
    harness.world.settings = harness.world.settings.changed({"enforce_iam": True})
    queue = EventQueue(Clients(HERE, harness.connections_of(session)), url, wait_seconds=0)
    with pytest.raises(ReconcileError, match=f"the operator needs sqs:ReceiveMessage on the queue {url}"):
        queue.receive()


def test_objects_that_go_leave_the_queues_client_alone(harness: Harness, url: str) -> None:
    clients = Clients(HERE, harness.connections)
    before = clients("sqs")
    harness.connections.keep(frozenset())
    assert clients("sqs") is before


def test_a_change_in_aws_wakes_its_object_while_another_waits_for_the_queue(harness: Harness, url: str) -> None:
    """With AWS's long wait, in a thread, as the shell runs it: nothing but the event ends the wait."""
    queue = EventQueue(Clients(HERE, harness.connections), url)
    moved, ending, told = threading.Event(), threading.Event(), list[tuple[Place, set[str]]]()

    def wake(place: Place, names: Collection[str]) -> None:
        told.append((place, set(names)))
        ending.set()  # no further look into the queue, which would wait for 20 s
        moved.set()

    thread = threading.Thread(target=partial(listen, queue.receive, lambda: [HERE], wake, ending), daemon=True)
    thread.start()
    change: dict[str, Any] = {"EndpointName": "Iris", "EndpointConfigName": "one"}
    make(harness)
    harness.client("sagemaker").create_endpoint(**change)
    assert moved.wait(60)
    thread.join(60)
    assert told == [(HERE, {"iris"})]


def make(harness: Harness) -> None:
    """A model and a config that an endpoint can be made of."""
    config_by_script(harness.client("sagemaker"), "one", ARTIFACTS[0], model="m", variant="v")
