"""When an object comes again, and what of AWS wakes it before."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smendpoints.api.analysis import AnalysedStep, Analysis, AnalysisStatus
from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.controller.observe import Glance
from smendpoints.controller.requeue import moment, sooner, when, within_hours
from smendpoints.controller.result import NEVER, Awaits
from smendpoints.domain.desired.office_hours import Schedule
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.judging import last_look
from smendpoints.domain.plan.verdict import Plan, Requeue, reconciling
from smendpoints.domain.reasons import Reason

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
BUSY = reconciling(Reason.UPDATING, "updating")
CANARY = {"rollout": {"strategy": "Canary", "stepInstances": 1, "stepWaitSeconds": 600}}


@pytest.mark.parametrize(
    ("requeue", "status", "expected"),
    [
        (Requeue.NOW, "InService", (0.0, Awaits.NOTHING)),
        (Requeue.STEADY, "InService", (NEVER, Awaits.NOTHING)),
        (Requeue.POLL, "Deleting", (600.0, Awaits.GONE)),
        (Requeue.POLL, "Creating", (600.0, Awaits.CHANGE)),
        (45.0, "InService", (45.0, Awaits.NOTHING)),
    ],
)
def test_it_comes_again(requeue: Requeue | float, status: str, expected: tuple[float, Awaits], resource: Any) -> None:
    assert when(resource(), Plan(BUSY, requeue=requeue), status, 5.0, NOW) == expected


def baking(*ends: int, verdict: str = "Hold") -> Plan:
    """A rollout that bakes for ten minutes, judged in steps that end after so many seconds each."""
    analysis = None
    if ends:
        steps = [
            AnalysedStep(since=NOW - timedelta(minutes=10), until=NOW + timedelta(seconds=each), traffic_percent=25)
            for each in ends
        ]
        asked = Analysis.model_validate({"metrics": [{"name": "errors", "errorRate": {}}]})
        analysis = AnalysisStatus(asked=asked, horizon=1000, steps=steps, verdict=verdict)
    made = RolloutStatus.model_validate(
        {"configName": "new", "attempt": "a", "phase": "InProgress", "startedAt": "2026-11-26T11:00:00Z"}
    ).model_copy(update={"baking_until": NOW + timedelta(minutes=10), "analysis": analysis})
    return Plan(BUSY, rollout=made)


def test_what_bakes_is_looked_at_each_minute(resource: Any) -> None:
    assert when(resource(CANARY), baking(), "Updating", 5.0, NOW) == (60.0, Awaits.CHANGE)


def test_what_is_judged_is_looked_at_when_cloudwatch_has_more_and_before_its_last_step_ends(resource: Any) -> None:
    assert when(resource(CANARY), baking(600), "Updating", 5.0, NOW, analysis_period=20.0)[0] == 20.0
    todo = baking(-300, 150)
    assert todo.rollout is not None
    assert todo.rollout.analysis is not None
    left = (last_look(todo.rollout.analysis.steps[-1]) - NOW).total_seconds()
    assert when(resource(CANARY), todo, "Updating", 5.0, NOW)[0] == left
    assert 5.0 < left < 60.0
    assert when(resource(CANARY), baking(-300, 150, verdict="Rollback"), "Updating", 5.0, NOW)[0] == 60.0


@pytest.mark.parametrize(("ends", "after"), [(200, 60.0), (150, 30.0), (121, 5.0), (120, 60.0), (60, 60.0)])
def test_two_minutes_before_its_last_step_ends_it_is_looked_at_for_the_last_time(
    resource: Any, ends: int, after: float
) -> None:
    assert when(resource(CANARY), baking(-300, ends), "Updating", 5.0, NOW)[0] == after


@pytest.mark.parametrize(
    ("changes", "looks"),
    [
        ({"strategy": "AllAtOnce"}, False),
        ({"strategy": "AllAtOnce", "terminationWaitSeconds": 1}, True),
        ({"strategy": "AllAtOnce", "rollback": {"maxErrorRatePercent": 1}}, True),
        ({"strategy": "Canary", "stepInstances": 1}, True),
    ],
)
def test_an_update_is_looked_at_while_it_has_steps_or_alarms(
    changes: dict[str, Any], looks: bool, resource: Any
) -> None:
    rollout, todo = {"rollout": changes}, Plan(BUSY)
    assert when(resource(rollout), todo, "Updating", 5.0, NOW)[0] == (5.0 if looks else 600.0)
    assert when(resource(rollout), todo, "RollingBack", 5.0, NOW)[0] == 600.0


def test_an_alarm_that_was_set_is_looked_at_soon_as_cloudwatch_may_take_it_back(resource: Any) -> None:
    todo = Plan(BUSY, (Action(Verb.SET_ALARM, "a", {}), Action(Verb.PUT_ALARM, "b", {})))
    assert when(resource(), todo, "Updating", 5.0, NOW) == (5.0, Awaits.CHANGE)


def test_a_bake_that_ends_sooner_is_looked_at_then_and_one_that_is_over_at_each_poll(resource: Any) -> None:
    def after(seconds: float) -> float:
        todo = baking()
        assert todo.rollout is not None
        ends = todo.rollout.model_copy(update={"baking_until": NOW + timedelta(seconds=seconds)})
        return when(resource(CANARY), Plan(BUSY, rollout=ends), "Updating", 5.0, NOW)[0]

    assert [after(each) for each in (61, 30, 2, 0, -1)] == [60.0, 30.0, 5.0, 5.0, 5.0]


def test_what_was_listed_too_early_is_looked_at_soon() -> None:
    early, late = (Glance(None, since_written=each, absent=False) for each in (False, True))
    assert (sooner(600.0, early, 5.0), sooner(1.0, early, 5.0), sooner(600.0, late, 5.0)) == (5.0, 1.0, 600.0)


def test_no_wait_goes_beyond_office_hours() -> None:
    def after(wait: float, changes: float | None, look: float | None = None) -> float:
        moments = [NOW + timedelta(seconds=each) if each is not None else None for each in (changes, look)]
        return within_hours(wait, Schedule(True, moments[0], look_at=moments[1]), NOW)

    assert [after(NEVER, 100), after(50.0, 100), after(NEVER, 100, 20), after(NEVER, None, 20)] == [101, 50, 21, 21]
    assert [after(NEVER, None), after(NEVER, -5), after(NEVER, 0)] == [NEVER, 1.0, 1.0]


def test_the_moment_of_a_wait_is_told_to_the_second_and_never_is_none() -> None:
    assert moment(NOW, 1.6) == NOW + timedelta(seconds=2)
    assert moment(NOW, NEVER) is None
