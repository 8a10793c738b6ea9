"""Parts of pages that ask for themselves again: an answer that would change nothing is none (204)."""

import hashlib

from flask import request
from werkzeug.wrappers import Response

_SEEN = "seen"


def answered(html: str) -> Response | str:
    """The part with a mark of what it shows; nothing where the browser shows it already.

    Put `{{ live("url") }}` on the element that asks (see `templates/macros.html`).
    """
    mark = hashlib.sha256(html.encode()).hexdigest()[:16]
    if request.args.get(_SEEN) == mark:
        return Response(status=204)
    return f'<input type="hidden" name="{_SEEN}" value="{mark}" autocomplete="off">{html}'
