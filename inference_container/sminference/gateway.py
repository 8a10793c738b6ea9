"""One whole request through gunicorn's parser and the application, to the bytes of its response.

It knows neither sockets nor threads: bytes go in and come out.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from gunicorn.http import errors as http_errors
from gunicorn.http.message import Request
from gunicorn.http.unreader import Unreader
from gunicorn.http.wsgi import create
from gunicorn.util import http_date

from sminference.errors import RequestError

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from sminference.framing import Whole

_SHOWN = 60
_HOST = re.compile(r"(\[[0-9A-Za-z:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(:[0-9]*)?")
_REASONS = {400: "Bad Request", 408: "Request Timeout", 413: "Content Too Large", 414: "URI Too Long"}
_REASONS |= {417: "Expectation Failed", 431: "Request Header Fields Too Large", 500: "Internal Server Error"}
_REASONS |= {503: "Service Unavailable"}
_LINE = 'request line: expected one such as "POST /invocations HTTP/1.1"'
_HEADER = (
    'head: expected headers such as "Content-Type: application/json", none of them folded, empty in its name or twice'
)


class Gateway:
    """Has one application answer requests of one listening address. Safe to use from several threads."""

    def __init__(self, cfg: Any, application: Callable[..., Any], server: Any, log: logging.Logger) -> None:
        self._cfg = cfg
        self._application = application
        self._server = server
        self._log = log

    def respond(self, whole: Whole, address: Any, number: int, *, last: bool) -> tuple[bytes, bool]:
        """The response, and whether the connection may stay open, which it must not after the `last` request.

        `number` counts the requests of the connection from 1.

        Raises:
            RequestError: the head is no HTTP.
        """
        outbox = _Outbox()
        try:
            request = Request(self._cfg, _Head(whole.head), address, number)
            _check_host(request)
            response, environ = create(request, outbox, address, self._server, self._cfg)
        except (http_errors.ParseException, StopIteration) as error:
            raise self._refused(error) from None
        environ["wsgi.input"] = io.BytesIO(whole.body)
        environ["wsgi.multithread"] = True
        # The body is whole and plain by now, whatever the client did to send it.
        environ["CONTENT_LENGTH"] = str(len(whole.body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        if last:
            response.force_close()
        try:
            result = self._application(environ, response.start_response)
            try:
                for part in result:
                    response.write(part)
                response.close()
            finally:
                if hasattr(result, "close"):
                    result.close()
        except Exception:  # noqa: BLE001 - whatever it is, it is logged and told
            self._log.exception("the application failed")
            return refusal(RequestError(500, "the server failed at this request; its log says why")), False
        return b"".join(outbox.parts), not response.should_close()

    def _refused(self, error: Exception) -> RequestError:
        """What is wrong with a head, by what gunicorn says of it."""
        cfg = self._cfg
        match error:
            case http_errors.LimitRequestLine():
                return RequestError(414, f"request line: expected at most {cfg.limit_request_line} bytes")
            case http_errors.LimitRequestHeaders():
                limits = f"{cfg.limit_request_fields} headers of at most {cfg.limit_request_field_size} bytes"
                return RequestError(431, f"head: expected at most {limits}")
            case http_errors.ExpectationFailed():
                return RequestError(417, "Expect: expected 100-continue")
            case http_errors.InvalidRequestLine():
                return RequestError(400, f"{_LINE}, got {_shown(error.req)}")
            case http_errors.InvalidRequestMethod():
                return RequestError(400, f"{_LINE}, got {_shown(error.method)}")
            case http_errors.InvalidHTTPVersion():
                return RequestError(400, f"{_LINE}, got {_shown(error.version)}")
        got = _shown(getattr(error, "hdr", type(error).__name__))
        return RequestError(400, f"{_HEADER}, got {got}")


def _check_host(request: Any) -> None:
    """As HTTP has it: one Host, which HTTP/1.1 must send and which may be empty; two of them may mean two servers."""
    hosts = [value for name, value in request.headers if name == "HOST"]
    if len(hosts) > 1 or (not hosts and request.version >= (1, 1)):
        raise RequestError(400, f'head: expected exactly one header "Host", got {len(hosts)}')
    if hosts and not _HOST.fullmatch(hosts[0]):
        raise RequestError(400, f"Host: expected a name or an address, with a port or without, got {_shown(hosts[0])}")


class _Head(Unreader):  # type: ignore[misc]
    """Gives gunicorn's parser a head that is already here."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data

    def chunk(self, size_hint: int | None = None) -> bytes:  # noqa: ARG002 - gunicorn's signature
        data, self._data = self._data, b""
        return data


class _Outbox:
    """What gunicorn takes for a socket when it writes a response: collects it, so that it leaves in one piece."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        self.parts.append(data)

    def send(self, data: bytes) -> int:
        """Gunicorn uses it for "100 Continue" only, which has gone out before the body came in."""
        return len(data)


def refusal(error: RequestError) -> bytes:
    """A response that the application has no part in, the last one of its connection."""
    body = error.body()
    return (
        f"HTTP/1.1 {error.status} {_REASONS.get(error.status, 'Error')}\r\nDate: {http_date()}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode() + body


def _shown(value: Any) -> str:
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return repr(text[:_SHOWN])
