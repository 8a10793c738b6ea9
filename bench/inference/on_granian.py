"""The container's application on granian instead of our worker: what docs/decisions/0039 compares.

`python on_granian.py SITE_PACKAGES`, where granian is installed, with the container's environment variables. granian
has sockets and the parsing of HTTP/1.1; here is what it leaves to an application: deadlines and bounds of bodies, turns
of explanations, who computes, and a listening socket with a bound for answers that nobody takes.
"""

from __future__ import annotations

import asyncio
import io
import logging.config
import multiprocessing
import os
import re
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import TYPE_CHECKING, Any

from sminference.app import create_app
from sminference.config import Settings
from sminference.errors import RequestError
from sminference.hosting import load_model
from sminference.logs import LineWriter, logging_config
from sminference.observed import Observer
from sminference.repository import Repository
from sminference.serve import explains, use_one_heap

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = tuple[int, list[tuple[str, str]], bytes]

# As in sminference.worker.
SWEEP_SECONDS = 0.25
LINGER_SECONDS = 2.0
QUICK_SECONDS = 0.01
QUICK_BYTES = 64 * 1024
BUFFERED_BODIES = 16
EXPLAINED_AT_ONCE = 2
EXPLANATIONS_WAITING = 256
DRAIN_SECONDS = 25
JSON = ("content-type", "application/json")
COMMON = {
    "SCRIPT_NAME": "",
    "SERVER_NAME": "localhost",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,
}
HOST = re.compile(r"(\[[0-9A-Za-z:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(:[0-9]*)?")
NAMES = {"content-type": "CONTENT_TYPE"}


class Adapter:
    """An RSGI application over one WSGI application; made before the workers are forked."""

    def __init__(self, application: Callable[..., Any], settings: Settings, observer: Observer) -> None:
        self._application = application
        self._settings = settings
        self._observer = observer
        # When a body must be there, and its size, by the task that reads it; the oldest first.
        self._reading: dict[asyncio.Task[Any], tuple[float, int]] = {}
        self._most_bytes = BUFFERED_BODIES * settings.max_body_bytes
        self._waiting = self._waiting_bytes = 0
        self._seconds = 1.0

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._pool = ThreadPoolExecutor(self._settings.threads, "serve")
        self._turns = asyncio.Semaphore(EXPLAINED_AT_ONCE)
        self._sweeping = loop.create_task(self._sweep())
        self._observer.start()

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._observer.stop()

    async def __rsgi__(self, scope: Any, proto: Any) -> None:
        try:
            environ, length, explained = environment(scope)
            body = b"" if length == 0 else await self._body(proto, length)
            environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
            if explained:
                proto.response_bytes(*await self._explained(environ, len(body)))
            elif self._seconds > QUICK_SECONDS or len(body) > QUICK_BYTES or environ["PATH_INFO"] == "/models":
                proto.response_bytes(*await self._beside(environ))
            else:
                proto.response_bytes(*self._answer(environ))
        except RequestError as error:
            self._observer.unparsed(error.status, error.message)
            proto.response_bytes(error.status, [JSON, ("connection", "close")], error.body())
            await read_over(proto)

    async def _body(self, proto: Any, length: int | None) -> bytes:
        """A whole body of `length` bytes, or of as many as come in chunks, within the time that a client has."""
        most, seconds = self._settings.max_body_bytes, self._settings.read_timeout_seconds
        if length is not None and length > most:
            raise RequestError(413, f"body: expected at most {most} bytes, got more by its Content-Length")
        task = asyncio.current_task()
        assert task is not None
        until = monotonic() + seconds
        self._reading[task] = until, most if length is None else length
        try:
            body: bytes = await (chunked(proto, most) if length is None else proto())
        except asyncio.CancelledError:
            task.uncancel()
            raise RequestError(408, f"expected the whole request within {seconds:g} s") from None
        except RuntimeError as error:
            raise RequestError(400, f"body: expected {length} bytes by its Content-Length, got {error}") from None
        else:
            return body
        finally:
            self._reading.pop(task, None)

    async def _sweep(self) -> None:
        """Ends the reading of late bodies, and of the oldest while all of them together are too large. Time in which
        this process stood still is not the clients'.
        """
        while True:
            before = monotonic()
            await asyncio.sleep(SWEEP_SECONDS)
            late = max(0.0, monotonic() - before - 2 * SWEEP_SECONDS)
            excess = sum(size for _, size in self._reading.values()) - self._most_bytes
            for task, (until, size) in list(self._reading.items()):
                self._reading[task] = until + late, size
                if excess > 0 or monotonic() > until + late:
                    del self._reading[task]
                    task.cancel()
                    excess -= size

    async def _explained(self, environ: dict[str, Any], size: int) -> Answer:
        if self._waiting >= EXPLANATIONS_WAITING + EXPLAINED_AT_ONCE or self._waiting_bytes + size > self._most_bytes:
            raise RequestError(503, "explanations: too many are asked for at once; try again in a moment")
        self._waiting, self._waiting_bytes = self._waiting + 1, self._waiting_bytes + size
        try:
            async with self._turns:
                return await self._beside(environ)
        finally:
            self._waiting, self._waiting_bytes = self._waiting - 1, self._waiting_bytes - size

    async def _beside(self, environ: dict[str, Any]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._answer, environ)

    def _answer(self, environ: dict[str, Any]) -> Answer:
        started = monotonic()
        told: list[Any] = []
        result = self._application(environ, lambda *status_and_headers: told.append(status_and_headers))
        try:
            body = b"".join(result)
        finally:
            if hasattr(result, "close"):
                result.close()
        self._seconds += 0.2 * (monotonic() - started - self._seconds)
        ((status, headers),) = told
        return int(status[:3]), headers, body


def environment(scope: Any) -> tuple[dict[str, Any], int | None, bool]:
    """The WSGI environment without its body, how long that is, None for one in chunks, and whether it is to explain.

    Raises:
        RequestError: a head that may mean two things.
    """
    path, headers = scope.path, scope.headers
    environ = {
        **COMMON,
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": path if path.isascii() else path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "SERVER_PORT": scope.server.rpartition(":")[2],
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
    }
    items = headers.items()
    if len(items) < len(headers):
        # granian leaves out what is not.
        raise RequestError(400, "head: expected headers in US-ASCII")
    for name, value in items:
        key = NAMES.get(name) or "HTTP_" + name.upper().replace("-", "_")
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    hosts = headers.get_all("host")
    if len(hosts) > 1 or (not hosts and scope.http_version == "1.1") or (hosts and not HOST.fullmatch(hosts[0])):
        raise RequestError(400, 'head: expected exactly one header "Host" with a name or an address')
    coding, length = environ.pop("HTTP_TRANSFER_ENCODING", None), environ.pop("HTTP_CONTENT_LENGTH", None)
    if coding is not None and (coding.lower() != "chunked" or length is not None):
        raise RequestError(400, f"Transfer-Encoding: expected chunked, and no Content-Length, got {coding[:40]!r}")
    explained = explains(f"{scope.query_string} {items}".encode())
    return environ, int(length or 0) if coding is None else None, explained


async def chunked(proto: Any, most: int) -> bytes:
    """A body in chunks. granian ends every one with an empty part; one more stands for what was no chunk."""
    parts, size = [], 0
    async for part in proto:
        parts.append(part)
        size += len(part)
        if size > most:
            raise RequestError(413, f"body: expected at most {most} bytes, got more")
    if parts.count(b"") > 1:
        raise RequestError(400, "body: expected chunks up to their end, without trailers")
    return b"".join(parts)


async def read_over(proto: Any) -> None:
    """What a client still sends after its refusal, so that the answer is not lost to a reset."""
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            async for _ in proto:
                pass
    except (RuntimeError, TimeoutError):
        return


def main(site_packages: str) -> None:
    sys.path.append(site_packages)
    from granian.constants import HTTPModes, Interfaces, Loops  # noqa: PLC0415 - it is installed beside this project
    from granian.http import HTTP1Settings  # noqa: PLC0415
    from granian.net import SocketHolder  # noqa: PLC0415
    from granian.server.mp import MPServer  # noqa: PLC0415

    logging.config.dictConfig(logging_config())
    use_one_heap()
    settings = Settings.from_environ(os.environ)

    class Server(MPServer):  # type: ignore[misc]
        """One listening socket for all workers. Who takes nothing of an answer is let go by the kernel."""

        def _init_shared_socket(self) -> None:
            address = settings.host, settings.port
            family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
            self._sso = socket.create_server(address, family=family, backlog=self.backlog)
            self._sso.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            milliseconds = int(1000 * settings.write_timeout_seconds)
            self._sso.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
            self._ssp, self._shd = None, SocketHolder(self._sso.fileno(), False, self.backlog)

    observer = Observer(settings, LineWriter())
    models = Repository(settings) if settings.multi_model else load_model(settings)
    adapter = Adapter(create_app(settings, models, observer), settings, observer)
    multiprocessing.set_start_method("fork")
    Server(
        "sminference",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.RSGI,
        workers=settings.worker_processes,
        http=HTTPModes.http1,
        websockets=False,
        loop=Loops.asyncio,
        backpressure=settings.max_connections,
        http1_settings=HTTP1Settings(
            # The one deadline there is for a head, and for a connection between two requests.
            header_read_timeout=int(1000 * (settings.keepalive_seconds or settings.read_timeout_seconds)),
            keep_alive=settings.keepalive_seconds > 0,
            max_buffer_size=64 * 1024,
        ),
        respawn_failed_workers=True,
        workers_kill_timeout=DRAIN_SECONDS,
        log_dictconfig=logging_config(),
    ).serve(target_loader=lambda _target: adapter)


if __name__ == "__main__":
    main(sys.argv[1])
