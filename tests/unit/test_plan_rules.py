"""The rules of the plan: each decides about something, in the order in which they are asked; and a plan always comes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smendpoints.domain.plan import absent, foreign, plan, rollout

B = {"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}}
NOBODYS = {"team": "fraud"}
OTHERS = {"smendpoints.dev/cluster": "c", "smendpoints.dev/namespace": "n", "smendpoints.dev/name": "other"}
CAPACITY = "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error."
PING = "The container did not pass the ping health check."
FAILED = {"status": "Failed", "failure_reason": PING}
ADOPTING = {"adoptExisting": True}
STOPPED = {"desiredState": "Stopped"}
SAME = "2026-11-22T11:50:00Z"

DECIDES: dict[str, dict[str, Any]] = {
    "suspended_without_endpoint": {"wants": {"suspend": True}, "exists": False},
    "stopped": {"wants": STOPPED, "exists": False},
    "deletion_reported": {"wants": {"driftPolicy": "Report"}, "exists": False, "converged": True},
    "created": {"exists": False},
    "adoption_previewed": {"wants": {**ADOPTING, "suspend": True}, "shows": {"tags": NOBODYS}},
    "adopted": {"wants": ADOPTING, "shows": {"tags": NOBODYS}},
    "left_alone": {"wants": ADOPTING, "shows": {"tags": OTHERS}},
    "only_watched": {"wants": {"suspend": True}, "shows": {"status": "Deleting"}},
    "being_deleted": {"wants": STOPPED, "shows": {"status": "Deleting"}},
    "busy": {"wants": STOPPED, "shows": {"status": "Updating"}},
    "to_be_stopped": {"wants": STOPPED, "shows": FAILED},
    "failed_with_another_spec": {"lives": B, "shows": FAILED},
    "failed_for_now": {"shows": {**FAILED, "failure_reason": CAPACITY}},
    "failed_for_good": {"shows": FAILED},
    "broken": {"shows": {"status": "OutOfService"}},
    "live": {},
    "rolled_back_for_now": {"lives": B, "remembers": {"phase": "Failed", "message": CAPACITY}},
    "rolled_back_for_good": {"lives": B, "remembers": {"phase": "Failed", "message": PING}},
    "rollout_awaited": {"lives": B, "remembers": {"phase": "InProgress", "endpointModifiedAt": SAME}},
    "rollback_reported": {
        "wants": {"driftPolicy": "Report"},
        "lives": B,
        "remembers": {"phase": "Succeeded"},
        "converged": True,
    },
    "rolled_out": {"lives": B, "remembers": {"phase": "Pending", "endpointModifiedAt": SAME}},
    "rollout_written_ahead": {"lives": B},
}
LAST = (absent.created, foreign.left_alone, rollout.rollout_written_ahead)
RULES = {rule.__name__ for rules in (plan.ABSENT, plan.FOREIGN, plan.OURS, LAST) for rule in rules}


def test_a_dry_run_of_an_adoption_counts_the_tags_that_are_there(sight: Callable[..., Any]) -> None:
    told = sight({**ADOPTING, "suspend": True, "tags": NOBODYS}, shows={"tags": NOBODYS}).plan()
    assert told.verdict.message.endswith("would take over default-iris, then change nothing")


def decided(seen: Any) -> str:
    """The rule that decides about what is seen."""
    endpoint = seen.observed.endpoint
    if endpoint is None:
        return next((rule.__name__ for rule in plan.ABSENT if rule(seen.given)), "created")
    ours = seen.desired.owner.owns(endpoint.tags)
    rules, last = (plan.OURS, "rollout_written_ahead") if ours else (plan.FOREIGN, "left_alone")
    return next((rule.__name__ for rule in rules if rule(seen.given, endpoint)), last)


@pytest.mark.parametrize("rule", DECIDES)
def test_there_is_something_that_is_decided_by(sight: Callable[..., Any], rule: str) -> None:
    assert decided(sight(**DECIDES[rule])) == rule


def test_a_policy_forbids_to_adopt_what_is_not_lent(sight: Callable[..., Any]) -> None:
    def adopting(tags: dict[str, str]) -> Any:
        seen = sight(ADOPTING, shows={"tags": tags})
        return replace(seen, desired=replace(seen.desired, adoption_refused="policy p does not allow it"))

    assert decided(adopting(NOBODYS)) == "adoption_forbidden"
    assert (
        adopting(NOBODYS).plan().verdict.message.endswith("is not managed by this object: policy p does not allow it")
    )
    assert decided(adopting({"smendpoints.dev/adoptable-by": "another"})) == "adoption_forbidden"
    assert decided(adopting({"smendpoints.dev/adoptable-by": "default"})) == "adopted"
    assert decided(adopting(OTHERS)) == "left_alone"


def test_no_rule_is_out_of_reach() -> None:
    assert {*DECIDES, "adoption_forbidden"} == RULES


STATUSES = (
    "Creating",
    "Updating",
    "SystemUpdating",
    "RollingBack",
    "InService",
    "OutOfService",
    "Deleting",
    "Failed",
    "UpdateRollbackFailed",
    "A status of next year",
)
ROLLOUTS = st.fixed_dictionaries(
    {
        "phase": st.sampled_from(["Pending", "InProgress", "Succeeded", "Failed"]),
        "configName": st.sampled_from(["WANTED", "LIVE", "another"]),
        "message": st.sampled_from([None, PING, CAPACITY]),
        "endpointModifiedAt": st.sampled_from([None, SAME]),
    }
)
WANTS = st.fixed_dictionaries(
    {
        "suspend": st.booleans(),
        "desiredState": st.sampled_from(["Running", "Stopped"]),
        "driftPolicy": st.sampled_from(["Correct", "Report"]),
        "adoptExisting": st.booleans(),
    }
)
SHOWN = st.fixed_dictionaries(
    {
        "status": st.sampled_from(STATUSES),
        "failure_reason": st.sampled_from([None, PING, CAPACITY]),
        "config_name": st.sampled_from(["WANTED", "LIVE", None]),
        "pending_config": st.sampled_from(["WANTED", None]),
        "tags": st.sampled_from([None, NOBODYS, OTHERS]),
    }
)


@given(WANTS, SHOWN, st.none() | ROLLOUTS, st.booleans(), st.booleans(), st.booleans())
def test_a_plan_always_comes_and_tells_one_thing(
    sight: Callable[..., Any],
    wants: dict[str, Any],
    shows: dict[str, Any],
    remembers: dict[str, Any] | None,
    exists: bool,
    converged: bool,
    other: bool,
) -> None:
    shown = {key: value for key, value in shows.items() if key != "tags" or value is not None}
    lives = B if other else None
    seen = sight(wants, lives, exists=exists, shows=shown, remembers=remembers, converged=converged)
    todo = seen.plan()
    assert todo.verdict.ready + todo.verdict.reconciling + todo.verdict.stalled <= 1
    assert todo.verdict.message
    assert sum(action.verb.changes_endpoint for action in todo.actions) <= 1
    if wants["suspend"] and (not exists or "tags" not in shown):
        assert todo.actions == ()
    if isinstance(todo.requeue, float):
        assert timedelta(seconds=todo.requeue) >= timedelta(seconds=1)
