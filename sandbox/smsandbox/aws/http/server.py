"""The simulator over HTTP: one port, HTTP/1.1 with keep-alive, a thread per connection, and a ticker for due work."""

from __future__ import annotations

import logging
import secrets
import threading
from typing import TYPE_CHECKING, Any

from moto.core.request import Request as MotoRequest
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.datastructures import Headers
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from smsandbox.aws.core.errors import ResponseLostError
from smsandbox.aws.http import guard

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smsandbox.aws.http.gateway import Gateway

log = logging.getLogger(__name__)
TICK_SECONDS = 0.1


class Handler(MotoRequestHandler):
    """Keep-alive, no waiting for a full packet, no access log."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        del error, environ
        self.close_connection = True

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """Calls are counted, not logged."""


class Server:
    """Binds on construction (port 0: any free one); `start` serves in threads of its own.

    `token` opens what is the simulator's own and moto's; a new one if none is given.
    """

    def __init__(self, gateway: Gateway, host: str = "127.0.0.1", port: int = 0, token: str | None = None) -> None:
        self._gateway = gateway
        self.token = token or secrets.token_urlsafe(32)
        self._server = make_server(host, port, self._respond, threaded=True, request_handler=Handler)
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.url = f"http://{host}:{self._server.server_port}"

    def start(self) -> None:
        for target in (self._serve, self._tick):
            thread = threading.Thread(target=target, daemon=True, name=f"aws-{target.__name__}")
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End serving; requests under way are not waited for."""
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=TICK_SECONDS)  # how long `stop` waits

    def _tick(self) -> None:
        while not self._stop.wait(TICK_SECONDS):
            try:
                self._gateway.world.advance()
            except Exception:
                log.exception("due work failed")

    def _respond(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = MotoRequest(environ)
        why = guard.refusal(request.method, request.path, request.headers, self.token)
        if why is not None:
            # The body is not read: what is left of it must not be taken for the next request.
            refused = Response(f"{why}\n", status=403, headers={"Connection": "close"}, mimetype="text/plain")
            return refused(environ, start_response)
        try:
            made = self._gateway.handle(request)
        except ResponseLostError as lost:
            raise ConnectionAbortedError(str(lost)) from lost
        answered = guard.without_cors(made.headers)
        headers = Headers(list(answered.items()))
        response = Response(made.body, status=made.status, headers=headers)
        if request.method == "HEAD" and "Content-Length" in answered:
            start_response(response.status, list(answered.items()))
            return []
        return response(environ, start_response)
