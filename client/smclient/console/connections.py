"""Connections to one API server for several threads, as the kubeconfig has it; read again where a login has expired."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

from smclient.errors import KubernetesError
from smclient.kube.cluster import Cluster
from smclient.kube.kubeconfig import Access

T = TypeVar("T")
_IDLE = 4
_UNAUTHORIZED = 401


class Connections:
    """`login` reads the kubeconfig, which may run an exec plugin: once, and again where the API server wants it.

    `connect` makes a connection of it.
    """

    def __init__(self, login: Callable[[], Access], connect: Callable[[Access], Cluster] = Cluster) -> None:
        self._login = login
        self._connect = connect
        self._lock = threading.Lock()
        self._idle: list[Cluster] = []
        self.access = login()

    def open(self) -> Cluster:
        """A connection of one's own."""
        return self._connect(self.access)

    def renew(self, expired: Access) -> None:
        """Log in anew, unless somebody has meanwhile.

        Raises:
            ClientError: the kubeconfig cannot be used any more.
        """
        with self._lock:
            if self.access is expired:
                self.access = self._login()

    def ask(self, question: Callable[[Cluster], T]) -> T:
        """What the API server says; asked once more after a new login if it does not take this one.

        Raises:
            KubernetesError: refused, or no answer.
        """
        try:
            with self._lent() as cluster:
                return question(cluster)
        except KubernetesError as error:
            if error.code != _UNAUTHORIZED:
                raise
            self.renew(cluster.access)
        with self._lent() as cluster:
            return question(cluster)

    def close(self) -> None:
        """Let go of those that nobody uses."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    @contextlib.contextmanager
    def _lent(self) -> Iterator[Cluster]:
        with self._lock:
            while self._idle and self._idle[-1].access is not self.access:
                self._idle.pop().close()
            cluster = self._idle.pop() if self._idle else self.open()
        try:
            yield cluster
        finally:
            with self._lock:
                keep = len(self._idle) < _IDLE
                if keep:
                    self._idle.append(cluster)
            if not keep:
                cluster.close()
