"""Threads that wait for AWS's rate limit: who shares one, how long they wait, what ends a wait, what is told."""

import logging
import threading
import time
from collections.abc import Callable

import pytest

from smendpoints.aws.calls.pace import Call, Work
from smendpoints.aws.calls.paces import LONG_WAIT, LONGEST_WAIT, Paces, paced
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason

CREATE = Call("sagemaker", "CreateModel")
LIST = Call("sagemaker", "ListEndpoints")
DEADLINE = 20.0


class Clock:
    """Moves while somebody naps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.naps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def nap(self, _: threading.Event, seconds: float) -> None:
        self.now += seconds
        self.naps.append(seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def paces(clock: Clock) -> Paces:
    return Paces(clock, clock.nap)


def waited(clock: Clock, paces: Paces, account: str = "1", region: str = "us-east-1", call: Call = CREATE) -> float:
    before = clock.now
    paces.wait(account, region, call)
    return clock.now - before


def refusing(clock: Clock, paces: Paces, seconds: float) -> None:
    """AWS refuses the calls of everybody else, for that long from now."""
    until = clock.now + seconds
    nap = clock.nap

    def and_refuse(event: threading.Event, length: float) -> None:
        nap(event, length)
        if clock.now < until:
            paces.refused("1", "us-east-1", CREATE)

    paces.refused("1", "us-east-1", CREATE)
    paces._nap = and_refuse


def test_nobody_waits_until_aws_throttles(clock: Clock, paces: Paces) -> None:
    assert sum(waited(clock, paces) for _ in range(1000)) == 0.0
    assert clock.naps == []


def test_accounts_regions_services_and_operations_do_not_slow_each_other(clock: Clock, paces: Paces) -> None:
    paces.refused("1", "us-east-1", CREATE)
    assert waited(clock, paces, call=LIST) == 0.0
    assert waited(clock, paces, account="2") == 0.0
    assert waited(clock, paces, region="eu-west-1") == 0.0
    assert waited(clock, paces, call=Call("cloudwatch", "CreateModel")) == 0.0
    assert waited(clock, paces) > 0.0


def test_all_of_sts_is_counted_together(clock: Clock, paces: Paces) -> None:
    paces.refused("1", "us-east-1", Call("sts", "AssumeRole"))
    assert waited(clock, paces, call=Call("sts", "GetCallerIdentity")) > 0.0


def test_a_wait_ends_after_a_minute_and_says_why(clock: Clock, paces: Paces) -> None:
    refusing(clock, paces, LONGEST_WAIT + 10.0)
    with pytest.raises(ReconcileError, match=r"waited 60 s for AWS's rate limit, of about .* calls a second") as told:
        paces.wait("1", "us-east-1", CREATE)
    assert (told.value.kind, told.value.reason) == (Kind.RETRY, Reason.THROTTLED)
    assert clock.now == pytest.approx(1000.0 + LONGEST_WAIT)
    assert paces.oldest_wait() == 0.0


def test_what_all_wait_for_stands_in_nobodys_line(clock: Clock, paces: Paces) -> None:
    """Who makes the one listing holds up those who wait for it, of other namespaces, too."""
    seen: list[tuple[str, Work]] = []

    def nap(_: threading.Event, seconds: float) -> None:
        clock.now += seconds
        seen.extend((each.namespace, each.work) for each in paces._pace("1", "us-east-1").waiting)

    paces._nap = nap
    for call in (LIST, CREATE):
        paces.refused("1", "us-east-1", call)
        with paced("team-a", Work.NEW, clock.now):
            paces.wait("1", "us-east-1", call)
    assert set(seen) == {("", Work.LISTING), ("team-a", Work.NEW)}


def test_a_long_wait_is_told_once_in_the_log_with_whose_it_is(
    clock: Clock, paces: Paces, caplog: pytest.LogCaptureFixture
) -> None:
    refusing(clock, paces, LONG_WAIT + 5.0)
    with caplog.at_level(logging.WARNING), paced("team-a", Work.NEW, clock.now):
        paces.wait("1", "us-east-1", CREATE)
    (told,) = caplog.messages
    assert told.startswith("1, us-east-1: team-a waits for 30 s to call CreateModel: AWS throttles")


def test_what_a_place_without_objects_learnt_is_forgotten(paces: Paces) -> None:
    for account in ("1", "2"):
        paces.refused(account, "us-east-1", CREATE)
    paces.keep(frozenset({("1", "us-east-1")}))
    assert paces.rate("1", "us-east-1", CREATE) is not None
    assert paces.rate("2", "us-east-1", CREATE) is None


def test_the_operators_own_account_shares_what_a_role_in_it_learnt(paces: Paces) -> None:
    paces.refused("", "us-east-1", CREATE)
    paces.is_account("1")
    assert paces.rate("1", "us-east-1", CREATE) is not None


# with threads


def until(condition: Callable[[], bool]) -> None:
    tick, passed = threading.Event(), 0.0
    while not condition():
        assert passed < DEADLINE, "not in time"
        tick.wait(0.01)
        passed += 0.01


def test_the_end_of_the_operator_ends_all_waits() -> None:
    paces = Paces()
    failures: list[ReconcileError] = []

    def wait() -> None:
        try:
            paces.wait("1", "us-east-1", CREATE)
        except ReconcileError as failure:
            failures.append(failure)

    paces.refused("1", "us-east-1", CREATE)
    paces._pace("1", "us-east-1")._of(("sagemaker", "CreateModel")).ready_at = 1e12
    threads = [threading.Thread(target=wait, daemon=True) for _ in range(5)]
    for thread in threads:
        thread.start()
    until(lambda: len(paces._pace("1", "us-east-1").waiting) == 5)
    assert paces.oldest_wait("nobody") == 0.0
    until(lambda: paces.oldest_wait() > 0.0)
    paces.end()
    for thread in threads:
        thread.join(DEADLINE)
    assert [str(each) for each in failures] == [
        "CreateModel: the operator ends while it waits for AWS's rate limit"
    ] * 5
    assert paces.oldest_wait() == 0.0


def test_many_threads_all_get_their_turn_and_none_is_left_asleep() -> None:
    paces = Paces(nap=lambda event, seconds: event.wait(seconds if seconds < 1.0 else 9 * DEADLINE))  # woken, or never
    budget = paces._pace("1", "us-east-1")._of(("sagemaker", "CreateModel"))
    paces.refused("1", "us-east-1", CREATE)
    budget.rate, budget.ready_at = 90.0, float("-inf")
    done: list[str] = []

    def call(namespace: str, work: Work) -> None:
        with paced(namespace, work, time.monotonic()):
            for _ in range(3):
                paces.wait("1", "us-east-1", CREATE)
                done.append(namespace)

    threads = [
        threading.Thread(target=call, args=(f"team-{number % 4}", Work(number % 3)), daemon=True)
        for number in range(24)
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert len(done) == 24 * 3
    assert not paces._pace("1", "us-east-1").waiting
