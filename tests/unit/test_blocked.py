"""What changes in place before a new revision that is blocked: by pre-flight, by AWS, or as it was when it was tried last."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.plan.blocked import before_rollout
from smendpoints.domain.plan.verdict import Plan, Requeue
from smendpoints.domain.reasons import Reason

B = {"modelArtifact": "s3://models/b/model.tar.gz"}
EDIT = {"variant": {**B, "weight": 2}, "challenger": {}, "tags": {"team": "ml"}}
LIVES: dict[str, Any] = {"challenger": {}}
SHARES = "SET_WEIGHTS_AND_CAPACITIES primary, challenger"


def refusal(kind: Kind) -> ReconcileError:
    return ReconcileError(kind, Reason.ACCESS_DENIED, "no image")


def before(sight: Callable[..., Any], refused: ReconcileError | None, **sees: Any) -> tuple[Plan, Plan | None]:
    """The plan for an edit that needs a new revision, and what is done before it."""
    seen = sight(**{"wants": EDIT, "lives": LIVES, **sees})
    todo = seen.plan()
    return todo, before_rollout(todo, seen.given, refused)


@pytest.mark.parametrize(("kind", "blocks"), [(Kind.BLOCKED, True), (Kind.INVALID, True), (Kind.RETRY, False)])
def test_what_waits_for_no_revision_is_done_before_one_that_is_blocked(
    sight: Callable[..., Any], kind: Kind, blocks: bool
) -> None:
    todo, found = before(sight, refusal(kind))
    assert todo.announces is not None
    if not blocks:
        assert found is None
        return
    assert found is not None
    assert [str(each) for each in found.actions] == [
        "SET_WEIGHTS_AND_CAPACITIES primary, challenger",
        "ADD_TAGS default-iris",
    ]
    assert (found.verdict.reason, found.verdict.stalled) == (Reason.ACCESS_DENIED, True)
    assert found.verdict.message.startswith("no image; meanwhile changing in place: primary: weight 1 → 2")
    assert (found.requeue, found.endpoint_status, found.apart) == (Requeue.POLL, "Updating", True)
    assert found.rollout is None, "no attempt is being made"
    assert found.turns is not None
    assert found.turns.next == found.actions[0]


def test_tags_alone_leave_the_endpoint_as_it_is(sight: Callable[..., Any]) -> None:
    _, found = before(sight, refusal(Kind.BLOCKED), wants={"variant": B, "tags": {"team": "ml"}}, lives={})
    assert found is not None
    assert [str(each) for each in found.actions] == ["ADD_TAGS default-iris"]
    assert found.endpoint_status is None


def test_where_nothing_changes_in_place_nothing_is_done(sight: Callable[..., Any]) -> None:
    assert before(sight, refusal(Kind.BLOCKED), wants={"variant": B}, lives={})[1] is None
    assert before(sight, refusal(Kind.BLOCKED), exists=False)[1] is None
    assert before(sight, refusal(Kind.BLOCKED), wants={"tags": {"team": "ml"}}, lives={})[1] is None, (
        "no revision comes"
    )
    assert before(sight, None)[1] is None, "nothing blocks it"


def test_what_was_blocked_when_it_was_tried_last_is_told_so_until_it_is_under_way(sight: Callable[..., Any]) -> None:
    todo, found = before(sight, None, remembers={"phase": "Blocked"})
    assert found is not None
    assert (found.verdict.reason, found.verdict.stalled) == (todo.verdict.reason, True)
    assert found.verdict.message.startswith(todo.verdict.message)
    assert str(found.actions[0]) == SHARES


def test_what_leaves_the_endpoint_busy_waits_while_the_attempt_may_be_under_way(sight: Callable[..., Any]) -> None:
    seen = sight(EDIT, LIVES, remembers={"phase": "Pending"})
    todo = replace(sight(EDIT, LIVES).plan())
    found = before_rollout(todo, seen.given, refusal(Kind.BLOCKED))
    assert found is not None
    assert [str(each) for each in found.actions] == ["ADD_TAGS default-iris"]
    assert (found.endpoint_status, found.verdict.message) == (None, "no image")
    assert found.turns is not None
    assert found.turns.next is None
    assert found.rollout == seen.resource.status.rollout
    other = sight(EDIT, LIVES, remembers={"phase": "Pending", "configName": "another", "attempt": "x"})
    of_another = before_rollout(todo, other.given, refusal(Kind.BLOCKED))
    assert of_another is not None
    assert str(of_another.actions[0]) == SHARES
