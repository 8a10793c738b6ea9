"""`/healthz` and `/metrics`, served by threads: a standby has no event loop, and a leader's may be stuck."""

import logging
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from smendpoints.process.health import Health
from smendpoints.process.scrapers import Access, Scrapers

logger = logging.getLogger(__name__)
_SECONDS = 10
Start = Callable[[str, list[tuple[str, str]]], Any]
App = Callable[[dict[str, Any], Start], Iterable[bytes]]


class Certificate:
    """`tls.crt` and `tls.key` of a folder, where a Secret of type `kubernetes.io/tls` is mounted; they may change.

    Raises:
        RuntimeError: they are not there, or are none; says which folder.
    """

    def __init__(self, folder: Path) -> None:
        self._files = folder / "tls.crt", folder / "tls.key"
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._lock = threading.Lock()
        self._state = self._look()
        try:
            self._context.load_cert_chain(*self._files)
        except OSError as error:  # as ssl.SSLError is
            raise RuntimeError(f"no certificate with its key in {folder}: {error}") from error

    def wrap(self, connection: socket.socket) -> ssl.SSLSocket:
        """The connection with TLS, whose handshake is still to come."""
        with self._lock:
            state = self._look()
            if state != self._state:
                try:
                    self._context.load_cert_chain(*self._files)
                    self._state = state
                except OSError as error:  # one of two files was written: the next connection looks again
                    logger.warning("the certificate of before is kept: %s", error)
        return self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)

    def _look(self) -> list[tuple[int, int, int]]:
        found = [each.stat() for each in self._files if each.exists()]
        return [(each.st_ino, each.st_mtime_ns, each.st_size) for each in found]


class _Handler(WSGIRequestHandler):
    """Quiet, and not to be held by a client that sends nothing."""

    timeout = _SECONDS

    def setup(self) -> None:
        super().setup()
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()  # here, where it holds up nobody else

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the base class
        logger.debug(format, *args)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    certificate: Certificate | None = None

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        return (connection if self.certificate is None else self.certificate.wrap(connection)), address

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class has it
        """A client that hangs up, or speaks no TLS, is no error of ours."""
        logger.debug("%s: %r", client_address, sys.exception())

    def server_bind(self) -> None:
        """As the base classes, which also ask the DNS for the name of the address; that may take long."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class _Server6(_Server):
    address_family = socket.AF_INET6


def app(health: Health, metrics: App | None) -> App:
    """The paths of a port as a WSGI application; without `metrics`, that of the health alone."""

    def answer(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path == "/metrics" and metrics is not None:
            return metrics(environ, start)
        ailment = health.ailment()
        status, text = ("200 OK", health.role()) if ailment is None else ("500 Internal Server Error", ailment)
        if path != "/healthz":
            status, text = "404 Not Found", "/healthz and /metrics are here" if metrics else "/healthz is here"
        return _plain(start, status, text)

    return answer


def guarded(scrapers: Scrapers | None) -> App:
    """The metrics as a WSGI application, for all or for those alone who may read them."""
    metrics: App = make_wsgi_app()
    if scrapers is None:
        return metrics

    def answer(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        access = scrapers.access(environ.get("HTTP_AUTHORIZATION"))
        if access is Access.GRANTED:
            return metrics(environ, start)
        status, told = access.value
        return _plain(start, status, told, [("WWW-Authenticate", "Bearer")] if access is Access.UNKNOWN else [])

    return answer


def _plain(start: Start, status: str, text: str, headers: Iterable[tuple[str, str]] = ()) -> list[bytes]:
    body = f"{text}\n".encode()
    start(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), *headers])
    return [body]


def serve(
    health: Health,
    address: str,
    liveness_port: int | None,
    metrics_port: int | None,
    *,
    scrapers: Scrapers | None = None,
    certificate: Certificate | None = None,
) -> None:
    """Serve the health on each port that is given, and on one the metrics, for as long as the process lives.

    The metrics are for everybody without `scrapers`, and their port speaks TLS with a `certificate`.

    Raises:
        RuntimeError: a port is taken, or the address is none of this machine; says which.
    """
    for port in sorted({port for port in (liveness_port, metrics_port) if port is not None}):
        measured = port == metrics_port
        try:
            kind = _Server6 if ":" in address else _Server
            server = make_server(address, port, app(health, guarded(scrapers) if measured else None), kind, _Handler)
        except OSError as error:
            raise RuntimeError(f"cannot serve health and metrics on {address} port {port}: {error}") from error
        server.certificate = certificate if measured else None
        threading.Thread(target=server.serve_forever, name=f"port-{port}", daemon=True).start()
