"""The objects of a kind as they are now, by one list and one watch for all pages. Not here: what is shown of them.

Who may not list all namespaces sees the one of the kubeconfig's context.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Condition, Event, Thread

from smclient.console.connections import Connections
from smclient.console.reading import Reading
from smclient.errors import ClientError, KubernetesError
from smclient.kube.cluster import Cluster, Object
from smendpoints.api.group import PLURAL

Name = tuple[str, str]
_WATCHED = 30  # seconds of one watch: so long a connection that died unnoticed is believed
_AGAIN = 2.0
_UNAUTHORIZED, _EXPIRED = 401, 410


@dataclass
class Objects:
    """Those of one namespace, or of all that the user may list."""

    connections: Connections
    namespace: str | None = None
    plural: str = PLURAL
    again: float = _AGAIN
    narrowed: bool = field(default=False, init=False)  # all were asked for, and one namespace is allowed

    def __post_init__(self) -> None:
        self._changed = Condition()
        self._refused = 0
        self._known: dict[Name, Object] = {}
        self._reading: Reading[Mapping[Name, Object]] = Reading()
        self._ended = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to look, unless that has begun; it goes on until `stop`."""
        with self._changed:
            if self._thread is None:
                self._thread = Thread(target=self._run, name=self.plural, daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Look no more. A watch under way ends with the process."""
        self._ended.set()

    def reading(self, seconds: float = 0.0) -> Reading[Mapping[Name, Object]]:
        """All of them by namespace and name; waits for the first answer for so long."""
        with self._changed:
            self._changed.wait_for(lambda: self._reading.state != "loading", seconds)
            return self._reading

    def saw(self, found: Object) -> None:
        """An object as an answer to a write had it: pages show it before the watch brings it."""
        with self._changed:
            self._keep(found)
            self._tell()

    def _run(self) -> None:
        while not self._ended.is_set():
            cluster = self.connections.open()
            try:
                self._look(cluster)
            except KubernetesError as error:
                if error.code == _UNAUTHORIZED:
                    self._log_in(cluster, error)
                elif error.code != _EXPIRED:
                    self._fail(error)
            finally:
                cluster.close()

    def _log_in(self, cluster: Cluster, refused: ClientError) -> None:
        """Anew; a login that is not taken twice is told."""
        self._refused += 1
        try:
            self.connections.renew(cluster.access)
        except ClientError as error:
            self._fail(error)
            return
        if self._refused > 1:
            self._fail(refused)

    def _look(self, cluster: Cluster) -> None:
        """List, then watch, until something is wrong."""
        try:
            items, version = cluster.listing(self.namespace, self.plural)
            self._refused = 0
        except KubernetesError as error:
            if error.code != 403 or self.namespace is not None:
                raise
            self.namespace, self.narrowed = cluster.access.namespace, True
            return
        with self._changed:
            self._known = {_name(each): each for each in items}
            self._tell()
        while not self._ended.is_set():
            began = time.monotonic()
            for kind, found in cluster.changes(self.namespace, version, _WATCHED, self.plural):
                version = str(found["metadata"]["resourceVersion"])
                if kind == "BOOKMARK":
                    continue
                with self._changed:
                    if kind == "DELETED":
                        self._known.pop(_name(found), None)
                    else:
                        self._keep(found)
                    self._tell()
            with self._changed:
                self._tell()  # it answered
            if time.monotonic() - began < 1:
                self._ended.wait(self.again)  # a proxy that lets nothing stay open is not asked all the time

    def _keep(self, found: Object) -> None:
        """The newer of two versions; an object made anew under its name is newer whatever its version."""
        before = self._known.get(_name(found))
        if before is not None and before["metadata"].get("uid") == found["metadata"].get("uid"):
            versions = [str(each["metadata"].get("resourceVersion", "")) for each in (before, found)]
            if all(each.isdigit() for each in versions) and int(versions[1]) < int(versions[0]):
                return
        self._known[_name(found)] = found

    def _tell(self) -> None:
        self._reading = Reading(dict(self._known), datetime.now(UTC))
        self._changed.notify_all()

    def _fail(self, error: ClientError) -> None:
        with self._changed:
            self._reading = self._reading.failed(error)
            self._changed.notify_all()
        self._ended.wait(self.again)


def _name(found: Object) -> Name:
    metadata = found["metadata"]
    return str(metadata["namespace"]), str(metadata["name"])
