"""The Flask application: SageMaker's routes over one model or many. Processes and sockets are `serve`'s business."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from sminference.errors import RequestError, error_body
from sminference.hosting import Hosting
from sminference.invoking import Environ, Invoker, Reply, failure
from sminference.multimodel import multi_model_routes
from sminference.page import description, error_page, page, pretty_json, wants_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sminference.config import Settings
    from sminference.observed import Observer
    from sminference.repository import Repository

log = logging.getLogger(__name__)

_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class InferenceApp(Flask):
    """Flask, with a short way for predictions: routing and contexts would cost more than the model.

    The short way is the route's own function; only what Flask does around it is left out.
    """

    invocation: Callable[[Environ], Reply]

    def wsgi_app(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/invocations" and environ["REQUEST_METHOD"] == "POST":
            reply = self.invocation(environ)
            start_response(_STATUS_LINES[reply.status], reply.headers)
            return (reply.body,)
        return super().wsgi_app(environ, start_response)


def create_app(settings: Settings, models: Hosting | Repository, observer: Observer) -> InferenceApp:
    """The application over one model or a repository of many; every request is told to `observer`."""
    app = InferenceApp("sminference", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    # A redirect is no answer for a client that invokes a model.
    app.url_map.merge_slashes = False
    app.add_template_filter(pretty_json)
    invoker = Invoker(settings, observer)
    _answer_errors(app, invoker)
    hosting = models if isinstance(models, Hosting) else Hosting()
    if not isinstance(models, Hosting):
        app.register_blueprint(multi_model_routes(models, invoker))
    app.invocation = lambda environ: invoker.invoke(environ, hosting.get)

    @app.get("/ping")
    def ping() -> Response:
        if hosting.failure is None:
            return Response(b"")
        return Response(error_body(404, hosting.failure), 404, content_type="application/json")

    @app.post("/invocations")
    def invocations() -> Response:
        return response(app.invocation(request.environ))

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


def response(reply: Reply) -> Response:
    """A reply as Flask's response."""
    return Response(reply.body, reply.status, reply.headers)


def _answer_errors(app: Flask, invoker: Invoker) -> None:
    """Errors as JSON, or as a page for a browser; each told to the observer."""

    def refused(error: RequestError) -> Response:
        reply = invoker.refuse(request.environ, error)
        return error_page(error) if wants_html(request) else response(reply)

    def failed(error: Exception) -> Response:
        log.error("%s %s failed", request.method, request.path[:100], exc_info=error)
        return refused(failure(error))

    app.register_error_handler(RequestError, refused)
    app.register_error_handler(HTTPException, lambda error: refused(_as_refusal(error)))
    app.register_error_handler(Exception, failed)


def _as_refusal(error: HTTPException) -> RequestError:
    """What Flask itself refuses: an unknown path, a method that a path doesn't have."""
    status = error.code or 500
    allowed = {name: value for name, value in error.get_headers(request.environ) if name == "Allow"}
    expected = {
        404: "no such path; GET / lists what there is",
        405: f"expected {allowed.get('Allow', 'another method')}",
    }.get(status, error.description or HTTPStatus(status).phrase)
    return RequestError(status, f"{request.method} {request.path[:100]}: {expected}", allowed)
