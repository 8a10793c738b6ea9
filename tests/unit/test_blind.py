"""What is told of an object while AWS cannot be asked for it, or its spec cannot be made sense of."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from smendpoints.aws.listed.summary import Summary
from smendpoints.controller.blind import blinded
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
GONE_WRONG = ReconcileError(Kind.RETRY, Reason.THROTTLED, "AWS asks for time")
NONSENSE = ReconcileError(Kind.INVALID, Reason.INVALID_SPEC, "no such schedule")
IN_SERVICE = {
    "reason": "InService",
    "message": "",
    "observedGeneration": 3,
    "lastTransitionTime": "2026-11-26T00:00:00Z",
}


def told(resource: Any, failure: ReconcileError, failures: int, listed: str | None = None) -> Any:
    """The finding; `listed` is what the listings say of the endpoint."""
    summary = Summary("arn", listed, NOW) if listed is not None else None
    aws: Any = SimpleNamespace(watch=SimpleNamespace(peek=lambda _: summary))
    return blinded(resource, failure, 30.0, failures, lambda: (aws, "default-iris"), NOW)


def state(finding: Any) -> dict[str, tuple[str, str]]:
    return {each.type: (each.status, each.reason) for each in finding.status.conditions}


@pytest.fixture
def seen(resource: Any) -> Any:
    """An object that was in service when it was looked at last."""
    generation = resource().metadata.generation
    conditions = [
        {"type": kind, "status": "True", **IN_SERVICE, "observedGeneration": generation}
        for kind in ("Ready", "Available")
    ]
    arn = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/default-iris"
    endpoint = {"name": "default-iris", "status": "InService", "arn": arn, "configName": "live"}
    return resource(None, {"observedGeneration": generation, "conditions": conditions, "endpoint": endpoint})


def test_a_failure_or_three_are_nobodys_business_and_then_nothing_is_known(seen: Any) -> None:
    for failures in (1, 2, 3):
        finding = told(seen, GONE_WRONG, failures)
        assert (finding.status, finding.requeue_after) == (seen.status, 30.0)
    assert state(told(seen, GONE_WRONG, 4))["Ready"] == ("Unknown", "Throttled")


def test_of_a_new_object_the_first_failure_is_told(resource: Any) -> None:
    assert state(told(resource(), GONE_WRONG, 1))["Ready"][0] == "False"


def test_of_a_spec_without_sense_it_is_told_whether_the_endpoint_is_listed_to_serve(seen: Any) -> None:
    serves = state(told(seen, NONSENSE, 1, listed="InService"))
    assert serves["Stalled"] == ("True", "InvalidSpec")
    assert serves["Available"][0] == "True"
    assert state(told(seen, NONSENSE, 1, listed="Failed"))["Available"][0] == "False"


def test_of_a_name_that_is_anothers_there_are_no_numbers_and_of_ones_own_they_stay(seen: Any) -> None:
    numbers = seen.model_copy(update={"status": seen.status.model_copy(update={"instances": "2/2"})})
    taken = told(numbers, ReconcileError(Kind.BLOCKED, Reason.NAME_TAKEN, "taken"), 1).status
    assert (taken.instances, taken.endpoint.status, taken.endpoint.arn) == (None, "NotOwned", None)
    kept = told(numbers, NONSENSE, 1).status
    assert (kept.instances, kept.endpoint) == ("2/2", seen.status.endpoint)


def test_of_an_endpoint_that_nobody_saw_what_was_said_stays(seen: Any, resource: Any) -> None:
    nothing = seen.model_copy(update={"status": seen.status.model_copy(update={"endpoint": None})})
    assert state(told(nothing, NONSENSE, 1))["Available"] == ("True", "InService")
    assert "Available" not in state(told(resource(), NONSENSE, 1))
