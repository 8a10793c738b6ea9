"""What is told, and what is done at once, while AWS is at work on an endpoint."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.domain.plan.verdict import Requeue
from smendpoints.domain.reasons import Reason

B = {"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}}
UPDATING = {"status": "Updating", "pending_config": "WANTED"}
UNDER_WAY = {"phase": "InProgress"}
SCALED = {"variant": {"scaling": {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}}}
WIDER = {"variant": {"scaling": {"minCapacity": 1, "maxCapacity": 9, "targetInvocationsPerInstance": 70}}}
TARGET = "endpoint/default-iris/variant/primary"


def pending(sight: Callable[..., Any], wants: dict[str, Any], *, weight: float, count: int) -> Any:
    """An update under way whose new variant is to have this weight and so many instances."""
    seen = sight({**B, **wants}, {}, shows=UPDATING, remembers=UNDER_WAY)
    (live,) = seen.observed.endpoint.variants
    coming = type(live)(live.name, desired_weight=weight, desired_count=count)
    shows = {**UPDATING, "pending": (coming,)}
    return sight({**B, **wants}, {}, shows=shows, remembers=UNDER_WAY)


def test_an_edit_of_what_changes_in_place_waits_for_the_end_of_the_update(sight: Callable[..., Any]) -> None:
    three = {"variant": {**B["variant"], "weight": 2, "instance": {"type": "ml.m5.large", "count": 3}}}
    waits = pending(sight, three, weight=1.0, count=1).plan()
    told = "waiting for AWS to be done: primary: weight 1 → 2; primary: instances 1 → 3"
    assert waits.verdict.message.endswith(told)
    assert (waits.verdict.reason, waits.verdict.reconciling) == (Reason.UPDATING, True)
    unknown = pending(sight, three, weight=1.0, count=1)
    (coming,) = unknown.observed.endpoint.pending
    bare = replace(unknown.observed.endpoint, pending=(replace(coming, desired_count=None),))
    told = replace(unknown, observed=replace(unknown.observed, endpoint=bare)).plan().verdict.message
    assert told.endswith("waiting for AWS to be done: primary: weight 1 → 2"), "of what is not shown nothing is told"
    comes = pending(sight, three, weight=2.0, count=3).plan()
    assert "waiting" not in comes.verdict.message, "the new variants come with it"


def test_without_a_config_that_comes_the_live_variants_tell_what_waits(sight: Callable[..., Any]) -> None:
    seen = sight({"variant": {"weight": 2}}, {}, shows={"status": "Updating"})
    assert seen.plan().verdict.message.endswith("; waiting for AWS to be done: primary: weight 1 → 2")
    assert "waiting" not in sight({}, shows={"status": "Updating"}).plan().verdict.message


@pytest.mark.parametrize("status", ["Updating", "SystemUpdating", "RollingBack"])
def test_tags_and_bounds_change_although_aws_is_at_work(sight: Callable[..., Any], status: str) -> None:
    seen = sight({**WIDER, "tags": {"team": "ml"}}, SCALED, shows={"status": status})
    assert seen.actions() == [f"REGISTER_TARGET {TARGET}", "ADD_TAGS default-iris"]
    assert seen.plan().apart
    unregistered = sight({**WIDER, "tags": {"team": "ml"}}, SCALED, shows={"status": status}, targets=())
    assert unregistered.actions() == ["ADD_TAGS default-iris"], "what is not registered waits"


def test_out_of_band_changes_are_put_back_when_aws_is_done(sight: Callable[..., Any]) -> None:
    seen = sight(WIDER, SCALED, shows={"status": "Updating", "config_name": "WANTED"}, converged=True)
    assert seen.actions() == []


@pytest.mark.parametrize(
    ("shown", "reason", "what"),
    [
        ({"current_weight": 1.0, "desired_weight": 2.0}, Reason.SHIFTING, "the shares of the traffic"),
        ({"current_count": 1, "desired_count": 2}, Reason.SCALING, "the number of instances"),
        (
            {"current_weight": 1.0, "desired_weight": 2.0, "current_count": 1, "desired_count": 2},
            Reason.SCALING,
            "the number of instances",
        ),
        ({}, Reason.SCALING, "the endpoint"),
    ],
)
def test_what_aws_is_changing_in_place_is_told(
    sight: Callable[..., Any], shown: dict[str, Any], reason: Reason, what: str
) -> None:
    wants = {"variant": {"weight": 2, "instance": {"type": "ml.m5.large", "count": 2}}}
    todo = sight(wants, wants, shows={"status": "Updating"}, variants={"primary": shown}).plan()
    assert todo.verdict.reason is reason
    assert todo.verdict.message.partition(";")[0] == f"AWS is changing {what} in place (Updating)"


@pytest.mark.parametrize(
    ("status", "reason"), [("Updating", Reason.IN_SERVICE), ("SystemUpdating", Reason.MAINTENANCE)]
)
def test_what_was_as_wanted_stays_ready_while_aws_updates_it_by_itself(
    sight: Callable[..., Any], status: str, reason: Reason
) -> None:
    todo = sight(SCALED, shows={"status": status}, converged=True).plan()
    assert (todo.verdict.reason, todo.verdict.ready) == (reason, True)
    assert todo.verdict.message == f"in service; AWS update in progress ({status})"
    assert not sight(SCALED, shows={"status": status}).plan().verdict.ready, "it never was"


def test_a_rollout_tells_what_follows_it(sight: Callable[..., Any]) -> None:
    seen = sight({}, B, shows={"status": "Updating", "pending_config": "default-iris-other"})
    assert seen.words(seen.plan().verdict.message) == "rolling out default-iris-other; then default-iris-WANTED follows"
    back = sight({}, B, shows={**UPDATING, "status": "RollingBack"}, remembers=UNDER_WAY)
    todo = back.plan()
    assert (todo.verdict.reason, todo.verdict.reconciling) == (Reason.ROLLING_BACK, True)
    assert back.words(todo.verdict.message) == "AWS is rolling back default-iris-WANTED"


def test_what_is_remembered_of_an_attempt_under_way_is_its_stage_and_no_reason_of_before(
    sight: Callable[..., Any],
) -> None:
    rollout = sight({}, B, shows=UPDATING, remembers={"phase": "Pending", "message": "of before"}).plan().rollout
    assert (rollout.phase, rollout.message) == ("InProgress", None)
    others = sight({}, B, shows=UPDATING, remembers={"phase": "Succeeded", "configName": "LIVE"}).plan().rollout
    assert others.phase == "Succeeded", "of another attempt nothing is known"


def test_one_that_was_only_about_to_be_made_is_not_what_aws_is_at_work_on(sight: Callable[..., Any]) -> None:
    todo = sight({}, B, shows={"status": "Updating"}, remembers={"phase": "Pending"}).plan()
    assert todo.verdict.reason is Reason.SCALING
    assert todo.rollout.phase == "Pending"
    made = sight({}, B, shows={"status": "Updating"}, remembers=UNDER_WAY).plan()
    assert made.verdict.reason is Reason.UPDATING


@pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating", "RollingBack"])
def test_what_is_to_be_stopped_waits_for_aws_and_says_so(sight: Callable[..., Any], status: str) -> None:
    todo = sight({"desiredState": "Stopped"}, shows={"status": status}).plan()
    assert (todo.verdict.reason, todo.verdict.reconciling, todo.requeue) == (Reason.STOPPING, True, Requeue.POLL)
    assert todo.verdict.message.endswith("; then it is stopped, as the spec says")


def test_a_creation_is_waited_for(sight: Callable[..., Any]) -> None:
    todo = sight({"tags": {"team": "ml"}}, {}, shows={"status": "Creating"}).plan()
    assert (todo.verdict.message, todo.actions) == ("AWS is creating the endpoint default-iris", ())
    assert (todo.verdict.reason, todo.verdict.reconciling) == (Reason.CREATING, True)


def test_what_is_remembered_of_the_last_attempt_stays_while_aws_is_at_work_by_itself(sight: Callable[..., Any]) -> None:
    done = {"phase": "Succeeded", "attempt": "x"}
    seen = sight(SCALED, shows={"status": "SystemUpdating"}, remembers=done, converged=True)
    assert seen.plan().rollout == seen.resource.status.rollout


def test_how_both_fleets_compare_is_told_once_a_step_of_a_judged_rollout_was_seen(sight: Callable[..., Any]) -> None:
    asked = {"metrics": [{"name": "errors", "errorRate": {}}]}
    step = {"since": "2026-11-22T11:50:00Z", "until": "2026-11-22T12:10:00Z", "trafficPercent": 25}

    def told(steps: list[Any]) -> str:
        analysis = {"asked": asked, "horizon": 100, "steps": steps, "message": "not decided"}
        seen = sight({}, B, shows=UPDATING, remembers={**UNDER_WAY, "analysis": analysis})
        return str(seen.words(seen.plan().verdict.message))

    assert told([]) == "rolling out default-iris-WANTED"
    assert told([step]) == "rolling out default-iris-WANTED; analysis: Hold, not decided"


def test_one_variant_that_is_being_scaled_makes_it_scaling(sight: Callable[..., Any]) -> None:
    """Though the traffic of another is moved."""
    wants = {"variant": {"instance": {"type": "ml.m5.large", "count": 2}}, "challenger": {"weight": 2}}
    moving = {"challenger": {"current_weight": 1.0}, "primary": {"current_count": 1}}
    todo = sight(wants, wants, shows={"status": "Updating"}, variants=moving).plan()
    assert todo.verdict.reason is Reason.SCALING
    assert todo.verdict.message == "AWS is changing the number of instances in place (Updating)"
    traffic = sight(wants, wants, shows={"status": "Updating"}, variants={"challenger": {"current_weight": 1.0}}).plan()
    assert traffic.verdict.reason is Reason.SHIFTING
