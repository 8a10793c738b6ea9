"""What the pages read and do, with the user's own rights: one watch of the cluster, AWS's clients made once.

The one thing that pages know of the world; a test gives them another with the same methods.
"""

import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

from smclient.aws.session import Aws
from smclient.console.connections import Connections
from smclient.console.objects import Name, Objects
from smclient.console.reading import Kept, Reading
from smclient.kube.cluster import Cluster, Object
from smclient.kube.kubeconfig import Access
from smclient.views.fields import region_of
from smendpoints.api.group import EXPERIMENT_PLURAL, PLURAL

T = TypeVar("T")
_FIRST_ANSWER = 3.0
_RIGHTS_SECONDS = 300.0
_EVENTS_SECONDS = 3.0


class Backend:
    """One cluster and its endpoints in AWS, as one user.

    Args:
        login: reads the kubeconfig; called again where the login has expired.
        namespace: the one to show; None for all that the user may list.
        aws: AWS in a region, None for the user's own.
        connect: a connection to the API server.

    Raises:
        ClientError: the kubeconfig cannot be used.
    """

    def __init__(
        self,
        login: Callable[[], Access],
        namespace: str | None = None,
        aws: Callable[[str | None], Aws] = Aws,
        connect: Callable[[Access], Cluster] = Cluster,
    ) -> None:
        self._connections = Connections(login, connect)
        self._make_aws = aws
        self._lock = threading.Lock()
        self._regions: dict[str | None, Aws] = {}
        self.kept = Kept()
        self.objects = Objects(self._connections, namespace)
        self.experiment_objects = Objects(self._connections, namespace, EXPERIMENT_PLURAL)

    @property
    def access(self) -> Access:
        """The API server and the context."""
        return self._connections.access

    def start(self) -> None:
        """Begin to look at the cluster."""
        self.objects.start()

    def stop(self) -> None:
        """Look no more."""
        self.objects.stop()
        self.experiment_objects.stop()
        self._connections.close()

    def endpoints(self) -> Reading[Mapping[Name, Object]]:
        """All objects by namespace and name; at the very first waits a moment for an answer."""
        return self.objects.reading(_FIRST_ANSWER)

    def endpoint(self, namespace: str, name: str) -> Reading[Object]:
        """One object. No value: with an error, nobody knows; else it is not there (or nothing was read yet, `at`)."""
        found = self.endpoints()
        return Reading((found.value or {}).get((namespace, name)), found.at, found.error)

    def experiments(self) -> Reading[Mapping[Name, Object]]:
        """All SageMakerExperiments; looked at from the first time on that a page wants them."""
        self.experiment_objects.start()
        return self.experiment_objects.reading(_FIRST_ANSWER)

    def experiment(self, namespace: str, name: str) -> Reading[Object]:
        """One of them; as `endpoint`."""
        found = self.experiments()
        return Reading((found.value or {}).get((namespace, name)), found.at, found.error)

    def kubernetes(self, ask: Callable[[Cluster], T]) -> T:
        """What the API server says to `ask`.

        Raises:
            KubernetesError: refused, or no answer.
        """
        return self._connections.ask(ask)

    def changed(self, found: Object) -> None:
        """An object as the answer to a write had it: pages show it at once."""
        self.objects.saw(found)
        self.kept.forget(_events(found))

    def may_change(self, namespace: str, verb: str = "patch", plural: str = PLURAL) -> bool:
        """Whether the user may change endpoints there; where nobody says, the API server will when it is tried."""
        told = self.kept.read(
            ("rights", namespace, verb, plural),
            _RIGHTS_SECONDS,
            lambda: self.kubernetes(lambda cluster: cluster.may(verb, plural, namespace=namespace)),
        )
        return told.value is not False

    def events(self, found: Object) -> Reading[list[Object]]:
        """The Events of an object."""
        namespace, uid = str(found["metadata"]["namespace"]), str(found["metadata"]["uid"])
        return self.kept.read(
            _events(found), _EVENTS_SECONDS, lambda: self.kubernetes(lambda cluster: cluster.events(namespace, uid))
        )

    def aws(self, found: Object) -> Aws:
        """AWS in the region of an object's endpoint."""
        return self.region(region_of(found))

    def region(self, region: str | None) -> Aws:
        """AWS in that region, in the user's own if it is None."""
        with self._lock:
            if region not in self._regions:
                self._regions[region] = self._make_aws(region)
            return self._regions[region]


def _events(found: Object) -> tuple[str, str]:
    return "events", str(found["metadata"]["uid"])
