"""What the status holds before anything is made in AWS, and what of it has to be there first."""

from datetime import UTC, datetime
from typing import Any

import pytest

from smendpoints.api.status import Resolved
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.verdict import Plan, ready, reconciling
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status.pins import must_pin, pinned
from smendpoints.domain.status.write_ahead import must_write_ahead, write_ahead

TAGS = Action(Verb.ADD_TAGS, "iris", {})
MODEL = Action(Verb.CREATE_MODEL, "iris", {})
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
BUSY = Plan(reconciling(Reason.CREATING, "creating the endpoint"), (MODEL,))
FINE = Plan(ready(Reason.IN_SERVICE, "in service"), (TAGS,))
IN_FORCE = {"endpointName": "default-iris", "region": "us-east-1", "generation": 1}


@pytest.mark.parametrize("created", [True, False, None])
def test_that_something_may_be_there_is_written_before_the_first_call(created: bool | None, resource: Any) -> None:
    given = resource(None, {"createdInAWS": created})
    assert must_write_ahead(given, BUSY) is (created is not True)
    assert not must_write_ahead(given, Plan(BUSY.verdict))


def test_what_is_about_to_happen_is_told_and_nothing_that_is_true_only_afterwards(resource: Any) -> None:
    found = write_ahead(resource(), BUSY, NOW)
    assert found.created_in_aws is True
    told = {each.type: (each.status, each.reason) for each in found.conditions}
    assert told["Reconciling"] == ("True", "Creating")
    assert told["Ready"][0] == "False"
    given = resource()
    assert write_ahead(given, FINE, NOW) == given.status.model_copy(update={"created_in_aws": True})


def test_what_is_in_force_is_written_before_it_is_acted_on_and_once(resource: Any) -> None:
    resolved = Resolved.model_validate({**IN_FORCE, "generation": 2})
    pinned = resource(None, {"resolved": IN_FORCE})
    assert not must_pin(pinned, FINE, resolved)  # the generation alone is no other value
    assert must_pin(pinned, FINE, resolved.model_copy(update={"tags": {"team": "ml"}}))
    assert must_pin(resource(), FINE, resolved)
    assert not must_pin(resource(), Plan(FINE.verdict), resolved)


def test_that_an_endpoint_is_adopted_is_written_before_it_is(resource: Any) -> None:
    adopts = Plan(reconciling(Reason.ADOPTED, "taking over"), (TAGS,))
    resolved = Resolved.model_validate(IN_FORCE)
    assert must_pin(resource(None, {"resolved": IN_FORCE}), adopts, resolved)
    assert not must_pin(resource(None, {"resolved": IN_FORCE, "adopted": True}), adopts, resolved)


def test_an_endpoint_that_is_made_is_no_adopted_one(resource: Any) -> None:
    given = resource(None, {"resolved": IN_FORCE, "adopted": True, "createdInAWS": True})
    resolved = Resolved.model_validate(IN_FORCE)
    makes = Plan(BUSY.verdict, (MODEL, Action(Verb.CREATE_ENDPOINT, "iris", {})))
    assert pinned(given.status, given, makes, resolved, allowed=True).adopted is None
    assert pinned(given.status, given, FINE, resolved, allowed=True).adopted is True
    assert pinned(given.status, given, FINE, resolved, allowed=False).resolved == given.status.resolved
