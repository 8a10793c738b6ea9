"""When an object comes again, and what of AWS wakes it before."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smendpoints.api.analysis import AnalysedStep, Analysis, AnalysisStatus
from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.controller.requeue import when
from smendpoints.controller.result import NEVER, Awaits
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
