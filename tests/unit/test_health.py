"""What `/healthz` and `/metrics` tell, of a leader and of a standby."""

import shutil
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from smendpoints.metrics import LEASE_HELD
from smendpoints.process.endpoints import Certificate, serve
from smendpoints.process.health import Health
from smendpoints.process.scrapers import Scrapers
from smsandbox import ports
from smsandbox.controlplane import pki


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


def get(
    port: int, path: str, authority: Path | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    """The answer; by TLS where an authority is to have signed the certificate."""
    tls = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=authority)) if authority else None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), *([tls] if tls else []))
    url = f"{'https' if authority else 'http'}://127.0.0.1:{port}{path}"
    try:
        with opener.open(urllib.request.Request(url, headers=dict(headers or {})), timeout=60) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_both_ports_serve_and_follow_what_happens() -> None:
    one, other = ports.free(2)
    made = Health()
    LEASE_HELD.set(0)
    serve(made, "127.0.0.1", one, other)
    assert get(one, "/healthz") == (200, b"standby\n")
    assert get(other, "/healthz") == (200, b"standby\n")
    assert b"\nsmendpoints_lease_held 0.0\n" in get(other, "/metrics")[1]
    LEASE_HELD.set(1)
    status, text = get(other, "/metrics")
    assert (status, b"\nsmendpoints_lease_held 1.0\n" in text) == (200, True)
    LEASE_HELD.set(0)
    assert get(one, "/")[0] == get(one, "/metrics")[0] == 404
    made.candidate = Candidate(silent_seconds=1000)
    assert get(one, "/healthz") == (500, b"the election stood still for 1000 s\n")
    with pytest.raises(RuntimeError, match=f"port {one}"):
        serve(made, "127.0.0.1", one, None)


def test_it_listens_where_it_is_told_to() -> None:
    (port,) = ports.free(1)
    serve(Health(), "127.0.0.1", port, port)
    with pytest.raises(OSError, match=r"refused|timed out|unreachable"):
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://127.0.0.2:{port}/healthz", timeout=5)


def test_metrics_are_for_those_alone_who_may_read_them_and_the_health_is_for_all() -> None:
    (port,) = ports.free(1)

    def ask(_method: str, path: str, body: Mapping[str, dict[str, str]]) -> dict[str, object]:
        if path.endswith("tokenreviews"):
            return {"status": {"authenticated": True, "user": {"username": body["spec"]["token"]}}}
        return {"status": {"allowed": body["spec"]["user"] == "reader"}}

    serve(Health(), "127.0.0.1", port, port, scrapers=Scrapers(ask))
    assert get(port, "/healthz") == (200, b"standby\n")
    status, told = get(port, "/metrics")
    assert (status, told) == (401, b"send the token of an account of this cluster: Authorization: Bearer TOKEN\n")
    assert get(port, "/metrics", headers={"Authorization": "Bearer stranger"})[0] == 403
    status, text = get(port, "/metrics", headers={"Authorization": "Bearer reader"})
    assert (status, b"smendpoints_lease_held" in text) == (200, True)


def certificate_of(folder: Path, mounted: Path) -> Path:
    """A new certificate, written where a Secret is mounted; its authority."""
    made = pki.ensure(folder)
    mounted.mkdir(exist_ok=True)
    for source, name in ((made.server_key, "tls.key"), (made.server_cert, "tls.crt")):
        shutil.copy(source, mounted / name)
    return made.ca_cert


def test_the_port_of_the_metrics_speaks_tls_with_a_certificate_that_may_be_replaced(tmp_path: Path) -> None:
    health, metrics = ports.free(2)
    mounted = tmp_path / "mounted"
    first = certificate_of(tmp_path / "first", mounted)
    serve(Health(), "127.0.0.1", health, metrics, certificate=Certificate(mounted))
    assert get(health, "/healthz") == (200, b"standby\n")
    with socket.create_connection(("127.0.0.1", metrics)):  # says nothing, and holds nobody up
        assert get(metrics, "/metrics", first)[0] == 200
    with pytest.raises(OSError, match=r"closed|reset|Remote|BadStatus"):
        get(metrics, "/metrics")  # no TLS
    second = certificate_of(tmp_path / "second", mounted)
    assert get(metrics, "/metrics", second)[0] == 200
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        get(metrics, "/metrics", first)
    (mounted / "tls.key").write_text("half of a k")  # as while two files are written
    assert get(metrics, "/metrics", second)[0] == 200


def test_without_a_certificate_where_one_is_to_be_the_process_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=f"no certificate with its key in {tmp_path}"):
        Certificate(tmp_path)
