"""The console's server: threads on loopback, until Ctrl-C. Not here: what it answers."""

import contextlib
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator
from typing import Any

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from smclient.errors import ClientError

ADDRESS = "127.0.0.1"


class _Handler(WSGIRequestHandler):
    """Keeps connections, and prints no line for each request: the terminal is the user's."""

    protocol_version = "HTTP/1.1"
    timeout = 120

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        del code, size

    def version_string(self) -> str:
        return "smconsole"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - as the base class has it
        if type == "error":
            print(message % args if args else message, file=sys.stderr)  # noqa: T201 - of a fault of ours


@contextlib.contextmanager
def listening(app: Flask, port: int) -> Iterator[BaseWSGIServer]:
    """A server that listens on the port, any free one if it is 0; `serve_forever` lets it answer.

    Raises:
        ClientError: it cannot listen there.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as bound:
        if os.name == "posix":
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # there it means what is in TIME_WAIT alone
        try:
            bound.bind((ADDRESS, port))
            bound.listen(128)
        except OSError as error:
            raise ClientError(
                f"cannot listen on {ADDRESS}:{port}: {error.strerror or error}",
                "end what listens there (another console?), or choose another with --port",
            ) from error
        server = make_server(
            ADDRESS, bound.getsockname()[1], app, threaded=True, request_handler=_Handler, fd=bound.fileno()
        )
        server.daemon_threads = True  # type: ignore[attr-defined] # a request that takes long does not keep Ctrl-C
        server.block_on_close = False  # type: ignore[attr-defined]
        try:
            yield server
        finally:
            server.server_close()


def open_browser(url: str) -> bool:
    """Open the user's browser; False where there is none that has windows. Never waits for it."""
    if sys.platform.startswith("linux") and not any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME")
    ):
        return False
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    threading.Thread(target=browser.open, args=(url,), daemon=True).start()
    return True
