"""Changes in place that AWS took back: when each is asked for again, and what is told meanwhile."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from smendpoints.api.status_rollout import InPlaceChange
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.turns import Turns, turns
from smendpoints.domain.plan.verdict import Requeue
from smendpoints.domain.reasons import Reason

WHY, CAPACITY = "the container does not answer", "InsufficientInstanceCapacity"
TWO, ONE = ({"variant": {"instance": {"type": "ml.m5.large", "count": count}}} for count in (2, 1))
PLAINLY = "AWS took back primary: instances 1 → 2"


def wanted(given: Input) -> Action:
    """The call that the plan makes first."""
    endpoint = given.observed.endpoint
    assert endpoint is not None
    return Action(
        Verb.SET_WEIGHTS_AND_CAPACITIES,
        "primary",
        {
            "EndpointName": endpoint.name,
            "DesiredWeightsAndCapacities": [{"VariantName": "primary", "DesiredInstanceCount": 2}],
        },
    )


def taken_back(
    sight: Callable[..., Any], *, why: str | None, attempts: int, ago: timedelta, asked: timedelta = timedelta(hours=1)
) -> Any:
    """AWS was asked `attempts` times for a second instance, went back `ago`, and says why."""
    seen = sight({**TWO, "driftPolicy": "Correct"}, TWO, variants={"primary": {"desired_count": 1, "current_count": 1}})
    endpoint = replace(seen.observed.endpoint, modified_at=seen.given.now - ago, failure_reason=why)
    key = turns(seen.given, endpoint, [wanted(seen.given)]).made[0].change
    record = InPlaceChange(
        change=key,
        attempts=attempts,
        asked_at=seen.given.now - asked,
        endpoint_modified_at=endpoint.modified_at - timedelta(minutes=5),
    )
    status = seen.resource.status.model_copy(update={"in_place": [record]})
    resource = seen.resource.model_copy(update={"status": status})
    return replace(seen, resource=resource, observed=replace(seen.observed, endpoint=endpoint))


def found(seen: Any) -> Turns:
    return turns(seen.given, seen.observed.endpoint, [wanted(seen.given)])


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 30), (7, 30), (50, 30)])
def test_it_is_asked_for_less_and_less_often_but_every_half_hour(
    sight: Callable[..., Any], attempts: int, minutes: int
) -> None:
    wait = timedelta(minutes=minutes)
    before = found(taken_back(sight, why=WHY, attempts=attempts, ago=wait - timedelta(seconds=1)))
    assert (before.next, before.wait) == (None, timedelta(seconds=1))
    assert [reason for _, reason in before.taken_back] == [WHY]
    after = found(taken_back(sight, why=WHY, attempts=attempts, ago=wait))
    assert after.next is not None
    assert (after.taken_back, after.wait) == ((), timedelta(0))
    assert [each.attempts for each in after.made] == [attempts + 1]


@pytest.mark.parametrize(("attempts", "again"), [(1, True), (2, True), (3, False)])
def test_without_a_reason_it_is_asked_for_at_once_three_times(
    sight: Callable[..., Any], attempts: int, again: bool
) -> None:
    now = found(taken_back(sight, why=None, attempts=attempts, ago=timedelta(seconds=1)))
    assert (now.next is not None) is again
    assert [reason for _, reason in now.taken_back] == ([] if again else ["AWS gives no reason"])


def test_what_is_remembered_is_the_reason_and_when_it_was_asked_for(sight: Callable[..., Any]) -> None:
    seen = taken_back(sight, why=WHY, attempts=2, ago=timedelta(minutes=5))
    now = found(seen)
    (kept,), (made,) = now.kept, now.made
    assert (kept.message, kept.attempts) == (WHY, 2)
    assert (made.message, made.attempts, made.asked_at) == (None, 3, seen.given.now)
    assert made.endpoint_modified_at == seen.observed.endpoint.modified_at
    assert made.change == kept.change


@pytest.mark.parametrize(("minutes", "waits"), [(9, True), (10, False), (11, False)])
def test_what_aws_never_shows_to_have_begun_with_is_asked_for_again_after_ten_minutes(
    sight: Callable[..., Any], minutes: int, waits: bool
) -> None:
    seen = taken_back(sight, why=None, attempts=1, ago=timedelta(hours=2), asked=timedelta(minutes=minutes))
    record = seen.resource.status.in_place[0]
    same = record.model_copy(update={"endpoint_modified_at": seen.observed.endpoint.modified_at})
    status = seen.resource.status.model_copy(update={"in_place": [same]})
    now = found(replace(seen, resource=seen.resource.model_copy(update={"status": status})))
    assert (now.begins, now.next is None) == (waits, waits)
    assert now.kept == (same,)
    assert [each.attempts for each in now.made] == [1 if waits else 2]


def test_of_several_that_wait_the_first_sets_the_time(sight: Callable[..., Any]) -> None:
    seen = taken_back(sight, why=WHY, attempts=3, ago=timedelta(minutes=1))
    other = replace(wanted(seen.given), params={"DesiredWeightsAndCapacities": []})
    (record,) = seen.resource.status.in_place
    key = turns(replace(seen.given, resource=seen.resource), seen.observed.endpoint, [other]).made[0].change
    more = record.model_copy(update={"change": key, "attempts": 6, "message": "earlier"})
    more = more.model_copy(update={"asked_at": record.asked_at - timedelta(minutes=1)})
    status = seen.resource.status.model_copy(update={"in_place": [record, more]})
    given = replace(seen, resource=seen.resource.model_copy(update={"status": status})).given
    now = turns(given, seen.observed.endpoint, [wanted(given), other])
    assert [reason for _, reason in now.taken_back] == [WHY, "earlier"]
    assert now.wait == timedelta(minutes=3)


@pytest.mark.parametrize(
    ("reasons", "later"), [([CAPACITY], True), ([CAPACITY, WHY], False), ([WHY], False), ([CAPACITY, CAPACITY], True)]
)
def test_it_may_work_later_if_nothing_but_capacity_lacked(
    sight: Callable[..., Any], reasons: list[str], later: bool
) -> None:
    call = wanted(sight(TWO).given)
    assert Turns(taken_back=tuple((call, reason) for reason in reasons)).may_work_later() is later


def test_what_was_taken_back_is_told_with_its_reason(sight: Callable[..., Any]) -> None:
    hopeless = taken_back(sight, why=WHY, attempts=2, ago=timedelta(minutes=1)).plan()
    assert (hopeless.verdict.reason, hopeless.verdict.stalled) == (Reason.CHANGE_FAILED, True)
    assert hopeless.verdict.message == f"{PLAINLY}: {WHY}; it is tried again less and less often"
    assert hopeless.requeue == 60.0
    short = taken_back(sight, why=CAPACITY, attempts=2, ago=timedelta(minutes=1)).plan()
    assert (short.verdict.reason, short.verdict.reconciling) == (Reason.CAPACITY_SHORTAGE, True)
    assert short.verdict.message == f"{PLAINLY}: {CAPACITY}; trying again at 12:01:00Z"
    assert short.requeue == 60.0
    soon = taken_back(sight, why=WHY, attempts=1, ago=timedelta(seconds=59.5)).plan()
    assert soon.requeue == 1.0


def test_what_begins_is_waited_for_and_told(sight: Callable[..., Any]) -> None:
    seen = taken_back(sight, why=None, attempts=1, ago=timedelta(hours=2), asked=timedelta(minutes=1))
    record = seen.resource.status.in_place[0]
    same = record.model_copy(update={"endpoint_modified_at": seen.observed.endpoint.modified_at})
    status = seen.resource.status.model_copy(update={"in_place": [same]})
    begins = replace(seen, resource=seen.resource.model_copy(update={"status": status}))
    todo = begins.plan()
    tagged = replace(begins, desired=replace(begins.desired, tags={**begins.desired.tags, "team": "ml"}))
    assert [str(each) for each in tagged.plan().actions] == ["ADD_TAGS default-iris"], "tags wait for nothing"
    assert (todo.verdict.reason, todo.verdict.reconciling) == (Reason.SCALING, True)
    assert todo.verdict.message == "waiting for AWS to begin with: primary: instances 1 → 2"
    assert (todo.actions, todo.requeue) == ((), Requeue.POLL)
    assert todo.turns is not None
    assert todo.turns.begins
