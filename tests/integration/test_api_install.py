"""`kubectl apply -k manifests/` on a real API server: restricted pod security, and the rights of the account."""

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client, config

from smendpoints.api.group import FINALIZER, GROUP, PLURAL, POLICY_PLURAL, VERSION
from smsandbox.controlplane import ControlPlane
from smsandbox.testing.policies import establish

MANIFESTS = Path(__file__).parents[2] / "manifests"
SYSTEM = "smendpoints-system"
NAMESPACE = "api-install-tests"
POLICIES = (GROUP, VERSION, POLICY_PLURAL)
CUSTOM = (GROUP, VERSION, NAMESPACE, PLURAL)


@pytest.fixture(scope="module")
def installed(control_plane: ControlPlane) -> ControlPlane:
    establish(control_plane)
    control_plane.kubectl("apply", "-k", str(MANIFESTS))
    namespace = control_plane.kubectl("create", "namespace", NAMESPACE, "--dry-run=client", "-o", "yaml")
    control_plane.kubectl("apply", "-f", "-", stdin=namespace)
    sample = MANIFESTS / "samples" / "minimal.yaml"
    control_plane.kubectl("apply", "-n", NAMESPACE, "-f", str(sample))
    return control_plane


@pytest.fixture(scope="module")
def account(installed: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> client.ApiClient:
    """A client that acts as the operator's service account."""
    path = installed.account_kubeconfig(SYSTEM, "smendpoints", tmp_path_factory.mktemp("account") / "kubeconfig")
    found: client.ApiClient = config.new_client_from_config(str(path))
    return found


def pod(installed: ControlPlane) -> dict[str, Any]:
    """The pod that the Deployment would start."""
    deployment = json.loads(installed.kubectl("get", "deployment", "smendpoints", "-n", SYSTEM, "-o", "json"))
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "trial", "namespace": SYSTEM},
        "spec": deployment["spec"]["template"]["spec"],
    }


def test_the_manifests_apply_without_a_warning_and_a_second_time_without_a_change(installed: ControlPlane) -> None:
    again = installed.kubectl("apply", "-k", str(MANIFESTS), "--warnings-as-errors", "--validate=strict")
    kinds = [line.split("/")[0].split(".")[0] for line in again.splitlines()]
    assert Counter(kinds) == {
        "clusterrole": 3,
        "clusterrolebinding": 1,
        "configmap": 1,
        "customresourcedefinition": 3,
        "deployment": 1,
        "lease": 1,
        "namespace": 1,
        "networkpolicy": 1,
        "poddisruptionbudget": 1,
        "role": 1,
        "rolebinding": 1,
        "serviceaccount": 1,
        "validatingadmissionpolicy": 5,
        "validatingadmissionpolicybinding": 5,
    }
    changed = [line for line in again.splitlines() if not line.endswith(" unchanged")]
    # kubectl says so of every budget, as its patches replace the selector; the API server then changes nothing.
    assert changed == ["poddisruptionbudget.policy/smendpoints configured"]


def test_the_rights_apply_apart_from_the_deployment(installed: ControlPlane) -> None:
    answer = installed.kubectl("apply", "-k", str(MANIFESTS / "rbac"), "--dry-run=server")
    assert "deployment" not in answer
    assert "clusterrolebinding.rbac.authorization.k8s.io/smendpoints unchanged" in answer


def test_the_operators_pod_passes_restricted_pod_security(installed: ControlPlane) -> None:
    manifest = json.dumps(pod(installed))
    answer = installed.kubectl("apply", "--dry-run=server", "--warnings-as-errors", "-f", "-", stdin=manifest)
    assert answer.strip() == "pod/trial created (server dry run)"


def test_a_pod_that_may_gain_privileges_is_refused_in_the_operators_namespace(installed: ControlPlane) -> None:
    loose = pod(installed)
    del loose["spec"]["containers"][0]["securityContext"]
    with pytest.raises(subprocess.CalledProcessError) as caught:
        installed.kubectl("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(loose))
    assert 'violates PodSecurity "restricted:latest"' in caught.value.stderr


def test_the_account_may_follow_the_objects_and_patch_them_and_their_status(account: client.ApiClient) -> None:
    api = client.CustomObjectsApi(account)
    listed: Any = api.list_cluster_custom_object(GROUP, VERSION, PLURAL)
    assert [item["metadata"]["name"] for item in listed["items"] if item["metadata"]["namespace"] == NAMESPACE] == [
        "iris"
    ]
    watched: Any = api.list_cluster_custom_object(
        GROUP, VERSION, PLURAL, watch=True, timeout_seconds=60, _preload_content=False
    )
    with watched:
        assert json.loads(watched.readline())["type"] == "ADDED"
    api.patch_namespaced_custom_object(*CUSTOM, "iris", {"metadata": {"finalizers": [FINALIZER]}})
    api.patch_namespaced_custom_object_status(*CUSTOM, "iris", {"status": {"instances": "1/1"}})
    patched: Any = api.patch_namespaced_custom_object(*CUSTOM, "iris", {"metadata": {"finalizers": []}})
    assert patched["status"]["instances"] == "1/1"


def test_the_account_may_write_events(account: client.ApiClient) -> None:
    body: Any = {
        "metadata": {"generateName": "smendpoints-"},
        "involvedObject": {"apiVersion": f"{GROUP}/{VERSION}", "kind": "SageMakerEndpoint", "namespace": NAMESPACE},
        "type": "Normal",
        "reason": "Created",
        "message": "made the endpoint",
    }
    made = client.CoreV1Api(account).create_namespaced_event(NAMESPACE, body)
    assert made.message == "made the endpoint"


def test_the_account_may_learn_which_cluster_it_is_in(account: client.ApiClient) -> None:
    found: Any = client.CoreV1Api(account).read_namespace("kube-system")
    assert found.metadata.uid


Call = Callable[[client.ApiClient], Any]
FORBIDDEN: dict[str, Call] = {
    "create an object": lambda api: client.CustomObjectsApi(api).create_namespaced_custom_object(*CUSTOM, {}),
    "delete an object": lambda api: client.CustomObjectsApi(api).delete_namespaced_custom_object(*CUSTOM, "iris"),
    "replace an object": lambda api: client.CustomObjectsApi(api).replace_namespaced_custom_object(*CUSTOM, "iris", {}),
    "read Secrets": lambda api: client.CoreV1Api(api).list_namespaced_secret(SYSTEM),
    "read ConfigMaps": lambda api: client.CoreV1Api(api).list_namespaced_config_map(SYSTEM),
    "read Pods": lambda api: client.CoreV1Api(api).list_namespaced_pod(SYSTEM),
    "read Events": lambda api: client.CoreV1Api(api).list_namespaced_event(NAMESPACE),
    "change a namespace": lambda api: client.CoreV1Api(api).patch_namespace(NAMESPACE, {}),
    "change a policy": lambda api: client.CustomObjectsApi(api).patch_cluster_custom_object(*POLICIES, "lockdown", {}),
    "list CRDs": lambda api: client.ApiextensionsV1Api(api).list_custom_resource_definition(),
    "change its own rights": lambda api: client.RbacAuthorizationV1Api(api).patch_cluster_role("smendpoints", {}),
    "change its Deployment": lambda api: client.AppsV1Api(api).patch_namespaced_deployment("smendpoints", SYSTEM, {}),
}


@pytest.mark.parametrize("call", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_the_account_may_not(account: client.ApiClient, call: Call) -> None:
    with pytest.raises(client.ApiException) as caught:
        call(account)
    assert caught.value.status == 403


OBJECTS = ("sagemakerendpoints", "sagemakerexperiments")


def test_the_role_is_as_narrow_as_it_can_be() -> None:
    role = yaml.safe_load((MANIFESTS / "rbac" / "cluster_role.yaml").read_text())
    said = {(resource, verb) for rule in role["rules"] for resource in rule["resources"] for verb in rule["verbs"]}
    assert said == {
        *((what, verb) for what in OBJECTS for verb in ("get", "list", "watch", "patch")),
        *((f"{what}/status", "patch") for what in OBJECTS),
        ("events", "create"),
        *((what, verb) for what in ("sagemakerendpointpolicies", "namespaces") for verb in ("get", "list", "watch")),
    }
