"""Whether an object still is what a reconcile took it for: its metadata, read again from the API server."""

from collections.abc import Callable
from typing import Any

from smendpoints.api.group import GROUP, PLURAL, VERSION
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.kube.client import KubeClient, KubeError, RefusedError
from smendpoints.kube.gate import Gate


def why_not_current(client: KubeClient, gate: Gate) -> Callable[[SageMakerEndpoint], str | None]:
    """What tells why an object must not be acted for now; None when it is as it was."""

    def why_not(resource: SageMakerEndpoint) -> str | None:
        mine = resource.metadata
        try:
            with gate.turn(mine.namespace):
                found = client.metadata(f"/apis/{GROUP}/{VERSION}/namespaces/{mine.namespace}/{PLURAL}/{mine.name}")
        except KubeError as error:
            if isinstance(error, RefusedError) and error.status == 404:
                return "the object is gone"
            return f"the object cannot be read again: {error}"
        return _difference(resource, found)

    return why_not


def _difference(resource: SageMakerEndpoint, found: dict[str, Any]) -> str | None:
    mine = resource.metadata
    if found.get("uid") != mine.uid:
        return "the object was made again"
    if bool(found.get("deletionTimestamp")) != (mine.deletion_timestamp is not None):
        return "the object is being deleted"
    if found.get("generation") != mine.generation:
        return f"the object was edited: generation {found.get('generation')}, not {mine.generation}"
    return None
