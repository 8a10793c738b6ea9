"""SageMaker's multi-model routes: load, list, describe, unload and invoke under `/models`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from flask import Blueprint, Response, request

from sminference.errors import RequestError, shown
from sminference.invoking import read_body

if TYPE_CHECKING:
    from sminference.invoking import Invoker
    from sminference.repository import Repository

_MAX_LOAD_REQUEST = 16 * 1024


def multi_model_routes(repository: Repository, invoker: Invoker) -> Blueprint:
    """The routes over `repository`; a model's name is opaque and may hold slashes."""
    routes = Blueprint("models", __name__)

    @routes.post("/models")
    def load() -> dict[str, str]:
        name, url = _names(read_body(request.environ, _MAX_LOAD_REQUEST))
        return repository.load(name, url).describe()

    @routes.get("/models")
    def listing() -> dict[str, Any]:
        models, token = repository.page(request.args.get("next_page_token"))
        return {"models": [model.describe() for model in models]} | ({"nextPageToken": token} if token else {})

    @routes.get("/models/<path:name>")
    def describe(name: str) -> dict[str, Any]:
        loaded = repository.get(name)
        return {**loaded.describe(), "description": loaded.served.model.description}

    @routes.delete("/models/<path:name>")
    def unload(name: str) -> Response:
        repository.unload(name)
        return Response(b"")

    @routes.post("/models/<path:name>/invoke")
    def invoke(name: str) -> Response:
        reply = invoker.invoke(request.environ, lambda: repository.get(name).served)
        return Response(reply.body, reply.status, reply.headers)

    return routes


def _names(body: bytes) -> tuple[str, str]:
    expected = 'expected {"model_name": "...", "url": "/opt/ml/models/.../model"}'
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RequestError(400, f"body: {expected}: {error}") from None
    if not isinstance(value, dict):
        raise RequestError(400, f"body: {expected}, got {shown(value)}")
    for key in ("model_name", "url"):
        if not isinstance(value.get(key), str):
            raise RequestError(400, f"{key}: expected a string, got {shown(value.get(key))}")
    return value["model_name"], value["url"]
