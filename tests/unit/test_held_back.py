"""What of a plan is done where a policy does not allow the object: what takes away, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.held_back import held_back
from smendpoints.domain.plan.meanwhile import Meanwhile
from smendpoints.domain.plan.turns import Turns
from smendpoints.domain.plan.verdict import Plan, Requeue, Verdict, ready, reconciling, stalled, suspended
from smendpoints.domain.reasons import Reason

VIOLATIONS = tuple(f"violation {number}" for number in range(1, 6))
WELL = ready(Reason.IN_SERVICE, "in service")
BUSY = reconciling(Reason.UPDATING, "updating")
TOLD = "the endpoint stays as it is; nothing is changed: violation 1; violation 2; violation 3"


def counts(*entries: dict[str, Any]) -> Action:
    return Action(Verb.SET_WEIGHTS_AND_CAPACITIES, "default-iris", {"DesiredWeightsAndCapacities": list(entries)})


def instances(count: int, **more: Any) -> dict[str, Any]:
    return {"VariantName": "primary", "DesiredInstanceCount": count, **more}


def call(verb: Verb) -> Action:
    return Action(verb, "something", {})


GARBAGE = (call(Verb.DELETE_CONFIG), call(Verb.DELETE_MODEL), call(Verb.DELETE_ALARMS))

# What is planned for an endpoint of two instances that shall run; whether that is forbidden.
RUNNING: dict[str, tuple[Plan, bool]] = {
    "nothing, in service": (Plan(WELL, requeue=Requeue.STEADY), False),
    "nothing, on the way: AWS is at work": (Plan(BUSY), False),
    "nothing yet, an attempt is written first": (Plan(BUSY, requeue=Requeue.NOW), True),
    "nothing yet, to be tried in a minute": (Plan(BUSY, requeue=60.0), True),
    "nothing yet, to be tried in a second": (Plan(BUSY, requeue=1), True),
    "garbage collection": (Plan(WELL, GARBAGE), False),
    "garbage collection that goes on": (Plan(WELL, GARBAGE, requeue=Requeue.NOW), False),
    "a new model": (Plan(BUSY, (call(Verb.CREATE_MODEL),)), True),
    "a new model after garbage": (Plan(BUSY, (*GARBAGE, call(Verb.CREATE_MODEL))), True),
    "an update": (Plan(BUSY, (call(Verb.UPDATE_ENDPOINT),)), True),
    "tags": (Plan(WELL, (call(Verb.ADD_TAGS),)), True),
    "tags taken off": (Plan(WELL, (call(Verb.DELETE_TAGS),)), True),
    "bounds": (Plan(WELL, (call(Verb.REGISTER_TARGET),)), True),
    "scaling that ends": (Plan(BUSY, (call(Verb.DEREGISTER_TARGET),)), False),
    "a policy that goes": (Plan(WELL, (call(Verb.DELETE_POLICY), call(Verb.DELETE_SCHEDULE))), False),
    "a failed endpoint that is deleted to be made anew": (Plan(BUSY, (call(Verb.DELETE_ENDPOINT),)), True),
    "fewer instances": (Plan(BUSY, (counts(instances(1)),)), False),
    "as many instances": (Plan(BUSY, (counts(instances(2)),)), True),
    "more instances": (Plan(BUSY, (counts(instances(3)),)), True),
    "fewer instances, another weight": (Plan(BUSY, (counts(instances(1, DesiredWeight=2.0)),)), True),
    "fewer of one, more of another": (Plan(BUSY, (counts(instances(1), instances(3)),)), True),
    "fewer of a variant that is not there": (
        Plan(BUSY, (counts({"VariantName": "other", "DesiredInstanceCount": 1}),)),
        True,
    ),
    "a rollout that is undone": (Plan(BUSY, (call(Verb.SET_ALARM),)), False),
    "drift that is told": (Plan(WELL, drift=("a tag",)), False),
    "drift that taking away corrects": (Plan(WELL, (call(Verb.DELETE_POLICY),), drift=("a policy",)), True),
}
# The same for an endpoint that shall be stopped.
STOPPING: dict[str, tuple[Plan, bool]] = {
    "the endpoint goes": (Plan(BUSY, (call(Verb.DELETE_ENDPOINT),)), False),
    "scaling goes first": (Plan(BUSY, (call(Verb.DEREGISTER_TARGET),), requeue=Requeue.NOW), False),
    "it is tried again": (Plan(BUSY, requeue=60.0), False),
    "it is stopped": (Plan(ready(Reason.STOPPED, "stopped")), False),
    "a tag comes": (Plan(BUSY, (call(Verb.ADD_TAGS),)), True),
}


def held(sight: Any, todo: Plan, *, state: str = "Running", **shows: Any) -> Plan:
    wants = {"variant": {"instance": {"type": "ml.m5.large", "count": 2}}, "desiredState": state}
    return held_back(todo, sight(wants, **shows).given, Reason.POLICY_VIOLATION, VIOLATIONS)


@pytest.mark.parametrize("name", RUNNING)
def test_nothing_comes_and_nothing_that_runs_is_touched(name: str, sight: Any) -> None:
    todo, forbidden = RUNNING[name]
    found = held(sight, todo)
    if forbidden:
        assert found == Plan(
            Verdict(Reason.POLICY_VIOLATION, TOLD, stalled=True), requeue=Requeue.STEADY, drift=todo.drift
        )
        assert not found.apart
    elif todo.verdict.ready:
        assert found == replace(todo, verdict=Verdict(Reason.POLICY_VIOLATION, TOLD, ready=True, stalled=True))
    else:
        assert found == todo


WEIGHT = counts({"VariantName": "primary", "DesiredWeight": 2.0})


@pytest.mark.parametrize("beside", [(), (call(Verb.ADD_TAGS),)], ids=["", "though tags are not"])
def test_weights_are_changed_as_they_only_move_traffic(sight: Any, beside: tuple[Action, ...]) -> None:
    asked = Turns(next=WEIGHT)
    found = held(sight, Plan(BUSY, (*beside, WEIGHT), endpoint_status="Updating", turns=asked))
    assert found.actions == (WEIGHT,)
    assert found.turns is asked, "that it is asked for is remembered"
    assert (found.requeue, found.endpoint_status, found.apart) == (Requeue.POLL, "Updating", True)
    assert found.verdict.stalled
    assert found.verdict.message.startswith("changing in place: primary: weight 1 → 2; all else waits: violation 1")
    drifted = held(sight, Plan(BUSY, (WEIGHT,), drift=("primary: weight 1 → 2",)))
    assert (drifted.actions, drifted.verdict.message) == ((), TOLD)


@pytest.mark.parametrize("verb", [Verb.ADD_TAGS, Verb.DELETE_TAGS, Verb.REGISTER_TARGET])
def test_while_aws_is_at_work_it_is_waited_for_and_nothing_is_changed_beside(sight: Any, verb: Verb) -> None:
    found = held(sight, Plan(BUSY, (call(verb),)), shows={"status": "Updating"})
    assert found == Plan(BUSY)


@pytest.mark.parametrize("name", STOPPING)
def test_what_is_stopped_is_stopped(name: str, sight: Any) -> None:
    todo, forbidden = STOPPING[name]
    found = held(sight, todo, state="Stopped")
    assert (found == todo) is not forbidden
    assert found.verdict.stalled is forbidden


def test_without_an_endpoint_none_goes_on(sight: Any) -> None:
    found = held(sight, Plan(BUSY, (call(Verb.CREATE_ENDPOINT),)), exists=False)
    assert found.verdict.message == "nothing is changed: violation 1; violation 2; violation 3"
    assert found.actions == ()


@pytest.mark.parametrize("todo", [Plan(suspended(Reason.SUSPENDED, "suspended")), Plan(BUSY, GARBAGE)])
def test_what_is_suspended_or_allowed_is_planned_as_ever(todo: Plan, sight: Any) -> None:
    violations = VIOLATIONS if todo.verdict.reason is Reason.SUSPENDED else ()
    assert held_back(todo, sight().given, Reason.POLICY_VIOLATION, violations) is todo


def test_after_an_update_that_failed_it_scales_as_before_and_the_failure_is_kept(sight: Any) -> None:
    from smendpoints.domain.plan.snapshot import restoring_calls, snapshot_of

    scaling = {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}
    seen = sight({"variant": {"scaling": scaling}})
    kept = snapshot_of(seen.observed.targets[0], {})
    assert kept is not None
    rollout = RolloutStatus.model_validate(
        {"configName": "new", "attempt": "a", "phase": "Failed", "startedAt": "2026-01-01T00:00:00Z"}
    ).model_copy(update={"autoscaling_snapshot": [kept]})
    restoring = restoring_calls(kept, "default-iris")
    assert [str(each) for each in restoring] == [
        "REGISTER_TARGET endpoint/default-iris/variant/primary",
        "PUT_POLICY endpoint/default-iris/variant/primary invocations-per-instance",
    ]
    todo = Plan(stalled(Reason.UPDATE_FAILED, "failed"), (*restoring, call(Verb.ADD_TAGS)), rollout=rollout)
    found = held_back(todo, seen.given, Reason.POLICY_VIOLATION, VIOLATIONS)
    assert (found.actions, found.rollout) == (restoring, rollout)
    todo = replace(todo, rollout=rollout.model_copy(update={"phase": "InProgress"}))
    found = held_back(todo, seen.given, Reason.POLICY_VIOLATION, VIOLATIONS)
    assert (found.actions, found.rollout) == ((), seen.given.recorded.rollout)


def test_weights_are_changed_beside_a_revision_that_waits(sight: Any) -> None:
    beside = Meanwhile(turns=Turns(next=WEIGHT))
    found = held(sight, Plan(BUSY, (call(Verb.UPDATE_ENDPOINT),), meanwhile=beside))
    assert found.actions == (WEIGHT,)
