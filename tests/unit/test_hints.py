"""Hints are passed on to their places; failures are told once, and waited out."""

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from smendpoints.aws.calls.clients import Place
from smendpoints.aws.events import Hint
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason
from smendpoints.work.hints import listen, pass_on, start_listening

OWN, ROLE, OTHER, WEST = (
    Place("us-east-1"),
    Place("us-east-1", "arn:aws:iam::111111111111:role/a"),
    Place("us-east-1", "arn:aws:iam::222222222222:role/a"),
    Place("us-west-2"),
)
PLACES = (OWN, ROLE, OTHER, WEST)
HINT = Hint("us-east-1", "111111111111", "Iris")


class Moved:
    """Remembers what it is told of."""

    def __init__(self) -> None:
        self.told: list[tuple[Place, set[str]]] = []
        self.event = threading.Event()

    def __call__(self, place: Place, names: Any) -> None:
        self.told.append((place, set(names)))
        self.event.set()


@pytest.fixture
def moved() -> Moved:
    return Moved()


def test_a_hint_goes_to_the_places_of_its_region_and_account_in_lower_case(moved: Moved) -> None:
    pass_on([HINT], PLACES, moved)
    assert moved.told == [(OWN, {"iris"}), (ROLE, {"iris"})]


def test_hints_of_one_place_come_together_and_doubled_ones_once(moved: Moved) -> None:
    pass_on([HINT, HINT, Hint("us-east-1", "111111111111", "rose")], [ROLE], moved)
    assert moved.told == [(ROLE, {"iris", "rose"})]


@pytest.mark.parametrize("hint", [Hint("eu-west-1", "111111111111", "x"), Hint("us-east-1", "333333333333", "x")])
def test_what_happens_where_nobody_has_objects_is_nobodys_business(moved: Moved, hint: Hint) -> None:
    pass_on([hint], [ROLE, OTHER, WEST], moved)
    assert moved.told == []


class Ending(threading.Event):
    """Counts waits instead of waiting; `after` of them it is set."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._after = after

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waits.append(timeout)
        if len(self.waits) >= self._after:
            self.set()
        return self.is_set()


def denied(operation: str = "receive_message") -> ReconcileError:
    return ReconcileError(Kind.BLOCKED, Reason.ACCESS_DENIED, "AccessDenied: needs x", operation, "AccessDenied")


AWAY = ReconcileError(Kind.RETRY, Reason.UNAVAILABLE, "no route", "receive_message")


def hear(moved: Callable[..., None], *answers: Any) -> list[float]:
    """Listen to these answers, of which errors are raised; the waits between them."""
    left = list(answers)

    def receive() -> list[Hint]:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return list(answer)

    ending = Ending(len(answers))
    listen(receive, lambda: PLACES, moved, ending, lambda low, high: high)
    assert left == []
    return ending.waits


def test_it_listens_until_the_process_ends(moved: Moved) -> None:
    waits = hear(moved, [HINT], [], [HINT])
    assert [place for place, _ in moved.told] == [OWN, ROLE] * 2
    assert max(waits) < 1


def test_while_aws_is_away_it_asks_less_and_less_and_tells_it_once(
    moved: Moved, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "smendpoints.work.hints"):
        waits = hear(moved, *[AWAY] * 8, [HINT], AWAY)
    assert waits[:8] == [2, 4, 8, 16, 32, 60, 60, 60]
    assert waits[9] == 2  # a success makes the waits short again
    assert [record.getMessage() for record in caplog.records] == [
        "events from AWS cannot be read, changes are only found by listings: ReceiveMessage: no route",
        "events of AWS are heard again",
        "events from AWS cannot be read, changes are only found by listings: ReceiveMessage: no route",
    ]
    assert [place for place, _ in moved.told] == [OWN, ROLE]


def test_it_outlives_any_number_of_failures(moved: Moved) -> None:
    waits = hear(moved, *[AWAY] * 1200, [HINT])
    assert (max(waits), [place for place, _ in moved.told]) == (60, [OWN, ROLE])


def test_waits_differ_between_processes(moved: Moved) -> None:
    asked: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        asked.append((low, high))
        return low

    def away() -> list[Hint]:
        raise AWAY

    ending = Ending(2)
    listen(away, lambda: PLACES, moved, ending, uniform)
    assert (asked, ending.waits) == ([(0.5, 1.0)] * 2, [1, 2])


def test_each_failure_is_told_once_and_another_one_too(moved: Moved, caplog: pytest.LogCaptureFixture) -> None:
    hear(moved, denied(), denied(), denied("delete_message_batch"), AWAY, AWAY)
    assert [record.getMessage().rpartition("by listings: ")[2] for record in caplog.records] == [
        "ReceiveMessage: AccessDenied: needs x",
        "DeleteMessageBatch: AccessDenied: needs x",
        "ReceiveMessage: no route",
    ]


def test_a_fault_of_whoever_is_told_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[Place] = []

    def failing(place: Place, _: Any) -> None:
        calls.append(place)
        raise KeyError(place)

    hear(failing, [HINT], [HINT])
    assert len(calls) == 2
    (record,) = caplog.records
    assert (record.levelname, record.exc_info is not None) == ("ERROR", True)


def test_it_runs_in_a_thread_that_keeps_no_process_alive(moved: Moved) -> None:
    ending, forever = threading.Event(), threading.Event()
    answers = [[HINT]]

    def receive() -> list[Hint]:
        if answers:
            return answers.pop()
        forever.wait(60)
        return []

    thread = start_listening(receive, lambda: [ROLE], moved, ending)
    try:
        assert moved.event.wait(30)
        assert thread.daemon
    finally:
        ending.set()
        forever.set()
        thread.join(30)
    assert not thread.is_alive()
