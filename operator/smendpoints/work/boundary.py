"""Watches the cluster's policies and the labels of its namespaces, and tells the controller of them.

kopf's own watches would end the process where one of the two may not be read, or where the kind of policies comes or
goes; here that is something to tell. What is known stays known while the API server is away. Not here: what follows.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlencode

import urllib3
from pydantic import ValidationError

from smendpoints.api.group import GROUP, POLICY_PLURAL, VERSION
from smendpoints.api.policy import SageMakerEndpointPolicy
from smendpoints.controller.tenancy import Tenancy
from smendpoints.kube.client import KubeClient, RefusedError, UnreachableError, pages

logger = logging.getLogger(__name__)
Found = Mapping[str, Mapping[str, Any]]
_SILENT_SECONDS = 90.0  # the API server sends a bookmark about every minute
_TIMEOUT = urllib3.Timeout(connect=5.0, read=_SILENT_SECONDS)
_AGAIN_SECONDS = 2.0
_REFUSED_AGAIN_SECONDS = 10.0
_WATCH_SECONDS = 1.0  # a proxy may end each watch at once
_PATIENCE_SECONDS = 10.0  # an API server that has just started knows neither roles nor kinds for a moment

_MISSING = (
    "there is no SageMakerEndpointPolicy in the cluster, and this operator requires one: a cluster admin installs"
    " the CRD and a policy, or sets SMENDPOINTS_REQUIRE_POLICIES=false"
)


class Reflector:
    """Keeps the objects at one path of the API server, in a thread of its own: lists, then watches, without end.

    `told` gets all of them by name (`namespace/name`) whenever one changes, or None and the reason when they may not
    be read. Where the kind itself is not there, there are none. What was read once is believed until a refusal has
    lasted for `patience_seconds`.
    """

    def __init__(
        self,
        client: KubeClient,
        path: str,
        told: Callable[[Found | None, str | None], None],
        patience_seconds: float = _PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        ended: threading.Event | None = None,
    ) -> None:
        self._client = client
        self._path = path
        self._told = told
        self._patience_seconds = patience_seconds
        self._clock = clock
        self._refused_since: float | None = None
        self._read = False
        self._ended = ended or threading.Event()
        self._found: dict[str, Mapping[str, Any]] = {}
        self._said: str | None = None

    def start(self) -> None:
        """Begin; returns at once."""
        threading.Thread(target=self._run, name=f"reflector {self._path}", daemon=True).start()

    def stop(self) -> None:
        """End as soon as the API server says something; the process need not wait for it."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._follow()
                seconds = 0.0
            except RefusedError as refused:
                seconds = self._refused(refused)
            except (UnreachableError, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                self._say(f"{self._path}: {error!r}; what was known of it still counts")
                seconds = _AGAIN_SECONDS
            except Exception as error:
                logger.exception("%s: internal error", self._path)
                self._told(None, f"internal error, see its log: {error!r}")
                seconds = _REFUSED_AGAIN_SECONDS
            self._ended.wait(seconds)

    def _refused(self, refused: RefusedError) -> float:
        now = self._clock()
        self._refused_since = now if self._refused_since is None else self._refused_since
        if self._read and now - self._refused_since < self._patience_seconds:
            return _AGAIN_SECONDS
        if refused.status == 404:
            self._say(f"{self._path}: there is no such kind in this cluster, and so there are none")
            self._found = {}
            self._told({}, None)
        elif refused.status in {401, 403}:
            self._say(f"{self._path} may not be read: {refused.message}")
            self._told(None, f"{self._path.rpartition('/')[2]} may not be read: {refused.message}")
        else:  # 410 after a long time away, 429, 5xx: list again
            self._say(f"{self._path}: {refused}")
            return _AGAIN_SECONDS
        return _REFUSED_AGAIN_SECONDS

    def _say(self, what: str) -> None:
        """To the log, once."""
        if self._said != what:
            logger.warning("%s", what)
        self._said = what

    def _follow(self) -> None:
        """List, then watch until the connection ends, and again from there."""
        version = self._list()
        self._said = None
        while not self._ended.is_set():
            begun = self._clock()
            version = self._watch(version)
            self._ended.wait(max(0.0, begun + _WATCH_SECONDS - self._clock()))

    def _list(self) -> str:
        found: dict[str, Mapping[str, Any]] = {}
        version = ""
        for page in pages(self._page):
            found |= {_key(each): each for each in page["items"]}
            version = str(page["metadata"]["resourceVersion"])
        self._found, self._read, self._refused_since = found, True, None
        self._told(dict(found), None)
        return version

    def _page(self, query: Mapping[str, Any]) -> dict[str, Any]:
        with self._get(query) as answer:
            page: dict[str, Any] = json.loads(answer.read())
        return page

    def _watch(self, version: str) -> str:
        query = {"watch": "true", "allowWatchBookmarks": "true", "resourceVersion": version, "timeoutSeconds": 300}
        try:
            with self._get(query) as answer:
                for line in _lines(answer):
                    event = json.loads(line)
                    kind, each = event["type"], event["object"]
                    if kind == "ERROR":
                        raise RefusedError(int(each.get("code", 500)), str(each.get("message", "")))
                    version = each["metadata"]["resourceVersion"]
                    self._take(kind, each)
                    if self._ended.is_set():
                        break
        except urllib3.exceptions.ReadTimeoutError:
            logger.debug("%s: silent for %g s, asked again", self._path, _SILENT_SECONDS)
        return version

    def _take(self, kind: str, each: Mapping[str, Any]) -> None:
        if kind == "BOOKMARK":
            return
        if kind == "DELETED":
            self._found.pop(_key(each), None)
        else:
            self._found[_key(each)] = each
        self._told(dict(self._found), None)

    def _get(self, query: Mapping[str, Any]) -> AbstractContextManager[urllib3.BaseHTTPResponse]:
        return self._client.stream(f"{self._path}?{urlencode(query)}", _TIMEOUT)


def _key(each: Mapping[str, Any]) -> str:
    """Its name, with its namespace if it has one."""
    meta = each["metadata"]
    return "/".join(filter(None, (meta.get("namespace"), meta["name"])))


def _lines(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    """The lines of a stream as they come."""
    rest = b""
    for chunk in answer.stream(amt=None, decode_content=True):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line for line in lines if line.strip())


class Boundary:
    """The policies and the namespaces, told to the controller's tenancy as they change."""

    def __init__(self, client: KubeClient, tenancy: Tenancy, *, required: bool = False) -> None:
        """`required`: that there is no policy at all is no leave, but a boundary that is missing."""
        self._tenancy = tenancy
        self._required = required
        self._ruled: Callable[[], None] = lambda: None
        self._reflectors = (
            Reflector(client, f"/apis/{GROUP}/{VERSION}/{POLICY_PLURAL}", self.policies),
            Reflector(client, "/api/v1/namespaces", self.namespaces),
        )

    def start(self, ruled: Callable[[], None]) -> None:
        """Begin to watch; `ruled` is called, from a thread, when something else may be said of objects."""
        self._ruled = ruled
        for each in self._reflectors:
            each.start()

    def stop(self) -> None:
        """End."""
        for each in self._reflectors:
            each.stop()

    def policies(self, found: Found | None, why_not: str | None) -> None:
        """What policies there are. One that cannot be read is none that may be passed over."""
        self._set_policies(found, why_not)
        self._ruled()

    def _set_policies(self, found: Found | None, why_not: str | None) -> None:
        if found is None:
            self._tenancy.set_policies(None, why_not)
            return
        if self._required and not found:
            self._tenancy.set_policies(None, _MISSING)
            return
        try:
            parsed = [SageMakerEndpointPolicy.parse(each) for each in found.values()]
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            self._tenancy.set_policies(None, f"a policy's {place} cannot be read by this operator: {first['msg']}")
            return
        self._tenancy.set_policies(parsed)

    def namespaces(self, found: Found | None, why_not: str | None) -> None:
        """The labels of the namespaces."""
        labels = {name: each["metadata"].get("labels") or {} for name, each in found.items()} if found else None
        self._tenancy.set_namespaces(labels if found is not None else None, why_not)
        self._ruled()
