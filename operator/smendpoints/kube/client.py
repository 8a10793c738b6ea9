"""A small client of the API server for threads: single requests with short timeouts, connections kept alive.

kopf's own requests are of its event loop, and are tried until they succeed. What is asked here must be answered soon or
not at all: the lease, what is written of objects, and whether one is still as it was when a reconcile began; or it goes
on for long (`stream`). What is listed and watched, and when it is tried again, is for those who ask.
"""

import contextlib
import dataclasses
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import kopf
import urllib3

logger = logging.getLogger(__name__)
_LOGIN_SECONDS = 10.0  # tokens of service accounts rotate, so their file is read again
_CONNECTIONS = 64
_PAGE = 500  # objects of a listing
_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


class LoginError(Exception):
    """What says how to log in to Kubernetes can't be used; the message says what is wrong with it."""


class KubeError(Exception):
    """The API server did not do what it was asked.

    ├── Unreachable  it did not answer: what was asked for may have been done, or may be done yet
    └── Refused      it said no
    """


class UnreachableError(KubeError):
    """No answer within the time."""


class RefusedError(KubeError):
    """An answer that is an error; `status` is that of HTTP, `message` the API server's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message


def pages(ask: Callable[[Mapping[str, str | int]], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each page of a listing; `ask` gets one by its query."""
    query: dict[str, str | int] = {"limit": _PAGE}
    while True:
        page = ask(query)
        yield page
        if not page["metadata"].get("continue"):
            return
        query["continue"] = page["metadata"]["continue"]


class KubeClient:
    """Thread-safe. `login` is asked for address and credentials now and then; `seconds` bound each step of a request.

    Raises:
        RuntimeError: there is no cluster to log in to; from every method, and says what to set.
    """

    def __init__(self, login: Callable[[], kopf.ConnectionInfo | None], *, seconds: float, user_agent: str) -> None:
        self._login = login
        self._seconds = seconds
        self._user_agent = user_agent
        self._lock = threading.Lock()
        self._info: kopf.ConnectionInfo | None = None
        self._logged_in_at = float("-inf")
        self._pool: urllib3.PoolManager | None = None

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        accept: str = "application/json",
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        """One request to a path of the API server; the object that it answers with.

        Raises:
            Refused: the API server said no.
            Unreachable: it said nothing.
        """
        timeout = urllib3.Timeout(total=self._seconds)
        answer = self._send(method, path, body, accept, timeout, content_type=content_type)
        try:
            found = json.loads(answer.data) if answer.data else {}
        except ValueError as error:
            raise UnreachableError(f"{method} {path}: {error!r}") from error
        if answer.status >= 300:
            raise RefusedError(answer.status, str(found.get("message", "") if isinstance(found, dict) else ""))
        if not isinstance(found, dict):
            raise UnreachableError(f"{method} {path}: an answer that is no object")
        return found

    @contextlib.contextmanager
    def stream(self, path: str, timeout: urllib3.Timeout) -> Iterator[urllib3.BaseHTTPResponse]:
        """The answer to a GET, to be read as it comes; of `timeout` the reading bounds each silence.

        Raises:
            Refused, Unreachable: as of `request`; what breaks off later is urllib3's.
        """
        with self._send("GET", path, None, "application/json", timeout, preload=False) as answer:
            if answer.status >= 300:
                raise RefusedError(answer.status, _message(answer.read()))
            yield answer

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        accept: str,
        timeout: urllib3.Timeout,
        *,
        preload: bool = True,
        content_type: str = "application/json",
    ) -> urllib3.BaseHTTPResponse:
        info, pool = self._connection()
        headers = {
            **info.as_http_headers(),
            "Accept": accept,
            "Content-Type": content_type,
            "User-Agent": self._user_agent,
        }
        try:
            answer = pool.request(
                method,
                f"{info.server.rstrip('/')}{path}",
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=preload,
            )
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise UnreachableError(f"{method} {path}: {error!r}") from error
        if answer.status == 401:
            self._logged_in_at = float("-inf")  # the next request comes with what is valid then
        return answer

    def metadata(self, path: str) -> dict[str, Any]:
        """The metadata alone of the object at `path`, which may be large.

        Raises:
            Refused, Unreachable: as of `request`.
        """
        found = self.request("GET", path, accept=_METADATA).get("metadata")
        return found if isinstance(found, dict) else {}

    def namespace(self) -> str | None:
        """The namespace of the pod, or of the kubeconfig's context."""
        return self._connection()[0].default_namespace

    def _connection(self) -> tuple[kopf.ConnectionInfo, urllib3.PoolManager]:
        with self._lock:
            if self._info is None or self._pool is None or time.monotonic() - self._logged_in_at > _LOGIN_SECONDS:
                try:
                    info = self._ask_for_login()
                    pool = self._pool if _place(info) == _place(self._info) else None
                    self._pool = pool or _pool(info)
                    self._info = info
                except LoginError as error:
                    if self._info is None or self._pool is None:  # else a file is being replaced
                        raise RuntimeError(f"cannot log in to Kubernetes: {error}") from error
                self._logged_in_at = time.monotonic()
            return self._info, self._pool

    def _ask_for_login(self) -> kopf.ConnectionInfo:
        found = self._login()
        if found is None:
            raise RuntimeError("no Kubernetes to connect to: run in a pod, or set KUBECONFIG")
        return found


def _message(body: bytes) -> str:
    """What an answer that is an error says; nothing where that is no object of the API server's."""
    try:
        found = json.loads(body)
    except ValueError:
        return ""
    return str(found.get("message", "")) if isinstance(found, dict) else ""


def _place(info: kopf.ConnectionInfo | None) -> kopf.ConnectionInfo | None:
    """What connections depend on: all but the token, which each request brings."""
    return None if info is None else dataclasses.replace(info, token=None)


def _pool(info: kopf.ConnectionInfo) -> urllib3.PoolManager:
    try:
        tls = info.as_ssl_context()
    except (OSError, ValueError) as error:
        raise LoginError(f"a certificate or key for {info.server} can't be read: {error}") from error
    if info.proxy_url:
        return urllib3.ProxyManager(info.proxy_url, maxsize=_CONNECTIONS, ssl_context=tls)
    return urllib3.PoolManager(maxsize=_CONNECTIONS, ssl_context=tls)
