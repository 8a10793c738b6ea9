"""Requests to the API server by the standard library alone: importing a whole client takes longer than to answer.

Not here: what is asked for. One connection is kept; a request that may be repeated is, once, on a new one.
"""

import contextlib
import http.client
import json
import os
import ssl
import tempfile
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from smclient.errors import KubernetesError, NotFoundError
from smclient.kube.kubeconfig import Access

_SECONDS = 30.0
_AGENT = "kubectl-smendpoint"
_HINTS = {
    401: "log in again, or choose another --context",
    403: "ask for the right, or choose another --context or namespace",
    409: "look at the object and try again",
    429: "it has too much to do: try again in a minute",
}
_FAULT = "that is a fault of its own, or of what stands before it: try again, or tell who runs it"
_BUSY = 429
_TRIES = 3
_PAUSE = 1.0  # seconds, where a busy server does not say how many
_LONGEST_PAUSE = 5.0


class Transport:
    """One API server as one user. Not for several threads at once."""

    def __init__(self, access: Access, seconds: float = _SECONDS) -> None:
        self._access = access
        self._seconds = seconds
        self._url = urlsplit(access.server)
        self._tls: ssl.SSLContext | None = None
        self._kept: http.client.HTTPConnection | None = None

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        """The answer's JSON.

        Raises:
            NotFoundError: 404.
            KubernetesError: any other refusal, or no answer.
        """
        sent = json.dumps(body).encode() if body is not None else None
        for left in reversed(range(_TRIES)):
            status, text, pause = self._once(method, path, query, sent, content_type)
            if status != _BUSY or not left:  # a busy one refuses before anything is done
                break
            time.sleep(min(pause, _LONGEST_PAUSE))
        return _read(status, text)

    def _once(
        self, method: str, path: str, query: Mapping[str, str] | None, sent: bytes | None, content_type: str
    ) -> tuple[int, bytes, float]:
        """Status and body, and how many seconds to wait where it is busy."""
        if method != "GET":
            self.close()  # what changes something is sent once, on a connection that is surely there
        for last in (self._kept is None, True):
            connection = self._kept or self._connect(self._seconds)
            self._kept = connection
            try:
                connection.request(method, self._target(path, query), sent, self._headers(content_type))
                answer = connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if last:
                    raise self._unreachable(error) from error
            else:
                return answer.status, text, _seconds(answer.headers.get("Retry-After"))
        raise AssertionError("unreachable: the last attempt returns or raises")

    def lines(self, path: str, query: Mapping[str, str], seconds: float | None = None) -> Iterator[dict[str, Any]]:
        """The JSON of each line of an answer that does not end by itself, on a connection of its own.

        Nothing for `seconds` means that the connection is lost.

        Raises:
            KubernetesError: refused, or the connection is lost.
        """
        connection = self._connect(seconds)
        try:
            connection.request("GET", self._target(path, query), headers=self._headers("application/json"))
            answer = connection.getresponse()
            if answer.status != 200:
                _read(answer.status, answer.read())
            while line := answer.readline():
                yield json.loads(line)
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from error
        finally:
            connection.close()

    def close(self) -> None:
        """Let go of the connection; the next request makes another."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _target(self, path: str, query: Mapping[str, str] | None) -> str:
        given = {key: value for key, value in (query or {}).items() if value}
        return self._url.path + path + (f"?{urlencode(given)}" if given else "")

    def _headers(self, content_type: str) -> dict[str, str]:
        headers = {"Accept": "application/json", "Content-Type": content_type, "User-Agent": _AGENT}
        if self._access.authorization is not None:
            headers["Authorization"] = self._access.authorization
        return headers

    def _connect(self, seconds: float | None) -> http.client.HTTPConnection:
        host, secure = self._url.hostname or "", self._url.scheme == "https"
        port = self._url.port or (443 if secure else 80)
        proxy = self._access.proxy or _proxy_of(self._url.scheme, f"{host}:{port}")
        first = (host, port)
        if proxy is not None:
            split = urlsplit(proxy if "//" in proxy else f"http://{proxy}")
            if split.scheme != "http":
                raise KubernetesError(f"cannot use the proxy {split.scheme}://{split.hostname}", "use a http proxy")
            first = (split.hostname or "", split.port or 80)
        if not secure:
            connection = http.client.HTTPConnection(*first, timeout=seconds)
        else:
            self._tls = self._tls or _tls(self._access)
            connection = _Secure(*first, timeout=seconds, context=self._tls)
            connection.server_name = self._access.tls_server_name
        if proxy is not None:
            connection.set_tunnel(host, port, _credentials(urlsplit(proxy)))
        return connection

    def _unreachable(self, error: Exception) -> KubernetesError:
        why = str(error) or type(error).__name__
        if isinstance(error, ssl.SSLCertVerificationError):
            why = f"its certificate is not trusted ({error.verify_message})"
        elif isinstance(error, TimeoutError):
            why = f"no answer in {self._seconds:g} s"
        elif isinstance(error, OSError) and error.strerror:
            why = error.strerror
        return KubernetesError(
            f"cannot reach the API server {self._access.server}: {why}",
            "check the network and the kubeconfig's current context",
        )


class _Secure(http.client.HTTPSConnection):
    """HTTPS that asks for, and checks, the name that `tls-server-name` gives."""

    server_name: str | None = None

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        context: ssl.SSLContext = self._context  # type: ignore[attr-defined]
        wanted = self.server_name or getattr(self, "_tunnel_host", None) or self.host
        self.sock = context.wrap_socket(self.sock, server_hostname=wanted)


def _proxy_of(scheme: str, netloc: str) -> str | None:
    if urllib.request.proxy_bypass(netloc):
        return None
    return urllib.request.getproxies().get(scheme)


def _credentials(proxy: Any) -> dict[str, str]:
    if not proxy.username:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": "Basic " + b64encode(pair.encode()).decode()}


def _tls(access: Access) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=access.certificate_authority)
        if access.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if access.certificate is not None:
            _present(context, access.certificate, access.key or "")
    except ssl.SSLError as error:
        raise KubernetesError(
            f"the kubeconfig's certificates cannot be used: {error.reason}", "log in again"
        ) from error
    return context


def _present(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Load the client's certificate; OpenSSL takes files alone, so it is in one that only the user can read."""
    handle, path = tempfile.mkstemp(prefix="smclient-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{certificate.rstrip()}\n{key}")
        context.load_cert_chain(path)
    finally:
        with contextlib.suppress(OSError):
            Path(path).unlink()


def _seconds(said: str | None) -> float:
    return float(said) if said is not None and said.isdigit() else _PAUSE


def _read(status: int, text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if 200 <= status < 300:
        if isinstance(found, dict):
            return found
        raise KubernetesError(
            f"the answer is not from a Kubernetes API server: {_line(text[:80].decode(errors='replace'))!r}",
            "check the server of the kubeconfig's current context, and what stands before it",
            status,
        )
    said = found.get("message") if isinstance(found, dict) else None
    plain = "" if b"<html" in text[:500].lower() else text[:200].decode(errors="replace")
    message = _line(str(said or plain)) or http.client.responses.get(status, "?")
    kind = NotFoundError if status == 404 else KubernetesError
    hint = _HINTS.get(status, _FAULT if status >= 500 else "")
    raise kind(f"the API server refuses ({status}): {message}", hint, status)


def _line(text: str) -> str:
    """In one line."""
    return " ".join(text.split())
