"""The fence of calls to AWS, with botocore as it is and a server that fails what it is asked."""

import itertools
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import botocore.endpoint
import botocore.session
import pytest

from smendpoints.aws.calls.clients import Clients, Place
from smendpoints.aws.calls.connections import Connections
from smendpoints.aws.calls.fencing import writes
from smendpoints.aws.calls.pace import Call
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.plan.actions import Verb

CONFIG = {"EndpointName": "iris", "EndpointConfigName": "iris-1"}


class Failing(BaseHTTPRequestHandler):
    """Answers 500 to everything, which botocore tries again; notes what came."""

    came: list[str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        type(self).came.append(self.headers["X-Amz-Target"].partition(".")[2])
        self.send_response(500)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@pytest.fixture
def came(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What reached AWS."""
    found: list[str] = []
    handler = type("Noting", (Failing,), {"came": found})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))  # between two attempts
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


class LapsedError(Exception):
    """The lease is not held any more."""


def test_each_attempt_of_a_write_asks_the_fence(came: list[str]) -> None:
    asked: list[str] = []
    clients = Clients(Place("us-east-1"), Connections("us-east-1", 1, fence=asked.append))
    with pytest.raises(ReconcileError):
        clients.call("sagemaker", "update_endpoint", **CONFIG)
    assert came == ["UpdateEndpoint"] * 3
    assert asked == came


def test_an_attempt_that_the_fence_refuses_never_reaches_aws(came: list[str]) -> None:
    """The lease may end while botocore waits between two attempts."""

    def once(_: str) -> None:
        if came:
            raise LapsedError

    clients = Clients(Place("us-east-1"), Connections("us-east-1", 1, fence=once))
    with pytest.raises(LapsedError):
        clients.call("sagemaker", "create_endpoint", **CONFIG)
    assert came == ["CreateEndpoint"]


def test_looking_is_never_fenced(came: list[str]) -> None:
    def refuse(operation: str) -> None:
        raise LapsedError(operation)

    clients = Clients(Place("us-east-1"), Connections("us-east-1", 1, fence=refuse))
    with pytest.raises(ReconcileError):
        clients.call("sagemaker", "describe_endpoint", EndpointName="iris")
    assert set(came) == {"DescribeEndpoint"}


def test_the_fence_is_asked_after_an_attempt_has_waited_for_its_turn(came: list[str]) -> None:
    """Asked before, it would answer for an old time: throttled, an attempt waits for many seconds."""
    order: list[str] = []
    now = [0.0]

    def sleep(seconds: float) -> None:
        order.append("waited")
        now[0] += seconds

    connections = Connections("us-east-1", 1, fence=lambda _: order.append("asked"), clock=lambda: now[0], sleep=sleep)
    connections.paces.refused("", "us-east-1", Call("sagemaker", "DeleteEndpoint"))
    with pytest.raises(ReconcileError):
        Clients(Place("us-east-1"), connections).call("sagemaker", "delete_endpoint", EndpointName="iris")
    assert [what for what, _ in itertools.groupby(order)] == ["waited", "asked"] * len(came)


def test_all_that_the_operator_does_in_aws_counts_as_a_write() -> None:
    session = botocore.session.get_session()
    for verb in Verb:
        model = session.get_service_model(verb.service)
        (operation,) = [name for name in model.operation_names if _snake(name) == verb.operation]
        assert writes(operation), verb


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
