"""What AWS will not do however often it is asked is remembered for the calls that led to it, and for one wish."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from smendpoints.controller.trouble import Goal, Pursuit, Trouble, finalizing, pursuit_of
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.reasons import Reason

MODEL, CONFIG, TAGS = (Action(verb, "iris", {}) for verb in (Verb.CREATE_MODEL, Verb.CREATE_CONFIG, Verb.ADD_TAGS))
REFUSED = ReconcileError(Kind.INVALID, Reason.INVALID_SPEC, "ValidationException: no")
RUNS = Pursuit(Goal.RUN, 1, ())


@pytest.mark.parametrize("pursuit", [None, RUNS], ids=["nothing is known of what is asked for", "it shall run"])
def test_what_is_refused_for_good_is_not_asked_for_again(pursuit: Pursuit | None) -> None:
    trouble = Trouble(pursuit)
    trouble.refuse("", [MODEL, CONFIG], REFUSED)
    assert trouble.refusal("", [MODEL, CONFIG]) == (0, REFUSED)
    assert trouble.refusal("", [CONFIG, MODEL]) == (0, REFUSED)  # as far as the call that was refused
    assert trouble.refusal("", [TAGS, CONFIG]) == (1, REFUSED)
    assert trouble.refusal("", [MODEL, TAGS]) == (2, None)
    assert trouble.refusal("tags", [MODEL, CONFIG]) == (2, None)


@pytest.mark.parametrize(
    ("wants", "goal"),
    [
        ({}, Goal.RUN),
        ({"desiredState": "Stopped"}, Goal.STOP),
        ({"officeHours": {"timeZone": "Mars/Olympus", "start": "0 8 * * *", "stop": "0 18 * * *"}}, Goal.RUN),
    ],
    ids=["that it runs", "that it is stopped", "what cannot be read"],
)
def test_what_is_asked_for_is(resource: Callable[..., Any], wants: dict[str, Any], goal: Goal) -> None:
    asked = resource(wants)
    assert pursuit_of(asked, datetime(2026, 11, 22, 12, tzinfo=UTC)) == Pursuit(goal, *asked.asked())
    assert finalizing(asked) == Pursuit(Goal.FINALIZE, *asked.asked())


def test_a_deletion_goes_on_asking() -> None:
    trouble = Trouble(Pursuit(Goal.FINALIZE, 1, ()))
    trouble.refuse("", [MODEL], REFUSED)
    assert trouble.refusal("", [MODEL]) == (1, None)


def test_what_may_work_later_is_not_kept() -> None:
    trouble = Trouble(RUNS)
    trouble.refuse("", [MODEL], ReconcileError(Kind.BLOCKED, Reason.ACCESS_DENIED, "no"))
    assert trouble.refusal("", [MODEL]) == (1, None)
