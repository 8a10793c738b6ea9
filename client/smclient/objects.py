"""An object of the cluster for programs: what `Endpoint` and `Experiment` share."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Self, TypeVar

from smclient.errors import ClientError
from smclient.kube.cluster import Cluster, Object
from smclient.views.events import EventView, event_views

Value = TypeVar("Value")
_POLL = 1.0


class ClusterObject(ABC):
    """An object by its name, read and written with the rights of a kubeconfig.

    Args:
        name: the object's name.
        namespace: its namespace; the kubeconfig context's unless given.
        context: the kubeconfig's context; its current one unless given.
        kubeconfig: the kubeconfig to use instead of KUBECONFIG.
        cluster: a cluster that is connected already, instead of the two above.
    """

    def __init__(
        self,
        name: str,
        namespace: str | None = None,
        *,
        context: str | None = None,
        kubeconfig: str | None = None,
        cluster: Cluster | None = None,
    ) -> None:
        self._cluster = cluster or Cluster.connect(kubeconfig, context)
        self.name = name
        self.namespace = namespace or self._cluster.access.namespace

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.namespace!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection to the API server; the next call makes another."""
        self._cluster.close()

    @abstractmethod
    def object(self) -> Object:
        """The object as the API server has it.

        Raises:
            NotFoundError: it is not there.
            KubernetesError: refused, or no answer.
        """

    def events(self) -> Sequence[EventView]:
        """Its Events, oldest first; errors as `object`."""
        return event_views(self._cluster.events(self.namespace, self.object()["metadata"]["uid"]))

    def _awaited(self, look: Callable[[], tuple[bool, Value, str]], goal: str, seconds: float) -> Value:
        """What `look` found once it says that the goal is reached; beside it `look` tells how it is until then.

        Raises:
            ClientError: the goal is not reached within `seconds`; and whatever `look` raises.
        """
        until = time.monotonic() + seconds
        while True:
            done, found, message = look()
            if done:
                return found
            if time.monotonic() > until:
                raise ClientError(f"{self.namespace}/{self.name} is not {goal} after {seconds:g} s: {message}")
            time.sleep(_POLL)
