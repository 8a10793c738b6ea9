"""manifests/: what `kubectl apply -k manifests/` would apply, and what the samples say."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import smendpoints
from smendpoints.api.experiment import SageMakerExperiment
from smendpoints.api.policy import SageMakerEndpointPolicy
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.config import Config
from smsandbox import paths

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "manifests"
SAMPLES = sorted((MANIFESTS / "samples").glob("*.yaml"))


@pytest.fixture(scope="module")
def objects() -> dict[str, dict[str, Any]]:
    """The objects of the installation by kind; of several of a kind the operator's own."""
    command = [str(paths.tool("kubectl")), "kustomize", str(MANIFESTS)]
    text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
    several = sorted(yaml.safe_load_all(text), key=lambda each: str(each["metadata"]["name"]) == "smendpoints")
    return {each["kind"]: each for each in several}


@pytest.fixture(scope="module")
def container(objects: dict[str, dict[str, Any]]) -> dict[str, Any]:
    (found,) = objects["Deployment"]["spec"]["template"]["spec"]["containers"]
    return dict(found)


def test_the_image_is_of_the_operators_version(container: dict[str, Any]) -> None:
    assert container["image"] == f"smendpoints:{smendpoints.__version__}"


def test_a_standby_is_ready_on_another_node_and_has_a_minute_to_stop(objects: dict[str, dict[str, Any]]) -> None:
    spec = objects["Deployment"]["spec"]
    assert (spec["replicas"], spec["strategy"]["type"]) == (2, "RollingUpdate")
    pod = spec["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] == 60
    spread = {each["topologyKey"]: each["labelSelector"] for each in pod["topologySpreadConstraints"]}
    assert spread == dict.fromkeys(("kubernetes.io/hostname", "topology.kubernetes.io/zone"), spec["selector"])
    budget = objects["PodDisruptionBudget"]["spec"]
    assert (budget["selector"], budget["maxUnavailable"]) == (spec["selector"], 1)


def test_the_lease_is_installed_empty_and_is_the_one_that_the_account_may_hold(
    objects: dict[str, dict[str, Any]],
) -> None:
    """One with a spec would take the lease from its holder whenever the installation is applied again."""
    lease, role, binding = objects["Lease"], objects["Role"], objects["RoleBinding"]
    assert "spec" not in lease
    where = objects["ServiceAccount"]["metadata"]["namespace"]
    assert {each["metadata"]["namespace"] for each in (lease, role, binding)} == {where}
    assert lease["metadata"]["name"] == Config.model_fields["lease_name"].default
    rules = [(each.get("resourceNames"), each["verbs"]) for each in role["rules"] if each["resources"] == ["leases"]]
    assert rules == [([lease["metadata"]["name"]], ["get", "update"]), (None, ["create"])]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]


def test_the_selector_finds_the_pods(objects: dict[str, dict[str, Any]]) -> None:
    spec = objects["Deployment"]["spec"]
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


def test_the_settings_are_those_that_the_operator_knows_and_takes(
    objects: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = objects["ConfigMap"]["data"]
    assert {f"SMENDPOINTS_{name.upper()}" for name in Config.model_fields} >= data.keys()
    for name, value in data.items():
        monkeypatch.setenv(name, value)
    config = Config()
    assert (config.log_format, config.namespace_list(), config.cluster_id) == ("json", (), None)


def test_the_probes_and_the_ports_are_where_the_settings_put_them(
    objects: dict[str, dict[str, Any]], container: dict[str, Any]
) -> None:
    data = objects["ConfigMap"]["data"]
    ports = {port["name"]: str(port["containerPort"]) for port in container["ports"]}
    assert ports == {"health": data["SMENDPOINTS_LIVENESS_PORT"], "metrics": data["SMENDPOINTS_METRICS_PORT"]}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"] == {"path": "/healthz", "port": "health"}
    assert container["envFrom"] == [{"configMapRef": {"name": objects["ConfigMap"]["metadata"]["name"]}}]


def test_the_pod_has_the_least_that_it_needs(objects: dict[str, dict[str, Any]], container: dict[str, Any]) -> None:
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsNonRoot"]) == (65532, True)
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
    assert "memory" in container["resources"]["limits"]


def test_all_names_agree(objects: dict[str, dict[str, Any]]) -> None:
    (subject,) = objects["ClusterRoleBinding"]["subjects"]
    account = objects["ServiceAccount"]["metadata"]
    assert (subject["name"], subject["namespace"]) == (account["name"], account["namespace"])
    assert objects["Deployment"]["spec"]["template"]["spec"]["serviceAccountName"] == account["name"]
    assert objects["ClusterRoleBinding"]["roleRef"]["name"] == objects["ClusterRole"]["metadata"]["name"]
    assert objects["Namespace"]["metadata"]["name"] == account["namespace"]


def test_what_the_network_lets_in_are_the_ports_and_what_it_lets_out_is_tls_and_names(
    objects: dict[str, dict[str, Any]], container: dict[str, Any]
) -> None:
    spec = objects["NetworkPolicy"]["spec"]
    assert spec["podSelector"] == objects["Deployment"]["spec"]["selector"]
    assert sorted(spec["policyTypes"]) == ["Egress", "Ingress"]
    named = {port["name"] for port in container["ports"]}
    assert {port["port"] for rule in spec["ingress"] for port in rule["ports"]} == named == {"health", "metrics"}
    anywhere = {port["port"] for rule in spec["egress"] if "to" not in rule for port in rule["ports"]}
    assert anywhere == {53, 443, 6443}
    (agent,) = (rule for rule in spec["egress"] if "to" in rule)
    assert all(peer["ipBlock"]["cidr"].endswith(("/32", "/128")) for peer in agent["to"])


def rendered(folder: str) -> list[dict[str, Any]]:
    """What kustomize makes of a folder."""
    command = [str(paths.tool("kubectl")), "kustomize", str(MANIFESTS / folder)]
    return list(yaml.safe_load_all(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def rights(roles: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """Each group, resource and verb that the operator's own roles name, but for its lease."""
    own = [
        role for role in roles if role["kind"] in {"Role", "ClusterRole"} and role["metadata"]["name"] == "smendpoints"
    ]
    rules = [rule for role in own for rule in role["rules"] if rule["apiGroups"] != ["coordination.k8s.io"]]
    return {
        (rule["apiGroups"][0], what, verb) for rule in rules for what in rule["resources"] for verb in rule["verbs"]
    }


def test_an_operator_of_named_namespaces_has_the_same_rights_in_them_and_of_the_cluster_it_reads_alone() -> None:
    everywhere, named = rendered("rbac"), rendered("namespaced")
    assert rights(named) == rights(everywhere)
    of_cluster = rights([role for role in named if role["kind"] == "ClusterRole"])
    assert {what for _, what, _ in of_cluster} == {"sagemakerendpointpolicies", "namespaces"}
    assert {verb for _, _, verb in of_cluster} == {"get", "list", "watch"}
    others = {(each["kind"], each["metadata"]["name"]) for each in everywhere}
    assert others <= {(each["kind"], each["metadata"]["name"]) for each in named}


def test_kubernetes_own_roles_get_the_rights_of_people_and_none_of_them_writes_policies() -> None:
    roles = {each["metadata"]["name"]: each for each in rendered("rbac") if each["kind"] == "ClusterRole"}
    label = "rbac.authorization.k8s.io/aggregate-to-"
    goes_to = {
        name: {key.removeprefix(label) for key, value in role["metadata"]["labels"].items() if value == "true"}
        for name, role in roles.items()
    }
    assert goes_to == {
        "smendpoints": set(),
        "smendpoints-view": {"view", "edit", "admin"},
        "smendpoints-edit": {"edit", "admin"},
    }
    for name in ("smendpoints-view", "smendpoints-edit"):
        for rule in roles[name]["rules"]:
            if "sagemakerendpoints" not in rule["resources"]:
                assert set(rule["verbs"]) <= {"get", "list", "watch"}


def test_every_sample_has_a_name_of_its_own() -> None:
    names = [yaml.safe_load(path.read_text())["metadata"]["name"] for path in SAMPLES]
    assert len(names) == len(set(names)) >= 8


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_says_what_it_is_for_and_reads_without_loss(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("# ")
    manifest = yaml.safe_load(text)
    body = manifest | {"metadata": manifest["metadata"] | {"namespace": "n", "uid": "u"}}
    kinds = {each.__name__: each for each in (SageMakerEndpoint, SageMakerEndpointPolicy, SageMakerExperiment)}
    parsed = kinds[manifest["kind"]].parse(body)
    assert _within(manifest["spec"], parsed.spec.to_json())


def _within(part: Any, whole: Any) -> bool:
    """Whether all of `part` is in `whole`: a field that the types do not know would be missing."""
    match part, whole:
        case dict(), dict():
            return all(key in whole and _within(value, whole[key]) for key, value in part.items())
        case list(), list():
            return len(part) == len(whole) and all(map(_within, part, whole))
        case _:
            return bool(part == whole)
