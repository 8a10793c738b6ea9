"""`AutoscalingActive`: what is told of variants that scale, in the middle of rollouts and after refusals, too."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.plan.verdict import Plan, ready, reconciling
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status.scaling import autoscaling, why_not_scaled

BOUNDS = {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}
SCALED = {"variant": {"scaling": BOUNDS}}
BARE = {"variant": {"scaling": {"minCapacity": 1, "maxCapacity": 5, "schedules": []}}}
ON = (Reason.AUTOSCALING_ACTIVE, "scaling primary 1 to 5")
ROLLS, RESTS = Plan(reconciling(Reason.UPDATING, "on the way")), Plan(ready(Reason.IN_SERVICE, "in service"))
WAITS = (Reason.AUTOSCALING_PENDING, "waiting: on the way")
DENIED = ReconcileError(Kind.BLOCKED, Reason.ACCESS_DENIED, "no", "register_scalable_target")
OTHER = ReconcileError(Kind.BLOCKED, Reason.ACCESS_DENIED, "no", "create_model")
AT = "2026-11-22T11:00:00Z"


def told(seen: Any, todo: Plan = RESTS, *refusals: ReconcileError, applied: bool = True, **before: str) -> Any:
    status = seen.resource.status
    if before:
        at = {"type": "AutoscalingActive", "status": "False", "observedGeneration": 4, "lastTransitionTime": AT}
        status = type(status).model_validate({**status.to_json(), "conditions": [{**at, **before}]})
    return autoscaling(status, seen.desired, seen.observed, todo, refusals, applied=applied)


def test_what_does_not_scale_has_none_and_what_pauses_says_so(sight: Callable[..., Any]) -> None:
    assert told(sight()) is None
    paused = told(sight({"variant": {"scaling": {**BOUNDS, "suspended": True}}}))
    assert paused == (Reason.AUTOSCALING_SUSPENDED, "scaling is suspended; the policies are kept")


@pytest.mark.parametrize("status", ["Creating", "Deleting", "Failed", None])
def test_where_nothing_serves_it_waits(sight: Callable[..., Any], status: str | None) -> None:
    seen = sight(SCALED, exists=status is not None, shows={"status": status} if status else None)
    assert told(seen, ROLLS) == WAITS


def test_what_is_registered_is_active_and_what_is_not_waits(sight: Callable[..., Any]) -> None:
    seen = sight(SCALED)
    assert told(seen) == ON
    assert told(sight(SCALED, {}), ROLLS) == WAITS
    assert told(seen, ROLLS) == ON, "in the middle of a rollout, too"
    (target,) = seen.observed.targets
    empty = replace(seen, observed=replace(seen.observed, targets=(replace(target, policies={}, schedules={}),)))
    assert told(empty, ROLLS) == WAITS, "nothing scales it"
    wider = replace(seen, observed=replace(seen.observed, targets=(replace(target, max_capacity=9),)))
    assert told(wider) == (Reason.AUTOSCALING_ACTIVE, "scaling primary 1 to 9")


def test_what_is_just_put_is_active_and_what_is_just_taken_off_is_not(sight: Callable[..., Any]) -> None:
    fresh = sight(SCALED, {})
    assert told(fresh, fresh.plan()) == ON
    assert told(fresh, replace(fresh.plan(), verdict=ROLLS.verdict), applied=False) == WAITS
    assert told(fresh, replace(fresh.plan(), verdict=ROLLS.verdict), DENIED) == (Reason.ACCESS_DENIED, str(DENIED))
    assert told(fresh, fresh.plan(), OTHER) == ON
    off = sight({"variant": {"modelArtifact": "s3://models/b/model.tar.gz", **SCALED["variant"]}}, SCALED)
    taken = replace(ROLLS, actions=tuple(each for each in sight({}, SCALED).plan().actions))
    assert told(off, taken) == WAITS


def test_a_refusal_is_told_beside_what_scales(sight: Callable[..., Any]) -> None:
    assert told(sight(SCALED), RESTS, DENIED) == (Reason.AUTOSCALING_ACTIVE, f"scaling primary 1 to 5; {DENIED}")


def test_what_was_not_looked_at_is_told_as_before_if_it_was(sight: Callable[..., Any]) -> None:
    unseen = sight(SCALED, targets=None)
    assert told(unseen, ROLLS) == WAITS
    assert told(unseen, ROLLS, reason="ScalingActive", message="m") == (Reason.AUTOSCALING_ACTIVE, "m")
    assert told(sight(SCALED), reason="ScalingPending", message="m") == ON


def test_a_failure_is_told_until_it_is_known_what_came_of_the_next_try(sight: Callable[..., Any]) -> None:
    failed: dict[str, Any] = {"reason": "ScalingFailed", "message": "m"}
    assert told(sight(SCALED, shows={"status": "Updating"}), **failed) == (Reason.AUTOSCALING_FAILED, "m")
    assert told(sight(SCALED), **failed) == ON
    assert told(sight(SCALED, shows={"status": "Updating"}), reason="ScalingPending", message="m") == ON


WHY = "no capacity"


@pytest.mark.parametrize(
    ("remembers", "shows", "found"),
    [
        ({"phase": "Succeeded"}, {"failure_reason": WHY}, True),
        ({"phase": "Failed"}, {"failure_reason": WHY}, True),
        ({"phase": "Blocked"}, {"failure_reason": WHY}, True),
        ({"phase": "InProgress"}, {"failure_reason": WHY}, False),
        (None, {"failure_reason": WHY}, False),
        ({"phase": "Succeeded"}, {}, False),
        ({"phase": "Succeeded"}, {"failure_reason": WHY, "status": "Updating"}, False),
        ({"phase": "Failed", "message": f"it said: {WHY}"}, {"failure_reason": WHY}, False),
        ({"phase": "Succeeded", "endpointModifiedAt": "2026-11-22T11:50:00Z"}, {"failure_reason": WHY}, False),
        ({"phase": "Succeeded", "endpointModifiedAt": None}, {"failure_reason": WHY}, True),
    ],
)
def test_that_aws_took_a_change_back_is_its_reason_since_the_last_rollout(
    sight: Callable[..., Any], remembers: dict[str, Any] | None, shows: dict[str, Any], found: bool
) -> None:
    seen = sight(SCALED, shows=shows, remembers=remembers)
    assert why_not_scaled(seen.resource.status, seen.observed.endpoint) == (WHY if found else None)
    if found:
        reason, message = told(seen)
        assert reason is Reason.AUTOSCALING_FAILED
        assert message.endswith(f"number of instances: {WHY}")
    assert why_not_scaled(seen.resource.status, None) is None


@pytest.mark.parametrize(
    ("reason", "told", "known"),
    [
        ("x" * 1024, f"was undone by an alarm: {'x' * 1000}", True),
        ("x" * 200 + "now", "x" * 200 + "then", True),
        ("x" * 199 + "now", "x" * 199 + "then", False),
        (WHY, None, False),
    ],
    ids=["cut at its end", "alike for 200 characters", "alike for fewer", "no reason"],
)
def test_the_reason_of_an_update_is_known_by_its_first_200_characters_as_the_history_cuts_the_rest(
    sight: Callable[..., Any], reason: str, told: str | None, known: bool
) -> None:
    seen = sight(SCALED, shows={"failure_reason": reason}, remembers={"phase": "Succeeded"})
    status = seen.resource.status
    revision = {"revision": 1, "configName": "c", "at": AT, "outcome": "RolledBack", "message": told}
    before = type(status).model_validate({**status.to_json(), "history": [revision]})
    assert why_not_scaled(before, seen.observed.endpoint) == (None if known else reason)


def test_the_reason_of_an_attempt_that_was_given_up_is_none_of_what_serves(sight: Callable[..., Any]) -> None:
    """The spec went back to what serves: AWS goes on showing why the other config failed."""
    remembers = {"phase": "Failed", "configName": "another", "endpointModifiedAt": "2026-11-22T11:00:00Z"}
    seen = sight(SCALED, shows={"failure_reason": WHY}, remembers=remembers)
    rollout = seen.plan().rollout
    assert (rollout.phase, rollout.endpoint_modified_at) == ("Succeeded", seen.observed.endpoint.modified_at)
    status = seen.resource.status.model_copy(update={"rollout": rollout})
    assert why_not_scaled(status, seen.observed.endpoint) is None
    own = sight(SCALED, shows={"failure_reason": WHY}, remembers={**remembers, "configName": "WANTED"})
    kept = own.plan().rollout
    assert kept.endpoint_modified_at == own.resource.status.rollout.endpoint_modified_at
