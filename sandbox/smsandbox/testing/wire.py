"""A way to a TCP server that can be cut, as by a firewall: nothing is refused, nothing comes through any more."""

import contextlib
import select
import socket
import socketserver
import threading
from typing import Any

_LOOK_SECONDS = 0.05
_CHUNK = 1 << 16


class Wire:
    """Listens on a port of its own, and forwards to `port` of loopback until it is cut."""

    def __init__(self, port: int) -> None:
        self._cut = threading.Event()
        wire = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as server:
                    wire._forward(self.request, server)

        self._server = _Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://127.0.0.1:{self._server.server_address[1]}"

    def cut(self) -> None:
        """Let nothing through; connections seem to stay."""
        self._cut.set()

    def join(self) -> None:
        """Let new connections through; those that were cut are closed."""
        self._cut.clear()

    def close(self) -> None:
        """Listen no more."""
        self._cut.set()
        self._server.shutdown()
        self._server.server_close()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        other = {client: server, server: client}
        while not self._cut.is_set():
            ready, _, _ = select.select(list(other), [], [], _LOOK_SECONDS)
            for each in ready:
                if self._cut.is_set():
                    break
                if not (data := each.recv(_CHUNK)):
                    return
                other[each].sendall(data)
        while self._cut.is_set() and not _closed(client):
            threading.Event().wait(_LOOK_SECONDS)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is nobody's fault."""


def _closed(client: socket.socket) -> bool:
    try:
        return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
