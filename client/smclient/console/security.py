"""Who may ask the console: the browser that came by the link of the terminal. Pure but for the session.

A page of any site can send requests to a loopback port, and so can programs of other users of this machine. The first
are known by `Host`, `Origin` and `Sec-Fetch-Site`; the second have no session, which a link of one use opens.
"""

import re
import secrets
from collections.abc import Mapping
from threading import Lock

from flask import Flask, Response, current_app, redirect, render_template, request, session
from werkzeug.datastructures import Headers
from werkzeug.wrappers import Response as Answer

_HOST = re.compile(r"(?:127\.0\.0\.1|localhost)(?::\d{1,5})?", re.IGNORECASE)
_SAFE = frozenset({"GET", "HEAD"})
_TICKET, _CSRF = "token", "csrf"
CSRF_HEADER = "X-CSRF-Token"
_EXTENSION = "smclient.tickets"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Tickets:
    """The tokens of links that open a session, each once."""

    def __init__(self) -> None:
        self._open: set[str] = set()
        self._lock = Lock()

    def issue(self) -> str:
        """Another one."""
        made = secrets.token_urlsafe(32)
        with self._lock:
            self._open.add(made)
        return made

    def redeem(self, given: str) -> bool:
        """Whether it is one that nobody used yet; from now on it is used."""
        with self._lock:
            found = next((each for each in self._open if secrets.compare_digest(each.encode(), given.encode())), None)
            self._open.discard(found or "")
            return found is not None


def refusal(method: str, headers: Mapping[str, str] | Headers) -> str | None:
    """Why a request is not answered, whoever sends it; None when it is, as no page of another site sends it."""
    host = headers.get("Host", "")
    if _HOST.fullmatch(host) is None:
        return "This name is not the console's: open it as http://127.0.0.1 with its port."
    origin = headers.get("Origin")
    if origin is not None and origin.lower() != f"http://{host.lower()}":
        return "This request comes from another page than the console's."
    if headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
        return "Another page leads here: copy the link into the address line of the browser instead."
    if method not in _SAFE | {"POST"}:
        return f"The console knows no {method[:20]}."
    return None


def csrf_token() -> str:
    """The session's token, which every request that changes something has to carry."""
    return str(session.get(_CSRF, ""))


def guard(app: Flask) -> Tickets:
    """Let nobody else in; returns what issues the tokens of links."""
    tickets = app.extensions[_EXTENSION] = Tickets()
    app.secret_key = secrets.token_bytes(32)
    app.config.update(SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Strict", SESSION_COOKIE_NAME="smconsole")
    app.before_request(_admit)
    app.after_request(_harden)
    return tickets


def _admit() -> Answer | str | tuple[str, int] | None:
    why = refusal(request.method, request.headers)
    if why is not None:
        return f"{why}\n", 403
    if request.endpoint == "static":
        return None
    ticket = request.args.get(_TICKET)
    if ticket is not None and request.method == "GET" and current_app.extensions[_EXTENSION].redeem(ticket):
        session.setdefault(_CSRF, secrets.token_urlsafe(32))
    if not csrf_token():
        return render_template("locked.html", used=ticket is not None), 403
    if ticket is not None:
        return redirect(request.path, 303)  # the link does not stay in the address line
    if request.method not in _SAFE:
        given = request.headers.get(CSRF_HEADER) or request.form.get(_CSRF, "")
        if not secrets.compare_digest(given.encode(), csrf_token().encode()):
            return "This form is of an earlier session: reload the page and try again.\n", 403
    return None


def _harden(response: Response) -> Response:
    response.headers.update(HEADERS)
    kept = request.endpoint == "static" and response.status_code in {200, 304} and "v" in request.args
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable" if kept else "no-store"
    return response
