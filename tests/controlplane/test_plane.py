"""The control plane as a client meets it, and what it survives."""

import json
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from smsandbox import probe
from smsandbox.controlplane import ControlPlane
from smsandbox.process import wait_until

STARTER = """
import sys, time
from pathlib import Path
from smsandbox import probe
from smsandbox.controlplane import ControlPlane
plane = ControlPlane.start(Path(sys.argv[1]))
print(plane.etcd.pid, plane.apiserver.pid, flush=True)
time.sleep(600)
"""


def fails(plane: ControlPlane, *arguments: str, kubeconfig: Path | None = None, stdin: str | None = None) -> str:
    chosen = [] if kubeconfig is None else [f"--kubeconfig={kubeconfig}"]
    with pytest.raises(subprocess.CalledProcessError) as failure:
        plane.kubectl(*chosen, *arguments, stdin=stdin)
    return str(failure.value.stderr)


def test_client_and_server_agree_on_a_release_that_parses(control_plane: ControlPlane) -> None:
    version = json.loads(control_plane.kubectl("version", "--output=json"))
    server, client = version["serverVersion"], version["clientVersion"]
    assert [server["major"], server["minor"]] == ["1", "36"]
    assert server["gitVersion"].startswith("v1.36.")
    assert client["gitVersion"].startswith("v1.36.")


def test_an_account_may_do_what_it_was_granted_and_nothing_else(control_plane: ControlPlane, tmp_path: Path) -> None:
    plane = control_plane
    plane.kubectl("create", "namespace", "rights")
    plane.kubectl("create", "serviceaccount", "reader", "--namespace=rights")
    config = plane.account_kubeconfig("rights", "reader", tmp_path / "kubeconfig", duration="10m")
    who = json.loads(plane.kubectl(f"--kubeconfig={config}", "auth", "whoami", "--output=json"))
    assert who["status"]["userInfo"]["username"] == "system:serviceaccount:rights:reader"
    assert "cannot list resource" in fails(plane, "get", "configmaps", kubeconfig=config)
    plane.kubectl("create", "role", "reader", "--verb=list", "--resource=configmaps", "--namespace=rights")
    plane.kubectl("create", "rolebinding", "reader", "--role=reader", "--serviceaccount=rights:reader", "-nrights")
    wait_until(
        lambda: (
            plane.kubectl(f"--kubeconfig={config}", "auth", "can-i", "list", "configmaps", check=False) == "yes\n"
            or None
        ),
        120,
        lambda: "the right never arrived",
    )
    plane.kubectl(f"--kubeconfig={config}", "get", "configmaps")
    assert "cannot list resource" in fails(plane, "get", "secrets", kubeconfig=config)


def test_etcd_answers_nobody_but_the_api_server(control_plane: ControlPlane) -> None:
    """Its gateway takes any Host and Origin: without certificates a page in a browser could write to the cluster."""
    at = json.loads((control_plane.state_dir / "ports.json").read_text())["etcd"]
    anybody = ssl.create_default_context(cafile=str(control_plane.state_dir / "pki" / "ca.crt"))
    assert probe.answer(f"http://127.0.0.1:{at}/version") is None
    assert probe.answer(f"https://127.0.0.1:{at}/version", tls=anybody) is None
    pki = control_plane.state_dir / "pki"
    anybody.load_cert_chain(pki / "apiserver.crt", pki / "apiserver.key")
    assert probe.answer(f"https://127.0.0.1:{at}/version", tls=anybody, seconds=60) is not None


def test_a_restricted_namespace_refuses_a_root_pod(control_plane: ControlPlane) -> None:
    control_plane.kubectl("create", "namespace", "restricted")
    control_plane.kubectl("label", "namespace", "restricted", "pod-security.kubernetes.io/enforce=restricted")
    message = fails(control_plane, "run", "root", "--image=scratch", "--namespace=restricted")
    assert 'violates PodSecurity "restricted:latest"' in message


def test_cel_rules_of_a_crd_are_enforced(control_plane: ControlPlane) -> None:
    rule = {"rule": "self.low <= self.high", "message": "low must not be above high"}
    numbers = {"low": {"type": "integer"}, "high": {"type": "integer"}}
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": numbers, "x-kubernetes-validations": [rule]}},
    }
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "ranges.test.smendpoints.dev"},
        "spec": {
            "group": "test.smendpoints.dev",
            "scope": "Namespaced",
            "names": {"plural": "ranges", "singular": "range", "kind": "Range"},
            "versions": [version],
        },
    }
    control_plane.kubectl("apply", "-f-", stdin=json.dumps(crd))
    control_plane.established()

    def apply(low: int, high: int) -> subprocess.CompletedProcess[str]:
        value = {
            "apiVersion": "test.smendpoints.dev/v1",
            "kind": "Range",
            "metadata": {"name": "a"},
            "spec": {"low": low, "high": high},
        }
        command = ["kubectl", f"--kubeconfig={control_plane.kubeconfig}", "apply", "--dry-run=server", "-f-"]
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        return subprocess.run(
            command, input=json.dumps(value), text=True, capture_output=True, check=False, env=environment
        )

    good = wait_until(lambda: done if (done := apply(1, 2)).returncode == 0 else None, 120, lambda: apply(1, 2).stderr)
    assert "created" in good.stdout
    assert "low must not be above high" in apply(2, 1).stderr


def test_the_api_server_alone_can_be_killed_and_started_again(control_plane: ControlPlane) -> None:
    control_plane.kubectl("create", "configmap", "kept")
    etcd, before = control_plane.etcd.pid, control_plane.apiserver.pid
    control_plane.apiserver.kill()
    assert not control_plane.apiserver.ready()
    control_plane.apiserver.start()
    assert control_plane.etcd.pid == etcd
    assert control_plane.apiserver.pid != before
    assert "kept" in control_plane.kubectl("get", "configmap", "kept", "--output=name")


def test_two_starts_at_once_share_one_plane_that_dies_with_its_starter_and_keeps_its_data(tmp_path: Path) -> None:
    starters = [
        subprocess.Popen([sys.executable, "-c", STARTER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        said = [starter.stdout.readline() for starter in starters if starter.stdout]
        assert said[0] == said[1] != ""
        kubeconfig = (tmp_path / "kubeconfig").read_text()
        plane = ControlPlane.start(tmp_path)  # a third: joins them
        assert f"{plane.etcd.pid} {plane.apiserver.pid}\n" == said[0]
        plane.kubectl("create", "configmap", "kept", "--from-literal=a=1")
    finally:
        for starter in starters:
            starter.send_signal(signal.SIGKILL)
            starter.communicate()
    wait_until(
        lambda: (plane.etcd.pid is None and plane.apiserver.pid is None) or None, 120, lambda: "a process was left"
    )

    plane = ControlPlane.start(tmp_path)
    try:
        assert (tmp_path / "kubeconfig").read_text() == kubeconfig
        kept = json.loads(plane.kubectl("get", "configmap", "kept", "--output=json"))
        assert kept["data"] == {"a": "1"}
    finally:
        plane.stop()
    assert not plane.running


def test_a_port_that_somebody_took_meanwhile_is_replaced(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (tmp_path / "ports.json").write_text(json.dumps({"etcd": port, "apiserver": port}))
        plane = ControlPlane.start(tmp_path)
        try:
            assert str(port) not in plane.url
            assert "default" in plane.kubectl("get", "namespaces", "--output=name")
        finally:
            plane.stop()
