"""The plan for a new revision: the memory that is written ahead, the crash windows around UpdateEndpoint, and failures.

An endpoint of these tables was modified ten minutes ago. A memory that holds that time did not see it move since; one
that holds an earlier time (what `sight` makes unless told) did.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import pytest

from smendpoints.domain.plan.verdict import Requeue

B = {"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}}
PING = "The primary container for production variant primary did not pass the ping health check."
OLD = "Failed to download model data for container primary."
CAPACITY = "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error."
AWS_FAULT = "Request to service failed. If failure persists after retry, contact customer support."
SAME = "2026-11-22T11:50:00Z"
JUST_NOW = "2026-11-22T12:00:00Z"

Then = tuple[list[str], str, Any, str]

REMEMBER: Then = ([], "Updating: reconciling", Requeue.NOW, "Pending")
ROLL_OUT: Then = (
    [
        "CREATE_MODEL default-iris-primary-WANTED",
        "CREATE_CONFIG default-iris-WANTED",
        "UPDATE_ENDPOINT default-iris",
    ],
    "Updating: reconciling",
    Requeue.POLL,
    "InProgress",
)
STUCK: Then = ([], "UpdateFailed: stalled", Requeue.STEADY, "Failed")
WAIT_FOR_AWS: Then = ([], "Updating: reconciling", Requeue.POLL, "InProgress")


class Case(NamedTuple):
    """What is remembered and shown, and what follows: actions, verdict, when again, phase."""

    remembers: dict[str, Any] | None
    then: Then
    shows: dict[str, Any] = {}  # noqa: RUF012 - never changed
    wants: dict[str, Any] = {}  # noqa: RUF012
    history: list[tuple[str, str]] = []  # noqa: RUF012


CASES = {
    "a new spec is remembered before anything is done": Case(None, REMEMBER),
    "the memory of another revision that succeeded gives way to it": Case(
        {"configName": "LIVE", "phase": "Succeeded"}, REMEMBER
    ),
    "the memory of another revision that failed gives way to it": Case(
        {"configName": "default-iris-0123456789", "phase": "Failed", "message": PING}, REMEMBER
    ),
    "the memory of another revision that was under way gives way to it": Case(
        {"configName": "default-iris-0123456789", "phase": "InProgress"}, REMEMBER
    ),
    "remembered, the endpoint as it was: roll out": Case({"phase": "Pending", "endpointModifiedAt": SAME}, ROLL_OUT),
    "remembered, but something moved since, as an autoscaler does: remember anew": Case({"phase": "Pending"}, REMEMBER),
    "remembered, but it is not known since when: remember anew": Case(
        {"phase": "Pending", "endpointModifiedAt": None}, REMEMBER
    ),
    "remembered beside an old reason of failure, nothing moved: roll out": Case(
        {"phase": "Pending", "endpointModifiedAt": SAME, "message": OLD}, ROLL_OUT, {"failure_reason": OLD}
    ),
    "remembered, killed before the call, moved, the old reason still shown: remember anew": Case(
        {"phase": "Pending", "message": OLD}, REMEMBER, {"failure_reason": OLD}
    ),
    "remembered, the call made, killed before that was written, rolled back with a new reason: failed": Case(
        {"phase": "Pending", "message": OLD}, STUCK, {"failure_reason": PING}
    ),
    "remembered without any reason, killed after the call, rolled back: failed": Case(
        {"phase": "Pending"}, STUCK, {"failure_reason": PING}
    ),
    "a new reason, but nothing moved yet: wait, as AWS has begun": Case(
        {"phase": "Pending", "endpointModifiedAt": SAME}, (*WAIT_FOR_AWS[:3], "Pending"), {"failure_reason": PING}
    ),
    "called, and AWS has not begun: wait": Case({"phase": "InProgress", "endpointModifiedAt": SAME}, WAIT_FOR_AWS),
    "called, and back in service with the old config: rolled back": Case(
        {"phase": "InProgress"}, STUCK, {"failure_reason": PING}
    ),
    "called, and back without a reason: rolled back all the same": Case({"phase": "InProgress"}, STUCK),
    "rolled back before: the same is not tried again": Case({"phase": "Failed", "message": PING}, STUCK),
    "rolled back before, and AWS forgot the reason since: not tried again": Case(
        {"phase": "Failed", "message": PING}, STUCK, {"failure_reason": None}
    ),
    "rolled back before, but the way to roll out is another now: try again": Case(
        {"phase": "Failed", "message": PING, "attempt": "as it was rolled out before"}, REMEMBER
    ),
    "rolled back by AWS's own fault a moment ago: wait a minute": Case(
        {"phase": "InProgress"},
        ([], "UpdateFailed: reconciling", 60.0, "Failed"),
        {"failure_reason": AWS_FAULT, "modified_at": JUST_NOW},
    ),
    "rolled back by AWS's own fault long ago: remember another attempt": Case(
        {"phase": "Failed", "message": AWS_FAULT, "endpointModifiedAt": SAME}, REMEMBER
    ),
    "rolled back for want of capacity: likewise": Case(
        {"phase": "Failed", "message": CAPACITY, "endpointModifiedAt": SAME}, REMEMBER
    ),
    "rolled back by AWS's own fault for the fourth time a moment ago: wait eight minutes": Case(
        {"phase": "Failed", "message": AWS_FAULT, "endpointModifiedAt": JUST_NOW},
        ([], "UpdateFailed: reconciling", 480.0, "Failed"),
        {"modified_at": JUST_NOW},
        history=[("WANTED", "Failed")] * 4 + [("LIVE", "Deployed")],
    ),
    "attempts that were never made do not count": Case(
        {"phase": "Failed", "message": AWS_FAULT, "endpointModifiedAt": JUST_NOW},
        ([], "UpdateFailed: reconciling", 120.0, "Failed"),
        {"modified_at": JUST_NOW},
        history=[("WANTED", each) for each in ("Failed", "Blocked", "Superseded", "Blocked", "Failed")],
    ),
    "failures of other revisions in between do not count": Case(
        {"phase": "Failed", "message": AWS_FAULT, "endpointModifiedAt": JUST_NOW},
        ([], "UpdateFailed: reconciling", 60.0, "Failed"),
        {"modified_at": JUST_NOW},
        history=[("WANTED", "Failed"), ("LIVE", "Deployed"), ("WANTED", "Failed"), ("WANTED", "Failed")],
    ),
    "AWS's own fault elsewhere in the words is not AWS's word for it": Case(
        {"phase": "InProgress"}, STUCK, {"failure_reason": f"The container said: {AWS_FAULT}"}
    ),
    "by driftPolicy Report, too, a new spec is rolled out": Case(None, REMEMBER, wants={"driftPolicy": "Report"}),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_new_revision(sight: Callable[..., Any], case: Case) -> None:
    seen = sight(case.wants, B, shows=shown(case.shows), remembers=case.remembers, history=case.history)
    plan = seen.plan()
    words = [word for word in ("ready", "reconciling", "stalled") if getattr(plan.verdict, word)]
    said = (seen.actions(), f"{plan.verdict.reason}: {'+'.join(words)}", plan.requeue, plan.rollout.phase)
    assert said == case.then
    assert plan.rollout.config_name == seen.desired.config_name


def shown(shows: dict[str, Any]) -> dict[str, Any]:
    return {key: datetime.fromisoformat(value) if key == "modified_at" else value for key, value in shows.items()}


def test_the_memory_holds_what_tells_a_rollback_from_no_attempt(sight: Callable[..., Any]) -> None:
    seen = sight(lives=B, shows={"failure_reason": OLD})
    pending = seen.plan().rollout
    assert (pending.from_config_name, pending.message) == (seen.live.config_name, OLD)
    assert pending.endpoint_modified_at == seen.observed.endpoint.modified_at
    assert pending.attempt == seen.desired.attempt()


def test_a_rollback_is_told_with_what_goes_on_serving(sight: Callable[..., Any]) -> None:
    seen = sight(lives=B, shows={"failure_reason": PING}, remembers={"phase": "InProgress"})
    plan = seen.plan()
    assert seen.live.config_name in plan.verdict.message
    assert PING in plan.verdict.message
    assert plan.rollout.message == PING


def test_the_old_fleet_goes_on_scaling_after_a_rollback(sight: Callable[..., Any]) -> None:
    scaled = {"scaling": {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}}
    seen = sight(
        {"variant": scaled},
        {"variant": {**scaled, **B["variant"]}},
        shows={"failure_reason": PING},
        remembers={"phase": "InProgress"},
        targets=(),
    )
    target = "endpoint/default-iris/variant/primary"
    assert seen.actions() == [f"REGISTER_TARGET {target}", f"PUT_POLICY {target} invocations-per-instance"]


def test_a_rollback_takes_no_target_off(sight: Callable[..., Any]) -> None:
    scaled = {"scaling": {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}}
    seen = sight(
        {}, {"variant": {**scaled, **B["variant"]}}, shows={"failure_reason": PING}, remembers={"phase": "InProgress"}
    )
    assert seen.actions() == []


IN_SERVICE_BEFORE = {"remembers": {"phase": "Succeeded"}, "converged": True}


def test_another_config_put_into_service_by_a_hand_is_drift_and_is_put_back(sight: Callable[..., Any]) -> None:
    seen = sight(lives=B, **IN_SERVICE_BEFORE)
    plan = seen.plan()
    assert [seen.words(each) for each in plan.drift] == ["config in service default-iris-LIVE → default-iris-WANTED"]
    assert (plan.rollout.phase, plan.requeue) == ("Pending", Requeue.NOW)


def test_another_config_put_into_service_by_a_hand_is_only_reported_by_drift_policy_report(
    sight: Callable[..., Any],
) -> None:
    seen = sight({"driftPolicy": "Report"}, B, **IN_SERVICE_BEFORE)
    plan = seen.plan()
    assert (plan.verdict.reason, plan.verdict.stalled, plan.actions) == ("DriftFound", True, ())
    assert plan.drift


def test_an_autoscaler_that_comes_between_memory_and_call_is_not_taken_for_the_rollout(
    sight: Callable[..., Any],
) -> None:
    """AWS shows a pending config when, and only when, it brings a new one into service."""
    remembers = {"phase": "Pending", "endpointModifiedAt": SAME}
    plan = sight(lives=B, shows={"status": "Updating"}, remembers=remembers).plan()
    assert (plan.verdict.reason, plan.rollout.phase) == ("Scaling", "Pending")


def test_a_rollout_whose_call_was_made_before_a_kill_is_recognized_while_it_goes_on(sight: Callable[..., Any]) -> None:
    shows = {"status": "Updating", "pending_config": "WANTED"}
    plan = sight(lives=B, shows=shows, remembers={"phase": "Pending", "endpointModifiedAt": SAME}).plan()
    assert (plan.verdict.reason, plan.rollout.phase) == ("Updating", "InProgress")


def test_success_is_remembered_once_the_config_is_in_service(sight: Callable[..., Any]) -> None:
    plan = sight(remembers={"phase": "InProgress", "awsMessage": "Baking", "message": None}).plan()
    assert (plan.rollout.phase, plan.rollout.aws_message, plan.verdict.ready) == ("Succeeded", None, True)


def test_going_back_to_the_config_in_service_forgets_the_failure(sight: Callable[..., Any]) -> None:
    remembers = {"configName": "default-iris-0123456789", "phase": "Failed", "message": PING}
    plan = sight(remembers=remembers, shows={"failure_reason": PING}).plan()
    assert plan.verdict.ready
    assert (plan.rollout.phase, plan.rollout.message) == ("Succeeded", None)
