"""The cluster: how to log in to it, and its identity, the UID of its namespace kube-system."""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import kopf
import yaml

from smendpoints.kube.client import KubeClient, KubeError, LoginError, UnreachableError

_TOKEN_SECONDS = 10.0
_LOGIN_SECONDS = 1.0
_UNREACHABLE_TRIES = 20


def credentials(settings: kopf.OperatorSettings) -> kopf.ConnectionInfo | None:
    """The pod's service account, else the kubeconfig; whatever client libraries are installed.

    Raises:
        LoginError: what is there can't be used; says of which file, and why.
    """
    try:
        found = kopf.login_with_service_account(settings=settings)
    except Exception as error:
        raise LoginError(f"the pod's service account: {_why(error)}") from error
    if found is not None:
        return found
    try:
        found = kopf.login_with_kubeconfig(settings=settings)
    except Exception as error:
        raise LoginError(f"{_kubeconfig()}: {_why(error)}") from error
    if found is not None and not _is_url(found.server):
        raise LoginError(f"{_kubeconfig()}: expected the URL of a server for its cluster, got {found.server!r}")
    if found is not None and not (found.token or found.username or found.certificate_path or found.certificate_data):
        _refuse_other_ways()
    return found


def _refuse_other_ways() -> None:
    """A user who logs in by what kopf does not know would be anonymous, and refused without a reason."""
    named = os.environ.get("KUBECONFIG") or "~/.kube/config"
    paths = [Path(path.strip()).expanduser() for path in named.split(os.pathsep) if path.strip()]
    files = [yaml.safe_load(path.read_text()) or {} for path in paths]

    def first(kind: str, name: str) -> dict[str, Any]:
        return next(
            each.get(kind) or {} for file in files for each in file.get(f"{kind}s") or [] if each["name"] == name
        )

    current = next(file["current-context"] for file in files if file.get("current-context"))
    user = first("user", first("context", current)["user"])
    way = next((key for key in ("exec", "auth-provider", "tokenFile") if user.get(key)), None)
    if way is None:
        return
    command = f" ({user[way].get('command')})" if way == "exec" else ""
    raise LoginError(
        f"{_kubeconfig()}: its user logs in by {way}{command}, which the operator does not do; write the token of a "
        "service account (kubectl create token) into a kubeconfig of its own, or run the operator in the cluster"
    )


def _kubeconfig() -> str:
    return f"kubeconfig {os.environ.get('KUBECONFIG') or '~/.kube/config'}"


def _is_url(server: object) -> bool:
    try:
        return urlsplit(str(server)).scheme in {"http", "https"} and bool(urlsplit(str(server)).hostname)
    except ValueError:
        return False


def _why(error: Exception) -> str:
    """What is wrong with a file that kopf took as it came."""
    match error:
        case OSError(strerror=str(problem)):
            return problem
        case KeyError(args=(name,)):
            return f"{name!r} is named or needed, and is not there"
        case AttributeError() | TypeError():
            return "it does not have the form of a kubeconfig"
    if (mark := getattr(error, "problem_mark", None)) is not None:  # of YAML, whose own words would show the line
        return f"it is not YAML: {getattr(error, 'problem', None)}, in line {mark.line + 1}"
    return str(error)


class Login:
    """kopf's login handler. kopf only lists and watches with it; what is written goes through `objectapi`.

    `listing` is told the path of each listing that kopf begins; kopf itself tells it nobody.
    """

    def __init__(self, listing: Callable[[str], None] = lambda _: None) -> None:
        self._listing = listing
        self._given_at = float("-inf")

    async def log_in(self, *, settings: kopf.OperatorSettings, **_: Any) -> kopf.AiohttpSession | None:
        """A session with the credentials of now. Asked again because they are refused, it does not answer at once."""
        await asyncio.sleep(max(0.0, self._given_at + _LOGIN_SECONDS - time.monotonic()))
        info = credentials(settings)
        if info is None:
            return None
        self._given_at = time.monotonic()
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=info.as_ssl_context()),
            headers=info.as_http_headers(),
            proxy=info.proxy_url,
            trust_env=info.trust_env,
            middlewares=[_FreshToken(settings, info), self._notice],
        )
        return kopf.AiohttpSession(
            server=info.server,
            default_namespace=info.default_namespace,
            priority=info.priority,
            aiohttp_session=session,
        )

    async def _notice(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if request.method == "GET" and "watch" not in request.url.query:
            self._listing(request.url.path)
        return await handler(request)


class _FreshToken:
    """Brings each request the token as the file has it: those of service accounts rotate."""

    def __init__(self, settings: kopf.OperatorSettings, info: kopf.ConnectionInfo) -> None:
        self._settings = settings
        self._headers = info.as_http_headers()
        self._read_at = time.monotonic()

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if time.monotonic() - self._read_at > _TOKEN_SECONDS:
            self._read_at = time.monotonic()
            with contextlib.suppress(LoginError):  # the file is being replaced: the next will do
                if (info := credentials(self._settings)) is not None:
                    self._headers = info.as_http_headers()
        request.headers.update(self._headers)
        return await handler(request)


def cluster_uid(client: KubeClient) -> str:
    """Ask the API server, for a while also when it does not answer.

    Raises:
        RuntimeError: it can't be reached, or refuses; says what to set instead.
    """
    for left in reversed(range(_UNREACHABLE_TRIES)):
        try:
            return str(client.request("GET", "/api/v1/namespaces/kube-system")["metadata"]["uid"])
        except KubeError as error:
            if isinstance(error, UnreachableError) and left:
                time.sleep(1.0)
                continue
            raise RuntimeError(
                f"cannot read the namespace kube-system, whose UID identifies the cluster: {error}; "
                "allow `get` on it, or set SMENDPOINTS_CLUSTER_ID"
            ) from error
    raise AssertionError("unreachable")
