"""`/healthz` and `/metrics`, served by threads: a standby has no event loop, and a leader's may be stuck."""

import logging
import socket
import threading
from collections.abc import Callable, Iterable
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from smendpoints.health import Health

logger = logging.getLogger(__name__)
_SECONDS = 10
Start = Callable[[str, list[tuple[str, str]]], Any]


class _Handler(WSGIRequestHandler):
    """Quiet, and not to be held by a client that sends nothing."""

    timeout = _SECONDS

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the base class
        logger.debug(format, *args)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """As the base classes, which also ask the DNS for the name of the address; that may take long."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class _Server6(_Server):
    address_family = socket.AF_INET6


def app(health: Health) -> Callable[[dict[str, Any], Start], Iterable[bytes]]:
    """The two paths as a WSGI application."""
    metrics = make_wsgi_app()

    def answer(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path == "/metrics":
            found: Iterable[bytes] = metrics(environ, start)
            return found
        ailment = health.ailment()
        status, text = ("200 OK", health.role()) if ailment is None else ("500 Internal Server Error", ailment)
        if path != "/healthz":
            status, text = "404 Not Found", "/healthz and /metrics are here"
        body = f"{text}\n".encode()
        start(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
        return [body]

    return answer


def serve(health: Health, address: str, ports: Iterable[int | None]) -> None:
    """Serve both paths on each of the ports, of those that are given, for as long as the process lives.

    Raises:
        RuntimeError: a port is taken, or the address is none of this machine; says which.
    """
    served = app(health)
    for port in sorted({port for port in ports if port is not None}):
        try:
            kind = _Server6 if ":" in address else _Server
            server = make_server(address, port, served, kind, _Handler)
        except OSError as error:
            raise RuntimeError(f"cannot serve health and metrics on {address} port {port}: {error}") from error
        threading.Thread(target=server.serve_forever, name=f"port-{port}", daemon=True).start()
