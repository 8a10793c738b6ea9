"""What is written to the API server about an object: its finalizer, its status, and Events. The only writer there is.

Each request is short and made once: what comes of a refusal is for those who ask. Not here: what is written.
"""

import logging
import secrets
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from smendpoints.api.group import GROUP, KIND, PLURAL, VERSION
from smendpoints.domain.status.events import Event
from smendpoints.kube.client import KubeClient, KubeError
from smendpoints.kube.gate import Gate

logger = logging.getLogger(__name__)
_MANAGER = "smendpoints"
_LONGEST_NOTE = 1024  # as the API server has it

Body = dict[str, Any]


class ObjectApi(Protocol):
    """What the reconciler needs of the API server.

    Raises:
        KubeError: the API server refused, or could not be asked.
    """

    def patch(self, body: Mapping[str, Any], patch: Mapping[str, Any]) -> Body:
        """Merge into the object itself, as it was read; the object as it is then."""

    def patch_status(self, body: Mapping[str, Any], patch: Mapping[str, Any]) -> Body:
        """Merge into its status; the object as it is then."""

    def post(self, body: Mapping[str, Any], event: Event) -> None:
        """Post a Kubernetes Event about the object; one that is lost does no harm, and is only logged."""


class KubeObjects:
    """The real one, over a client for threads; `fence`, asked right before each write, ends what may not go on."""

    def __init__(
        self, client: KubeClient, gate: Gate, fence: Callable[[str], None], kind: str = KIND, plural: str = PLURAL
    ) -> None:
        self._client = client
        self._gate = gate
        self._fence = fence
        self._kind = kind
        self._plural = plural
        self._instance = socket.gethostname()

    def patch(self, body: Mapping[str, Any], patch: Mapping[str, Any]) -> Body:
        return self._patch(body, "", patch)

    def patch_status(self, body: Mapping[str, Any], patch: Mapping[str, Any]) -> Body:
        return self._patch(body, "/status", {"status": patch})

    def _patch(self, body: Mapping[str, Any], subresource: str, patch: Mapping[str, Any]) -> Body:
        path = f"{_path(body, self._plural)}{subresource}"
        content = "application/merge-patch+json"
        with self._gate.turn(body["metadata"]["namespace"]):
            self._fence(f"PATCH {path}")
            return self._client.request("PATCH", f"{path}?fieldManager={_MANAGER}", patch, content_type=content)

    def post(self, body: Mapping[str, Any], event: Event) -> None:
        meta = body["metadata"]
        namespace = meta["namespace"]
        path = f"/api/v1/namespaces/{namespace}/events"
        try:
            with self._gate.turn(namespace):
                self._fence(f"POST {path}")
                self._client.request("POST", f"{path}?fieldManager={_MANAGER}", self._event(meta, event))
        except KubeError as error:
            logger.warning("an Event is lost (%s): %s", error, event.message, extra={"reason": event.reason})

    def _event(self, meta: Mapping[str, Any], event: Event) -> Body:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "metadata": {"namespace": meta["namespace"], "name": f"{meta['name'][:200]}.{secrets.token_hex(8)}"},
            "involvedObject": {
                "apiVersion": f"{GROUP}/{VERSION}",
                "kind": self._kind,
                "namespace": meta["namespace"],
                "name": meta["name"],
                "uid": meta["uid"],
                "resourceVersion": meta.get("resourceVersion", ""),
            },
            "type": "Warning" if event.warning else "Normal",
            "reason": event.reason,
            "action": event.action,
            "message": event.message[:_LONGEST_NOTE],
            "source": {"component": _MANAGER, "host": self._instance},
            "reportingComponent": _MANAGER,
            "reportingInstance": self._instance,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }


def patch_finalizers(api: ObjectApi, body: Mapping[str, Any], finalizers: list[str]) -> Body:
    """Others have finalizers of theirs: the list is replaced only as it was read."""
    version = body["metadata"].get("resourceVersion")
    return api.patch(body, {"metadata": {"resourceVersion": version, "finalizers": finalizers}})


def _path(body: Mapping[str, Any], plural: str) -> str:
    meta = body["metadata"]
    return f"/apis/{GROUP}/{VERSION}/namespaces/{meta['namespace']}/{plural}/{meta['name']}"
