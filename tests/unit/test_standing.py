"""What a process is before it works; its end is in `test_lease_guard.py`, the whole on a real API server."""

import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from smendpoints.config import Config
from smendpoints.lease import leader
from smendpoints.metrics import LEASE_HELD
from smendpoints.process import standing
from smendpoints.process.standing import holding
from smsandbox.testing.lease_server import NoAlarm, Server, Time


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """The process's own handlers are put back."""
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """A lease in the place of the API server's."""
    made = Server(Time())

    def leases(_: Any, namespace: str, name: str) -> Server:
        assert (namespace, name) == ("system", "smendpoints")
        return made

    monkeypatch.setattr(standing, "ApiLeases", leases)
    monkeypatch.setattr(leader, "KernelAlarm", NoAlarm)  # the timer is the test's own
    return made


def config(**changes: Any) -> Config:
    return Config(**{"lease_namespace": "system", "lease_retry_seconds": 0.05, **changes})


def test_the_block_runs_while_the_lease_is_held_and_afterwards_it_is_released(server: Server) -> None:
    with holding(config()) as found:
        assert server.holder == found.identity
        found.fence("a write")
        assert LEASE_HELD._value.get() == 1
        assert not found.ending.is_set()
    assert server.holder == ""
    assert found.ending.is_set()
    assert LEASE_HELD._value.get() == 0


def test_a_block_that_fails_releases_the_lease_as_well(server: Server) -> None:
    with pytest.raises(ZeroDivisionError), holding(config()):
        raise ZeroDivisionError
    assert server.holder == ""


def test_a_standby_that_is_told_to_stop_stops_at_once_and_leaves_the_lease_alone(server: Server) -> None:
    server.put({"holderIdentity": "bob", "leaseDurationSeconds": 3600})
    began = server.version
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with pytest.raises(SystemExit) as stopped, holding(config()):
        raise AssertionError("it holds nothing")
    assert stopped.value.code == 0
    assert (server.holder, server.version) == ("bob", began)


def test_without_an_election_nobody_is_asked(server: Server) -> None:
    with holding(config(leader_election=False)) as found:
        found.fence("a write")
        assert LEASE_HELD._value.get() == 1
    assert server.version == 1


def test_two_processes_of_one_host_have_different_identities(server: Server) -> None:
    found = set()
    for _ in range(2):
        with holding(config()) as each:
            found.add(each.identity)
    assert len(found) == 2
