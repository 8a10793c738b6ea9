"""Asking a local server whether it is there: one GET that goes through no proxy and raises nothing."""

import http.client
import ssl
import urllib.request


def answer(
    url: str, *, token: str | None = None, tls: ssl.SSLContext | None = None, seconds: float = 2
) -> bytes | None:
    """The body when the answer is a 200, else None: refused, an error, or no answer within `seconds`."""
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if tls is not None:
        handlers.append(urllib.request.HTTPSHandler(context=tls))
    request = urllib.request.Request(url, headers={} if token is None else {"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=seconds) as got:
            return bytes(got.read()) if got.status == 200 else None
    except (OSError, http.client.HTTPException):  # also an answer that was cut off
        return None
