"""Policies on a bare API server: namespaces with labels, policies that select them, objects sent as a dry run.

What a policy says counts some ten milliseconds after it was written; `Boundary.settle` waits for that. Not here: what a
test claims.
"""

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kubernetes import client, config

from smendpoints.api.group import GROUP, KIND, PLURAL, POLICY_KIND, POLICY_PLURAL, VERSION
from smsandbox import paths
from smsandbox.controlplane import ControlPlane
from smsandbox.process import wait_until
from smsandbox.testing.policy_cases import Fields, spec

LABEL = "policy-tests"
BARRIER = "policy-barrier"
SECONDS = 240.0
JSON_PATCH = "application/json-patch+json"
_NUMBERS = itertools.count(1)


def establish(plane: ControlPlane) -> None:
    """Install the CRDs, and when they are served what checks objects against policies."""
    plane.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(paths.repository() / "crds"))
    plane.established()
    plane.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(paths.repository() / "manifests/policy"))


@dataclass
class Boundary:
    """Namespaces and policies of one test module; `close` removes them."""

    plane: ControlPlane
    api: client.CustomObjectsApi = field(init=False)
    _core: client.CoreV1Api = field(init=False)
    _authorization: client.AuthorizationV1Api = field(init=False)
    _policies: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        made = config.new_client_from_config(str(self.plane.kubeconfig))
        self.api, self._core = client.CustomObjectsApi(made), client.CoreV1Api(made)
        self._authorization = client.AuthorizationV1Api(made)
        establish(self.plane)
        self.barrier = self.namespace(**{BARRIER: "yes"})
        self.settle()

    def namespace(self, **labels: str) -> str:
        """A new namespace with these labels, and one that is its own name."""
        name = f"policies-{next(_NUMBERS)}"
        body: Any = {"metadata": {"name": name, "labels": {LABEL: name, **labels}}}
        self._core.create_namespace(body)
        return name

    def relabel(self, namespace: str, **labels: str | None) -> None:
        """Change labels; None takes one away."""
        self._core.patch_namespace(namespace, {"metadata": {"labels": labels}})

    def policy(self, rules: Mapping[str, Any], *, namespace: str | None = None, name: str | None = None) -> str:
        """Make or replace a policy, for that namespace unless the rules have a selector; its name."""
        name = name or f"policy-{next(_NUMBERS)}"
        selector = {"matchLabels": {LABEL: namespace}} if namespace is not None else {}
        wanted = {"namespaceSelector": selector, **rules}
        body = {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": POLICY_KIND,
            "metadata": {"name": name},
            "spec": wanted,
        }
        if name in self._policies:
            patch = [{"op": "replace", "path": "/spec", "value": wanted}]
            self.api.patch_cluster_custom_object(GROUP, VERSION, POLICY_PLURAL, name, patch, _content_type=JSON_PATCH)
        else:
            self.api.create_cluster_custom_object(GROUP, VERSION, POLICY_PLURAL, body)
            self._policies.append(name)
        return name

    def remove(self, name: str) -> None:
        """Delete a policy."""
        self.api.delete_cluster_custom_object(GROUP, VERSION, POLICY_PLURAL, name)
        self._policies.remove(name)

    def settle(self) -> None:
        """Wait until all that policies say by now counts: they are seen in the order in which they were written."""
        sign = f"barrier-{next(_NUMBERS)}-"
        rules = {"namespaceSelector": {"matchLabels": {BARRIER: "yes"}}, "endpointNamePrefix": sign}
        self.policy(rules, name="policy-barrier")

        said = ""

        def seen() -> bool | None:
            nonlocal said
            said = self.answer(self.barrier, spec(endpointName="x"))
            return sign in said or None

        wait_until(seen, SECONDS, lambda: f"{sign} is not asked for; the last answer: {said}")

    def until(self, done: Callable[[], bool]) -> None:
        """Wait until it is so."""
        wait_until(lambda: done() or None, SECONDS, lambda: "it did not become so")

    def may(self, user: str, verb: str, what: str, *, namespace: str) -> bool:
        """Whether somebody may do that; `what` is a resource or one with its subresource, `smep/status`."""
        resource, _, subresource = what.partition("/")
        resource = {"smep": PLURAL, "smeppolicies": POLICY_PLURAL}.get(resource, resource)
        group = {PLURAL: GROUP, POLICY_PLURAL: GROUP, "namespaces": ""}.get(resource, "admissionregistration.k8s.io")
        attributes = {"group": group, "resource": resource, "subresource": subresource, "verb": verb}
        body: Any = {"spec": {"user": user, "resourceAttributes": {**attributes, "namespace": namespace}}}
        answer: Any = self._authorization.create_subject_access_review(body)
        return bool(answer.status.allowed)

    def send(self, namespace: str, wanted: Fields, *, name: str = "iris", dry: bool = True) -> Any:
        """Create an object, as a dry run unless `dry` is false."""
        body = {"apiVersion": f"{GROUP}/{VERSION}", "kind": KIND, "metadata": {"name": name}, "spec": wanted}
        more: dict[str, Any] = {"dry_run": "All"} if dry else {}
        return self.api.create_namespaced_custom_object(GROUP, VERSION, namespace, PLURAL, body, **more)

    def edit(self, namespace: str, wanted: Fields, *, name: str = "iris", dry: bool = True) -> Any:
        """Replace the spec of an object, as a dry run unless `dry` is false."""
        patch = [{"op": "replace", "path": "/spec", "value": wanted}]
        more: dict[str, Any] = {"dry_run": "All"} if dry else {}
        return self.api.patch_namespaced_custom_object(
            GROUP, VERSION, namespace, PLURAL, name, patch, _content_type=JSON_PATCH, **more
        )

    def answer(self, namespace: str, wanted: Fields, *, update: bool = False) -> str:
        """What the API server says to an object, or to an edit: its refusal, or nothing."""
        try:
            (self.edit if update else self.send)(namespace, wanted)
        except client.ApiException as error:
            return str(json.loads(error.body or "")["message"])
        return ""

    def forget(self) -> None:
        """The policies are gone, with their kind."""
        self._policies.clear()

    def close(self) -> None:
        """Delete the policies, so that each of the next objects is not compared with them. Namespaces stay."""
        for name in list(self._policies):
            self.remove(name)
