"""The Flask application: SageMaker's routes over one model or many. Processes and sockets are `serve`'s business."""

from __future__ import annotations

import logging
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException

from sminference.asked import custom_attributes, explanation
from sminference.errors import RequestError, error_body
from sminference.hosting import Hosting
from sminference.multimodel import multi_model_routes
from sminference.page import description, error_page, page, pretty_json, wants_html

if TYPE_CHECKING:
    from collections.abc import Callable

    from sminference.config import Settings
    from sminference.observed import Observer
    from sminference.repository import Repository
    from sminference.served import Served

log = logging.getLogger(__name__)


def create_app(settings: Settings, models: Hosting | Repository, observer: Observer) -> Flask:
    """The application over one model or a repository of many; every request is told to `observer`."""
    app = Flask("sminference", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.add_template_filter(pretty_json)
    invoker = Invoker(settings, observer)
    app.register_error_handler(RequestError, invoker.refuse)
    app.register_error_handler(HTTPException, lambda error: invoker.refuse(_as_refusal(error)))
    app.register_error_handler(Exception, lambda error: invoker.refuse(_as_failure(error)))
    hosting = models if isinstance(models, Hosting) else Hosting()
    if not isinstance(models, Hosting):
        app.register_blueprint(multi_model_routes(models, invoker))

    @app.get("/ping")
    def ping() -> Response:
        if hosting.failure is None:
            return Response(b"")
        return Response(error_body(404, hosting.failure), 404, content_type="application/json")

    @app.post("/invocations")
    def invocations() -> Response:
        return invoker.invoke(hosting.get)

    @app.get("/execution-parameters")
    def execution_parameters() -> dict[str, Any]:
        return {
            "MaxConcurrentTransforms": settings.worker_processes,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": max(1, settings.max_body_bytes // (1 << 20)),
        }

    @app.get("/")
    def index() -> Response | dict[str, Any]:
        told = description(settings, hosting)
        return page(told) if wants_html(request) else told

    return app


class Invoker:
    """Answers the current request with a model."""

    def __init__(self, settings: Settings, observer: Observer) -> None:
        self._max_body_bytes = settings.max_body_bytes
        self._observer = observer

    def invoke(self, find: Callable[[], Served]) -> Response:
        """The response of the model that `find` gives; errors are answered, told to the observer, and not raised."""
        started = perf_counter()
        # The request itself instead of Flask's proxy, which would be resolved anew at each attribute.
        current: Request = request._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
        environ = current.environ
        served = None
        try:
            served = find()
            attributes = custom_attributes(environ)
            explain = explanation(environ, attributes)
            body = read_body(current, self._max_body_bytes)
            answer = served.answer(body, environ.get("CONTENT_TYPE"), environ.get("HTTP_ACCEPT"), explain)
        except RequestError as error:
            return self.refuse(error, served, perf_counter() - started)
        response = Response(answer.body, content_type=answer.media_type)
        if attributes is not None:
            response.headers["X-Amzn-SageMaker-Custom-Attributes"] = attributes
        self._observer.answered(environ, served, answer, perf_counter() - started)
        return response

    def read(self, limit: int) -> bytes:
        """The body of the current request, of at most `limit` bytes. Raises RequestError."""
        return read_body(request, min(limit, self._max_body_bytes))

    def refuse(self, error: RequestError, served: Served | None = None, seconds: float = 0.0) -> Response:
        """The answer to a request that can't be served: JSON, or a page for a browser."""
        self._observer.refused(request.environ, served, error.status, error.message, seconds)
        if wants_html(request):
            return error_page(error)
        return Response(error.body(), error.status, headers=error.headers, content_type="application/json")


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


def _as_refusal(error: HTTPException) -> RequestError:
    """What Flask itself refuses: an unknown path, a method that a path doesn't have."""
    status = error.code or 500
    allowed = {name: value for name, value in error.get_headers(request.environ) if name == "Allow"}
    expected = {
        404: "no such path; GET / lists what there is",
        405: f"expected {allowed.get('Allow', 'another method')}",
    }.get(status, error.description or HTTPStatus(status).phrase)
    return RequestError(status, f"{request.method} {request.path[:100]}: {expected}", allowed)


def _as_failure(error: Exception) -> RequestError:
    log.error("%s %s failed", request.method, request.path[:100], exc_info=error)
    return RequestError(500, "the server failed at this request; its log says why")
