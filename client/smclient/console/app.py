"""The Flask application: pages as blueprints, templates, and what becomes of errors."""

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from flask import Blueprint, Flask, Response, current_app, render_template, request, url_for
from jinja2 import StrictUndefined
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from smclient.console import formatting, security
from smclient.console.backend import Backend
from smclient.errors import ClientError, NotFoundError
from smclient.views.text import plain

# The pages in the order of the navigation. Each module has a `blueprint`; with a `NAVIGATION` (its name, its endpoint)
# it stands there.
PAGES = ("endpoints", "endpoint", "actions", "experiments", "experiment_actions", "playground", "costs")
_STATIC = Path(__file__).parent / "static"
_EXTENSION = "smclient.backend"


def create_app(backend: Backend) -> tuple[Flask, security.Tickets]:
    """The application over a backend, and what issues the tokens of links to it."""
    app = Flask("smclient.console", static_folder=str(_STATIC), template_folder=str(_STATIC.parent / "templates"))
    app.extensions[_EXTENSION] = backend
    app.json.sort_keys = False  # type: ignore[attr-defined] # of the default provider
    app.config["MAX_CONTENT_LENGTH"] = 8 * 1024 * 1024  # SageMaker takes 6 MB
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.finalize = _shown
    formatting.register(app.jinja_env)
    modules = [import_module(f"smclient.console.pages.{name}") for name in PAGES]
    app.context_processor(lambda: _context(modules))
    for module in modules:
        app.register_blueprint(cast("Blueprint", module.blueprint))
    tickets = security.guard(app)
    app.register_error_handler(ClientError, _client_error)
    app.register_error_handler(HTTPException, _http_error)
    return app, tickets


def backend() -> Backend:
    """The backend of the application that answers this request."""
    return cast("Backend", current_app.extensions[_EXTENSION])


def is_partial() -> bool:
    """Whether htmx asks for a part of the page."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-History-Restore-Request") != "true"


def asset(name: str) -> str:
    """The URL of a file of `static`, with its content's hash: the browser keeps it."""
    return url_for("static", filename=name, v=_hash(name))


@cache
def _hash(name: str) -> str:
    return hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:16]


def _shown(value: Any) -> Any:
    """What others wrote cannot steer or reorder the page's text either; Jinja escapes what is markup."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _context(modules: Iterable[Any]) -> dict[str, Any]:
    found = backend()
    return {
        "asset": asset,
        "csrf_token": security.csrf_token,
        "partial": is_partial(),
        "access": found.access,
        "narrowed": found.objects.narrowed,
        "scope": found.objects.namespace,
        "navigation": [module.NAVIGATION for module in modules if hasattr(module, "NAVIGATION")],
    }


def _client_error(error: Exception) -> tuple[str, int]:
    """A refusal is a page like another: what happened, and what to do."""
    told = cast("ClientError", error)
    code = 404 if isinstance(told, NotFoundError) else 502
    return render_template("error.html", title="That did not work", error=told), code


def _http_error(error: Exception) -> Response | tuple[str, int]:
    found = cast("HTTPException", error)
    hints = {404: "Go back to the list of endpoints.", 413: "Send less at once.", 500: "The terminal has the details."}
    code = found.code or 500
    told = ClientError(found.name, hints.get(code, ""))
    return render_template("error.html", title=found.name, error=told), code
