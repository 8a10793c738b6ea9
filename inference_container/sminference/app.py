"""The Flask application: SageMaker's routes over one model. Servers, processes and sockets are `serve`'s business."""

from __future__ import annotations

import logging
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException

from sminference.asked import custom_attributes, explanation
from sminference.errors import RequestError, error_body

if TYPE_CHECKING:
    from sminference.config import Settings
    from sminference.hosting import Hosting
    from sminference.observed import Observer
    from sminference.served import Served

log = logging.getLogger(__name__)


def create_app(settings: Settings, hosting: Hosting, observer: Observer) -> Flask:
    """The application over what `hosting` has loaded; every request is told to `observer`."""
    app = Flask("sminference", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.register_error_handler(RequestError, refusal)
    app.register_error_handler(HTTPException, _wrong_request)
    app.register_error_handler(Exception, _broken)
    invoker = Invoker(settings, observer)

    @app.get("/ping")
    def ping() -> Response:
        if hosting.failure is None:
            return Response(b"")
        return Response(error_body(404, hosting.failure), 404, content_type="application/json")

    @app.post("/invocations")
    def invocations() -> Response:
        if hosting.served is None:
            raise RequestError(503, hosting.failure or "no model is served")
        return invoker.invoke(hosting.served)

    @app.get("/execution-parameters")
    def execution_parameters() -> dict[str, Any]:
        return {
            "MaxConcurrentTransforms": settings.worker_processes,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": max(1, settings.max_body_bytes // (1 << 20)),
        }

    return app


class Invoker:
    """Answers the current request with a model."""

    def __init__(self, settings: Settings, observer: Observer) -> None:
        self._max_body_bytes = settings.max_body_bytes
        self._observer = observer

    def invoke(self, served: Served) -> Response:
        started = perf_counter()
        # The request itself instead of Flask's proxy, which would be resolved anew at each attribute.
        current: Request = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
        environ = current.environ
        try:
            attributes = custom_attributes(environ)
            explain = explanation(environ, attributes)
            body = read_body(current, self._max_body_bytes)
            answer = served.answer(body, environ.get("CONTENT_TYPE"), environ.get("HTTP_ACCEPT"), explain)
        except RequestError as error:
            self._observer.refused(environ, served, error.status, error.message, perf_counter() - started)
            return refusal(error)
        response = Response(answer.body, content_type=answer.media_type)
        if attributes is not None:
            response.headers["X-Amzn-SageMaker-Custom-Attributes"] = attributes
        self._observer.answered(environ, served, answer, perf_counter() - started)
        return response


def read_body(current: Request, limit: int) -> bytes:
    """The whole request body.

    Raises:
        RequestError: 413 before a byte is read when it is declared too long, 415 for a compressed body.
    """
    encoding = current.environ.get("HTTP_CONTENT_ENCODING")
    if encoding and encoding.strip().lower() != "identity":
        raise RequestError(415, f"Content-Encoding: expected none, got {encoding[:40]!r}; send the body uncompressed")
    length = current.content_length
    if length is not None and length > limit:
        raise RequestError(413, f"body: expected at most {limit} bytes, got {length}")
    try:
        return current.get_data(cache=False)
    except HTTPException as error:
        if error.code == 413:
            raise RequestError(413, f"body: expected at most {limit} bytes, got more") from None
        raise RequestError(400, "body: shorter than its Content-Length says") from None


def refusal(error: RequestError) -> Response:
    """The answer to a request that can't be served."""
    return Response(error.body(), error.status, headers=error.headers, content_type="application/json")


def _wrong_request(error: HTTPException) -> Response:
    status = error.code or 500
    message = f"{request.method} {request.path[:100]}: {error.description or HTTPStatus(status).phrase}"
    allow = {name: value for name, value in error.get_headers(request.environ) if name == "Allow"}
    return refusal(RequestError(status, message, allow))


def _broken(error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.path[:100], exc_info=error)
    return refusal(RequestError(500, "the server failed at this request; its log says why"))
