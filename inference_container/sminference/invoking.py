"""Answers one prediction request, from its WSGI environment to status, headers and body. Knows nothing of routes."""

from __future__ import annotations

import logging
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from sminference.asked import custom_attributes, describes, explanation
from sminference.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sminference.config import Settings
    from sminference.observed import Observer
    from sminference.served import Served

Environ = dict[str, Any]

log = logging.getLogger(__name__)


class Reply(NamedTuple):
    """An HTTP response."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Invoker:
    """Has models answer requests, and tells the observer of every one. Safe to use from several threads."""

    def __init__(self, settings: Settings, observer: Observer) -> None:
        self._max_body_bytes = settings.max_body_bytes
        self._observer = observer

    def invoke(self, environ: Environ, find: Callable[[], Served]) -> Reply:
        """The reply of the model that `find` gives, or the one that says what is wrong; never raises."""
        started = perf_counter()
        served = None
        try:
            served = find()
            attributes = custom_attributes(environ)
            if describes(attributes):
                return _described(served, attributes)
            explain = explanation(environ, attributes)
            body = read_body(environ, self._max_body_bytes)
            answer = served.answer(body, environ.get("CONTENT_TYPE"), environ.get("HTTP_ACCEPT"), explain)
        except RequestError as error:
            return self.refuse(environ, error, served, perf_counter() - started)
        except Exception as error:
            log.exception("a prediction failed")
            return self.refuse(environ, failure(error), served, perf_counter() - started)
        headers = [("Content-Type", answer.media_type), ("Content-Length", str(len(answer.body)))]
        if attributes is not None:
            headers.append(("X-Amzn-SageMaker-Custom-Attributes", attributes))
        self._observer.answered(environ, served, answer, perf_counter() - started)
        return Reply(200, headers, answer.body)

    def refuse(
        self, environ: Environ, error: RequestError, served: Served | None = None, seconds: float = 0.0
    ) -> Reply:
        """The reply to a request that can't be served."""
        self._observer.refused(environ, served, error.status, error.message, seconds)
        body = error.body()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *error.headers.items()]
        return Reply(error.status, headers, body)


def _described(served: Served, attributes: str | None) -> Reply:
    """The description; what else the request holds is not looked at, and no metric counts it."""
    body = orjson.dumps(served.describe())
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    return Reply(200, [*headers, ("X-Amzn-SageMaker-Custom-Attributes", attributes or "")], body)


def read_body(environ: Environ, limit: int) -> bytes:
    """The whole request body.

    Raises:
        RequestError: 413 before a byte is read when it is declared too long, 415 for a compressed body.
    """
    encoding = environ.get("HTTP_CONTENT_ENCODING")
    if encoding and encoding.strip().lower() != "identity":
        raise RequestError(415, f"Content-Encoding: expected none, got {encoding[:40]!r}; send the body uncompressed")
    text = environ.get("CONTENT_LENGTH")
    if not text:
        # Without a length the server must know the end itself, as gunicorn does; else there is no body.
        body: bytes = environ["wsgi.input"].read(limit + 1) if environ.get("wsgi.input_terminated") else b""
        if len(body) > limit:
            raise RequestError(413, f"body: expected at most {limit} bytes, got more")
        return body
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise RequestError(400, f"Content-Length: expected a whole number, got {text[:40]!r}")
    length = int(text)
    if length > limit:
        raise RequestError(413, f"body: expected at most {limit} bytes, got {length}")
    body = environ["wsgi.input"].read(length)
    if len(body) < length:
        raise RequestError(400, f"body: expected {length} bytes by its Content-Length, got {len(body)}")
    return body


def failure(_: Exception) -> RequestError:
    """What a client is told of a fault of ours: that it is one."""
    return RequestError(500, "the server failed at this request; its log says why")
