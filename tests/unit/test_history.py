"""The history of revisions, as the memory of rollouts tells it reconcile by reconcile."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smendpoints.api.status_rollout import Revision, RolloutStatus
from smendpoints.domain.status.history import Told, next_history

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
Step = tuple[str, str]

STORIES: dict[str, tuple[list[Step], list[tuple[int, str, str]]]] = {
    "a creation": ([("a", "InProgress"), ("a", "Succeeded")], [(1, "a", "Deployed")]),
    "a creation that fails": ([("a", "InProgress"), ("a", "Failed")], [(1, "a", "Failed")]),
    "the same reconcile again and again adds nothing": ([("a", "Succeeded")] * 5, [(1, "a", "Deployed")]),
    "an update": (
        [("a", "Succeeded"), ("b", "Pending"), ("b", "InProgress"), ("b", "Succeeded")],
        [(2, "b", "Deployed"), (1, "a", "Deployed")],
    ),
    "an update that AWS rolls back": (
        [("a", "Succeeded"), ("b", "Pending"), ("b", "InProgress"), ("b", "Failed")],
        [(2, "b", "Failed"), (1, "a", "Deployed")],
    ),
    "a second try of what failed is a revision of its own": (
        [("a", "Succeeded"), ("b", "Failed"), ("b", "Pending"), ("b", "Succeeded")],
        [(3, "b", "Deployed"), (2, "b", "Failed"), (1, "a", "Deployed")],
    ),
    "going back to what was in service before": (
        [("a", "Succeeded"), ("b", "Pending"), ("b", "Succeeded"), ("a", "Pending"), ("a", "Succeeded")],
        [(3, "a", "Deployed"), (2, "b", "Deployed"), (1, "a", "Deployed")],
    ),
    "a flood of edits while AWS is busy: only the last of what never came into service": (
        [("a", "Succeeded"), *((config, "Pending") for config in "bcdefghijklmnop"), ("q", "Succeeded")],
        [(17, "q", "Deployed"), (16, "p", "Superseded"), (1, "a", "Deployed")],
    ),
    "an edit before the last one was rolled out": (
        [("a", "Succeeded"), ("b", "Pending"), ("c", "Pending"), ("c", "Succeeded")],
        [(3, "c", "Deployed"), (2, "b", "Superseded"), (1, "a", "Deployed")],
    ),
}


def rollout(config: str, phase: Any, **more: Any) -> RolloutStatus:
    return RolloutStatus(config_name=config, phase=phase, started_at=NOW, **more)


def told(reconciles: list[Step]) -> list[Revision]:
    history: list[Revision] = []
    for config, phase in reconciles:
        history = next_history(history, rollout(config, phase), Told(), 3, NOW)
    return history


def test_what_was_found_in_service_is_the_first_revision() -> None:
    """The answer to its creation was lost, or it was taken over: it stays deployable as any other."""
    pending = rollout("b", "Pending", from_config_name="a")
    found = next_history([], pending, Told("new image"), 3, NOW)
    assert [(each.revision, each.config_name, each.outcome, each.changes) for each in found] == [
        (2, "b", "InProgress", "new image"),
        (1, "a", "Deployed", "found in service"),
    ]
    assert next_history(found, pending, Told(), 3, NOW) == found


@pytest.mark.parametrize(("reconciles", "history"), STORIES.values(), ids=STORIES.keys())
def test_the_history_of(reconciles: list[Step], history: list[tuple[int, str, str]]) -> None:
    assert [(each.revision, each.config_name, each.outcome) for each in told(reconciles)] == history


def test_what_came_into_service_before_the_next_edit_was_seen_was_deployed_all_the_same() -> None:
    """The edit came while AWS was updating: the update ended well, then the edit followed from there."""
    history = told([("a", "Succeeded"), ("b", "InProgress")])
    after = next_history(history, rollout("c", "Pending", from_config_name="b"), Told(), 3, NOW)
    assert [(each.config_name, each.outcome, each.message) for each in after] == [
        ("c", "InProgress", None),
        ("b", "Deployed", None),
        ("a", "Deployed", None),
    ]


def test_what_never_came_into_service_before_the_next_edit_says_so() -> None:
    history = told([("a", "Succeeded"), ("b", "InProgress")])
    after = next_history(history, rollout("c", "Pending", from_config_name="a"), Told(), 3, NOW)
    assert (after[1].outcome, after[1].message) == ("Superseded", "replaced by a newer spec")


def test_a_failure_tells_why_and_a_success_forgets_it() -> None:
    begun = next_history([], rollout("a", "InProgress"), Told(), 3, NOW)
    failed = next_history(begun, rollout("a", "Failed", message="no ping"), Told(), 3, NOW)
    assert failed[0].message == "no ping"
    assert next_history(begun, rollout("a", "Succeeded"), Told(), 3, NOW)[0].message is None


@pytest.mark.parametrize(
    ("phase", "outcome", "message"),
    [("Pending", "Blocked", "no image"), ("InProgress", "InProgress", None), ("Succeeded", "Deployed", None)],
)
def test_what_stands_in_the_way_is_told_of_an_attempt_that_is_not_under_way(
    phase: str, outcome: str, message: str | None
) -> None:
    (found,) = next_history([], rollout("a", phase), Told(blocked="no image"), 3, NOW)
    assert (found.outcome, found.message) == (outcome, message)


def test_what_changed_is_told_by_the_reconcile_that_knew_it() -> None:
    first = next_history([], rollout("a", "Succeeded"), Told(), 3, NOW)
    second = next_history(first, rollout("b", "Pending"), Told("primary: model a → b"), 3, NOW)
    after = next_history(second, rollout("b", "InProgress"), Told(), 3, NOW)
    assert [each.changes for each in after] == ["primary: model a → b", "created"]


def test_what_stays_deployable_is_not_pushed_out_by_what_failed_since() -> None:
    deployed: list[Step] = [(config, "Succeeded") for config in "abcd"]
    failed: list[Step] = [("e", phase) for _ in range(40) for phase in ("Pending", "InProgress", "Failed")]
    history = told(deployed + failed)
    assert [each.config_name for each in history if each.outcome == "Deployed"] == ["d", "c", "b", "a"]
    assert len(history) == 10
    assert history[0].revision == 44


@pytest.mark.parametrize(("limit", "stay"), [(0, ["d"]), (1, ["d", "c"]), (2, ["d", "c", "b"])])
def test_of_what_was_in_service_no_more_than_the_limit_stays_when_there_is_no_room(limit: int, stay: list[str]) -> None:
    history: list[Revision] = []
    failed = [("e", phase) for _ in range(12) for phase in ("Pending", "InProgress", "Failed")]
    for config, phase in [*((config, "Succeeded") for config in "abcd"), *failed]:
        history = next_history(history, rollout(config, phase), Told(), limit, NOW)
    assert [each.config_name for each in history if each.outcome == "Deployed"] == stay
    assert len(history) == 10


@pytest.mark.parametrize("limit", [0, 3, 20])
def test_the_history_keeps_within_its_bounds(limit: int) -> None:
    history: list[Revision] = []
    for number in range(60):
        for phase in ("Pending", "Failed" if number % 2 else "Succeeded"):
            history = next_history(history, rollout(f"config-{number}", phase), Told(), limit, NOW)
    assert len(history) <= 25
    assert sum(each.outcome == "Deployed" for each in history) >= limit + 1


def test_without_memory_of_a_rollout_the_history_stays() -> None:
    history = told([("a", "Succeeded")])
    assert next_history(history, None, Told(), 3, NOW) is history


@given(
    reconciles=st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["Pending", "InProgress", "Succeeded", "Failed"]))
    ),
    limit=st.integers(0, 20),
)
def test_whatever_happens_revisions_count_up_and_are_no_more_than_the_status_holds(
    reconciles: list[Step], limit: int
) -> None:
    history: list[Revision] = []
    for config, phase in reconciles:
        history = next_history(history, rollout(config, phase), Told(), limit, NOW)
        numbers = [each.revision for each in history]
        assert numbers == sorted(set(numbers), reverse=True)
        assert len(history) <= 25
        assert not any(each.outcome == "InProgress" for each in history[1:])


def test_going_back_trying_again_and_adopting_are_said_to_be_that() -> None:
    history = told([("a", "Succeeded"), ("b", "Pending"), ("b", "Succeeded")])
    back = next_history(history, rollout("a", "Pending", from_config_name="b"), Told("image :2 → :1"), 3, NOW)
    assert back[0].changes == "back to revision 1: image :2 → :1"
    asked = Told("back to revision 1: image :2 → :1")  # by the annotation, which says so itself
    back = next_history(history, rollout("a", "Pending", from_config_name="b"), asked, 3, NOW)
    assert back[0].changes == "back to revision 1: image :2 → :1"
    failed = next_history(history, rollout("c", "Failed", message="no ping"), Told("image :2 → :3"), 3, NOW)
    again = next_history(failed, rollout("c", "Pending", from_config_name="b"), Told(), 3, NOW)
    assert [each.changes for each in again[:2]] == ["tried again: image :2 → :3", "image :2 → :3"]
    adopted = next_history([], rollout("theirs", "Succeeded"), Told(adopted=True), 3, NOW)
    assert adopted[0].changes == "adopted"
    first = next_history([], rollout("ours", "Pending", from_config_name="theirs"), Told("x", adopted=True), 3, NOW)
    assert [each.changes for each in first] == ["x", "adopted as it was"]


def test_what_is_not_launched_is_blocked_until_it_is() -> None:
    before = told([("a", "Succeeded")])
    pending = rollout("b", "Pending", from_config_name="a")
    blocked = next_history(before, pending, Told("image :1 → :2", blocked="the image is not there"), 3, NOW)
    assert (blocked[0].outcome, blocked[0].message) == ("Blocked", "the image is not there")
    assert next_history(blocked, pending, Told(blocked="the image is not there"), 3, NOW) is blocked
    launched = next_history(blocked, rollout("b", "InProgress"), Told(), 3, NOW)
    assert (launched[0].outcome, launched[0].message, launched[0].changes) == ("InProgress", None, "image :1 → :2")
    other = next_history(blocked, rollout("c", "Pending", from_config_name="a"), Told(), 3, NOW)
    assert [each.outcome for each in other] == ["InProgress", "Blocked", "Deployed"]


def test_the_first_creation_that_is_blocked_is_still_the_creation_once_it_goes_through() -> None:
    blocked = next_history([], rollout("a", "Pending"), Told(blocked="no role"), 3, NOW)
    assert [(each.outcome, each.changes) for each in blocked] == [("Blocked", "created")]
    other = next_history(blocked, rollout("b", "InProgress"), Told(), 3, NOW)
    assert [(each.outcome, each.changes) for each in other] == [("InProgress", "created"), ("Blocked", "created")]


REASONS = {
    "The deployment was rolled back because of alarms in ALARM state: errors.": "RolledBack",
    "Endpoint update failed: alarm smendpoints/default-iris/x breached": "RolledBack",
    "The role is not authorized to perform: cloudwatch:DescribeAlarms; alarms cannot be read": "Failed",
    "The primary container for production variant primary did not pass the ping health check.": "Failed",
}


@pytest.mark.parametrize(("reason", "outcome"), REASONS.items())
def test_what_an_alarm_undid_is_rolled_back(reason: str, outcome: str) -> None:
    history = next_history(told([("a", "Succeeded")]), rollout("b", "Failed", message=reason), Told(), 3, NOW)
    assert (history[0].outcome, history[0].message) == (outcome, reason)
