"""Each step of a rollout that AWS tells of is an Event, once."""

from datetime import UTC, datetime
from typing import Any

import pytest

from smendpoints.api.status import Condition, SageMakerEndpointStatus
from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.domain.status.events import events

AT = datetime(2026, 11, 26, 11, tzinfo=UTC)


def rollout(**told: Any) -> RolloutStatus:
    made = {"configName": "new", "attempt": "a", "phase": "InProgress", "startedAt": "2026-11-26T11:00:00Z", **told}
    return RolloutStatus.model_validate(made)


BAKES = {"stage": "Baking", "trafficPercent": 10, "awsMessage": "Baking"}


@pytest.mark.parametrize(
    ("before", "now", "tells"),
    [
        (BAKES, {**BAKES, "trafficPercent": 50}, True),
        ({"stage": "ActivatingTraffic", "trafficPercent": 10}, BAKES, True),
        ({**BAKES, "configName": "other"}, BAKES, True),
        (None, BAKES, True),
        (BAKES, BAKES, False),
        (BAKES, {**BAKES, "awsMessage": "Baking, still"}, False),
        ({"awsMessage": "odd words"}, {"awsMessage": "other words"}, True),
        ({"awsMessage": "odd words"}, {"awsMessage": "odd words"}, False),
        (None, {"awsMessage": "odd words"}, True),
        (BAKES, {}, False),
        (None, {"stage": "Launching"}, False),
        (BAKES, {"stage": "RollingBack"}, False),
    ],
    ids=[
        "more traffic",
        "another stage",
        "another config",
        "the first",
        "nothing new",
        "the same stage in other words",
        "other words of no stage that is known",
        "the same words",
        "the first words",
        "no word",
        "a launch",
        "rolling back",
    ],
)
def test_a_step_is_told(before: dict[str, Any] | None, now: dict[str, Any], tells: bool) -> None:
    ready = Condition(
        type="Ready",
        status="False",
        reason="Updating",
        message="at work",
        observed_generation=1,
        last_transition_time=AT,
    )
    old = SageMakerEndpointStatus(rollout=rollout(**before) if before is not None else None, conditions=[ready])
    new = SageMakerEndpointStatus(rollout=rollout(**now), conditions=[ready])
    assert len(events(old, new)) == tells
    assert events(old, old) == ()
