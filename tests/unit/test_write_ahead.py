"""What the status holds before anything is made in AWS, and what of it has to be there first."""

from datetime import UTC, datetime
from typing import Any

import pytest

from smendpoints.api.status import Resolved
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.verdict import Plan, ready, reconciling
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status.pins import must_pin, pinned, without_log
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


@pytest.mark.parametrize(
    ("created", "reason", "allowed", "kept"),
    [
        (True, Reason.IN_SERVICE, True, True),
        (True, Reason.IN_SERVICE, False, False),
        (False, Reason.IN_SERVICE, True, False),
        (None, Reason.IN_SERVICE, True, False),
        (True, Reason.SUSPENDED, True, False),
        (True, Reason.NOT_OWNED, True, False),
    ],
)
def test_what_is_in_force_is_kept_once_something_is_there_that_it_made(
    resource: Any, created: bool | None, reason: Reason, allowed: bool, kept: bool
) -> None:
    given = resource(None, {"createdInAWS": created})
    resolved = Resolved.model_validate(IN_FORCE)
    found = pinned(given.status, given, Plan(ready(reason, "")), resolved, allowed=allowed)
    assert found.resolved == (resolved if kept else None)


def test_that_it_was_adopted_is_kept(resource: Any) -> None:
    given, resolved = resource(None, {"createdInAWS": True}), Resolved.model_validate(IN_FORCE)
    adopts = Plan(reconciling(Reason.ADOPTED, "taking over"), (TAGS,))
    assert pinned(given.status, given, adopts, resolved, allowed=True).adopted is True


def test_what_was_shown_of_a_log_goes_where_no_log_may_be_shown(resource: Any) -> None:
    failed = resource(None, {"failure": {"reason": "no ping", "logTail": ["Traceback"], "hint": "fix it"}}).status
    bare = without_log(failed)
    assert bare.failure is not None
    assert (bare.failure.reason, bare.failure.log_tail, bare.failure.hint) == ("no ping", [], "fix it")
    assert bare.model_copy(update={"failure": failed.failure}) == failed
    assert without_log(bare) is bare
    well = resource().status
    assert without_log(well) is well
