"""Manifests: of an object, to be kept elsewhere, and of an endpoint that somebody else made, to take it over. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smclient.specs.rebuild import InAws, rebuild
from smendpoints.api.group import GROUP, KIND, VERSION
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.spec import SageMakerEndpointSpec
from smendpoints.api.variants import Variant
from smendpoints.domain.desired.desired import desire
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.observed.adoption import equivalent
from smendpoints.domain.observed.observed import ObservedConfig

Json = Mapping[str, Any]
_LONGEST = 253
_MACHINES = ("kubectl.kubernetes.io/", "argocd.argoproj.io/", f"{GROUP}/", "meta.helm.sh/")
_MACHINES_LABELS = (
    *_MACHINES,
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "app.kubernetes.io/managed-by",
)


def exported(found: Json) -> dict[str, Any]:
    """An object as a manifest that can be applied elsewhere: without what the cluster, or a tool, wrote."""
    metadata = found["metadata"]
    kept: dict[str, Any] = {"name": metadata["name"], "namespace": metadata["namespace"]}
    for part, others in (("labels", _MACHINES_LABELS), ("annotations", _MACHINES)):
        own = {key: value for key, value in (metadata.get(part) or {}).items() if not key.startswith(others)}
        kept |= {part: own} if own else {}
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": KIND, "metadata": kept, "spec": _written(found["spec"])}


def _written(spec: Json) -> dict[str, Any]:
    """A spec without the defaults that the API server filled in."""
    defaults = SageMakerEndpointSpec(variants=[Variant(name="any")]).to_json()
    return {key: value for key, value in spec.items() if key == "variants" or value != defaults.get(key)}


@dataclass(frozen=True)
class Imported:
    """A manifest that takes over an endpoint. `unsaid` is what it cannot say; `as_it_is`: it brings no new fleet."""

    manifest: dict[str, Any]
    unsaid: tuple[str, ...]
    as_it_is: bool


def imported(
    found: InAws, *, name: str | None = None, namespace: str | None = None, region: str | None = None
) -> Imported:
    """The manifest of an endpoint as AWS shows it; the object's name is made of the endpoint's unless given."""
    endpoint = str(found.endpoint["EndpointName"])
    rebuilt = rebuild(found)
    spec = {
        "endpointName": endpoint,
        **({"region": region} if region else {}),
        "adoptExisting": True,
        **rebuilt.spec,
    }
    metadata = {"name": name or object_name(endpoint), **({"namespace": namespace} if namespace else {})}
    manifest = {"apiVersion": f"{GROUP}/{VERSION}", "kind": KIND, "metadata": metadata, "spec": spec}
    return Imported(manifest, rebuilt.unsaid, _is_as_it_is(manifest, found))


def object_name(endpoint: str) -> str:
    """A name that Kubernetes takes."""
    return re.sub(r"-{2,}", "-", endpoint.lower()).strip("-")[:_LONGEST]


def _is_as_it_is(manifest: Json, found: InAws) -> bool:
    """Whether the operator finds that the endpoint serves just what the manifest wants: asked of its own rules."""
    metadata = {**manifest["metadata"], "namespace": manifest["metadata"].get("namespace", "default"), "uid": "none"}
    try:
        resource = SageMakerEndpoint.parse({"metadata": metadata, "spec": manifest["spec"]})
        desired = desire(resource, "none", None)
    except (ValueError, ReconcileError):
        return False
    config = found.config
    live = ObservedConfig(str(config["EndpointConfigName"]), str(config.get("EndpointConfigArn", "")), (), raw=config)
    return equivalent(desired, live, found.models)
