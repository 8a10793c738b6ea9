"""What `/healthz` and `/metrics` tell, of a leader and of a standby."""

import urllib.error
import urllib.request
from dataclasses import dataclass

import pytest

from smendpoints.endpoints import serve
from smendpoints.health import Health
from smendpoints.metrics import LEASE_HELD
from smsandbox import ports


@dataclass
class Candidate:
    leads: bool = False
    silent_seconds: float = 0.0


@dataclass
class Work:
    silent: float = 0.0

    def silent_seconds(self) -> float:
        return self.silent


WELL = {
    "a standby": Health(candidate=Candidate()),
    "a leader": Health(candidate=Candidate(leads=True), work=Work()),
    "one without a lease": Health(work=Work()),
}
ILL = {
    "an election that stands still": (Health(candidate=Candidate(silent_seconds=61)), "election stood still for 61 s"),
    "a queue that stands still": (Health(work=Work(silent=121)), "work queue stood still for 121 s"),
}


@pytest.mark.parametrize("made", WELL.values(), ids=WELL.keys())
def test_is_well(made: Health) -> None:
    assert made.ailment() is None
    assert made.role() == ("leader" if made.work is not None else "standby")


@pytest.mark.parametrize(("made", "words"), ILL.values(), ids=ILL.keys())
def test_is_ill(made: Health, words: str) -> None:
    assert words in (made.ailment() or "")


def get(port: int, path: str) -> tuple[int, bytes]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}{path}", timeout=60) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_both_ports_serve_and_follow_what_happens() -> None:
    one, other = ports.free(2)
    made = Health()
    LEASE_HELD.set(0)
    serve(made, "127.0.0.1", (one, other, None))
    assert get(one, "/healthz") == (200, b"standby\n")
    assert get(other, "/healthz") == (200, b"standby\n")
    assert b"\nsmendpoints_lease_held 0.0\n" in get(other, "/metrics")[1]
    LEASE_HELD.set(1)
    status, text = get(other, "/metrics")
    assert (status, b"\nsmendpoints_lease_held 1.0\n" in text) == (200, True)
    LEASE_HELD.set(0)
    assert get(one, "/")[0] == 404
    made.candidate = Candidate(silent_seconds=1000)
    assert get(one, "/healthz") == (500, b"the election stood still for 1000 s\n")
    with pytest.raises(RuntimeError, match=f"port {one}"):
        serve(made, "127.0.0.1", (one,))


def test_it_listens_where_it_is_told_to() -> None:
    (port,) = ports.free(1)
    serve(Health(), "127.0.0.1", (port,))
    with pytest.raises(OSError, match=r"refused|timed out|unreachable"):
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://127.0.0.2:{port}/healthz", timeout=5)
