"""An attempt that AWS rolled back: why, what is told of it, and what goes on beside the old config."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from smendpoints.api.analysis import Analysis, AnalysisStatus
from smendpoints.api.status_rollout import InPlaceChange
from smendpoints.domain.observed.observed import OwnedResources
from smendpoints.domain.plan.actions import Verb
from smendpoints.domain.plan.in_place import changes_in_place
from smendpoints.domain.plan.live import Differences
from smendpoints.domain.plan.plan import plan
from smendpoints.domain.plan.tags import tag_changes
from smendpoints.domain.plan.verdict import Plan, Requeue
from smendpoints.domain.plan.wording import may_try_again, names_missing_config, undone_by_alarm
from smendpoints.domain.reasons import Reason
from smsandbox.testing.specs import STEPS
from smsandbox.testing.statuses import NOW

B = {"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}}
PING = "The container did not pass the ping health check."
WENT_BACK = "AWS rolled back and gives no reason"
BY_ALARM = "The deployment was rolled back, as alarm a was in ALARM"
BY_ANALYSIS = "default-iris-WANTED was undone by its analysis, default-iris-LIVE still serving: "
ALARM = "smendpoints/default-iris/abort/new"
ASKED = Analysis.model_validate({"metrics": [{"name": "errors", "errorRate": {}}]})


def back(
    sight: Callable[..., Any],
    reason: str | None,
    *,
    verdict: str | None = None,
    annotation: str | None = None,
    wants: dict[str, Any] | None = None,
    **remembers: Any,
) -> Any:
    """What is seen of an attempt that was under way, and from which AWS came back."""
    seen = sight(
        wants or {},
        B,
        shows={"failure_reason": reason},
        remembers={"phase": "InProgress", **remembers},
        history=[("WANTED", "InProgress")],
    )
    resource = seen.resource
    if verdict is not None:
        made = AnalysisStatus(asked=ASKED, horizon=100, verdict=verdict, message="worse")
        rollout = resource.status.rollout.model_copy(update={"analysis": made})
        resource = resource.model_copy(update={"status": resource.status.model_copy(update={"rollout": rollout})})
    if annotation is not None:
        meta = resource.metadata.model_copy(update={"annotations": {"smendpoints.dev/abortRevision": annotation}})
        resource = resource.model_copy(update={"metadata": meta})
    return replace(seen, resource=resource)


def test_an_attempt_that_ends_before_it_is_decided_says_so_though_it_succeeds(sight: Callable[..., Any]) -> None:
    analysis = AnalysisStatus(asked=ASKED, horizon=100, verdict="Hold", message="9 of 100 requests")
    told = plan(sight(remembers={"phase": "InProgress", "analysis": analysis.to_json()}).given).rollout
    assert told is not None
    assert told.analysis is not None
    assert (told.phase, told.analysis.verdict, told.analysis.message) == (
        "Succeeded",
        "Inconclusive",
        "the rollout ended before enough was known; 9 of 100 requests",
    )


@pytest.mark.parametrize(
    ("reason", "verdict", "aborted", "by"),
    [
        (PING, None, False, None),
        (PING, "Rollback", False, None),  # AWS says why: it failed by itself
        (PING, None, True, None),
        (None, None, False, None),
        (None, "Rollback", False, "Analysis"),
        (None, "Hold", False, None),
        (None, None, True, "Request"),
        (BY_ALARM, None, False, "Alarm"),
        (BY_ALARM, "Rollback", False, "Analysis"),
        (BY_ALARM, None, True, "Request"),
        (BY_ALARM, "Rollback", True, "Analysis"),
    ],
)
def test_what_undid_it(
    sight: Callable[..., Any], reason: str | None, verdict: str | None, aborted: bool, by: str | None
) -> None:
    abort: dict[str, Any] = {"annotation": "1", "abortAlarm": ALARM} if aborted else {}
    rollout = back(sight, reason, verdict=verdict, **abort).plan().rollout
    assert rollout is not None
    assert (rollout.phase, rollout.undone_by, rollout.message) == ("Failed", by, reason or WENT_BACK)


def test_an_abort_that_was_asked_for_without_an_alarm_did_not_undo_it(sight: Callable[..., Any]) -> None:
    rollout = back(sight, None, annotation="1").plan().rollout
    assert rollout is not None
    assert rollout.undone_by is None


@pytest.mark.parametrize(
    ("reason", "options", "told"),
    [
        (PING, {}, f"default-iris-WANTED failed, default-iris-LIVE still serving: {PING}"),
        (None, {}, f"default-iris-WANTED failed, default-iris-LIVE still serving: {WENT_BACK}"),
        (
            BY_ALARM,
            {},
            f"default-iris-WANTED was undone by an alarm, default-iris-LIVE still serving: {BY_ALARM}",
        ),
        (
            None,
            {"annotation": "1", "abortAlarm": ALARM},
            f"default-iris-WANTED was aborted as asked, default-iris-LIVE still serving: {WENT_BACK}",
        ),
        (
            BY_ALARM,
            {"verdict": "Rollback"},
            f"{BY_ANALYSIS}worse; AWS says: {BY_ALARM}",
        ),
        (
            None,
            {"verdict": "Rollback"},
            f"{BY_ANALYSIS}worse",
        ),
    ],
)
def test_it_is_told_with_what_serves(
    sight: Callable[..., Any], reason: str | None, options: dict[str, Any], told: str
) -> None:
    seen = back(sight, reason, **options)
    todo = seen.plan()
    assert (todo.verdict.reason, todo.verdict.stalled, todo.requeue) == (Reason.UPDATE_FAILED, True, Requeue.STEADY)
    assert seen.words(todo.verdict.message) == told


def test_where_the_config_in_service_was_deleted_the_way_out_is_told(sight: Callable[..., Any]) -> None:
    live = sight(B).desired.config_name
    missing = f"Could not find endpoint configuration {live}."
    told = back(sight, missing).plan().verdict.message
    assert told.endswith(
        "; the config in service was deleted in AWS, and nothing but the spec that it was made for brings it back: "
        "apply that, wait until it is Ready, then apply the new one"
    )
    assert "was deleted in AWS" not in back(sight, "Could not find endpoint configuration x.").plan().verdict.message


@pytest.mark.parametrize(
    ("reason", "missing"),
    [
        ("Could not find endpoint configuration one.", True),
        ("COULD NOT FIND ENDPOINT CONFIGURATION one", True),
        ("Could not find endpoint configuration two.", False),
        ("The container of one did not start", False),
    ],
)
def test_awss_words_for_a_config_that_is_gone(reason: str, missing: bool) -> None:
    assert names_missing_config(reason, "one") is missing


@pytest.mark.parametrize(
    ("reason", "again"),
    [
        ("Request to service failed. Try again.", True),
        ("The container said: request to service failed", False),
        ("Unable to provision requested ML compute capacity", True),
        ("... due to InsufficientInstanceCapacity error.", True),
        ("There is insufficient capacity of ml.p5", True),
        (PING, False),
        ("", False),
        (None, False),
    ],
)
def test_awss_words_for_what_may_work_later(reason: str | None, again: bool) -> None:
    assert may_try_again(reason) is again


@pytest.mark.parametrize(
    ("reason", "undone"),
    [
        (BY_ALARM, True),
        ("One or more alarms went off", True),
        ("The role is not authorized to describe alarms", False),
        ("alarm a does not exist", False),
        ("alarm a was not found", False),
        ("The access to alarms is denied: no permission", False),
        ("Alarms could not be read", False),
        ("The alarming container did not start", False),
        (PING, False),
    ],
)
def test_awss_words_for_an_alarm(reason: str, undone: bool) -> None:
    assert undone_by_alarm(reason) is undone


def test_weights_change_while_the_old_config_serves(sight: Callable[..., Any]) -> None:
    seen = sight({**B, "challenger": {"weight": 2}}, {"challenger": {}}, remembers={"phase": "Failed", "message": PING})
    todo = seen.plan()
    assert [each.verb for each in todo.actions] == [Verb.SET_WEIGHTS_AND_CAPACITIES]
    assert (todo.requeue, todo.endpoint_status, todo.apart) == (Requeue.POLL, "Updating", True)
    assert todo.verdict.message.endswith("; meanwhile changing in place: challenger: weight 1 → 2")
    assert "health check; meanwhile" in todo.verdict.message, "AWS's full stop goes where something follows"


def changing(sight: Callable[..., Any], *, message: str | None, asked: timedelta, moved: bool, **shows: Any) -> Plan:
    """A failed attempt beside a weight that AWS was asked for before."""
    failed = {"phase": "Failed", "message": PING}
    seen = sight({**B, "challenger": {"weight": 2}}, {"challenger": {}}, remembers=failed, shows=shows)
    (call,) = seen.plan().turns.made
    before = call.endpoint_modified_at - timedelta(minutes=5) if moved else call.endpoint_modified_at
    record = InPlaceChange(
        change=call.change, attempts=6, asked_at=seen.given.now - asked, endpoint_modified_at=before, message=message
    )
    status = seen.resource.status.model_copy(update={"in_place": [record]})
    todo: Plan = replace(seen, resource=seen.resource.model_copy(update={"status": status})).plan()
    return todo


def test_what_aws_begins_with_is_looked_at_soon(sight: Callable[..., Any]) -> None:
    todo = changing(sight, message=None, asked=timedelta(minutes=1), moved=False)
    assert (todo.actions, todo.requeue, todo.verdict.stalled) == ((), Requeue.POLL, True)


def test_what_aws_took_back_is_told_and_comes_again_by_itself(sight: Callable[..., Any]) -> None:
    todo = changing(sight, message="no capacity", asked=timedelta(minutes=15), moved=True)
    assert (todo.actions, todo.requeue) == ((), 20 * 60.0)
    assert todo.verdict.message.endswith("; AWS took back challenger: weight 1 → 2: no capacity")
    nearly = sight().given.now - timedelta(minutes=30, milliseconds=-200)
    soon = changing(sight, message="no capacity", asked=timedelta(minutes=40), moved=True, modified_at=nearly)
    assert (soon.actions, soon.requeue) == ((), 1.0)


def test_a_blocked_attempt_is_told_as_it_was_until_it_is_under_way(sight: Callable[..., Any]) -> None:
    seen = sight({}, B, remembers={"phase": "Blocked"})
    at = {"observedGeneration": 4, "lastTransitionTime": "2026-11-22T11:00:00Z"}
    stalled = {"type": "Stalled", "status": "True", "reason": "ImageNotFound", "message": "no image r:1", **at}
    status = type(seen.resource.status).model_validate(
        {**seen.resource.status.to_json(), "observedGeneration": 4, "conditions": [stalled]}
    )
    todo = replace(seen, resource=seen.resource.model_copy(update={"status": status})).plan()
    assert (todo.verdict.reason, todo.verdict.message) == (Reason.IMAGE_NOT_FOUND, "no image r:1")
    assert todo.verdict.stalled
    assert (todo.requeue, todo.announces is not None) == (Requeue.NOW, True)
    edited = replace(
        seen, resource=seen.resource.model_copy(update={"status": status.model_copy(update={"observed_generation": 3})})
    )
    assert edited.plan().verdict.reason is Reason.UPDATING


def test_an_out_of_band_rollback_is_only_told_where_the_spec_says_so(sight: Callable[..., Any]) -> None:
    seen = sight({"driftPolicy": "Report"}, B, remembers={"phase": "Succeeded"}, converged=True)
    todo = seen.plan()
    assert (todo.actions, todo.requeue, todo.verdict.reason) == ((), Requeue.STEADY, Reason.DRIFT_FOUND)
    assert todo.verdict.stalled
    told = "in service with default-iris-LIVE, not default-iris-WANTED; driftPolicy is Report"
    assert seen.words(todo.verdict.message) == told
    assert [seen.words(each) for each in todo.drift] == ["config in service default-iris-LIVE → default-iris-WANTED"]
    assert todo.rollout == seen.resource.status.rollout


def test_what_is_found_in_service_is_remembered_as_an_attempt_of_now(sight: Callable[..., Any]) -> None:
    seen = sight()
    rollout = seen.plan().rollout
    assert rollout is not None
    assert (rollout.config_name, rollout.attempt) == (seen.desired.config_name, seen.desired.attempt())
    assert (rollout.phase, rollout.started_at) == ("Succeeded", seen.given.now)


def test_a_rollout_takes_along_what_changes_in_place_if_aws_refuses_it(sight: Callable[..., Any]) -> None:
    remembers = {"phase": "Pending", "endpointModifiedAt": "2026-11-22T11:50:00Z"}
    edit = {"variant": {**B["variant"], "weight": 2}, "challenger": {}, "tags": {"team": "ml"}}
    todo = sight(edit, {"challenger": {}}, remembers=remembers).plan()
    assert [str(each) for each in todo.meanwhile.calls] == [
        "SET_WEIGHTS_AND_CAPACITIES primary, challenger",
        "ADD_TAGS default-iris",
    ]


SNAPSHOT = {
    "variant": "primary",
    "dimension": "sagemaker:variant:DesiredInstanceCount",
    "minCapacity": 2,
    "maxCapacity": 7,
}


def test_where_the_specs_scaling_does_not_fit_it_scales_as_it_did_before(sight: Callable[..., Any]) -> None:
    """Its scaling was taken off for an update that failed, and the spec's is for hosts of another type."""
    scaling = {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}
    wants = {"variant": {"scaling": scaling, "instance": {"type": "ml.c5.large", "count": 1}}}
    taken_off = [SNAPSHOT, {**SNAPSHOT, "variant": "gone"}]
    failed = {"phase": "Failed", "message": PING, "autoscalingSnapshot": taken_off}
    (back,) = sight(wants, {"variant": {"scaling": scaling}}, targets=(), remembers=failed).plan().actions
    assert str(back) == "REGISTER_TARGET endpoint/default-iris/variant/primary"
    assert (back.params["MinCapacity"], back.params["MaxCapacity"]) == (2, 7)


def test_alarms_that_make_the_old_fleet_scale_stay_while_a_revision_waits(sight: Callable[..., Any]) -> None:
    steps = {"variant": {"scaling": {"minCapacity": 1, "maxCapacity": 5, "stepScaling": [STEPS]}}}
    newer = {"variant": {**steps["variant"], **B["variant"]}}
    seen = sight(newer, steps, remembers={"phase": "Failed", "message": PING})
    assert len(seen.observed.alarms) == 1
    assert seen.actions() == []
    none = sight(B, steps, remembers={"phase": "Failed", "message": PING})
    assert none.actions() == [], "they go with the revision that has none"


def test_what_waits_for_the_new_revision_is_told_with_a_failure(sight: Callable[..., Any]) -> None:
    bigger = {"variant": {**B["variant"], "instance": {"type": "ml.c5.large", "count": 3}}}
    todo = sight(bigger, {}, remembers={"phase": "Failed", "message": PING}).plan()
    assert todo.verdict.message.endswith("; waiting for the new revision: primary: instances 1 → 3")


@pytest.mark.parametrize("status", [None, "InService"])
def test_a_suspended_object_tells_what_is_missing(sight: Callable[..., Any], status: str | None) -> None:
    seen = sight({"suspend": True}, exists=status is not None, converged=True)
    todo = seen.plan()
    assert (todo.actions, todo.requeue, todo.verdict.reason) == ((), Requeue.STEADY, Reason.SUSPENDED)
    assert bool(todo.drift) is (status is None)


def test_what_is_stopped_is_told_as_stopped_and_without_garbage_once_it_was_looked_for(
    sight: Callable[..., Any],
) -> None:
    stopped = sight({"desiredState": "Stopped"}, exists=False)
    assert (stopped.plan().endpoint_status, stopped.plan().garbage_collected) == ("Stopped", False)
    swept = sight({"desiredState": "Stopped"}, exists=False, owned_resources=OwnedResources()).plan()
    assert swept.garbage_collected
    suspended = sight({"desiredState": "Stopped", "suspend": True}, exists=False).plan()
    assert (suspended.endpoint_status, suspended.verdict.ready) == ("Stopped", True)


def test_the_alarm_that_aborts_an_attempt_is_written_down_before_it(sight: Callable[..., Any]) -> None:
    seen = sight({"rollout": {"rollback": {"onRequest": True}}}, B)
    rollout = seen.plan().rollout
    assert rollout is not None
    assert seen.words(rollout.abort_alarm) == "smendpoints/default-iris/default-iris-WANTED/abort"
    plain = sight({}, B).plan().rollout
    assert plain is not None
    assert plain.abort_alarm is None


def test_what_is_created_is_an_attempt_and_what_comes_again_was_deleted(sight: Callable[..., Any]) -> None:
    seen = sight(exists=False)
    rollout, again = seen.plan().rollout, sight(exists=False, converged=True).plan()
    assert rollout is not None
    assert (rollout.phase, rollout.attempt, rollout.started_at) == (
        "InProgress",
        seen.desired.attempt(),
        seen.given.now,
    )
    assert (seen.plan().drift, again.drift) == ((), ("the endpoint was deleted",))
    assert (again.endpoint_status, again.verdict.reason) == ("Creating", Reason.CREATING)


def test_an_attempt_that_is_written_down_tells_how_it_stands_with_what_changes_in_place(
    sight: Callable[..., Any],
) -> None:
    todo = sight({"variant": {**B["variant"], "weight": 2}, "challenger": {}}, {"challenger": {}}).plan()
    assert todo.announces is not None
    assert todo.turns == todo.meanwhile.turns
    assert todo.turns is not None
    assert todo.turns.next is not None


def test_what_is_broken_keeps_what_is_remembered(sight: Callable[..., Any]) -> None:
    seen = sight(shows={"status": "OutOfService"}, remembers={"phase": "Succeeded", "attempt": "x"})
    assert seen.plan().rollout == seen.resource.status.rollout


def test_where_nothing_is_made_nothing_comes_again_by_itself(sight: Callable[..., Any]) -> None:
    for wants in ({"suspend": True}, {"suspend": True, "desiredState": "Stopped"}, {"desiredState": "Stopped"}):
        assert sight(wants, exists=False).plan().requeue is Requeue.STEADY


def test_what_may_be_lent_later_is_looked_at_every_five_minutes(sight: Callable[..., Any]) -> None:
    seen = sight({"adoptExisting": True}, shows={"tags": {"team": "fraud"}})
    refused = replace(seen, desired=replace(seen.desired, adoption_refused="policy p does not allow it"))
    assert refused.plan().requeue == 300.0


def test_the_weights_of_an_experiment_are_told_apart_from_other_drift(sight: Callable[..., Any]) -> None:
    shown = {"primary": {"desired_weight": 9.0}, "challenger": {"desired_count": 4}}
    seen = sight({"challenger": {}, "tags": {"team": "ml"}}, {"challenger": {}}, variants=shown)
    calls = changes_in_place(seen.desired, seen.observed.endpoint)
    found = Differences(tags=tag_changes(seen.given, seen.observed.endpoint), in_place=calls)
    weights, others = found.traffic_apart(["primary"])
    assert [str(each) for each in weights.in_place] == ["SET_WEIGHTS_AND_CAPACITIES primary"]
    assert weights.tags == ()
    assert [str(each) for each in (*others.in_place, *others.tags)] == [
        "SET_WEIGHTS_AND_CAPACITIES challenger",
        "ADD_TAGS default-iris",
    ]


def test_what_fails_for_now_is_remembered_as_failed(sight: Callable[..., Any]) -> None:
    short = "Unable to provision requested ML compute capacity"
    todo = sight(shows={"status": "Failed", "failure_reason": short, "modified_at": NOW}).plan()
    assert todo.rollout is not None
    assert (todo.rollout.phase, todo.rollout.message, todo.requeue) == ("Failed", short, 60.0)
    due = sight(shows={"status": "Failed", "failure_reason": short, "modified_at": NOW - timedelta(minutes=1)}).plan()
    assert due.verdict.reason is Reason.RECREATING
    assert due.rollout is not None
    assert due.rollout.phase == "Failed"


def test_a_minute_after_it_was_rolled_back_for_now_it_is_tried_again(sight: Callable[..., Any]) -> None:
    def tried(seconds: int) -> Any:
        since = (NOW - timedelta(seconds=seconds)).isoformat()
        failed = {"phase": "Failed", "message": "Request to service failed.", "endpointModifiedAt": since}
        return sight({}, B, remembers=failed).plan()

    assert (tried(60).requeue, tried(60).rollout.phase) == (Requeue.NOW, "Pending")
    assert (tried(59).requeue, tried(59).rollout.phase) == (1.0, "Failed")
    again = tried(60).rollout
    assert (again.started_at, again.endpoint_modified_at) == (NOW, sight().observed.endpoint.modified_at)


def test_what_is_tried_again_is_judged_afresh(sight: Callable[..., Any]) -> None:
    asked = {"metrics": [{"name": "errors", "errorRate": {}}]}
    judged = {"asked": asked, "horizon": 9, "verdict": "Inconclusive", "message": "too few"}
    since = (NOW - timedelta(minutes=1)).isoformat()
    failed = {"phase": "Failed", "message": "Request to service failed.", "endpointModifiedAt": since}
    rollout = sight({}, B, remembers={**failed, "analysis": judged}).plan().rollout
    assert rollout is not None
    assert rollout.analysis is not None
    assert (rollout.analysis.verdict, rollout.analysis.message, rollout.analysis.horizon) == ("Hold", "", 9)


def test_parts_of_what_serves_do_not_wait_for_each_other(sight: Callable[..., Any]) -> None:
    assert sight().plan().apart
