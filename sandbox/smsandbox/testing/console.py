"""The console over an API server in memory: for tests of what pages show in each state, and for pictures.

Flows are tested against the real API server and the operator; this knows neither.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from flask.testing import FlaskClient

from smclient.console.app import create_app
from smclient.console.backend import Backend
from smclient.console.security import Tickets
from smclient.console.server import listening
from smclient.errors import KubernetesError, NotFoundError
from smclient.kube.cluster import Object
from smclient.kube.kubeconfig import Access
from smendpoints.api.group import EXPERIMENT_PLURAL, PLURAL
from smsandbox.testing.api_server import merged

ACCESS = Access("https://cluster.example", context="example", namespace="ml")


@dataclass
class Objects:
    """What the API server has. While `away`, it refuses with that error."""

    found: dict[tuple[str, str], Object] = field(default_factory=dict)
    events: list[Object] = field(default_factory=list)
    away: KubernetesError | None = None
    may: bool = True
    only: str | None = None  # the one namespace that the user may list
    version: int = 100

    def __post_init__(self) -> None:
        self._watches: list[queue.Queue[tuple[str, Object] | KubernetesError]] = []
        self._lock = threading.Lock()

    def put(self, *objects: Object) -> None:
        """Create them, or replace them."""
        for each in objects:
            metadata = each["metadata"]
            self.version += 1
            kept = {**each, "metadata": {**metadata, "resourceVersion": str(self.version)}}
            self.found[metadata["namespace"], metadata["name"]] = kept
            self._tell(("MODIFIED", kept))

    def take(self, namespace: str, name: str) -> None:
        """Delete one."""
        self.version += 1
        gone = self.found.pop((namespace, name))
        self._tell(("DELETED", {**gone, "metadata": {**gone["metadata"], "resourceVersion": str(self.version)}}))

    def go(self, error: KubernetesError) -> None:
        """Be away from now on."""
        self.away = error
        self._tell(error)

    def _tell(self, news: "tuple[str, Object] | KubernetesError") -> None:
        with self._lock:
            for each in self._watches:
                each.put(news)

    def watch(self, version: int) -> "queue.Queue[tuple[str, Object] | KubernetesError]":
        """What happened since that version, and happens from now on."""
        made: queue.Queue[tuple[str, Object] | KubernetesError] = queue.Queue()
        with self._lock:
            for each in list(self.found.values()):
                if int(each["metadata"]["resourceVersion"]) > version:
                    made.put(("MODIFIED", each))
            if self.away is not None:
                made.put(self.away)
            self._watches.append(made)
        return made


class InMemoryCluster:
    """As `smclient.kube.cluster.Cluster`, over `Objects`: endpoints, and experiments."""

    def __init__(self, objects: Objects, access: Access = ACCESS, experiments: Objects | None = None) -> None:
        self.access = access
        self._objects = objects
        self._kinds = {PLURAL: objects, EXPERIMENT_PLURAL: experiments or Objects()}
        self._closed = False

    def close(self) -> None:
        self._closed = True

    def listing(self, namespace: str | None, plural: str = PLURAL) -> tuple[list[Object], str]:
        kept = self._here(plural)
        if kept.only is not None and namespace != kept.only:
            raise KubernetesError("the API server refuses (403): forbidden", "ask for the right", 403)
        found = [each for (space, _), each in kept.found.items() if namespace in (None, space)]
        return found, str(kept.version)

    def changes(
        self, namespace: str | None, version: str, seconds: int, plural: str = PLURAL
    ) -> Iterator[tuple[str, Object]]:
        del seconds
        news = self._kinds[plural].watch(int(version))
        while not self._closed:
            try:
                heard = news.get(timeout=0.2)
            except queue.Empty:
                continue
            if isinstance(heard, KubernetesError):
                raise heard
            if namespace in (None, heard[1]["metadata"]["namespace"]):
                yield heard

    def endpoint(self, namespace: str, name: str) -> Object:
        self._here()
        try:
            return self._objects.found[namespace, name]
        except KeyError:
            raise NotFoundError(f"there is no SageMakerEndpoint {name} in the namespace {namespace}") from None

    def patch(
        self, namespace: str, name: str, change: Mapping[str, Any], *, dry_run: bool = False, plural: str = PLURAL
    ) -> Object:
        kept = self._here(plural)
        made = merged(kept.found[namespace, name], change)
        if not dry_run:
            kept.put(made)
            return kept.found[namespace, name]
        return dict(made)

    def delete(self, namespace: str, name: str, uid: str, plural: str) -> None:
        kept = self._here(plural)
        if kept.found[namespace, name]["metadata"]["uid"] != uid:
            raise KubernetesError("the API server refuses (409): another object has its name", "look again", 409)
        kept.take(namespace, name)

    def may(self, verb: str, resource: str, group: str = "", namespace: str = "", subresource: str = "") -> bool:
        del verb, resource, group, namespace, subresource
        self._here()
        return self._objects.may

    def events(self, namespace: str | None, uid: str = "") -> list[Object]:
        del namespace
        self._here()
        return [each for each in self._objects.events if each["involvedObject"]["uid"] == uid]

    def _here(self, plural: str = PLURAL) -> Objects:
        kept = self._kinds[plural]
        if kept.away is not None:
            raise kept.away
        return kept


def backend_over(
    objects: Objects, aws: Callable[[str | None], Any] | None = None, experiments: Objects | None = None
) -> Backend:
    """A backend that reads and writes `objects`; `aws` is AWS by region."""
    tests = experiments or Objects()
    connect: Any = lambda access: InMemoryCluster(objects, access, tests)  # noqa: E731
    made = Backend(lambda: ACCESS, None, aws or _no_aws, connect)
    made.objects.again = made.experiment_objects.again = 0.05
    return made


@contextlib.contextmanager
def visiting(backend: Backend) -> Iterator[FlaskClient]:
    """Flask's client of the console over the backend, with a session, as long as the block lasts."""
    app, tickets = create_app(backend)
    backend.start()
    backend.endpoints()
    made = app.test_client()
    if made.get("/", query_string={"token": tickets.issue()}).status_code != HTTPStatus.SEE_OTHER:
        raise AssertionError("the link opened no session")
    try:
        yield made
    finally:
        backend.stop()


def _no_aws(region: str | None) -> Any:
    raise AssertionError(f"this test gives the console no AWS, and it asks {region}")


@dataclass(frozen=True)
class Served:
    """A console that listens. `link` opens it once."""

    url: str
    tickets: Tickets
    backend: Backend

    @property
    def link(self) -> str:
        return f"{self.url}/?token={self.tickets.issue()}"


@contextlib.contextmanager
def serving(backend: Backend) -> Iterator[Served]:
    """The console over the backend, on a free port of loopback, as long as the block lasts."""
    app, tickets = create_app(backend)
    with listening(app, 0) as server:
        backend.start()
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield Served(f"http://127.0.0.1:{server.port}", tickets, backend)
        finally:
            server.shutdown()
            thread.join(10)
            backend.stop()
