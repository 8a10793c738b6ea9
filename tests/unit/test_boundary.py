"""The watch of policies and namespaces: whatever the API server answers, it is told, and never ends the process."""

import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

import kopf
import pytest

from smendpoints.controller.tenancy import Operator, Tenancy
from smendpoints.kube.client import KubeClient
from smendpoints.work.boundary import Boundary, Found, Reflector

PATH = "/apis/x/v1/things"
SECONDS = 30
NOWHERE = KubeClient(lambda: None, seconds=1, user_agent="tests")


class ApiServer(ThreadingHTTPServer):
    """Answers lists with `status` and `items`, in pages of one, and watches with what is put into `events`; None ends one."""

    daemon_threads = True

    def __init__(self) -> None:
        self.status = 200
        self.items: list[dict[str, Any]] = []
        self.events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.watched_from: list[str] = []
        self.opened: queue.Queue[str] = queue.Queue()  # a watch that has begun
        self.refused: queue.Queue[int] = queue.Queue()
        self.clock = 0.0
        super().__init__(("127.0.0.1", 0), Answer)


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ApiServer

    def do_GET(self) -> None:
        query = {key: values[0] for key, values in parse_qs(urlparse(self.path).query).items()}
        if (status := self.server.status) != 200:
            self.server.refused.put(status)
            self._say(status, {"message": f"cannot list: {status}"})
        elif "watch" not in query:
            place = int(query.get("continue", 0))
            more = place + 1 < len(self.server.items)
            metadata = {"resourceVersion": "7", **({"continue": str(place + 1)} if more else {})}
            self._say(200, {"metadata": metadata, "items": self.server.items[place : place + 1]})
        else:
            self.server.watched_from.append(query["resourceVersion"])
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.server.opened.put(query["resourceVersion"])
            while (event := self.server.events.get()) is not None:
                line = json.dumps(event).encode() + b"\n"
                for part in (line[:5], line[5:]):  # a line may come in pieces
                    self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                if event["type"] == "ERROR":  # its last word: who waited on would take the next watch's events
                    break
            self.wfile.write(b"0\r\n\r\n")

    def _say(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[ApiServer]:
    made = ApiServer()
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    for _ in range(5):
        made.events.put(None)
    made.shutdown()
    made.server_close()


Told = queue.Queue[tuple[Found | None, str | None]]


class Waits(threading.Event):
    """Waits for no time, and notes for how many seconds it was asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: queue.Queue[float] = queue.Queue()

    def wait(self, timeout: float | None = None) -> bool:
        self.asked.put(timeout or 0.0)
        return self.is_set()


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def told(server: ApiServer, waits: Waits) -> Iterator[Told]:
    """What a reflector of this server tells."""
    heard: Told = queue.Queue()
    info = kopf.ConnectionInfo(server=f"http://127.0.0.1:{server.server_address[1]}")
    made = Reflector(
        KubeClient(lambda: info, seconds=5, user_agent="tests"),
        PATH,
        lambda found, why: heard.put((found, why)),
        patience_seconds=60,
        clock=lambda: server.clock,
        ended=waits,
    )
    started = threading.Event()

    class Later:
        """Begins with the first question, so that a test can say first how things stand."""

        def get(self, **how: Any) -> tuple[Found | None, str | None]:
            if not started.is_set():
                started.set()
                made.start()
            return heard.get(**how)

    yield Later()  # type: ignore[misc]
    made.stop()


def thing(name: str, version: str = "1", **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "resourceVersion": version, "labels": labels}}


def names(found: Found | None) -> list[str]:
    assert found is not None
    return sorted(found)


def test_all_pages_are_listed_then_changes_are_told_and_a_watch_that_ends_goes_on_from_there(
    server: ApiServer, told: Told
) -> None:
    server.items = [thing("a"), thing("b")]
    assert names(told.get(timeout=SECONDS)[0]) == ["a", "b"]
    server.events.put({"type": "ADDED", "object": thing("c", "8")})
    assert names(told.get(timeout=SECONDS)[0]) == ["a", "b", "c"]
    server.events.put({"type": "DELETED", "object": thing("a", "9")})
    assert names(told.get(timeout=SECONDS)[0]) == ["b", "c"]
    server.events.put({"type": "BOOKMARK", "object": thing("", "12")})
    server.events.put(None)
    server.events.put({"type": "MODIFIED", "object": thing("b", "13")})
    assert names(told.get(timeout=SECONDS)[0]) == ["b", "c"]
    assert server.watched_from == ["7", "12"]


def test_watches_that_end_at_once_begin_a_second_apart(server: ApiServer, told: Told, waits: Waits) -> None:
    told.get(timeout=SECONDS)
    server.events.put(None)
    assert waits.asked.get(timeout=SECONDS) == 1.0
    server.opened.get(timeout=SECONDS)
    server.opened.get(timeout=SECONDS)
    server.clock += 300  # as long as a watch lasts
    server.events.put(None)
    assert waits.asked.get(timeout=SECONDS) == 0.0


def test_a_history_that_is_gone_is_listed_anew(server: ApiServer, told: Told) -> None:
    server.items = [thing("a")]
    told.get(timeout=SECONDS)
    server.items = [thing("z")]
    server.events.put({"type": "ERROR", "object": {"code": 410, "message": "too old"}})
    assert names(told.get(timeout=SECONDS)[0]) == ["z"]


def test_what_may_not_be_read_is_told_with_the_reason_until_it_may(server: ApiServer, told: Told) -> None:
    server.status = 403
    assert told.get(timeout=SECONDS) == (None, "things may not be read: cannot list: 403")
    server.status, server.items = 200, [thing("a")]
    found = None
    while found is None:
        found, _ = told.get(timeout=SECONDS)
    assert names(found) == ["a"]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_was_read_is_believed_until_a_refusal_has_lasted(server: ApiServer, told: Told, status: int) -> None:
    def begin_to_refuse() -> None:
        """As an API server that has just started, to a watch that has to list again."""
        server.opened.get(timeout=SECONDS)
        server.status = status
        server.events.put({"type": "ERROR", "object": {"code": 410, "message": "too old"}})

    server.items = [thing("a")]
    assert names(told.get(timeout=SECONDS)[0]) == ["a"]
    begin_to_refuse()
    for _ in range(5):
        server.refused.get(timeout=SECONDS)
    server.status = 200
    assert names(told.get(timeout=SECONDS)[0]) == ["a"]
    while not server.refused.empty():
        server.refused.get()
    begin_to_refuse()
    for _ in range(2):  # asked again, the first refusal has been taken note of
        server.refused.get(timeout=SECONDS)
    server.clock += 61
    found, why = told.get(timeout=SECONDS)
    assert not found
    assert (why is None) == (status == 404)


def test_of_a_kind_that_is_not_there_there_is_none_until_it_comes(server: ApiServer, told: Told) -> None:
    server.status = 404
    assert told.get(timeout=SECONDS) == ({}, None)
    server.status, server.items = 200, [thing("a")]
    found: Found | None = {}
    while not found:
        found, _ = told.get(timeout=SECONDS)
    assert names(found) == ["a"]


def test_where_policies_are_required_none_at_all_is_no_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    tenancy = Tenancy(Operator("us-east-1"), lambda: None)
    heard: list[Any] = []
    monkeypatch.setattr(tenancy, "set_policies", lambda found, why=None: heard.append((found, why)))
    some = {"p": {"metadata": {"name": "p"}, "spec": {"namespaceSelector": {}}}}
    for required in (True, False):
        boundary = Boundary(NOWHERE, tenancy, required=required)
        boundary.policies({}, None)
        boundary.policies(some, None)
    (none, why), (one, _), (free, reason), _ = heard
    assert none is None
    assert "SMENDPOINTS_REQUIRE_POLICIES" in why
    assert [each.metadata.name for each in one] == ["p"]
    assert (free, reason) == ([], None)


def test_a_policy_that_this_operator_cannot_read_is_none_that_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    tenancy = Tenancy(Operator("us-east-1"), lambda: None)
    boundary = Boundary(NOWHERE, tenancy)
    heard: list[Any] = []
    monkeypatch.setattr(tenancy, "set_policies", lambda found, why=None: heard.append((found, why)))
    boundary.policies({"p": {"metadata": {"name": "p"}, "spec": {"namespaceSelector": {}, "regions": 7}}}, None)
    assert heard[0][0] is None
    assert "regions" in heard[0][1]
    boundary.policies({"p": {"metadata": {"name": "p"}, "spec": {"namespaceSelector": {}}}}, None)
    assert [each.metadata.name for each in heard[1][0]] == ["p"]
