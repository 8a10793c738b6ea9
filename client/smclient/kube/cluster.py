"""The objects of a cluster that the client reads and writes, as the JSON that the API server has.

Objects stay plain JSON: a client must show what a newer operator writes, too.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from smclient.errors import KubernetesError, NotFoundError
from smclient.kube.kubeconfig import Access, load
from smclient.kube.transport import Transport
from smendpoints.api.group import EXPERIMENT_KIND, EXPERIMENT_PLURAL, GROUP, KIND, PLURAL, VERSION

Object = dict[str, Any]
MANAGER = "kubectl-smendpoint"
_MERGE = "application/merge-patch+json"
_PAGE = "500"
_FORBIDDEN = 403
_KINDS = {PLURAL: KIND, EXPERIMENT_PLURAL: EXPERIMENT_KIND}


class Cluster:
    """One cluster, as one user."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._transport = Transport(access)

    def close(self) -> None:
        """Let go of the connection."""
        self._transport.close()

    @classmethod
    def connect(cls, kubeconfig: str | None = None, context: str | None = None) -> "Cluster":
        """The cluster of the kubeconfig's context, the current one unless given; nothing is asked yet.

        Raises:
            ClientError: the kubeconfig cannot be used.
        """
        return cls(load(kubeconfig, context))

    def endpoint(self, namespace: str, name: str) -> Object:
        """One SageMakerEndpoint.

        Raises:
            NotFoundError: there is none of that name, or the kind is not installed.
            KubernetesError: refused, or no answer.
        """
        return self._one(namespace, name, PLURAL)

    def experiment(self, namespace: str, name: str) -> Object:
        """One SageMakerExperiment; raises as `endpoint`."""
        return self._one(namespace, name, EXPERIMENT_PLURAL)

    def experiments(self, namespace: str | None) -> list[Object]:
        """All SageMakerExperiments of a namespace, or of all namespaces; raises as `listing`."""
        return self.listing(namespace, EXPERIMENT_PLURAL)[0]

    def endpoints(self, namespace: str | None, selector: str = "") -> list[Object]:
        """All SageMakerEndpoints of a namespace, or of all namespaces, that the label selector takes.

        Raises:
            KubernetesError: refused, or no answer.
        """
        try:
            return self._listed(_path(namespace), {"labelSelector": selector})
        except NotFoundError as error:
            raise _not_installed(error) from error

    def listing(self, namespace: str | None, plural: str = PLURAL) -> tuple[list[Object], str]:
        """All objects of one of the operator's kinds, and the resourceVersion from which on `changes` tells more.

        Raises:
            NotFoundError: the kind is not installed.
            KubernetesError: refused, with the right that is missing, or no answer.
        """
        try:
            return self._pages(_path(namespace, plural=plural), {})
        except NotFoundError as error:
            raise _not_installed(error, plural) from error
        except KubernetesError as error:
            if error.code != _FORBIDDEN:
                raise
            where = "all namespaces" if namespace is None else f"the namespace {namespace}"
            hint = f"ask for `list` and `watch` on {plural}.{GROUP} there: the ClusterRole smendpoints-view has them"
            raise KubernetesError(f"you may not list {plural} of {where}", hint, error.code) from error

    def patch(
        self, namespace: str, name: str, change: Mapping[str, Any], *, dry_run: bool = False, plural: str = PLURAL
    ) -> Object:
        """Merge a change into the object (RFC 7386: null takes a field away); the object as it is then.

        Raises:
            NotFoundError: it is not there.
            KubernetesError: refused, with the API server's sentence, or no answer.
        """
        query = {"fieldManager": MANAGER, "fieldValidation": "Strict", "dryRun": "All" if dry_run else ""}
        try:
            return self._transport.request("PATCH", _path(namespace, name, plural), query, change, _MERGE)
        except NotFoundError as error:
            raise self._absent(error, namespace, name, plural) from error

    def delete(self, namespace: str, name: str, uid: str, plural: str) -> None:
        """Delete the object of that uid; its finalizers may keep it for a while.

        Raises:
            NotFoundError: it is not there.
            KubernetesError: refused; also where another object has its name by now.
        """
        options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
        self._transport.request("DELETE", _path(namespace, name, plural), {}, options)

    def events(self, namespace: str | None, uid: str = "") -> list[Object]:
        """The Events of the object with that uid, or of all SageMakerEndpoints, in no order."""
        chosen = {"involvedObject.uid": uid} if uid else {"involvedObject.kind": "SageMakerEndpoint"}
        fields = ",".join(f"{key}={value}" for key, value in chosen.items())
        where = f"/namespaces/{quote(namespace, safe='')}" if namespace is not None else ""
        return self._listed(f"/api/v1{where}/events", {"fieldSelector": fields})

    def events_or_none(self, namespace: str, uid: str) -> list[Object]:
        """The object's Events; none where the user may not read them: they are an ornament of a view."""
        try:
            return self.events(namespace, uid)
        except KubernetesError:
            return []

    def watch(self, namespace: str, name: str, version: str) -> Iterator[tuple[str, Object]]:
        """What happens to the object from a resourceVersion on: ADDED, MODIFIED or DELETED, and the object then.

        Ends when the API server ends it, after minutes; then read the object again.

        Raises:
            KubernetesError: refused, or the connection is lost.
        """
        query = {"watch": "true", "fieldSelector": f"metadata.name={name}", "resourceVersion": version}
        for line in self._transport.lines(_path(namespace), query):
            if line.get("type") == "ERROR":
                return
            yield str(line.get("type")), line.get("object") or {}

    def changes(
        self, namespace: str | None, version: str, seconds: int, plural: str = PLURAL
    ) -> Iterator[tuple[str, Object]]:
        """What happens to all objects of a namespace, or of all namespaces, from a resourceVersion on, for `seconds`.

        ADDED, MODIFIED or DELETED with the object then; BOOKMARK with a newer resourceVersion alone.

        Raises:
            KubernetesError: refused, the connection is lost, or the version is too old (410): then list again.
        """
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(seconds),
        }
        for line in self._transport.lines(_path(namespace, plural=plural), query, seconds * 1.5):
            found = line.get("object") or {}
            if line.get("type") == "ERROR":
                raise KubernetesError(
                    f"the API server ends the watch: {found.get('message')}", "", found.get("code", 0)
                )
            yield str(line.get("type")), found

    def may(self, verb: str, resource: str, group: str = GROUP, namespace: str = "", subresource: str = "") -> bool:
        """Whether the user may: asked of the API server (SelfSubjectAccessReview)."""
        attributes = {
            "verb": verb,
            "resource": resource,
            "group": group,
            "namespace": namespace,
            "subresource": subresource,
        }
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        answer = self._transport.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {}, body)
        return bool((answer.get("status") or {}).get("allowed"))

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Object:
        """Anything else, by its path.

        Raises:
            NotFoundError: it is not there.
            KubernetesError: refused, or no answer.
        """
        return self._transport.request("GET", path, query)

    def _listed(self, path: str, query: Mapping[str, str]) -> list[Object]:
        return self._pages(path, query)[0]

    def _pages(self, path: str, query: Mapping[str, str]) -> tuple[list[Object], str]:
        items: list[Object] = []
        following = ""
        while True:
            page = self._transport.request("GET", path, {**query, "limit": _PAGE, "continue": following})
            items += page.get("items") or []
            metadata = page.get("metadata") or {}
            following = str(metadata.get("continue") or "")
            if not following:
                return items, str(metadata.get("resourceVersion") or "")

    def _one(self, namespace: str, name: str, plural: str) -> Object:
        try:
            return self._transport.request("GET", _path(namespace, name, plural))
        except NotFoundError as error:
            raise self._absent(error, namespace, name, plural) from error

    def _absent(self, error: NotFoundError, namespace: str, name: str, plural: str) -> NotFoundError:
        try:
            others = [str(each["metadata"]["name"]) for each in self._listed(_path(namespace, plural=plural), {})]
        except NotFoundError:
            return _not_installed(error, plural)
        except KubernetesError:
            others = []
        hint = f"in {namespace} there are: {_some(sorted(others))}" if others else "look with `-A` in all namespaces"
        return NotFoundError(f"there is no {_KINDS[plural]} {name} in the namespace {namespace}", hint, 404)


def _not_installed(error: NotFoundError, plural: str = PLURAL) -> NotFoundError:
    if plural != PLURAL:
        hint = "its operator is older than this client: upgrade it with its CRDs, as docs/install.md says"
        return NotFoundError(f"this cluster has no {plural}.{GROUP}", hint, error.code)
    return NotFoundError(
        "this cluster has no SageMakerEndpoints", "install the operator (`kubectl apply -k manifests/`)", error.code
    )


def _path(namespace: str | None, name: str = "", plural: str = PLURAL) -> str:
    where = f"/namespaces/{quote(namespace, safe='')}" if namespace is not None else ""
    return f"/apis/{GROUP}/{VERSION}{where}/{plural}" + (f"/{quote(name, safe='')}" if name else "")


def _some(names: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
