"""The server in two ways: its WSGI application called in this process, and the real thing as a process with sockets."""

import io
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sminference.app import InferenceApp, create_app
from sminference.config import Settings
from sminference.hosting import Hosting, load_model
from sminference.observed import Observer
from sminference.repository import Repository
from smsandbox import ports

DEADLINE_SECONDS = 120
# Another server in the place of ours, to compare them by these tests (docs/decisions/0039).
PROGRAM = shlex.split(os.environ.get("SMENDPOINTS_TEST_SERVER", "")) or [sys.executable, "-m", "sminference", "serve"]


class Lines:
    """Takes log lines instead of a file descriptor."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []

    def put(self, line: dict[str, Any]) -> None:
        self.taken.append(json.loads(json.dumps(line, default=str)))

    def flush(self) -> None:
        """Nothing waits here."""


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The sentence of an error reply, which must be JSON of our form."""
        document = json.loads(self.body)
        assert set(document) == {"error", "status"}
        assert document["status"] == self.status
        return str(document["error"])


@dataclass
class Client:
    """Calls an application as a WSGI server does; `lines` are what it logged."""

    app: InferenceApp
    lines: Lines = field(default_factory=Lines)
    observer: Observer | None = None

    def __call__(
        self,
        body: bytes | str | object = b"",
        path: str = "/invocations",
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        content_type: str | None = "application/json",
    ) -> Reply:
        data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        path, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SCRIPT_NAME": "",
            "CONTENT_LENGTH": str(len(data)),
            "SERVER_NAME": "test",
            "SERVER_PORT": "8080",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(data),
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        if content_type is not None:
            environ["CONTENT_TYPE"] = content_type
        environ |= {"HTTP_" + name.upper().replace("-", "_"): value for name, value in (headers or {}).items()}
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, found: list[tuple[str, str]], *_: Any) -> Callable[[bytes], object]:
            started.append((status, found))
            return lambda _data: None

        result = self.app(environ, start_response)
        try:
            answer = b"".join(result)
        finally:
            if hasattr(result, "close"):
                result.close()
        ((status, found),) = started
        return Reply(int(status.split()[0]), {name.lower(): value for name, value in found}, answer)


def client_of(settings: Settings, models: Hosting | Repository) -> Client:
    lines = Lines()
    observer = Observer(settings, lines)  # type: ignore[arg-type]
    return Client(create_app(settings, models, observer), lines, observer)


@pytest.fixture(scope="session")
def make_client() -> Callable[[Settings, Hosting | Repository], Client]:
    """An application over given settings and models, with what it logs."""
    return client_of


@pytest.fixture(scope="session")
def ask(model_dir: Callable[[str], Path]) -> Client:
    """The application over the random forest, with the settings of a container."""
    settings = Settings(model_dir=model_dir("random-forest"))
    return client_of(settings, load_model(settings))


@dataclass
class Server:
    """A server process of its own."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def connect(self, timeout: float = DEADLINE_SECONDS) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def send(self, data: bytes, *, end: bool = False, timeout: float = DEADLINE_SECONDS) -> bytes:
        """Raw bytes on a connection of its own; what comes back until the server closes or the response is whole."""
        with self.connect(timeout) as sock:
            sock.sendall(data)
            if end:
                sock.shutdown(socket.SHUT_WR)
            return read_response(sock)

    def post(
        self, body: bytes, path: str = "/invocations", content_type: str = "application/json", more: str = ""
    ) -> Reply:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        return parse_response(self.send(f"{head}{more}Connection: close\r\n\r\n".encode() + body))

    def get(self, path: str, method: str = "GET") -> Reply:
        return parse_response(self.send(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()))

    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_SECONDS)


def read_response(sock: socket.socket) -> bytes:
    """One whole response, or what came until the end of the connection."""
    data = b""
    while True:
        head, found, rest = data.partition(b"\r\n\r\n")
        if found:
            length = next(
                (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
            )
            if len(rest) >= length:
                return data
        try:
            more = sock.recv(1 << 16)
        except ConnectionResetError:
            return data
        if not more:
            return data
        data += more


def parse_response(data: bytes) -> Reply:
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Reply(int(status.split()[1]), {name.lower(): value.strip() for name, _, value in pairs}, body)


@pytest.fixture(scope="session")
def whole_response() -> Callable[[socket.socket], bytes]:
    return read_response


@pytest.fixture(scope="session")
def parsed() -> Callable[[bytes], Reply]:
    return parse_response


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], Any]], Any]:
    """Waits until a condition holds, and gives its value; fails after two minutes."""

    def wait(condition: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            value = condition()
            if value:
                return value
            time.sleep(0.01)
        raise AssertionError("the condition did not come true in time")

    return wait


@pytest.fixture(scope="session")
def start_server(
    tmp_path_factory: pytest.TempPathFactory, until: Callable[[Callable[[], Any]], Any]
) -> Iterator[Callable[..., Server]]:
    """Starts `PROGRAM` with the given environment; all of them end with the session.

    Clients have all the time they need, unless the environment says otherwise.
    """
    started: list[Server] = []

    def start(*, program: list[str] | None = None, **environment: str) -> Server:
        (port,) = ports.free(1)
        log = tmp_path_factory.mktemp("server") / "log"
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("SM_", "SMINFERENCE_"))}
        own = {
            "SMINFERENCE_HOST": "127.0.0.1",
            "SAGEMAKER_BIND_TO_PORT": str(port),
            "SMINFERENCE_WORKERS": "1",
            "SMINFERENCE_READ_TIMEOUT_SECONDS": str(DEADLINE_SECONDS),
            "SMINFERENCE_WRITE_TIMEOUT_SECONDS": str(DEADLINE_SECONDS),
        }
        with ports.held(port):
            with log.open("wb") as out:
                process = subprocess.Popen(
                    program or PROGRAM,
                    env=inherited | own | environment,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                )
            server = Server(port, process, log)
            started.append(server)

            def answers() -> bool:
                assert process.poll() is None, log.read_text()
                try:
                    server.get("/ping")
                except (OSError, IndexError):
                    return False
                return True

            until(answers)
        return server

    yield start
    for server in started:
        if server.process.poll() is None:
            server.process.terminate()
    for server in started:
        server.process.wait(DEADLINE_SECONDS)


@pytest.fixture(scope="session")
def server(start_server: Callable[..., Server], model_dir: Callable[[str], Path]) -> Server:
    """A server with the random forest; tests leave it as they found it."""
    return start_server(SM_MODEL_DIR=str(model_dir("random-forest")), SMINFERENCE_VARIANT="primary")


@pytest.fixture(scope="session")
def hasty(start_server: Callable[..., Server], model_dir: Callable[[str], Path]) -> Server:
    """A server that gives clients a second and a half to send a request, and as long to take the answer."""
    short = {"SMINFERENCE_READ_TIMEOUT_SECONDS": "1.5", "SMINFERENCE_WRITE_TIMEOUT_SECONDS": "1.5"}
    return start_server(SM_MODEL_DIR=str(model_dir("random-forest")), **short)
