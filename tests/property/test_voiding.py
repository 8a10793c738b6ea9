"""Before anything is changed in AWS the object is read again: what was edited, deleted or made again is not acted for."""

from typing import Any

import pytest

from smendpoints.api.resource import SageMakerEndpoint
from smsandbox.testing import specs
from smsandbox.testing.harness import Harness

EDIT = specs.with_variant(specs.spec(), modelArtifact=specs.ARTIFACTS[1])


class Stale:
    """Says for so many reconciles that the object is not what it was; keeps what it was asked about."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.asked: list[SageMakerEndpoint] = []

    def __call__(self, resource: SageMakerEndpoint) -> str | None:
        self.asked.append(resource)
        self.times -= 1
        return "the object was edited" if self.times >= 0 else None


def stale(harness: Harness, times: int) -> Stale:
    made: Any = Stale(times)
    harness.controller._why_not = harness.controller._finalizer._why_not = made
    return made  # type: ignore[no-any-return]


def changes(harness: Harness) -> list[str]:
    reading = ("List", "Describe", "Get", "Head", "BatchGet", "Filter")
    return [each["operation"] for each in harness.world.calls.recent() if not each["operation"].startswith(reading)]


def test_an_object_that_is_not_what_it_was_gets_nothing_made_and_the_reconcile_comes_again(harness: Harness) -> None:
    before = len(changes(harness))
    asked = stale(harness, times=3)
    harness.apply("iris", specs.spec())
    for _ in range(100):
        harness.tick()
        if len(asked.asked) == 3:
            break
        assert changes(harness)[before:] == []
        harness.world.advance(1.0)
    assert changes(harness)[before:] == []
    harness.settle("iris")
    condition = harness.condition("iris", "Ready")
    assert condition is not None
    assert condition.status == "True"
    assert len(asked.asked) > 3


def test_each_reconcile_that_changes_something_asks_once_and_the_others_do_not(harness: Harness) -> None:
    asked = stale(harness, times=0)
    harness.ready()
    first = len(asked.asked)
    assert 1 <= first <= 4  # models, config and endpoint are made in one reconcile, the scaling in another
    harness.run(600)
    assert len(asked.asked) == first


def test_an_edit_whose_first_reconcile_was_void_is_carried_out_though_aws_is_at_what_it_was_at(
    harness: Harness,
) -> None:
    harness.ready()
    stale(harness, times=1)
    harness.apply("iris", EDIT)
    harness.settle("iris")
    assert "UpdateEndpoint" in changes(harness)


def test_nothing_is_deleted_for_an_object_that_is_not_what_it_was(harness: Harness) -> None:
    harness.ready()
    before = len(changes(harness))
    asked = stale(harness, times=2)
    harness.delete("iris")
    while len(asked.asked) < 2:
        harness.tick()
        harness.world.advance(1.0)
    assert changes(harness)[before:] == []
    harness.settle_gone("iris")
    assert "DeleteEndpoint" in changes(harness)


@pytest.mark.parametrize("number", [1, 2])
def test_an_edit_between_look_and_act_makes_nothing_of_the_old_spec(harness: Harness, number: int) -> None:
    """Here the API server itself is asked: the object is edited just before the reconcile would act."""
    asked: list[int] = []

    def why_not(resource: SageMakerEndpoint) -> str | None:
        asked.append(resource.metadata.generation)
        if len(asked) == number:
            harness.apply("iris", EDIT)
        current = harness.resource("iris").metadata.generation
        return None if current == resource.metadata.generation else "the object was edited"

    harness.controller._why_not = why_not
    harness.apply("iris", specs.spec())
    harness.settle("iris")
    made = {
        call["summary"].get("ModelName") for call in harness.world.calls.recent() if call["operation"] == "CreateModel"
    }
    assert len(made) == (1 if number == 1 else 2)
