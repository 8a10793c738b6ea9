"""What undoes a rollout under way: the annotation that asks for it, and its own analysis; by the alarm that it carries."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.api.analysis import Analysis, AnalysisStatus
from smendpoints.domain.plan.abort import carried_alarm, fire, is_asked, quiet
from smendpoints.domain.plan.actions import Verb
from smendpoints.domain.plan.verdict import Plan, Requeue
from smendpoints.domain.reasons import Reason

B = {"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}}
ALARM = "smendpoints/default-iris/abort/new"
UPDATING = {"status": "Updating", "pending_config": "WANTED"}
UNDER_WAY = {"phase": "InProgress", "abortAlarm": ALARM}
ASKED = Analysis.model_validate({"metrics": [{"name": "errors", "errorRate": {}}]})
WORSE = AnalysisStatus(asked=ASKED, horizon=100, verdict="Rollback", message="worse by 3 points")
ABORTS = [f"SET_ALARM {ALARM}"]


def rolls(
    sight: Callable[..., Any],
    *,
    annotation: str | None = None,
    shows: dict[str, Any] | None = None,
    remembers: dict[str, Any] | None = None,
    alarms: tuple[str, ...] = (ALARM,),
    recorded: AnalysisStatus | None = None,
    now: AnalysisStatus | None = None,
) -> Any:
    """A rollout under way, and what is seen of it."""
    seen = sight(
        {},
        B,
        shows={**UPDATING, **(shows or {})},
        remembers={**UNDER_WAY, **(remembers or {})},
        history=[("WANTED", "InProgress")],
        alarms={name: {} for name in alarms},
        analysis=now,
    )
    resource = seen.resource
    if annotation is not None:
        meta = resource.metadata.model_copy(update={"annotations": {"smendpoints.dev/abortRevision": annotation}})
        resource = resource.model_copy(update={"metadata": meta})
    if recorded is not None and resource.status.rollout is not None:
        rollout = resource.status.rollout.model_copy(update={"analysis": recorded})
        resource = resource.model_copy(update={"status": resource.status.model_copy(update={"rollout": rollout})})
    return replace(seen, resource=resource)


@pytest.mark.parametrize(
    ("shows", "remembers", "carries"),
    [
        ({}, {}, True),
        ({"status": "RollingBack"}, {}, False),
        ({"status": "InService"}, {}, False),
        ({"pending_config": None}, {}, False),
        ({"pending_config": "another"}, {}, False),
        ({}, {"phase": "Pending"}, False),
        ({}, {"abortAlarm": None}, False),
    ],
)
def test_an_attempt_under_way_carries_its_alarm(
    sight: Callable[..., Any], shows: dict[str, Any], remembers: dict[str, Any], carries: bool
) -> None:
    seen = rolls(sight, shows=shows, remembers=remembers)
    assert carried_alarm(seen.resource, seen.observed.endpoint) == (ALARM if carries else None)


def test_without_a_rollout_there_is_nothing_to_abort(sight: Callable[..., Any]) -> None:
    seen = sight(shows={"status": "Updating"})
    assert carried_alarm(seen.resource, seen.observed.endpoint) is None
    assert not is_asked(seen.resource, None)


@pytest.mark.parametrize(
    ("annotation", "asked"), [("1", True), (" 1 ", True), ("2", False), ("", False), ("one", False), (None, False)]
)
def test_an_abort_is_asked_for_by_the_number_of_the_newest_revision(
    sight: Callable[..., Any], annotation: str | None, asked: bool
) -> None:
    seen = rolls(sight, annotation=annotation)
    assert is_asked(seen.resource, seen.resource.status.rollout) is asked
    other = seen.resource.status.rollout.model_copy(update={"config_name": "another"})
    assert not is_asked(seen.resource, other), "a later one it does not touch"


def of_alarms(todo: Plan) -> list[str]:
    return [str(each) for each in todo.actions if each.verb in {Verb.SET_ALARM, Verb.PUT_ALARM}]


def test_what_is_asked_for_is_done_and_told(sight: Callable[..., Any]) -> None:
    seen = rolls(sight, annotation="1")
    todo = seen.plan()
    assert of_alarms(todo) == ABORTS
    (call,) = [each for each in todo.actions if each.verb is Verb.SET_ALARM]
    assert call.params["StateValue"] == "ALARM"
    assert seen.words(call.params["StateReason"]) == "smendpoints: abort of default-iris-WANTED was asked for"
    assert todo.verdict.reason is Reason.UPDATING
    told = "aborting default-iris-WANTED as requested: AWS rolls back when it evaluates the alarms"
    assert seen.words(todo.verdict.message) == told
    assert of_alarms(rolls(sight).plan()) == []
    assert of_alarms(rolls(sight, annotation="2").plan()) == []


def test_an_alarm_that_was_deleted_is_made_again_to_abort(sight: Callable[..., Any]) -> None:
    assert of_alarms(rolls(sight, annotation="1", alarms=()).plan())[-2:] == [
        f"PUT_ALARM {ALARM}",
        f"SET_ALARM {ALARM}",
    ]


def test_what_carries_no_alarm_cannot_be_aborted_and_says_so(sight: Callable[..., Any]) -> None:
    todo = rolls(sight, annotation="1", remembers={"abortAlarm": None}).plan()
    assert of_alarms(todo) == []
    assert (todo.verdict.reason, todo.verdict.reconciling) == (Reason.UPDATING, True)
    assert "; it cannot be aborted, as it began without spec.rollout.rollback.onRequest" in todo.verdict.message


def test_what_goes_back_already_is_aborted_no_more(sight: Callable[..., Any]) -> None:
    todo = rolls(sight, annotation="1", shows={"status": "RollingBack"}).plan()
    assert (todo.verdict.reason, of_alarms(todo)) == (Reason.ROLLING_BACK, [])


def test_a_verdict_against_the_new_fleet_is_written_down_before_it_is_acted_on(sight: Callable[..., Any]) -> None:
    first = rolls(sight, now=WORSE, recorded=WORSE.model_copy(update={"verdict": "Hold"})).plan()
    assert (of_alarms(first), first.requeue) == ([], Requeue.NOW)
    assert first.rollout is not None
    assert first.rollout.analysis == WORSE
    seen = rolls(sight, recorded=WORSE)
    then = seen.plan()
    assert (of_alarms(then), then.requeue) == (ABORTS, Requeue.POLL)
    assert seen.words(then.verdict.message) == "undoing default-iris-WANTED by its analysis: worse by 3 points"
    (call,) = [each for each in then.actions if each.verb is Verb.SET_ALARM]
    assert call.params["StateReason"] == "smendpoints: analysis: worse by 3 points"


@pytest.mark.parametrize("verdict", ["Hold", "Ship", "Invalid", "Inconclusive"])
def test_no_other_verdict_undoes_it(sight: Callable[..., Any], verdict: str) -> None:
    todo = rolls(sight, recorded=WORSE.model_copy(update={"verdict": verdict})).plan()
    assert (of_alarms(todo), todo.requeue) == ([], Requeue.POLL)


def test_a_verdict_against_what_carries_no_alarm_is_only_told(sight: Callable[..., Any]) -> None:
    seen = rolls(sight, recorded=WORSE, remembers={"abortAlarm": None})
    todo = seen.plan()
    assert of_alarms(todo) == []
    assert (todo.verdict.reason, todo.requeue) == (Reason.UPDATING, Requeue.POLL)
    assert seen.words(todo.verdict.message) == "rolling out default-iris-WANTED"


def test_before_a_rollout_the_alarm_is_quiet() -> None:
    call = quiet(ALARM)
    assert (call.verb, call.target) == (Verb.SET_ALARM, ALARM)
    assert call.params == {
        "AlarmName": ALARM,
        "StateValue": "OK",
        "StateReason": "smendpoints: a rollout is about to begin",
    }


def test_what_carries_no_alarm_is_not_fired_at(sight: Callable[..., Any]) -> None:
    rollout = rolls(sight, remembers={"abortAlarm": None}).resource.status.rollout
    assert fire("iris", rollout, {}, "why") == ()
