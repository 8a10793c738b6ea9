"""What a person sees: the description of the model and of the formats at `/`, as JSON or as a page, and error pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from flask import Response, render_template_string

from sminference.explain import PARTS
from sminference.formats import Format

if TYPE_CHECKING:
    from flask import Request

    from sminference.config import Settings
    from sminference.errors import RequestError
    from sminference.hosting import Hosting

_STYLE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{{ title }}</title><style>
body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
pre{background:#f3f4f6;padding:.8rem;overflow-x:auto;border-radius:6px}table{border-collapse:collapse}
td,th{text-align:left;padding:.25rem .8rem .25rem 0;vertical-align:top;border-bottom:1px solid #d0d7de}
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}pre{background:#161b22}a{color:#79b8ff}}
</style></head><body><main><h1>{{ title }}</h1>"""

_PAGE = (
    _STYLE
    + """
{% if told.failure %}<p><strong>{{ told.failure }}</strong></p>{% endif %}
{% if model %}<p>{{ model.estimator or "Model" }}, version <code>{{ told.version }}</code></p>
<h2>Model</h2><table>
{% for key, value in model.items() %}<tr><th scope="row">{{ key }}</th><td>{% if value is string %}{{ value }}
{% else %}<pre>{{ value | pretty_json }}</pre>{% endif %}</td></tr>{% endfor %}</table>{% endif %}
<h2>Ask it</h2><pre>{{ told.example }}</pre>
<h2>Paths</h2><table>{% for path, what in told.paths.items() %}<tr><th scope="row"><code>{{ path }}</code></th>
<td>{{ what }}</td></tr>{% endfor %}</table>
<h2>Formats and limits</h2><pre>{{ {"formats": told.formats, "limits": told.limits} | pretty_json }}</pre>
<h2>Explanations</h2><p>{{ told.explanations }}</p></main></body></html>"""
)
_ERROR = (
    _STYLE + """<p>{{ message }}</p><p><a href="/">The model, its formats and its paths</a></p></main></body></html>"""
)


def wants_html(request: Request) -> bool:
    """Whether a browser asks: HTML by name, before JSON."""
    accept = request.environ.get("HTTP_ACCEPT", "")
    return (
        "text/html" in accept and request.accept_mimetypes.best_match(("application/json", "text/html")) == "text/html"
    )


def description(settings: Settings, hosting: Hosting) -> dict[str, Any]:
    """All that a client must know, ready for JSON."""
    model = hosting.served.model if hosting.served else None
    path = "/models/{name}/invoke" if settings.multi_model else "/invocations"
    paths = {
        f"POST {path}": "predictions for rows",
        "GET /ping": "200 when ready to predict, else 404 with the reason",
        "GET /execution-parameters": "what batch transform should use",
        "GET /": "this page",
    }
    if settings.multi_model:
        paths |= {
            "POST /models": 'load a model: {"model_name": "...", "url": "..."}',
            "GET /models": "the loaded models",
            "GET /models/{name}": "one of them",
            "DELETE /models/{name}": "unload it",
        }
    width = model.n_features if model else 4
    row = ", ".join(["5.1", "3.5", "1.4", "0.2"][:width] + ["0.5"] * (width - 4))
    return {
        "model": model.name if model else None,
        "version": model.version if model else None,
        "failure": hosting.failure,
        "description": model.description if model else None,
        "paths": paths,
        "formats": {
            "Content-Type": [form.value for form in Format],
            "Accept": [form.value for form in Format],
        },
        "limits": {
            "body_bytes": settings.max_body_bytes,
            "rows": settings.max_rows,
            "rows_with_explanations": settings.max_explained_rows,
            "seconds_to_send_a_request": settings.read_timeout_seconds,
        },
        "explanations": f"on request: ?explain or ?explain={','.join(PARTS)}&level=0.9; the custom attribute "
        f"explain={','.join(PARTS)};level=0.9; or the header X-Amzn-SageMaker-Enable-Explanations",
        "example": f"curl -H 'Content-Type: application/json' -d '{{\"instances\": [[{row}]]}}' "
        f"http://localhost:{settings.port}{path}",
    }


def page(told: dict[str, Any]) -> Response:
    """The description as HTML."""
    text = render_template_string(
        _PAGE,
        title=told["model"] or "Inference container",
        told=told,
        model=told["description"],
    )
    return Response(text, content_type="text/html; charset=utf-8")


def error_page(error: RequestError) -> Response:
    """An error for a browser."""
    text = render_template_string(_ERROR, title=f"Error {error.status}", message=error.message)
    return Response(text, error.status, headers=error.headers, content_type="text/html; charset=utf-8")


def pretty_json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()
