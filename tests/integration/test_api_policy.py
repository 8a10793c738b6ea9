"""Policies as a tenant meets them: kubectl with the token of an account that may edit one namespace, a real API server.

What each field refuses is in test_api_policy_cases; here is how, when and to whom.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client

from smendpoints.api.group import FINALIZER, GROUP, PLURAL, VERSION
from smsandbox import paths
from smsandbox.testing.documented import blocks
from smsandbox.testing.policies import LABEL, Boundary, establish
from smsandbox.testing.policy_cases import ECR, NOTHING, Fields, on, scaled, spec, variant
from smsandbox.testing.transcript import differences

ROOT = Path(__file__).parents[2]
LOCKDOWN = ROOT / "manifests" / "policy" / "lockdown.yaml"


class Tenant:
    """An account with the role smendpoints-edit in one namespace, and nothing else."""

    def __init__(self, boundary: Boundary, folder: Path) -> None:
        self.boundary = boundary
        self.namespace = boundary.namespace()
        plane = boundary.plane
        plane.kubectl(
            "apply", "--server-side", "--force-conflicts", "-f", str(ROOT / "manifests/rbac/aggregated_roles.yaml")
        )
        plane.kubectl("create", "serviceaccount", "team", "-n", self.namespace)
        self._bind("--clusterrole=smendpoints-edit")
        self._kubeconfig = plane.account_kubeconfig(self.namespace, "team", folder / "kubeconfig")

    def _bind(self, role: str) -> None:
        account = f"--serviceaccount={self.namespace}:team"
        self.boundary.plane.kubectl("create", "rolebinding", "team", role, account, "-n", self.namespace)

    def run(self, *arguments: str, stdin: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        """Kubectl with the tenant's token, in its namespace."""
        command = [str(paths.tool("kubectl")), f"--kubeconfig={self._kubeconfig}", *arguments]
        return subprocess.run(
            command,
            check=False,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,
            env={**os.environ, **environment},
        )

    def apply(self, wanted: Fields, *arguments: str, name: str = "iris") -> str:
        """What kubectl says to an object: its error, or its answer."""
        body = {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": "SageMakerEndpoint",
            "metadata": {"name": name},
            "spec": wanted,
        }
        done = self.run("apply", *arguments, "-f", "-", stdin=json.dumps(body))
        return done.stdout if done.returncode == 0 else done.stderr

    def patch(self, change: Fields, name: str = "iris") -> str:
        """What kubectl says to a merge patch."""
        done = self.run("patch", "smep", name, "--type=merge", "-p", json.dumps(change))
        return done.stdout if done.returncode == 0 else done.stderr


@pytest.fixture(scope="module")
def tenant(boundary: Boundary, tmp_path_factory: pytest.TempPathFactory) -> Tenant:
    return Tenant(boundary, tmp_path_factory.mktemp("tenant"))


@pytest.fixture(autouse=True)
def _nothing_left(boundary: Boundary) -> Iterator[None]:
    yield
    boundary.close()


def test_kubectl_apply_says_which_policy_refuses_what_and_what_to_write_instead(
    boundary: Boundary, tenant: Tenant
) -> None:
    globs = [f"{ECR}/team-{name}/*" for name in "abcde"]
    policy = boundary.policy({"images": globs}, namespace=tenant.namespace)
    boundary.settle()
    said = tenant.apply(spec())
    assert said.strip().endswith(
        f"denied request: policy {policy}, images: variant a, an image is not allowed:"
        f" write one that matches {globs[0]}, {globs[1]}, {globs[2]} or one of 2 more"
    )
    assert '"iris" is forbidden' in said
    assert "created" in tenant.apply(spec(variant(image=f"{ECR}/team-c/x:1")), "--dry-run=server")


def test_the_page_on_policies_shows_what_kubectl_says(boundary: Boundary, tenant: Tenant, tmp_path: Path) -> None:
    sample = yaml.safe_load((ROOT / "manifests/samples/policy.yaml").read_text(encoding="utf-8"))
    boundary.policy({"images": sample["spec"]["images"]}, namespace=tenant.namespace, name=sample["metadata"]["name"])
    boundary.settle()
    (shown,) = [step for block in blocks(ROOT / "docs/policy.md") if block.shows_output for step in block.steps]
    assert shown.command == "kubectl apply -f iris.yaml"
    (tmp_path / "iris.yaml").write_text((ROOT / "manifests/samples/minimal.yaml").read_text(encoding="utf-8"))
    said = tenant.run("apply", "-f", str(tmp_path / "iris.yaml")).stderr
    found = differences(shown.output, said.replace(f"{tmp_path}/", ""))
    assert not found, found


def test_a_policy_that_allows_no_value_says_whom_to_ask(boundary: Boundary) -> None:
    namespace = boundary.namespace()
    policy = boundary.policy({"executionRoleARNs": []}, namespace=namespace)
    boundary.settle()
    assert boundary.answer(namespace, spec()).endswith(
        f"policy {policy}, executionRoleARNs: this spec.executionRoleARN is not allowed:"
        " no value is, ask those who run this cluster"
    )


def test_the_other_sentences(boundary: Boundary) -> None:
    namespace = boundary.namespace()
    policy = boundary.policy({}, namespace=namespace)
    rules: dict[str, tuple[Fields, Fields, str]] = {
        "instances": (
            {"maxInstancesPerEndpoint": 2},
            spec(scaled(1, 3)),
            (
                "maxInstancesPerEndpoint: an endpoint may have 2 instances, and this one would have 3:"
                " lower the counts, or the upper bounds of scaling and of its schedules"
            ),
        ),
        "names": (
            {"endpointNamePrefix": "team-a-"},
            spec(),
            "endpointNamePrefix: the name of the endpoint must begin with team-a-: set spec.endpointName so",
        ),
        "secrets": (
            {"allowSecretLikeEnvironment": False},
            spec(variant("rf", environment={"DB_PASSWORD": "x"})),
            (
                "allowSecretLikeEnvironment: variant rf, a name in environment (such as *PASSWORD*, *SECRET*, *_TOKEN,"
                " *_KEY) or a value (such as AKIA…, ghp_…, hf_…, sk-…, a JWT, a private key) looks like a secret:"
                " keep it in AWS Secrets Manager, and write its ARN under secrets instead"
            ),
        ),
    }
    for asked, wanted, sentence in rules.values():
        boundary.policy(asked, namespace=namespace, name=policy)
        boundary.settle()
        assert boundary.answer(namespace, wanted).endswith(f"denied request: policy {policy}, {sentence}")
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"
    assert boundary.answer(namespace, spec(variant(secrets={"DB_PASSWORD": secret}))) == ""


def test_what_runs_can_be_suspended_stopped_kept_labelled_lowered_and_deleted_whatever_a_policy_says(
    boundary: Boundary, tenant: Tenant
) -> None:
    running = spec(on("ml.m5.large", 4), variant("b"))
    assert "created" in tenant.apply(running)
    boundary.policy(NOTHING, namespace=tenant.namespace)
    boundary.settle()
    assert "is forbidden" in tenant.apply(running, name="another")
    for change in (
        {"spec": {"suspend": True}},
        {"spec": {"desiredState": "Stopped"}},
        {"spec": {"deletionPolicy": "Retain"}},
        {"metadata": {"labels": {"team": "a"}, "annotations": {"smendpoints.dev/retry": "1"}}},
        {"spec": {"variants": [on("ml.m5.large", 1), variant("b")]}},
        {"spec": {"variants": [on("ml.m5.large", 1)]}},
    ):
        assert "patched" in tenant.patch(change), change
    assert "is forbidden" in tenant.patch({"spec": {"variants": [on("ml.m5.large", 2)]}})
    assert "is forbidden" in tenant.patch({"spec": {"variants": [on("ml.m5.xlarge", 1)]}})
    assert "deleted" in tenant.run("delete", "smep", "iris", "--wait=false").stdout


def test_each_way_to_write_an_object_is_checked(boundary: Boundary, tenant: Tenant) -> None:
    assert "serverside-applied" in tenant.apply(spec(on("ml.m5.large", 2)), "--server-side", name="each-way")
    boundary.policy({"instanceTypes": ["ml.m5.large"], "maxInstancesPerEndpoint": 2}, namespace=tenant.namespace)
    boundary.settle()
    try:
        said = tenant.apply(spec(on("ml.g5.xlarge", 2)), "--server-side", name="each-way")
        assert "instanceTypes: an instance type is not allowed: write one that matches ml.m5.large" in said
        done = tenant.run("edit", "smep", "each-way", KUBE_EDITOR="sed -i 's/count: 2/count: 3/'")
        assert "an endpoint may have 2 instances, and this one would have 3" in done.stdout + done.stderr
        found = json.loads(tenant.run("get", "smep", "each-way", "-o", "json").stdout)
        assert found["spec"]["variants"][0]["instance"] == {"type": "ml.m5.large", "count": 2}
        found["spec"]["variants"][0]["instance"]["count"] = 5
        replaced = tenant.run("replace", "-f", "-", stdin=json.dumps(found))
        assert "this one would have 5" in replaced.stderr
        assert "serverside-applied" in tenant.apply(spec(on("ml.m5.large", 1)), "--server-side", name="each-way")
    finally:
        tenant.run("delete", "smep", "each-way", "--wait=false")


def test_the_finalizer_of_an_object_that_is_refused_by_now_can_be_removed_and_its_status_written(
    boundary: Boundary,
) -> None:
    namespace = boundary.namespace()
    boundary.send(namespace, spec(), dry=False)
    where = (GROUP, VERSION, namespace, PLURAL, "iris")
    boundary.api.patch_namespaced_custom_object(*where, {"metadata": {"finalizers": [FINALIZER]}})
    boundary.policy(NOTHING, namespace=namespace)
    boundary.settle()
    assert "is forbidden" in boundary.answer(namespace, spec())
    boundary.api.patch_namespaced_custom_object_status(*where, {"status": {"instances": "1/1"}})
    boundary.api.delete_namespaced_custom_object(*where)
    held: Any = boundary.api.get_namespaced_custom_object(*where)
    assert held["metadata"]["deletionTimestamp"]
    boundary.api.patch_namespaced_custom_object(*where, {"metadata": {"finalizers": []}})
    with pytest.raises(client.ApiException, match="not found"):
        boundary.api.get_namespaced_custom_object(*where)


def test_all_policies_of_a_namespace_must_allow_and_an_edit_or_a_deletion_counts(boundary: Boundary) -> None:
    namespace = boundary.namespace()
    one = boundary.policy({"instanceTypes": ["ml.m5.*"]}, namespace=namespace)
    two = boundary.policy({"instanceTypes": ["ml.c5.*"]}, namespace=namespace)
    boundary.settle()
    assert f"policy {two}, instanceTypes" in boundary.answer(namespace, spec(on("ml.m5.large")))
    assert f"policy {one}, instanceTypes" in boundary.answer(namespace, spec(on("ml.c5.large")))
    boundary.policy({"instanceTypes": ["ml.c5.*", "ml.m5.large"]}, namespace=namespace, name=two)
    boundary.settle()
    assert boundary.answer(namespace, spec(on("ml.m5.large"))) == ""
    boundary.remove(one)
    boundary.settle()
    assert boundary.answer(namespace, spec(on("ml.c5.large"))) == ""


A_TEAM: Fields = {"key": "team", "operator": "In", "values": ["a", "b"]}
NOT_A_TEAM: Fields = {"key": "team", "operator": "NotIn", "values": ["a", "b"]}
SELECTORS: dict[str, tuple[dict[str, str], list[Fields], dict[str, str], bool]] = {
    # labels of the namespace, matchExpressions, matchLabels, and whether Kubernetes selects it
    "In, one of them": ({"team": "b"}, [A_TEAM], {}, True),
    "In, another": ({"team": "c"}, [A_TEAM], {}, False),
    "In, no such label": ({}, [A_TEAM], {}, False),
    "NotIn, one of them": ({"team": "a"}, [NOT_A_TEAM], {}, False),
    "NotIn, another": ({"team": "c"}, [NOT_A_TEAM], {}, True),
    "NotIn, no such label": ({}, [NOT_A_TEAM], {}, True),
    "Exists": ({"team": ""}, [{"key": "team", "operator": "Exists"}], {}, True),
    "Exists, no such label": ({"teams": "a"}, [{"key": "team", "operator": "Exists"}], {}, False),
    "DoesNotExist": ({}, [{"key": "team", "operator": "DoesNotExist"}], {}, True),
    "DoesNotExist, but it does": ({"team": ""}, [{"key": "team", "operator": "DoesNotExist"}], {}, False),
    "a label": ({"example.com/stage": "prod"}, [], {"example.com/stage": "prod"}, True),
    "a label of another value": ({"example.com/stage": "test"}, [], {"example.com/stage": "prod"}, False),
    "both": ({"team": "a", "stage": "prod"}, [A_TEAM], {"stage": "prod"}, True),
    "one of both": ({"team": "a"}, [A_TEAM], {"stage": "prod"}, False),
    "one of two": ({"team": "a"}, [A_TEAM, {"key": "stage", "operator": "Exists"}], {}, False),
}


def test_a_policy_selects_namespaces_by_labels_as_kubernetes_does(boundary: Boundary) -> None:
    namespaces = {name: boundary.namespace(**labels) for name, (labels, *_) in SELECTORS.items()}
    for name, (_, expressions, labels, _) in SELECTORS.items():
        selector = {"matchLabels": {LABEL: namespaces[name], **labels}, "matchExpressions": expressions}
        boundary.policy({"namespaceSelector": selector, "images": []})
    boundary.settle()
    found = {name: boundary.answer(namespace, spec()) != "" for name, namespace in namespaces.items()}
    assert found == {name: selected for name, (*_, selected) in SELECTORS.items()}


def test_a_namespace_that_is_relabelled_falls_under_other_policies(boundary: Boundary) -> None:
    namespace = boundary.namespace(stage="test")
    selector = {"matchLabels": {LABEL: namespace, "stage": "prod"}}
    boundary.policy({"namespaceSelector": selector, "images": []})
    boundary.settle()
    assert boundary.answer(namespace, spec()) == ""
    boundary.relabel(namespace, stage="prod")
    boundary.until(lambda: boundary.answer(namespace, spec()) != "")
    boundary.relabel(namespace, stage=None)
    boundary.until(lambda: boundary.answer(namespace, spec()) == "")


def test_the_lockdown_closes_every_namespace_and_opens_those_whose_policy_it_names(boundary: Boundary) -> None:
    closed, opened = boundary.namespace(), boundary.namespace(**{"smendpoints.dev/policy": "team-a"})
    lockdown = yaml.safe_load(LOCKDOWN.read_text())
    rules = lockdown["spec"]
    name = boundary.policy(rules, name=lockdown["metadata"]["name"])
    boundary.until(lambda: boundary.answer(closed, spec()) != "")
    assert f"policy {name}, " in boundary.answer(opened, spec())
    commented = [line.removeprefix("#") for line in LOCKDOWN.read_text().splitlines() if line.startswith("#   ")]
    boundary.policy({**rules, **yaml.safe_load("\n".join(commented))}, name=name)
    boundary.until(lambda: boundary.answer(opened, spec()) == "")
    assert f"policy {name}, " in boundary.answer(closed, spec())


def test_a_default_name_is_known_when_an_object_is_made(boundary: Boundary) -> None:
    namespace = boundary.namespace()
    boundary.policy({"endpointNamePrefix": f"{namespace}-iris-"}, namespace=namespace)
    boundary.settle()

    def answer(name: str) -> str:
        try:
            boundary.send(namespace, spec(), name=name)
        except client.ApiException as error:
            return str(error.body)
        return ""

    assert "endpointNamePrefix" in answer("iris")
    assert answer("iris-x") == ""
    assert answer("iris.x") == ""  # a dot becomes a hyphen
    assert answer(f"iris-{'x' * 80}") == ""  # it is cut, and ends in a hash
    assert "endpointNamePrefix" in answer(f"iri-{'x' * 80}")


def test_adoption_that_no_policy_allows_is_warned_of(boundary: Boundary, tenant: Tenant) -> None:
    policy = boundary.policy({}, namespace=tenant.namespace)
    boundary.settle()
    body = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "SageMakerEndpoint", "metadata": {"name": "adopts"}}
    adopts = json.dumps({**body, "spec": spec(adoptExisting=True)})
    done = tenant.run("create", "--dry-run=server", "-f", "-", stdin=adopts)
    assert "adopts created" in done.stdout
    assert (
        f"policy {policy}, allowAdoption: an endpoint is adopted only where its tag"
        f" smendpoints.dev/adoptable-by in AWS is {tenant.namespace}"
    ) in done.stderr
    boundary.policy({"allowAdoption": True}, namespace=tenant.namespace, name=policy)
    boundary.settle()
    assert tenant.run("create", "--dry-run=server", "-f", "-", stdin=adopts).stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "smeppolicies"),
        ("get", "smeppolicies"),
        ("patch", "smeppolicies"),
        ("delete", "smeppolicies"),
        ("patch", "namespaces"),
        ("patch", "smep/status"),
        ("patch", "validatingadmissionpolicies"),
    ],
    ids=" ".join,
)
def test_a_tenant_may_not(boundary: Boundary, tenant: Tenant, arguments: tuple[str, str]) -> None:
    assert not boundary.may(f"system:serviceaccount:{tenant.namespace}:team", *arguments, namespace=tenant.namespace)


def test_a_tenant_that_makes_a_policy_is_told_that_it_may_not(tenant: Tenant) -> None:
    done = tenant.run("apply", "-f", str(LOCKDOWN))
    assert 'cannot get resource "sagemakerendpointpolicies"' in done.stderr


def test_without_its_crd_the_check_lets_all_through_and_comes_back_with_it(boundary: Boundary) -> None:
    """Which is why the operator checks by itself."""
    namespace = boundary.namespace()
    boundary.policy({"images": []}, namespace=namespace)
    boundary.settle()
    assert boundary.answer(namespace, spec()) != ""
    boundary.plane.kubectl("delete", "crd", f"sagemakerendpointpolicies.{GROUP}", "--wait=false")
    boundary.forget()
    boundary.until(lambda: boundary.answer(namespace, spec()) == "")
    establish(boundary.plane)
    boundary.policy({"images": []}, namespace=namespace)
    boundary.until(lambda: "images: variant a" in boundary.answer(namespace, spec()))
