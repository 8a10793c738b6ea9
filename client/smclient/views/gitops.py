"""Who keeps an object's spec, where that is not the user but a tool that writes it again from Git. Pure."""

from collections.abc import Mapping
from typing import Any

from smclient.views.fields import Object

_MANAGERS = {
    "argocd": "Argo CD",
    "kustomize-controller": "Flux",
    "helm-controller": "Flux",
    "fleet": "Fleet",
    "rancher-fleet": "Fleet",
    "config-sync": "Config Sync",
    "configsync.gke.io": "Config Sync",
}
_MARKS = {
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "argocd.argoproj.io/instance": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
    "configmanagement.gke.io/managed": "Config Sync",
    "configsync.gke.io/resource-id": "Config Sync",
    "fleet.cattle.io/bundle-id": "Fleet",
}


def kept_by(found: Object) -> str | None:
    """The tool that keeps the spec as Git has it, by labels, annotations or managers of fields; None if nobody does."""
    metadata: Mapping[str, Any] = found.get("metadata") or {}
    for marks in (metadata.get("annotations") or {}, metadata.get("labels") or {}):
        for mark, tool in _MARKS.items():
            if mark in marks:
                return tool
    for entry in metadata.get("managedFields") or []:
        manager = str(entry.get("manager") or "")
        if "f:spec" not in (entry.get("fieldsV1") or {}):
            continue
        for beginning, tool in _MANAGERS.items():
            if manager.startswith(beginning):
                return tool
    return None
