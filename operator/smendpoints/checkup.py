"""`smendpoints check`: whether an operator with these settings can work here. `helm test` runs it.

Kinds, rights, lease and AWS: it asks what the operator asks, as the operator would, and changes nothing.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from smendpoints.api.group import EXPERIMENT_PLURAL, GROUP, PLURAL, POLICY_PLURAL, VERSION
from smendpoints.aws.calls.clients import Clients, Place
from smendpoints.aws.calls.connections import Connections
from smendpoints.aws.calls.identity import Presented
from smendpoints.config import Config
from smendpoints.domain.errors import ReconcileError
from smendpoints.kube.client import KubeClient, KubeError, RefusedError
from smendpoints.lease.leases import ApiLeases
from smendpoints.lease.record import Record

_PAUSE_SECONDS = 0.5
# What is done of the objects: group, resource, subresource, verb.
_RIGHTS = (
    *((GROUP, plural, "", verb) for plural in (PLURAL, EXPERIMENT_PLURAL) for verb in ("list", "watch", "patch")),
    *((GROUP, plural, "status", "patch") for plural in (PLURAL, EXPERIMENT_PLURAL)),
    ("", "events", "", "create"),
)


_REVIEWS = (
    ("authentication.k8s.io", "tokenreviews", "", "create"),
    ("authorization.k8s.io", "subjectaccessreviews", "", "create"),
)


@dataclass(frozen=True)
class Checked:
    """One thing that was looked at; `missing` says what is not as it should be and what to do, None where it is."""

    what: str
    missing: str | None = None


def checkup(
    client: KubeClient, config: Config, region: str, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Checked]:
    """All checks, one after the other. `client` and `region` are the operator's own."""
    for plural in (POLICY_PLURAL, PLURAL, EXPERIMENT_PLURAL):
        yield Checked(f"the kind of {plural}", _kind(client, plural))
    for namespace in config.namespace_list() or ("",):
        yield Checked(f"rights in {namespace or 'all namespaces'}", _rights(client, namespace))
    if config.metrics_authentication == "token":
        yield Checked("rights to ask who reads the metrics", _rights(client, "", _REVIEWS))
    yield Checked("rights to read policies and namespaces", _policies(client))
    if config.leader_election:
        name = f"the lease {config.lease_name}"
        yield Checked(name, _lease(client, config, sleep))
    yield Checked(f"AWS in {region}", _aws(config, region))


def _kind(client: KubeClient, plural: str) -> str | None:
    try:
        found = client.request("GET", f"/apis/{GROUP}/{VERSION}")
    except RefusedError as refused:
        found = {} if refused.status == 404 else {"error": str(refused)}
    except KubeError as error:
        return f"the API server could not be asked: {error}"
    if any(each.get("name") == plural for each in found.get("resources", ())):
        return None
    return str(found.get("error") or "the API server does not know it: kubectl apply --server-side -k crds/")


def _rights(client: KubeClient, namespace: str, rights: Iterable[tuple[str, ...]] = _RIGHTS) -> str | None:
    lacking = []
    for group, resource, subresource, verb in rights:
        asked = {"group": group, "resource": resource, "subresource": subresource, "verb": verb, "namespace": namespace}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": asked},
        }
        try:
            found = client.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
        except KubeError as error:
            return f"the API server could not be asked: {error}"
        if not found.get("status", {}).get("allowed"):
            lacking.append(f"{verb} {resource}{subresource and f'/{subresource}'}")
    return f"the account may not {', '.join(lacking)}: bind it to the roles of manifests/rbac" if lacking else None


def _policies(client: KubeClient) -> str | None:
    try:
        client.request("GET", f"/apis/{GROUP}/{VERSION}/{POLICY_PLURAL}?limit=1")
        client.request("GET", "/api/v1/namespaces?limit=1")
        client.request("GET", "/api/v1/namespaces/kube-system")
    except KubeError as error:
        return f"{error}: without it nothing is changed in AWS; bind the account to the roles of manifests/rbac"
    return None


def _lease(client: KubeClient, config: Config, sleep: Callable[[float], None]) -> str | None:
    """Whether somebody renews it, found out without comparing clocks."""
    namespace = config.lease_namespace or client.namespace()
    if namespace is None:
        return "no namespace for it: set SMENDPOINTS_LEASE_NAMESPACE"
    leases = ApiLeases(client, namespace, config.lease_name)
    first: Record | None = None
    for _ in range(int(2 * config.lease_duration_seconds / _PAUSE_SECONDS) + 1):
        try:
            found = leases.get()
        except KubeError as error:
            return f"{error}: bind the account to the Role of manifests/rbac"
        if first is not None and found is not None and found.holder and found.version != first.version:
            return None
        first = first or found
        sleep(_PAUSE_SECONDS)
    holder = f"{first.holder} does not renew it" if first is not None and first.holder else "nobody holds it"
    return f"{holder}: no operator works; see the pods in {namespace} and their logs"


def _aws(config: Config, region: str) -> str | None:
    presented = Presented(config.cluster_id or "check", config.external_id, config.session_tags)
    connections = Connections(region, 1, presented, user_agent="smendpoints/check")
    try:
        Clients(Place(region), connections).call("sagemaker", "list_endpoints", MaxResults=1)
    except ReconcileError as error:
        return str(error)
    return None
