"""However long the words of AWS and of a spec are, what is told fits: the schema, AWS's own limits, and a reader."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.api.analysis import Analysis, AnalysisStatus
from smendpoints.api.status import SageMakerEndpointStatus
from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.domain.desired.monitoring import desired_monitoring
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.observed import Step
from smendpoints.domain.plan.abort import fire
from smendpoints.domain.plan.analysis import planned
from smendpoints.domain.plan.changes import describe_changes
from smendpoints.domain.plan.held_back import held_back, nothing_changed
from smendpoints.domain.plan.judging import closed, unread
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status.history import Told, next_history
from smendpoints.domain.status.supplies import Supplied, source_changed
from smsandbox.testing.statuses import DENIED, NOW, B, told

LONG, FULL = "x" * 5000, "x" * 1024
UPDATE_REFUSED = ReconcileError(Kind.INVALID, Reason.INVALID_SPEC, LONG, "update_endpoint")
REFUSED = replace(DENIED, message=LONG)
MANY = {"environment": {f"VARIABLE_{number:060}": "1" for number in range(50)}}
ANALYSIS = Analysis.model_validate({"metrics": [{"name": "errors", "errorRate": {}}]})


def words_of(status: SageMakerEndpointStatus) -> list[str | None]:
    """All of it that is cut."""
    rollout, failure = status.rollout, status.failure
    return [
        *((rollout.message, rollout.aws_message) if rollout is not None else ()),
        *((failure.reason, failure.hint) if failure is not None else ()),
        *(text for each in status.history for text in (each.message, each.changes)),
        *(each.message for each in status.in_place),
    ]


STATUSES: dict[str, Callable[[Any], SageMakerEndpointStatus]] = {
    "AWS at work": lambda sight: told(
        sight(
            lives=B,
            shows={"status": "Updating", "pending_config": "WANTED"},
            variants={"primary": {"steps": (Step("Baking", FULL), Step("Baking", FULL[:-1]))}},
            remembers={"phase": "InProgress"},
        )
    ),
    "a rollback": lambda sight: told(
        sight(
            lives=B, shows={"failure_reason": FULL}, remembers={"phase": "InProgress"}, history=[("LIVE", "Deployed")]
        )
    ),
    "an undone rollout": lambda sight: told(
        sight(
            lives=B,
            remembers={"phase": "Failed", "message": FULL, "undoneBy": "Alarm"},
            history=[("WANTED", "InProgress")],
        )
    ),
    "an update that AWS refuses": lambda sight: told(
        sight(lives=B, remembers={"phase": "Pending", "endpointModifiedAt": NOW}), UPDATE_REFUSED
    ),
    "an attempt that is blocked": lambda sight: told(sight(lives=B), REFUSED),
    "a creation that is blocked": lambda sight: told(sight(exists=False), REFUSED),
}


@pytest.mark.parametrize("name", STATUSES)
def test_a_status_is_as_long_as_its_schema_takes_and_no_longer_with(sight: Callable[..., Any], name: str) -> None:
    status = STATUSES[name](sight)
    assert SageMakerEndpointStatus.model_validate(status.to_json()) == status
    assert max(len(text or "") for text in words_of(status)) == 1024


def changes(sight: Callable[..., Any], wants: dict[str, Any]) -> str:
    models = {model.name: model.request for model in sight({}).desired.models}
    return describe_changes(sight(wants).desired, sight(wants, {}).observed.live_config, models) or ""


def test_what_a_revision_changes_is_cut_with_a_mark(sight: Callable[..., Any]) -> None:
    said = changes(sight, {"variant": MANY})
    assert (len(said), said[-1]) == (1024, "…")
    names = [f"VARIABLE_{number:050}" for number in range(11)]
    exact = len(changes(sight, {"variant": {"environment": dict.fromkeys(names, "1")}}))
    names[0] += "0" * (1024 - exact)
    whole = changes(sight, {"variant": {"environment": dict.fromkeys(names, "1")}})
    assert (len(whole), whole.count("added")) == (1024, 11), "what just fits is told whole"


@pytest.mark.parametrize(
    ("config", "said", "longest"), [("a", "tried again: x", 1024), ("b", "back to revision 1: x", 1024)]
)
def test_a_revision_tells_what_it_changes_within_what_the_schema_takes(config: str, said: str, longest: int) -> None:
    def rollout(config: str, phase: Any) -> RolloutStatus:
        return RolloutStatus(config_name=config, phase=phase, started_at=NOW)

    first = next_history([], rollout("b", "Succeeded"), Told(), 3, NOW)
    failed = next_history(first, rollout("a", "Failed"), Told(FULL), 3, NOW)
    again = next_history(failed, rollout(config, "Pending"), Told(FULL), 3, NOW)
    assert str(again[0].changes).startswith(said)
    assert len(str(again[0].changes)) <= longest


def analysis(**changes: Any) -> AnalysisStatus:
    return AnalysisStatus(asked=ANALYSIS, horizon=1, verdict="Hold", **changes)


def test_what_is_told_of_an_analysis_is_within_what_the_schema_takes(sight: Callable[..., Any]) -> None:
    endpoint, way = sight().observed.endpoint, sight({"rollout": {"strategy": "Canary", "stepPercent": 10}}).given.spec
    found = [
        unread(analysis(), LONG, passes=True, over=False),
        closed(analysis(message=FULL)),
        planned(ANALYSIS, way.rollout, endpoint, ["primary"], LONG),
    ]
    assert [len(each.message) for each in found if each is not None] == [1024, 1024, 1024]


def test_that_what_serves_was_overwritten_is_told_within_what_a_reader_takes(sight: Callable[..., Any]) -> None:
    seen = sight()
    found = source_changed(seen.resource.status, seen.observed.endpoint, Supplied(known=True, overwritten=LONG), 4, NOW)
    assert found is not None
    assert len(found.message) == 1024


def test_the_reason_of_an_alarms_state_is_as_long_as_aws_takes() -> None:
    rollout = RolloutStatus(config_name="c", phase="InProgress", started_at=NOW, abort_alarm="a")
    (_, state) = fire("iris", rollout, {}, LONG)
    assert len(state.params["StateReason"]) == 1023


def test_an_alarm_is_described_as_far_as_aws_takes(sight: Callable[..., Any]) -> None:
    resource = sight({"monitoring": {"alarms": ["Errors"]}}).resource
    name = "n" * 2000
    (alarm,) = desired_monitoring(
        resource.model_copy(update={"metadata": resource.metadata.model_copy(update={"name": name})}),
        "default-iris",
        None,
        {"primary"},
    ).alarms
    assert len(alarm["AlarmDescription"]) == 1024


VIOLATIONS = (LONG, LONG)


def test_what_a_policy_forbids_is_told_within_what_a_reader_takes(sight: Callable[..., Any]) -> None:
    assert len(nothing_changed(VIOLATIONS)) == 2048
    for seen in (sight(), sight({"challenger": {"weight": 2}}, {"challenger": {"weight": 1}})):
        todo = held_back(seen.plan(), seen.given, Reason.POLICY_VIOLATION, VIOLATIONS)
        assert len(todo.verdict.message) == 2048


TAGS = {f"tag-{number}": "x" * 200 for number in range(40)}


@pytest.mark.parametrize(
    ("wants", "shows"), [({}, {}), ({"adoptExisting": True}, {"tags": {"team": "fraud"}})], ids=["pending", "a dry run"]
)
def test_what_would_be_done_is_told_within_what_a_reader_takes(
    sight: Callable[..., Any], wants: dict[str, Any], shows: dict[str, Any]
) -> None:
    todo = sight({**wants, "suspend": True, "tags": TAGS}, {}, shows=shows).plan()
    assert todo.verdict.reason is Reason.SUSPENDED
    assert len(todo.verdict.message) == 2048
