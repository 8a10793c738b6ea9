"""What becomes of an object that this operator's types do not take."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from smendpoints.controller.finding import Finding, conclude, read, unreadable
from smendpoints.controller.memory import Memory
from smendpoints.controller.result import Awaits

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def an_object(spec: dict[str, Any], status: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    named = {"name": "iris", "namespace": "ml", "uid": "u", "generation": 7, **metadata}
    return {"metadata": named, "spec": spec, "status": status}


def test_its_spec_is_told_for_the_generation_that_it_is_of_and_all_else_in_the_status_stays() -> None:
    body = an_object({"variants": 1}, {"observedGeneration": 3, "instances": "2/2"})
    with pytest.raises(ValidationError) as caught:
        read(body)
    result = unreadable(body, caught.value, NOW)
    assert result.status is not None
    assert (result.status["observedGeneration"], result.status["instances"]) == (7, "2/2")
    told = {each["type"]: (each["status"], each["reason"]) for each in result.status["conditions"]}
    assert told["Ready"] == ("False", "InvalidSpec")
    assert told["Stalled"] == ("True", "InvalidSpec")
    again = unreadable({**body, "status": result.status}, caught.value, NOW)
    assert again.status is None  # nothing new is to be written


def test_a_status_that_stays_as_it_is_is_not_written_and_when_to_come_again_is_kept(resource: Any) -> None:
    given, memory = resource(), Memory()
    still = conclude(given, Finding(given.status, 30.0, Awaits.CHANGE), memory, 100.0)
    assert (still.status, still.events, still.requeue_after, still.awaits) == (None, (), 30.0, Awaits.CHANGE)
    assert (memory.schedule.deadline, memory.schedule.awaits) == (130.0, Awaits.CHANGE)
    assert memory.told.asked == given.asked()
    moved = conclude(given, Finding(given.status.model_copy(update={"created_in_aws": True})), memory, 100.0)
    assert moved.status is not None
    assert moved.status["createdInAWS"] is True


def test_a_note_is_an_event_once(resource: Any) -> None:
    given, memory = resource(), Memory()
    memory.note(["the role may not list images"])
    assert [each.message for each in conclude(given, Finding(given.status), memory, 0.0).events] == [
        "the role may not list images"
    ]
    memory.note(["the role may not list images"])
    assert conclude(given, Finding(given.status), memory, 0.0).events == ()


LEAVING = {"deletionTimestamp": "2026-11-26T00:00:00Z"}
SPEC = {"variants": [{"name": "a", "image": "i", "instance": {"type": "ml.m5.large"}}]}


def test_of_what_is_being_deleted_the_status_counts_as_far_as_it_can_be_read() -> None:
    status = {"adopted": True, "observedGeneration": "many", "rollout": {"phase": "Odd"}}
    found = read(an_object(SPEC, status, **LEAVING)).status
    assert (found.adopted, found.rollout) == (True, None)
    with pytest.raises(ValidationError):
        read(an_object(SPEC, status))


@pytest.mark.parametrize(("spec", "status"), [({"variants": 1}, {"adopted": True}), (SPEC, "all of it")])
def test_what_is_wrong_beside_a_part_of_the_status_stands_in_the_way(spec: dict[str, Any], status: Any) -> None:
    with pytest.raises(ValidationError):
        read(an_object(spec, status, **LEAVING))


def test_of_what_is_being_deleted_a_spec_that_cannot_be_read_is_told_though_there_is_no_status_yet() -> None:
    body = an_object({"variants": 1}, {}, **LEAVING)
    del body["status"]
    with pytest.raises(ValidationError):
        read(body)


def test_what_was_told_before_is_no_event_again() -> None:
    body = an_object({"variants": 1}, {"observedGeneration": 3})
    with pytest.raises(ValidationError) as caught:
        read(body)
    first = unreadable(body, caught.value, NOW)
    assert [each.reason for each in first.events] == ["InvalidSpec"]
    assert unreadable({**body, "status": first.status}, caught.value, NOW).events == ()
