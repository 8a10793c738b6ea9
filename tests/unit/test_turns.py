"""Turns: one object's share of reconciles, and threads dealt round over namespaces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smendpoints.turns import Allowance, Line, Width


@given(
    asks=st.lists(st.floats(0.0, 2.0), min_size=1, max_size=300),
    seconds=st.sampled_from([0.2, 1.0, 5.0]),
)
def test_whatever_is_done_to_an_object_it_has_one_reconcile_a_period_and_a_few_at_first(
    asks: list[float], seconds: float
) -> None:
    allowance, now, reconciles = Allowance(seconds), 0.0, []
    for gap in asks:
        now += gap
        if allowance.wait(now) <= 0:
            allowance.take(now)
            reconciles.append(now)
    assert reconciles[0] == asks[0]
    for first in range(len(reconciles)):  # between any two reconciles
        for last in range(first, len(reconciles)):
            assert last - first + 1 <= 3 + (reconciles[last] - reconciles[first]) / seconds + 1e-6


def test_who_waits_as_long_as_told_may_go() -> None:
    allowance = Allowance(1.0)
    for _ in range(3):
        assert allowance.wait(100.0) == 0
        allowance.take(100.0)
    assert allowance.wait(100.25) == 0.75
    assert allowance.wait(101.0) == 0


def test_without_a_period_nothing_is_held_back() -> None:
    allowance = Allowance(0.0)
    for _ in range(100):
        allowance.take(5.0)
    assert allowance.wait(5.0) == 0


def deal_all(line: Line[int]) -> list[tuple[str, int]]:
    found = []
    while (dealt := line.deal()) is not None:
        found.append(dealt)
    return found


def test_within_a_namespace_first_come_is_first_served() -> None:
    line: Line[int] = Line(8)
    for ticket in range(5):
        line.ask("a", ticket)
    assert deal_all(line) == [("a", ticket) for ticket in range(5)]


def test_within_a_namespace_the_lowest_rank_comes_first_and_of_equals_who_came_first() -> None:
    line: Line[int] = Line(8)
    for ticket, rank in enumerate([2, 1, 2, 0, 1]):
        line.ask("a", ticket, rank)
    assert [ticket for _, ticket in deal_all(line)] == [3, 1, 4, 0, 2]
    assert line.length == 0


def test_ranks_are_of_one_namespace_and_mean_nothing_for_another() -> None:
    line: Line[int] = Line(8)
    line.ask("a", 1, 3)
    line.ask("b", 2, 0)
    line.ask("b", 3, 0)
    assert deal_all(line) == [("a", 1), ("b", 2), ("b", 3)]


def test_who_has_the_worst_rank_is_served_though_better_ones_come_without_end() -> None:
    line: Line[int] = Line(1)
    for ticket in range(3):
        line.ask("a", ticket, 3)
    served = []
    for number in range(24):
        line.ask("a", 100 + number, 0)
        dealt = line.deal()
        assert dealt is not None
        served.append(dealt[1])
        line.done("a")
    assert [served[7], served[15], served[23]] == [0, 1, 2]
    assert [each for each in served if each >= 100] == list(range(100, 121)), "all others in their own order"
    assert line.length == 3


def test_who_leaves_the_line_is_not_served_whatever_its_rank() -> None:
    line: Line[int] = Line(8)
    for ticket, rank in enumerate([1, 0, 1]):
        line.ask("a", ticket, rank)
    line.withdraw("a", 1)
    line.withdraw("a", 2)
    line.withdraw("a", 2)
    line.withdraw("b", 0)
    assert line.length == 1
    assert deal_all(line) == [("a", 0)]


def test_one_edit_comes_next_however_many_wait_in_another_namespace() -> None:
    line: Line[int] = Line(4)
    for ticket in range(500):
        line.ask("many", ticket)
    assert deal_all(line) == [("many", 0), ("many", 1), ("many", 2)]  # the last slot is kept for others
    line.ask("one", 1000)
    assert line.deal() == ("one", 1000)
    line.ask("one", 1001)
    line.done("many")
    assert line.deal() == ("one", 1001)


def test_namespaces_that_have_as_much_are_served_round() -> None:
    line: Line[int] = Line(1)
    for ticket in range(3):
        for namespace in ("a", "b", "c"):
            line.ask(namespace, ticket)
    served = []
    for _ in range(9):
        dealt = line.deal()
        assert dealt is not None
        assert line.deal() is None
        served.append(dealt[0])
        line.done(dealt[0])
    assert served == ["a", "b", "c"] * 3


def test_a_single_thread_serves_a_single_namespace() -> None:
    line: Line[int] = Line(1)
    line.ask("a", 1)
    assert line.deal() == ("a", 1)


@given(
    st.lists(
        st.tuples(st.sampled_from(["ask", "done", "withdraw", "resize"]), st.sampled_from("abc"), st.integers(1, 9)),
        max_size=200,
    ),
    st.integers(1, 9),
)
def test_no_slot_is_lost_or_dealt_twice(steps: list[tuple[str, str, int]], slots: int) -> None:
    line: Line[int] = Line(slots)
    held: list[str] = []
    waiting: list[tuple[str, int]] = []
    for step, namespace, ticket in steps:
        if step == "ask":
            line.ask(namespace, ticket, rank=ticket % 3)
            waiting.append((namespace, ticket))
        elif step == "withdraw":
            line.withdraw(namespace, ticket)
            if (namespace, ticket) in waiting:
                waiting.remove((namespace, ticket))
        elif step == "resize":
            line.resize(slots := ticket)
        elif namespace in held:
            line.done(namespace)
            held.remove(namespace)
        before = len(held)
        for each in deal_all(line):
            waiting.remove(each)
            held.append(each[0])
        assert len(held) <= max(slots, before), "what is held beyond is not taken away, nor is anything dealt"
    for namespace in held:
        line.done(namespace)
    rounds = 0
    while waiting:
        rounds += 1
        dealt = deal_all(line)
        assert dealt, "somebody waits and nobody is served"
        for namespace, ticket in dealt:
            waiting.remove((namespace, ticket))
            line.done(namespace)


def flooded(width: Width, seconds: float, cores: float, requests: int = 3000) -> tuple[float, float]:
    """A server at work on all it is asked at once, with so many cores: requests a second, and seconds of each."""
    now, served, took = 0.0, 0, seconds
    width.took(seconds, now)  # at rest they come one by one
    while served < requests:
        at_once = width.now
        took = seconds * max(1.0, at_once / cores)
        now, served = now + took, served + at_once
        for _ in range(at_once):
            width.took(took, now)
    return served / now, took


@pytest.mark.parametrize("seconds", [0.01, 0.02, 0.05])
def test_a_server_that_can_do_no_more_is_asked_for_less_at_once_and_serves_as_much(seconds: float) -> None:
    rate, took = flooded(Width(4, 16), seconds, cores=1)
    rate_at_most, took_at_most = flooded(Width(16, 16), seconds, cores=1)
    assert rate == pytest.approx(rate_at_most)
    assert took < 0.45 * took_at_most


@pytest.mark.parametrize("seconds", [0.01, 0.1, 1.0])
def test_a_server_that_is_far_away_or_large_is_asked_for_as_much_as_may_be(seconds: float) -> None:
    width = Width(4, 16)
    flooded(width, seconds, cores=64)
    assert width.now == 16


def test_a_server_that_moved_is_measured_by_its_new_best() -> None:
    width = Width(4, 16)
    flooded(width, 0.01, cores=64)
    assert width.now == 16
    for tick in range(20):
        width.took(0.2, 600.0 + tick)
    assert width.now < 16
    for tick in range(3000):
        width.took(0.2, 620.0 + tick)
    assert width.now == 16


def test_what_fails_at_once_is_no_measure_and_what_times_out_narrows() -> None:
    width = Width(4, 16)
    flooded(width, 0.1, cores=64)
    for tick in range(50):
        width.took(0.001, 100.0 + tick, answered=False)
    flooded(width, 0.1, cores=64)
    assert width.now == 16
    for tick in range(60):
        width.took(30.0, 200.0 + tick, answered=False)
    assert width.now == 4
