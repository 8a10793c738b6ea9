"""How many requests are under way at once, and whose is next."""

import queue
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from smendpoints.kube.gate import Gate

DEADLINE = 30.0


def test_no_more_are_under_way_than_may_be_and_all_have_their_turn() -> None:
    gate, lock = Gate(4, 4), threading.Lock()
    under_way: list[int] = []
    most = 0

    def request(number: int) -> None:
        nonlocal most
        with gate.turn("many"):
            with lock:
                under_way.append(number)
                most = max(most, len(under_way))
            with lock:
                under_way.remove(number)

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(request, range(500), timeout=DEADLINE))
    assert 1 <= most <= 3, "the last is kept for other namespaces"


def test_one_of_another_namespace_comes_before_all_that_wait() -> None:
    gate, go = Gate(2, 2), threading.Event()
    begun = queue.SimpleQueue[str]()

    def request(namespace: str) -> None:
        with gate.turn(namespace):
            begun.put(namespace)
            assert go.wait(DEADLINE)

    with ThreadPoolExecutor(10) as pool:
        requests = [pool.submit(request, "many") for _ in range(9)]
        assert begun.get(timeout=DEADLINE) == "many"
        requests.append(pool.submit(request, "one"))
        assert begun.get(timeout=DEADLINE) == "one"
        go.set()
        for each in requests:
            each.result(DEADLINE)


def test_a_request_that_fails_gives_its_turn_back() -> None:
    gate = Gate(1, 1)
    for _ in range(3):
        with pytest.raises(ValueError, match="refused"), gate.turn("many"):
            raise ValueError("refused")
    with gate.turn("one"):
        pass


class Clock:
    """Told by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def most_at_once(gate: Gate, clock: Clock, seconds: float, requests: int) -> int:
    """Requests that take so long each; then how many are let through at once."""
    for _ in range(requests):
        with gate.turn("many"):
            clock.now += seconds
    go, begun = threading.Event(), queue.SimpleQueue[int]()

    def request(number: int) -> None:
        with gate.turn(f"team-{number}"):
            begun.put(number)
            assert go.wait(DEADLINE)

    with ThreadPoolExecutor(32) as pool:
        asked = [pool.submit(request, number) for number in range(32)]
        under_way = 0
        while gate._line.length + under_way < 32:
            begun.get(timeout=DEADLINE)
            under_way += 1
        go.set()
        for each in asked:
            each.result(DEADLINE)
    return under_way


def test_as_many_are_under_way_as_are_answered_promptly() -> None:
    clock = Clock()
    gate = Gate(4, 16, clock)
    assert most_at_once(gate, clock, 0.02, 200) == 16
    assert most_at_once(gate, clock, 0.2, 200) == 4
    assert most_at_once(gate, clock, 0.02, 200) == 16
