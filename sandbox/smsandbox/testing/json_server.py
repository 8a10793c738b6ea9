"""A server on loopback that answers JSON as it is told, and remembers what it was asked: for tests of clients."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class JsonServer:
    """Answers by method and path: a body, a pair of status and body, or what makes one of the request.

    A body of bytes is sent as it is. What has no answer is 404. `drops` requests are not answered at all.
    """

    url: str
    answers: dict[tuple[str, str], Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    drops: int = 0

    def answer(self, request: Asked) -> tuple[int, bytes] | None:
        """Status and body; None for no answer at all."""
        self.asked.append(request)
        if self.drops > 0:
            self.drops -= 1
            return None
        found = self.answers.get((request.method, request.path))
        found = found(request) if callable(found) else found
        if found is None:
            found = 404, {"kind": "Status", "message": f"{request.path} not found"}
        status, body = found if isinstance(found, tuple) else (200, found)
        return status, body if isinstance(body, bytes) else json.dumps(body).encode()


@contextlib.contextmanager
def json_server() -> Iterator[JsonServer]:
    """One that listens as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            split = urlsplit(self.path)
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = json.loads(sent) if sent else None
            request = Asked(self.command, split.path, dict(parse_qsl(split.query)), dict(self.headers), body)
            answer = served.answer(request)
            if answer is None:
                self.close_connection = True
                return
            with contextlib.suppress(ConnectionError):  # who asked may be gone
                self.send_response(answer[0])
                self.send_header("Content-Length", str(len(answer[1])))
                self.end_headers()
                self.wfile.write(answer[1])

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - as the base class calls them

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - likewise
            """Quiet."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    served = JsonServer(f"http://127.0.0.1:{listening.server_address[1]}")
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join(10)
