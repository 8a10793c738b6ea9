"""The chart's life in a real API server, with Helm 3 and Helm 4: installed, upgraded, uninstalled and installed again.

No controller works here: no pod is started, so nothing waits for the Deployment, and the Pod of `helm test` is only
validated. What Helm waits for of an object of ours is in `test_gitops.py`.
"""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from smendpoints.api.group import GROUP, PLURAL
from smsandbox.chart import CHART, template
from smsandbox.controlplane import ControlPlane
from smsandbox.process import wait_until

Helm = Callable[..., Any]
NAMESPACE = "smendpoints-system"
RELEASE = ("smendpoints", "--namespace", NAMESPACE)
CRD = f"{PLURAL}.{GROUP}.yaml"
NEW = "revisionHistoryLimit"
MANIFEST: dict[str, Any] = {
    "apiVersion": f"{GROUP}/v1alpha1",
    "kind": "SageMakerEndpoint",
    "metadata": {"name": "iris", "namespace": "default"},
    "spec": {
        "executionRoleARN": "arn:aws:iam::123456789012:role/sagemaker-execution",
        "variants": [
            {
                "name": "primary",
                "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/iris:1.0",
                "instance": {"type": "ml.m5.large", "count": 1},
            }
        ],
    },
}
SECONDS = 240.0


@pytest.fixture
def of_before(tmp_path: Path) -> str:
    """A chart of the release before: its CRD lacks a field, and something else of it is gone since."""
    folder = tmp_path / "smendpoints"
    shutil.copytree(CHART, folder)
    path = folder / "files" / "crds" / CRD
    crd = yaml.safe_load(path.read_text())
    for version in crd["spec"]["versions"]:
        del version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"][NEW]
    path.write_text(yaml.safe_dump(crd, sort_keys=False))
    chart = (folder / "Chart.yaml").read_text()
    (folder / "Chart.yaml").write_text(chart.replace("version: 0.1.0", "version: 0.0.9"))
    (folder / "templates" / "gone.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: gone-since, namespace: {{ .Release.Namespace }}}\n"
    )
    return str(folder)


@pytest.fixture
def release(plane: ControlPlane, helm: Helm) -> Helm:
    """Helm with the cluster."""
    plane.kubectl("create", "namespace", NAMESPACE)
    plane.kubectl("label", "namespace", NAMESPACE, "--overwrite", "pod-security.kubernetes.io/enforce=restricted")

    def run(*arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        done: subprocess.CompletedProcess[str] = helm(*arguments, kubeconfig=plane.kubeconfig, check=check)
        return done

    return run


def the_object(plane: ControlPlane) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(plane.kubectl("get", "smep", "iris", "-n", "default", "-o", "json"))
    return found


def test_from_the_release_before_to_this_one_and_away_and_back_no_object_is_lost(
    plane: ControlPlane, release: Helm, chart: str, of_before: str
) -> None:
    told = release("install", *RELEASE, of_before, "--set", "aws.region=us-east-1").stdout
    assert "image.repository has no registry" in told
    assert "the values give the operator no AWS identity" in told
    assert "aws.region is empty" not in told
    assert "does not enforce pod security" not in told
    plane.established()
    body = json.dumps({**MANIFEST, "spec": {**MANIFEST["spec"], NEW: 7}})

    def made() -> bool:  # the checks of an API server that has just learned of them are not loaded
        plane.kubectl("apply", "--validate=false", "-f", "-", stdin=body, check=False)
        return bool(plane.kubectl("get", "smep", "-n", "default", "-o", "name"))

    wait_until(made, SECONDS, lambda: plane.kubectl("apply", "-f", "-", stdin=body))
    first = the_object(plane)
    assert NEW not in first["spec"]

    told = release("upgrade", *RELEASE, chart, "--set", "aws.region=us-east-1,replicas=3").stdout
    assert "STATUS: deployed" in told
    assert plane.kubectl("get", "deployment", *RELEASE, "-o", "jsonpath={.spec.replicas}") == "3"
    assert not plane.kubectl("get", "configmap", "gone-since", "-n", NAMESPACE, "--ignore-not-found")

    def taken() -> bool:
        plane.kubectl("apply", "--validate=false", "-f", "-", stdin=body)
        return bool(the_object(plane)["spec"].get(NEW) == 7)

    wait_until(taken, SECONDS, lambda: json.dumps(the_object(plane), indent=1))
    assert the_object(plane)["metadata"]["uid"] == first["metadata"]["uid"]

    release("uninstall", *RELEASE)
    left = plane.kubectl("get", "deployment,configmap,serviceaccount,lease,pdb,networkpolicy,role", "-n", NAMESPACE)
    assert "smendpoints" not in left
    assert "smendpoints" not in plane.kubectl("get", "clusterrole,clusterrolebinding,validatingadmissionpolicy")
    assert the_object(plane)["spec"][NEW] == 7

    release("install", *RELEASE, chart, "--set", "aws.region=us-east-1")
    assert the_object(plane)["metadata"]["uid"] == first["metadata"]["uid"]
    release("uninstall", *RELEASE)
    assert the_object(plane)["metadata"]["uid"] == first["metadata"]["uid"]


COMPLETE = (
    "image.repository=registry.example.com/smendpoints",
    "aws.region=us-east-1",
    "aws.credentials.secretName=aws",
    "serviceAccount.create=false",
)
MISSING: dict[str, tuple[tuple[str, ...], str]] = {
    "no registry": (("image.repository=smendpoints",), "image.repository has no registry"),
    "no region": (("aws.region=",), "aws.region is empty"),
    "no identity": (("aws.credentials.secretName=",), "the values give the operator no AWS identity"),
    "no CRDs": (("crds.install=false",), "the CRDs are not installed, and crds.install is false"),
    "no policy": (("policy.require=true",), "there is no SageMakerEndpointPolicy"),
    "a token in plain text": (
        (
            "metrics.authentication.enabled=true",
            "metrics.authentication.readers[0].name=prometheus-k8s",
            "metrics.authentication.readers[0].namespace=monitoring",
        ),
        "Prometheus sends its token unencrypted",
    ),
    "no reader": (
        ("metrics.authentication.enabled=true", "metrics.tls.secretName=tls"),
        "metrics.authentication.readers is empty",
    ),
    "no pod security": (("serviceAccount.create=true",), "the namespace does not enforce pod security"),
}


def test_the_notes_name_what_is_missing_and_nothing_else(plane: ControlPlane, helm: Helm, chart: str) -> None:
    """They ask the cluster, so the release is tried on an API server: one without CRDs, and without pod security."""
    plane.kubectl("create", "namespace", "bare")

    def lines(*more: str) -> int:
        return notes(*more).partition("Please check:")[2].partition("\n\n")[0].count("\n  - ")

    def notes(*more: str) -> str:
        sets = [word for each in (*COMPLETE, *more) for word in ("--set", each)]
        where = ("--namespace", "bare", "--dry-run=server")
        return str(helm("install", "smendpoints", chart, *where, *sets, kubeconfig=plane.kubeconfig).stdout)

    assert "Please check:" not in notes()
    told = {case: sentence in notes(*values) for case, (values, sentence) in MISSING.items()}
    assert told == dict.fromkeys(MISSING, True)
    assert {case: lines(*values) for case, (values, _) in MISSING.items()} == dict.fromkeys(MISSING, 1)


def test_policies_may_be_required_from_the_first_installation_on(
    plane: ControlPlane, release: Helm, chart: str
) -> None:
    """The cluster does not know the kind of the policies before, which the notes ask for."""
    told = release("install", *RELEASE, chart, "--set", "aws.region=us-east-1,policy.require=true").stdout
    assert "there is no SageMakerEndpointPolicy" in told
    plane.established()
    selector: dict[str, Any] = {"namespaceSelector": {}}
    body = {**MANIFEST, "kind": "SageMakerEndpointPolicy", "metadata": {"name": "all"}, "spec": selector}

    def made() -> bool:
        plane.kubectl("apply", "-f", "-", stdin=json.dumps(body), check=False)
        return bool(plane.kubectl("get", "smeppolicies", "-o", "name"))

    wait_until(made, SECONDS, lambda: plane.kubectl("apply", "-f", "-", stdin=json.dumps(body)))
    told = release("upgrade", *RELEASE, chart, "--set", "aws.region=us-east-1,policy.require=true").stdout
    assert "there is no SageMakerEndpointPolicy" not in told


@pytest.mark.parametrize("helm", ["helm4"], indirect=True)
def test_a_cluster_with_the_plain_manifests_is_taken_over(plane: ControlPlane, release: Helm, chart: str) -> None:
    """As docs/install.md tells: the Deployment, whose selector cannot change, goes first."""
    plane.kubectl("apply", "-k", str(CHART.parents[1] / "manifests"))
    plane.established()
    refused = release("install", *RELEASE, chart, check=False)
    assert refused.returncode != 0
    plane.kubectl("delete", "deployment", *RELEASE)
    release("install", *RELEASE, chart, "--take-ownership", "--force-conflicts")
    owner = "jsonpath={.metadata.annotations.meta\\.helm\\.sh/release-name}"
    assert plane.kubectl("get", "crd", f"{PLURAL}.{GROUP}", "-o", owner) == "smendpoints"
    assert plane.kubectl("get", "deployment", *RELEASE, "-o", owner) == "smendpoints"


@pytest.mark.parametrize("helm", ["helm4"], indirect=True)
@pytest.mark.usefixtures("release")
def test_all_that_can_be_rendered_is_taken_strictly_and_under_restricted_pod_security(
    plane: ControlPlane, tmp_path: Path
) -> None:
    """The Pod of `helm test` among it, and what the values can add."""
    values = {
        "aws": {"credentials": {"secretName": "aws"}},
        "metrics": {"service": {"create": True}, "dashboard": {"enabled": True}},
        "imagePullSecrets": [{"name": "registry"}],
        "priorityClassName": "system-cluster-critical",
        "tolerations": [{"operator": "Exists"}],
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "smendpoints"}},
            }
        ],
        "env": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
        "networkPolicy": {"extraIngress": [{"from": [{"podSelector": {}}]}]},
    }
    path = tmp_path / "values.yaml"
    path.write_text(json.dumps(values))
    strictly = ("--dry-run=server", "--validate=strict", "--warnings-as-errors")
    answer = plane.kubectl("apply", *strictly, "-f", "-", stdin=template("--values", str(path)))
    assert "pod/smendpoints-check created (server dry run)" in answer
    assert "deployment.apps/smendpoints created (server dry run)" in answer
