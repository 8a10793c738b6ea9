"""A refusal of AWS belongs to just what was asked, and stands in the way of nothing else; in virtual time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import spec

INVALID = {"kind": "error", "code": "ValidationException", "status": 400, "message": "no"}
DENIED = {"kind": "error", "code": "AccessDeniedException", "status": 403, "message": "no"}


def refused(harness: Harness, operation: str, how: dict[str, Any], **changes: Any) -> None:
    """The object, with a call of its life refused, and that told."""
    harness.world.faults.add({**how, "operation": operation})
    harness.apply("iris", spec(**changes))
    harness.settle("iris")
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert "Exception: no" in stalled.message


def message(harness: Harness) -> str:
    ready = harness.condition("iris", "Ready")
    assert ready is not None
    return ready.message


def left(harness: Harness) -> dict[str, list[str]]:
    return {kind: names for kind, names in harness.inventory().items() if names}


@pytest.mark.parametrize("how", [INVALID, DENIED], ids=["for good", "for now"])
@pytest.mark.parametrize("operation", ["PutScalingPolicy", "CreateEndpointConfig"])
def test_a_deletion_begins_at_once_whatever_was_refused_before(
    harness: Harness, operation: str, how: dict[str, Any]
) -> None:
    refused(harness, operation, how)
    harness.run(3600, 300)
    harness.delete("iris")
    harness.tick()
    if operation == "PutScalingPolicy":
        assert harness.calls("DeleteEndpoint") == 1
        assert message(harness) == "deleting the endpoint default-iris"
        assert harness.resource("iris").status.failure is None
    harness.run(120)
    assert "iris" not in harness.objects
    assert left(harness) == {}


@pytest.mark.parametrize("how", [INVALID, DENIED], ids=["for good", "for now"])
def test_office_hours_end_on_time_though_something_was_refused(harness: Harness, how: dict[str, Any]) -> None:
    end = datetime.fromtimestamp(harness.clock.now(), UTC) + timedelta(hours=1)
    begin = end - timedelta(hours=12)
    hours = {"timeZone": "UTC", "start": f"{begin:%M %H} * * *", "stop": f"{end:%M %H} * * *"}
    refused(harness, "PutScalingPolicy", how, officeHours=hours)
    harness.run((end - datetime.fromtimestamp(harness.clock.now(), UTC)).total_seconds() - 30, 60)
    assert left(harness)["endpoints"] == ["default-iris"]
    harness.run(150)
    assert "endpoints" not in left(harness)
    assert message(harness).startswith("stopped outside of its office hours")


def test_the_same_call_for_another_goal_is_made(harness: Harness) -> None:
    """Taking a target off is refused while the endpoint runs; stopping it takes the same target off."""
    harness.ready()
    end = datetime.fromtimestamp(harness.clock.now(), UTC) + timedelta(hours=1)
    begin = end - timedelta(hours=12)
    hours = {"timeZone": "UTC", "start": f"{begin:%M %H} * * *", "stop": f"{end:%M %H} * * *"}
    unscaled = [{key: value for key, value in each.items() if key != "scaling"} for each in spec()["variants"]]
    harness.world.faults.add({**INVALID, "operation": "DeregisterScalableTarget", "times": 1})
    harness.apply("iris", spec(variants=unscaled, officeHours=hours))
    harness.settle("iris")
    assert harness.condition("iris", "Stalled") is not None
    harness.run(3600 + 150, 30)
    assert left(harness).keys() == {"configs", "models"}


@pytest.mark.parametrize("change", ["another generation", "the annotation", "a restart"])
def test_what_was_refused_for_good_is_asked_again_when_that_is_asked_for_or_never(
    harness: Harness, change: str
) -> None:
    refused(harness, "PutScalingPolicy", INVALID)
    asked = harness.calls("PutScalingPolicy")
    harness.run(7200, 60)
    assert harness.calls("PutScalingPolicy") == asked
    harness.world.faults.remove()
    if change == "another generation":
        harness.apply("iris", spec(tags={"team": "ml"}))
    elif change == "the annotation":
        harness.annotate("iris", {"smendpoints.dev/retry": "1"})
    else:
        harness.restart()
    harness.run(60)
    assert harness.calls("PutScalingPolicy") == asked + 1
    assert harness.condition("iris", "Stalled") is None


def test_what_a_hand_changes_is_put_right_beside_what_was_refused(harness: Harness) -> None:
    refused(harness, "PutScalingPolicy", INVALID, tags={"team": "ml"})
    asked = harness.calls("PutScalingPolicy")
    arn = harness.live()["EndpointArn"]
    harness.client("sagemaker").delete_tags(ResourceArn=arn, TagKeys=["team"])
    harness.run(600)
    tags = {tag["Key"]: tag["Value"] for tag in harness.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]}
    assert tags["team"] == "ml"
    assert harness.calls("PutScalingPolicy") == asked
    assert harness.condition("iris", "Stalled") is not None


def test_an_adoption_that_was_refused_is_asked_for_again_by_the_annotation(harness: Harness) -> None:
    harness.apply("iris", spec(deletionPolicy="Retain"))
    harness.settle("iris")
    harness.delete("iris")
    harness.settle_gone("iris")
    refused(harness, "AddTags", INVALID, adoptExisting=True)
    harness.world.faults.remove()
    harness.run(3600, 60)
    assert harness.condition("iris", "Stalled") is not None
    harness.annotate("iris", {"smendpoints.dev/retry": "1"})
    harness.settle("iris")
    assert harness.condition("iris", "Stalled") is None


@pytest.mark.parametrize("how", [INVALID, DENIED], ids=["for good", "for now"])
def test_a_deletion_that_aws_refuses_is_tried_again_soon_then_less_often_and_says_why(
    harness: Harness, how: dict[str, Any]
) -> None:
    refused(harness, "PutScalingPolicy", DENIED)
    harness.run(3600, 60)  # many a failure, none of the deletion's
    harness.world.faults.add({**how, "operation": "DeleteEndpoint"})
    harness.delete("iris")
    harness.run(20)
    assert harness.calls("DeleteEndpoint") >= 3
    assert message(harness).startswith("DeleteEndpoint: ")
    failure = harness.resource("iris").status.failure
    assert failure is not None
    assert failure.reason.startswith("DeleteEndpoint: ")
    harness.run(3600, 30)
    tried = harness.calls("DeleteEndpoint")
    harness.run(3600, 30)
    assert tried + 10 <= harness.calls("DeleteEndpoint") <= tried + 30


@pytest.mark.parametrize("change", ["a restart", "the annotation", "another policy"])
def test_a_deletion_goes_on_at_once_after_what_may_have_changed_the_answer(harness: Harness, change: str) -> None:
    harness.ready()
    harness.world.faults.add({**DENIED, "operation": "DeleteEndpoint"})
    harness.delete("iris")
    harness.run(3600, 30)
    harness.world.faults.remove()
    if change == "a restart":
        harness.restart()
    elif change == "the annotation":
        harness.annotate("iris", {"smendpoints.dev/retry": "1"})
    else:
        harness.apply("iris", spec(deletionPolicy="Retain"))
    harness.tick()
    if change == "another policy":
        assert "iris" not in harness.objects
    else:
        assert message(harness) == "deleting the endpoint default-iris"
