"""The Lease in the API server: read, create and update, each conditional on what was read. Decides nothing."""

from collections.abc import Mapping
from typing import Any, Protocol

from smendpoints.kube.client import KubeClient, RefusedError
from smendpoints.lease.record import Record, marked

API_VERSION, KIND = "coordination.k8s.io/v1", "Lease"


class StaleError(Exception):
    """Somebody else wrote, made or deleted the lease since it was read: it has to be read again."""


class Leases(Protocol):
    """One Lease. Every method may raise `KubeError`; then it may have been done all the same."""

    def get(self) -> Record | None:
        """The lease as it is; None when there is none."""

    def create(self, spec: Mapping[str, Any]) -> Record:
        """Make it. Raises StaleError: there is one."""

    def update(self, record: Record, spec: Mapping[str, Any]) -> Record:
        """Replace its spec if it still is what `record` is. Raises StaleError: it is not."""


class ApiLeases:
    """The Lease `name` in `namespace`."""

    def __init__(self, client: KubeClient, namespace: str, name: str) -> None:
        self._client = client
        self._namespace, self._name = namespace, name
        self._folder = f"/apis/{API_VERSION}/namespaces/{namespace}/leases"

    def get(self) -> Record | None:
        """As `Leases.get`."""
        try:
            return Record.parse(self._client.request("GET", f"{self._folder}/{self._name}"))
        except RefusedError as refused:
            if refused.status == 404:
                return None
            raise

    def create(self, spec: Mapping[str, Any]) -> Record:
        """As `Leases.create`."""
        return self._write("POST", self._folder, {"name": self._name, "namespace": self._namespace}, spec)

    def update(self, record: Record, spec: Mapping[str, Any]) -> Record:
        """As `Leases.update`."""
        return self._write("PUT", f"{self._folder}/{self._name}", record.metadata, spec)

    def _write(self, method: str, path: str, metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> Record:
        body = {"apiVersion": API_VERSION, "kind": KIND, "metadata": marked(metadata), "spec": dict(spec)}
        try:
            return Record.parse(self._client.request(method, path, body))
        except RefusedError as refused:
            if refused.status in {404, 409}:
                raise StaleError(str(refused)) from refused
            raise
