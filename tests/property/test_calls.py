"""How calls are made: what AWS throttles is tried again and slower, what it refuses is neither."""

from itertools import pairwise

import pytest

from smendpoints.api.group import RETRY
from smendpoints.aws.calls.clients import Clients, Place
from smendpoints.aws.calls.pace import Call
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import spec
from smsandbox.world import REGION

REGISTER = Call("application-autoscaling", "RegisterScalableTarget")
DESCRIBE = Call("sagemaker", "DescribeEndpoint")
QUOTA = {
    "kind": "error",
    "operation": "RegisterScalableTarget",
    "code": "LimitExceededException",
    "message": "You have reached the quota of 500 scalable targets in this region.",
    "status": 400,
}


def test_a_quota_refusal_is_asked_for_once_and_slows_nobody(harness: Harness) -> None:
    harness.world.faults.add({**QUOTA, "resource": "endpoint/default-iris/*"})
    harness.apply("iris", spec())
    told = harness.settle("iris").status.to_json()["conditions"]
    assert any("LimitExceededException" in each["message"] for each in told)
    assert harness.failed_calls() == {"RegisterScalableTarget LimitExceededException": 1}
    assert harness.connections.paces.rate("", REGION, REGISTER) is None
    harness.apply("rose", spec())
    harness.settle("rose")
    assert harness.condition("rose", "Ready").status == "True"  # type: ignore[union-attr]


def test_throttling_is_tried_again_within_the_reconcile_and_slows_what_follows(harness: Harness) -> None:
    harness.apply("iris", spec())
    harness.settle("iris")
    clients = Clients(Place(REGION), harness.connections)
    harness.world.faults.add({"kind": "throttle", "operation": "DescribeEndpoint", "times": 2})
    began = harness.clock.now()
    assert clients.call("sagemaker", "describe_endpoint", EndpointName="default-iris")["EndpointStatus"] == "InService"
    assert harness.failed_calls() == {"DescribeEndpoint ThrottlingException": 2}
    assert harness.clock.now() > began
    assert harness.connections.paces.rate("", REGION, DESCRIBE) is not None


def test_a_call_that_does_not_say_as_whom_is_not_made(harness: Harness) -> None:
    client = harness.connections.client("sagemaker", REGION)
    before = harness.calls("ListModels")
    with pytest.raises(LookupError):
        client.list_models()
    assert harness.calls("ListModels") == before


def test_what_is_stuck_asks_less_and_less_often_and_at_once_when_it_is_told_to(harness: Harness) -> None:
    harness.world.faults.add(QUOTA)
    harness.apply("iris", spec())
    harness.settle("iris")
    when: list[float] = []
    until = harness.clock.now() + 4 * 3600
    seen = harness.calls("RegisterScalableTarget")
    while harness.clock.now() < until:
        harness.tick()
        if harness.calls("RegisterScalableTarget") > seen:
            assert harness.calls("RegisterScalableTarget") == seen + 1  # one call each time
            seen += 1
            when.append(harness.clock.now())
        harness.world.advance(60)
    waits = [later - earlier for earlier, later in pairwise(when)]
    assert all(wait >= 240 for wait in waits)
    assert 1200 <= waits[-1] <= 1800 + 60
    assert len(when) <= 13  # of 48 at five minutes each
    harness.annotate("iris", {RETRY: "now"})
    harness.tick()
    assert harness.calls("RegisterScalableTarget") == seen + 1
    harness.world.faults.remove()
    harness.annotate("iris", {RETRY: "now, as the quota was raised"})
    assert harness.settle("iris").status.conditions
    assert harness.condition("iris", "Ready").status == "True"  # type: ignore[union-attr]
