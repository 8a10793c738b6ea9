"""What Git tools and Helm see of objects that a real operator works on: no difference, and when an object is done.

Argo CD compares by server-side apply (a dry run) or by a three-way merge with what was applied last; `kubectl diff` does
both. Argo CD's own diff does not build here.
"""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from smendpoints.api.group import GROUP, KIND, PLURAL, VERSION
from smsandbox import paths, tools
from smsandbox.chart import template
from smsandbox.testing.policies import Boundary
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.testing.stage import Stage, has, message

SERVER = ("--server-side", "--field-manager=argocd-controller")
MISSING = "s3://models/there/is/none.tar.gz"


def manifest(name: str, wanted: dict[str, Any]) -> str:
    body = {"apiVersion": f"{GROUP}/{VERSION}", "kind": KIND, "metadata": {"name": name}, "spec": wanted}
    return json.dumps(body)


def test_a_synced_object_never_shows_a_difference(stage: Stage) -> None:
    """By server-side apply and by three-way merge, whatever the operator and the autoscaler write."""
    stage.cloud.simulator.change(alarms={"high_periods": 1})
    scaling = {"minCapacity": 1, "maxCapacity": 3, "targetInvocationsPerInstance": 2, "disableScaleIn": True}
    guarded = {
        "terminationWaitSeconds": 5,
        "rollback": {"maxErrorRatePercent": 5},
    }  # with defaults beside it, which the API server writes
    synced = with_variant(spec(rollout=guarded, tags={"team": "a"}), scaling=scaling)
    tools_of = {"server": SERVER, "client": ()}

    def sync(wanted: dict[str, Any]) -> None:
        for name, how in tools_of.items():
            stage.kubectl("apply", *how, "-f", "-", stdin=manifest(name, wanted))

    def shows_nothing(name: str, how: tuple[str, ...], wanted: dict[str, Any]) -> bool:
        """Whether a diff shows nothing. One that the operator wrote beside says nothing, and is to be made again:
        server-side, kubectl reads the object and has it merged in two requests without a lock, so that a status which
        is written between the two looks like a difference.
        """
        before = stage.get(name)["metadata"]["resourceVersion"]
        try:
            return stage.kubectl("diff", *how, "-f", "-", stdin=manifest(name, wanted)) == ""
        except subprocess.CalledProcessError as error:
            if error.returncode != 1 or stage.get(name)["metadata"]["resourceVersion"] == before:
                pytest.fail(f"{error.stdout}\n{error.stderr}")
            return False

    def is_synced(wanted: dict[str, Any]) -> None:
        for name, how in tools_of.items():
            stage.see(partial(shows_nothing, name, how, wanted), "a diff of one version")
            fields = stage.get(name)["metadata"]["managedFields"]
            assert len({each["manager"] for each in fields if "f:spec" in each["fieldsV1"]}) == 1

    sync(synced)
    for name in tools_of:
        stage.until(name, lambda found: has(found, "Reconciling"), "Reconciling")
    is_synced(synced)
    for name in tools_of:
        stage.ready(name)

    def is_grown() -> bool:
        for _ in range(10):
            stage.invoke("server")
        return bool(stage.get("server")["status"]["instances"] == "3/3")

    stage.see(is_grown, "three instances by the autoscaler")
    is_synced(synced)
    target = f"endpoint/{stage.endpoint_name('server')}/variant/primary"
    about = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
    stage.cloud.aws("application-autoscaling").register_scalable_target(
        **about, ResourceId=target, MinCapacity=2, MaxCapacity=9
    )
    stage.see(lambda: any(each[1] == "DriftFound" for each in stage.events("server")), "drift")
    is_synced(synced)
    for wanted in (with_variant(synced, modelArtifact=ARTIFACTS[1]), {**synced, "desiredState": "Stopped"}):
        sync(wanted)
        for name in tools_of:
            stage.ready(name)
        is_synced(wanted)


def test_no_sample_shows_a_difference_for_the_defaults_that_the_api_server_writes(boundary: Boundary) -> None:
    control_plane = boundary.plane
    samples = sorted((paths.repository() / "manifests" / "samples").glob("*.yaml"))
    objects = [yaml.safe_load(path.read_text()) for path in samples]
    for namespace, how in (("synced-by-server", SERVER), ("synced-by-client", ())):
        control_plane.kubectl("create", "namespace", namespace)
        several = yaml.safe_dump_all(each for each in objects if each["kind"] == KIND)
        where = ("--namespace", namespace, "-f", "-")
        control_plane.kubectl("apply", *how, *where, stdin=several)
        assert control_plane.kubectl("diff", *how, *where, stdin=several) == ""
        control_plane.kubectl("delete", *where, stdin=several)


@pytest.fixture
def own_chart(tmp_path: Path) -> str:
    """A chart of a user's with one of our objects, whose artifact is a value."""
    folder = tmp_path / "iris"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: iris\nversion: 1.0.0\n")
    (folder / "values.yaml").write_text(f"artifact: {ARTIFACTS[0]}\n")
    body = manifest("{{ .Release.Name }}", with_variant(spec(), modelArtifact="{{ .Values.artifact }}"))
    (folder / "templates" / "endpoint.yaml").write_text(body)
    return str(folder)


def test_helm_waits_until_an_object_is_ready_and_fails_at_once_when_it_is_stalled(stage: Stage, own_chart: str) -> None:
    """Helm 4 does; Helm 3 looks at no kind but Kubernetes' own, and calls it deployed."""

    def helm(name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        where = ("--namespace", stage.namespace, "--wait", "--timeout", "10m")
        environment = {**os.environ, "KUBECONFIG": str(stage.cloud.world.kubeconfig)}
        command = [str(tools.find(name)), *arguments, own_chart, *where]
        return subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=600)

    done = helm("helm4", "install", "iris")
    assert done.returncode == 0, done.stderr
    assert has(stage.get("iris"), "Ready")
    done = helm("helm4", "upgrade", "iris", "--set", f"artifact={MISSING}")
    assert done.returncode != 0
    found = stage.stalled("iris", "ArtifactNotFound")
    assert message(found, "Stalled").partition("; trying again")[0] in done.stderr
    assert "timed out" not in done.stderr
    assert "deadline exceeded" not in done.stderr
    done = helm("helm3", "install", "older", "--set", f"artifact={MISSING}")
    assert done.returncode == 0, done.stderr
    stage.stalled("older", "ArtifactNotFound")


def checked(stage: Stage, **changes: str) -> "subprocess.CompletedProcess[str]":
    """`smendpoints check` as the Pod of `helm test` runs it: with the settings that the chart renders."""
    objects = {each["kind"]: each for each in yaml.safe_load_all(template("--set", "aws.region=us-east-1")) if each}
    settings: dict[str, str] = objects["ConfigMap"]["data"]
    (container,) = objects["Pod"]["spec"]["containers"]
    world = stage.cloud.world
    kubeconfig = {"KUBECONFIG": str(world.folder / "operator.kubeconfig")}
    environment = {**os.environ, **world.aws_environment, **settings, **kubeconfig, **changes}
    command = [sys.executable, "-m", "smendpoints", *container["args"]]
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=300)


def test_what_helm_test_runs_tells_what_is_missing(stage: Stage, tmp_path: Path) -> None:
    done = checked(stage)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 7
    assert all(line.startswith("ok ") for line in lines)
    stage.kubectl("create", "serviceaccount", "nobody")
    nobody = stage.cloud.plane.account_kubeconfig(stage.namespace, "nobody", tmp_path / "kubeconfig")
    done = checked(
        stage,
        KUBECONFIG=str(nobody),
        AWS_ENDPOINT_URL="http://127.0.0.1:9",
        SMENDPOINTS_LEASE_NAME="another",
        SMENDPOINTS_LEASE_DURATION_SECONDS="8",
        SMENDPOINTS_NAMESPACES=stage.namespace,
    )
    assert done.returncode == 1
    told = {line.partition(":")[0].removeprefix("MISSING").strip(): line for line in done.stdout.splitlines()}
    assert f"the account may not list {PLURAL}" in told[f"rights in {stage.namespace}"]
    assert "events" in told[f"rights in {stage.namespace}"]
    assert "nothing is changed in AWS" in told["rights to read policies and namespaces"]
    assert "bind the account to the Role" in told["the lease another"]
    assert told["AWS in us-east-1"].startswith("MISSING")
