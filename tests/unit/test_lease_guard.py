"""Who holds a lease, and what ends with it. Not here: the end of a process, which `test_lease_guard_processes` sees."""

import threading
import time
from collections.abc import Iterator

import pytest

from smendpoints.kube.client import UnreachableError
from smendpoints.lease.election import Timing
from smendpoints.lease.guard import Guard
from smendpoints.lease.leader import Leader
from smendpoints.metrics import LEASE_HELD
from smsandbox.process import wait_until
from smsandbox.testing.lease_server import NoAlarm, Server, Time

QUICK = Timing(duration=1, renew=0.5, retry=0.1)


@pytest.fixture
def ended() -> list[str]:
    return []


@pytest.fixture
def server() -> Server:
    return Server(Time())


@pytest.fixture
def leader(server: Server, ended: list[str]) -> Iterator[Leader]:
    made = Leader(server, "a", QUICK, ended.append, alarm=NoAlarm())
    made.start()
    made.wait()
    yield made
    made.release()


def test_the_fence_lets_writes_through_while_the_lease_is_renewed(leader: Leader, ended: list[str]) -> None:
    until = time.monotonic() + 1.2  # longer than the lease would last
    while time.monotonic() < until:
        leader.fence("PATCH")
        time.sleep(0.01)
    assert ended == []
    assert LEASE_HELD._value.get() == 1
    assert leader.silent_seconds < 60


def test_a_lease_that_cannot_be_renewed_ends_the_process(leader: Leader, server: Server, ended: list[str]) -> None:
    def unreachable() -> None:
        raise UnreachableError("no route")

    server.before = unreachable
    wait_until(lambda: ended or None, 60, lambda: "nobody ended it")
    leader.fence("PATCH")
    assert ended == ["the lease could not be renewed for 0.5 s", "no lease is held any more, before PATCH"]


def test_a_lease_that_is_anothers_ends_the_process(leader: Leader, server: Server, ended: list[str]) -> None:
    server.put(server.written()["spec"] | {"holderIdentity": "bob"})
    wait_until(lambda: ended or None, 60, lambda: "nobody ended it")
    assert ended[0] in {"the lease is held by bob", "the lease could not be renewed for 0.5 s"}


def test_a_released_lease_is_nobodys_and_no_write_passes_any_more(
    leader: Leader, server: Server, ended: list[str]
) -> None:
    leader.release()
    assert server.holder == ""
    assert not leader.leads
    assert LEASE_HELD._value.get() == 0
    leader.fence("PATCH")
    assert ended == ["no lease is held any more, before PATCH"]


def test_an_alarm_is_set_between_the_holders_end_and_the_first_moment_of_another() -> None:
    class Alarm(NoAlarm):
        at: float | None = None

        def set(self, seconds: float) -> None:
            self.at = now + seconds

        def off(self) -> None:
            self.at = None

    now, alarm = 1000.0, Alarm()
    guard = Guard(Timing(10, 7.0, 1.0), lambda _: None, clock=lambda: now, alarm=alarm)
    now = 1002.0  # the answer took so long
    guard.extend(1000.0)
    assert alarm.at is not None
    assert 1007 < alarm.at < 1010
    guard.close()
    assert alarm.at is None


def test_the_watch_of_a_guard_ends_when_it_is_closed() -> None:
    guard = Guard(QUICK, lambda _: None, clock=time.monotonic, alarm=NoAlarm())
    thread = threading.Thread(target=guard.watch, daemon=True)
    thread.start()
    guard.close()
    thread.join(60)
    assert not thread.is_alive()
