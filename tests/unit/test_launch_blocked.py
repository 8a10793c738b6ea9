"""What is told of an endpoint that serves and could not start another instance, or would start another one."""

from collections.abc import Callable
from typing import Any

import pytest

from smendpoints.api.status_rollout import LaunchedFrom
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status.supplies import UNKNOWN, Supplied, launch_blocked, launched_from, source_changed

GONE = ReconcileError(Kind.BLOCKED, Reason.ARTIFACT_NOT_FOUND, "it is gone")
WRITTEN = "it was written again"


@pytest.fixture
def told(sight: Callable[..., Any]) -> Callable[..., tuple[str | None, str | None]]:
    """The messages of both conditions, if the status had both of this config before."""

    def say(found: Supplied, config: str = "WANTED", *, exists: bool = True) -> tuple[str | None, str | None]:
        seen = sight()
        at = {"status": "True", "reason": "r", "observedGeneration": 4, "lastTransitionTime": seen.given.now}
        whole = {
            "endpoint": {
                "name": "e",
                "status": "InService",
                "configName": config.replace("WANTED", seen.desired.config_name),
            },
            "conditions": [
                {**at, "type": kind, "message": f"{kind} of before"} for kind in ("LaunchBlocked", "SourceChanged")
            ],
        }
        old = type(seen.resource.status).model_validate(whole)
        endpoint = seen.observed.endpoint if exists else None
        made = [each(old, endpoint, found, 4, seen.given.now) for each in (launch_blocked, source_changed)]
        return tuple(each.message if each is not None else None for each in made)  # type: ignore[return-value]

    return say


@pytest.mark.parametrize(
    ("found", "messages"),
    [
        (Supplied(known=True), (None, None)),
        (Supplied(known=True, lacks=GONE), ("still serving, but no other instance could start: it is gone", None)),
        (Supplied(known=True, overwritten=WRITTEN), (None, WRITTEN)),
        (UNKNOWN, ("LaunchBlocked of before", "SourceChanged of before")),
    ],
)
def test_what_is_known_is_told_and_what_is_not_stays(
    told: Any, found: Supplied, messages: tuple[str | None, str | None]
) -> None:
    assert told(found) == messages
    assert told(found, exists=False) == (None, None)
    another = (None, None) if found is UNKNOWN else messages
    assert told(found, "another") == another, "that was told of another fleet"


def test_of_launches_that_of_the_fleet_in_service_and_of_the_attempt_are_remembered(sight: Callable[..., Any]) -> None:
    seen = sight(remembers={"phase": "InProgress", "configName": "attempt"})
    serves, attempt, older, fresh = (
        LaunchedFrom(config_name=name, at=seen.given.now, artifacts=[])
        for name in (seen.desired.config_name, "attempt", "older", "attempt")
    )
    fresh = fresh.model_copy(update={"at": seen.observed.endpoint.created_at})
    old = seen.resource.status.model_copy(update={"launched_from": [older, attempt, serves]})
    rollout, endpoint = seen.resource.status.rollout, seen.observed.endpoint
    assert launched_from(old, rollout, endpoint, None) == [serves, attempt]
    assert launched_from(old, rollout, endpoint, fresh) == [serves, fresh]
    assert launched_from(old, None, endpoint, None) == [serves]
    assert launched_from(old, rollout, None, fresh) == [fresh]
    assert launched_from(old, rollout, None, None) == []
