"""The status after a reconcile: verdicts and failures, what is remembered, and the events that tell of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from smendpoints.api.analysis import Analysis, AnalysisStatus, ComparedMetric
from smendpoints.api.status import Cost, Failure, OfficeHoursStatus, SageMakerEndpointStatus, TrafficOwner
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.observed import Step
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status import conditions
from smendpoints.domain.status.events import Event, events
from smsandbox.testing.statuses import DENIED, NOW, PING, SCALED, THROTTLED, B, told

REFUSED = ReconcileError(Kind.INVALID, Reason.INVALID_SPEC, "ValidationException: no", "update_endpoint")
FAILED = {"lives": B, "shows": {"failure_reason": PING}, "remembers": {"phase": "InProgress"}}


def test_running_outside_of_its_hours_warns_once_and_again_of_another_time(sight: Callable[..., Any]) -> None:
    quiet = told(sight())
    hours = [OfficeHoursStatus(hours="h", stops_at=NOW + timedelta(hours=each), outside=True) for each in (1, 2)]
    first, second = (quiet.model_copy(update={"office_hours": each}) for each in hours)
    found = [events(before, after) for before, after in ((quiet, first), (first, first), (first, second))]
    assert [[(each.warning, each.reason) for each in some] for some in found] == [
        [(True, Reason.OUTSIDE_HOURS)],
        [],
        [(True, Reason.OUTSIDE_HOURS)],
    ]
    assert events(first, quiet) == ()


def test_a_failure_has_awss_reason_the_end_of_the_log_and_what_to_do(sight: Callable[..., Any]) -> None:
    failure = told(sight(**FAILED), log_tail=["Traceback", "ModuleNotFoundError"]).failure
    assert failure is not None
    assert (failure.reason, failure.log_tail) == (PING, ["Traceback", "ModuleNotFoundError"])
    assert "fix the spec" in str(failure.hint)


def test_what_to_do_next_ends_the_message_and_the_event_however_long_they_are(sight: Callable[..., Any]) -> None:
    for reason in (PING, "x" * 1024):
        sees = {**FAILED, "shows": {"failure_reason": reason}}
        status = told(sight(**sees))
        ready = conditions.find(status.conditions, "Ready")
        assert ready is not None
        assert ready.message.endswith("to a new value to try this revision again")
        (event,) = [each for each in events(SageMakerEndpointStatus(), status) if each.reason == "UpdateFailed"]
        assert event.message.endswith("to a new value to try this revision again")
        assert len(event.message) == min(len(ready.message), 1024), "as much as an Event takes, and no less"


def test_what_may_be_put_right_in_aws_says_when_it_is_tried_again(sight: Callable[..., Any]) -> None:
    seen = sight(exists=False)
    messages = {}
    for failure in (DENIED, THROTTLED, REFUSED):
        status = told(seen, failure, retry_at=NOW + timedelta(minutes=5))
        ready = conditions.find(status.conditions, "Ready")
        assert ready is not None
        messages[failure.reason] = ready.message
    assert messages[Reason.ACCESS_DENIED].endswith("; trying again at 12:05:00Z")
    assert "again" not in messages[Reason.THROTTLED] + messages[Reason.INVALID_SPEC]


def test_a_count_beside_scaling_is_told_to_be_ignored(sight: Callable[..., Any]) -> None:
    for count, said in ({"count": 4}, True), ({}, False):
        wants = {"variant": {**SCALED["variant"], "instance": {"type": "ml.m5.large", **count}}}
        scaling = conditions.find(told(sight(wants)).conditions, "AutoscalingActive")
        assert scaling is not None
        assert ("instance.count of primary is ignored" in scaling.message) is said


def test_the_log_of_a_failure_stays_while_the_failure_is_the_same(sight: Callable[..., Any]) -> None:
    seen = sight(**FAILED)
    first = told(seen, log_tail=["Traceback"])
    again = replace(seen, resource=seen.resource.model_copy(update={"status": first}))
    assert told(again) == first


def test_a_failure_is_forgotten_when_the_endpoint_is_as_wanted(sight: Callable[..., Any]) -> None:
    failed = told(sight(**FAILED), log_tail=["Traceback"])
    seen = sight()
    assert told(replace(seen, resource=seen.resource.model_copy(update={"status": failed}))).failure is None


def test_a_call_that_cannot_succeed_is_the_failure(sight: Callable[..., Any]) -> None:
    failure = told(sight(exists=False), DENIED).failure
    assert failure is not None
    assert failure.reason == "PutScalingPolicy: AccessDeniedException: no"


ABOUT_TO = {"lives": B, "remembers": {"phase": "Pending", "endpointModifiedAt": "2026-11-22T11:50:00Z"}}
MEMORIES: dict[str, tuple[ReconcileError | None, bool, str]] = {
    "made: under way": (None, True, "InProgress"),
    "not made, as AWS throttled what comes before it: still to be made": (THROTTLED, False, "Pending"),
    "made, and something after it throttled: under way": (THROTTLED, True, "InProgress"),
    "refused by AWS for good: failed": (REFUSED, False, "Failed"),
}


@pytest.mark.parametrize(("failure", "applied", "phase"), MEMORIES.values(), ids=MEMORIES.keys())
def test_an_update_is_remembered_if_it_was(
    sight: Callable[..., Any], failure: ReconcileError | None, applied: bool, phase: str
) -> None:
    rollout = told(sight(**ABOUT_TO), failure, applied=applied).rollout
    assert rollout is not None
    assert rollout.phase == phase


def test_what_is_written_ahead_is_written(sight: Callable[..., Any]) -> None:
    status = told(sight(lives=B))
    assert status.rollout is not None
    assert status.rollout.phase == "Pending"
    assert [(each.outcome, each.changes) for each in status.history[1:]] == [("Deployed", "found in service")]
    assert status.history[0].outcome == "InProgress"


def test_a_tag_that_is_not_taken_off_yet_is_not_forgotten(sight: Callable[..., Any]) -> None:
    """The edit that dropped it also brought a new revision; what the endpoint has lost its models may still have."""
    lives = {**B, "tags": {"team": "ml"}}
    endpoint = told(sight({"tags": {}}, lives, tag_keys=["team", "gone"])).endpoint
    assert endpoint is not None
    assert endpoint.tag_keys == ["gone", "team"]
    endpoint = told(sight({"tags": {}}, {"tags": {"team": "ml"}}, tag_keys=["team"]), THROTTLED).endpoint
    assert endpoint is not None
    assert endpoint.tag_keys == ["team"]
    endpoint = told(sight({"tags": {}}, {"tags": {"team": "ml"}}, tag_keys=["team"])).endpoint
    assert endpoint is not None
    assert endpoint.tag_keys == []


def test_of_anothers_endpoint_no_tags_are_ours(sight: Callable[..., Any]) -> None:
    endpoint = told(sight({"tags": {"team": "ml"}}, shows={"tags": {}})).endpoint
    assert endpoint is not None
    assert endpoint.tag_keys == []


def said(before: SageMakerEndpointStatus, after: SageMakerEndpointStatus) -> list[tuple[bool, str]]:
    return [(event.warning, event.reason) for event in events(before, after)]


def test_events_tell_transitions_and_nothing_else(sight: Callable[..., Any]) -> None:
    nothing, creating, ready = SageMakerEndpointStatus(), told(sight(exists=False)), told(sight())
    assert said(nothing, creating) == [(False, "Creating")]
    assert said(creating, creating) == []
    assert said(creating, ready) == [(False, "InService")]
    failed = told(sight(**FAILED), log_tail=["one", "two"])
    assert said(ready, failed) == [(True, "UpdateFailed")]
    (event,) = events(ready, failed)
    assert event.message.endswith("the container's log ends: one | two")


def test_an_event_tells_drift_once(sight: Callable[..., Any]) -> None:
    ready = told(sight())
    drifted = told(sight(variants={"primary": {"desired_weight": 7.0}}, converged=True))
    assert said(ready, drifted) == [(False, "ShiftingTraffic"), (True, "DriftFound")]
    assert said(drifted, drifted) == []


def test_an_event_tells_each_step_of_a_rollout_once(sight: Callable[..., Any]) -> None:
    def step(status: str, text: str | None = None) -> SageMakerEndpointStatus:
        shows = {"status": "Updating", "pending_config": "WANTED"}
        steps = {"primary": {"steps": (Step(status, text, NOW),)}}
        return told(sight(lives=B, shows=shows, variants=steps, remembers={"phase": "InProgress"}))

    launching, odd = step("Creating", "Launching 1 instance(s)."), step("Pondering")
    baking = step("Baking", "Baking for 60 seconds with traffic enabled on full capacity of 1 instance(s).")
    assert said(launching, launching) == said(baking, baking) == said(odd, odd) == said(baking, launching) == []
    assert said(launching, baking) == said(launching, odd) == said(odd, baking) == [(False, "RolloutStep")]
    (event,) = events(launching, baking)
    assert event.message.endswith(": step 1 of 1, 100% of the traffic, baking until 12:01:00Z")
    (event,) = events(launching, odd)
    assert event.message.endswith(": Pondering")


def test_the_cost_is_passed_on(sight: Callable[..., Any]) -> None:
    cost = Cost(hourly_usd="0.23", as_of="2026-11-01")
    assert told(sight(), cost=cost).cost == cost


@pytest.mark.parametrize(
    ("failure", "reason"),
    [(THROTTLED, "of before"), (None, "of before"), (DENIED, str(DENIED)), (REFUSED, str(REFUSED))],
)
def test_why_it_failed_last_is_told_until_something_else_is_known(
    sight: Callable[..., Any], failure: ReconcileError | None, reason: str
) -> None:
    seen = sight({}, B)  # a new revision is about to be rolled out
    before = Failure(reason="of before", log_tail=["Traceback"], hint="fix it")
    status = seen.resource.status.model_copy(update={"failure": before})
    found = told(replace(seen, resource=seen.resource.model_copy(update={"status": status})), failure).failure
    assert found is not None
    assert found.reason == reason
    assert (found == before) is (reason == "of before")


def test_how_the_fleets_compared_is_kept_where_that_undid_the_rollout(sight: Callable[..., Any]) -> None:
    asked = Analysis.model_validate({"metrics": [{"name": "errors", "errorRate": {}}]})
    metric = ComparedMetric(name="errors", variant="primary", difference_points=3.0)
    judged = AnalysisStatus(asked=asked, horizon=9, verdict="Rollback", message="worse", metrics=[metric])
    for analysis, compared in ((judged, [metric]), (judged.model_copy(update={"verdict": "Hold"}), None), (None, None)):
        seen = sight({}, B, remembers={"phase": "Failed", "message": PING})
        rollout = seen.resource.status.rollout.model_copy(update={"analysis": analysis})
        status = seen.resource.status.model_copy(update={"rollout": rollout})
        failure = told(replace(seen, resource=seen.resource.model_copy(update={"status": status}))).failure
        assert failure is not None
        assert failure.compared == compared


def test_what_is_ready_has_not_failed(sight: Callable[..., Any]) -> None:
    seen = sight()
    status = seen.resource.status.model_copy(update={"failure": Failure(reason="of before")})
    assert told(replace(seen, resource=seen.resource.model_copy(update={"status": status}))).failure is None


@pytest.mark.parametrize("ready", [True, False])
def test_when_all_was_as_wanted_last_is_kept_with_whose_the_traffic_was(sight: Callable[..., Any], ready: bool) -> None:
    seen = sight() if ready else sight({}, B)
    before = {"generation": 3, "fingerprint": "f", "traffic": {"experiment": "x", "weights": {"primary": 1.0}}}
    status = type(seen.resource.status).model_validate({**seen.resource.status.to_json(), "converged": before})
    found = told(replace(seen, resource=seen.resource.model_copy(update={"status": status}))).converged
    assert found is not None
    assert (found.generation, found.fingerprint) == ((4, None) if ready else (3, None))
    assert (found.traffic is None) is ready, "of an experiment that is over nothing is kept once it is as wanted"


def test_who_splits_the_traffic_is_told(sight: Callable[..., Any]) -> None:
    seen = sight()
    traffic = TrafficOwner(experiment="x", weights={"primary": 1.0})
    owned = replace(seen, resource=seen.resource.model_copy(update={"traffic": traffic}))
    found = told(owned)
    assert (found.traffic_owner, told(seen).traffic_owner) == (traffic, None)
    assert found.converged is not None
    assert found.converged.traffic == traffic


@pytest.mark.parametrize(
    ("kind", "operation", "phase"),
    [
        (Kind.INVALID, "update_endpoint", "Failed"),
        (Kind.INVALID, "create_endpoint_config", "Blocked"),
        (Kind.BLOCKED, "update_endpoint", "Blocked"),
        (Kind.RETRY, "update_endpoint", "Pending"),
    ],
)
def test_what_became_of_an_attempt_that_was_refused(
    sight: Callable[..., Any], kind: Kind, operation: str, phase: str
) -> None:
    seen = sight(lives=B, remembers={"phase": "Pending", "endpointModifiedAt": "2026-11-22T11:50:00Z"})
    rollout = told(seen, ReconcileError(kind, Reason.INVALID_SPEC, "no", operation)).rollout
    assert rollout is not None
    assert rollout.phase == phase


def test_what_was_made_by_a_call_whose_answer_was_lost_is_no_trouble(sight: Callable[..., Any]) -> None:
    """Whose it is the next look says; a name that another took is told then."""
    exists = ReconcileError(Kind.EXISTS, Reason.NAME_CONFLICT, "already there", "create_endpoint")
    ready = conditions.find(told(sight(exists=False), exists).conditions, "Ready")
    assert ready is not None
    assert (ready.reason, ready.message) == ("Creating", "creating the endpoint default-iris")


def test_a_revision_that_cannot_be_made_is_one_of_the_history_and_blocked(sight: Callable[..., Any]) -> None:
    (first,) = told(sight(exists=False), DENIED).history
    assert (first.revision, first.outcome, first.changes) == (1, "Blocked", "created")
    assert first.message == str(DENIED)
    passing = told(sight(exists=False), THROTTLED).history
    assert passing == []


def test_a_long_message_without_advice_stays_as_it_is(sight: Callable[..., Any]) -> None:
    refused = ReconcileError(Kind.INVALID, Reason.INVALID_SPEC, "x" * 2000)
    status = told(sight(exists=False), refused)
    (event,) = [each for each in events(SageMakerEndpointStatus(), status) if each.reason == "InvalidSpec"]
    assert set(event.message) == {"x"}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("InService", "NoInstances"),
        ("Updating", "NoInstances"),
        ("Creating", "Creating"),
        ("Deleting", "Deleting"),
        ("Failed", "EndpointFailed"),
        ("OutOfService", "OutOfService"),
    ],
)
def test_that_no_instance_answers_is_told_of_what_would_answer(
    sight: Callable[..., Any], status: str, reason: str
) -> None:
    none = {"primary": {"current_count": 0}}
    available = conditions.find(told(sight(shows={"status": status}, variants=none)).conditions, "Available")
    assert available is not None
    assert (available.status, available.reason) == ("False", reason)


@pytest.mark.parametrize(("reason", "action"), [("InService", "Reconcile"), ("Retained", "Finalize")])
def test_an_event_says_what_the_operator_was_doing(reason: str, action: str) -> None:
    assert Event(warning=False, reason=reason, message="").action == action
