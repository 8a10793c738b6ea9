"""An operator as it is shipped, with the settings and the account of `manifests/` and no AWS within reach.

Whoever starts it, as processes or in a container, gives it the environment of here and asks here what it came to.
"""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from smsandbox import paths, ports, probe
from smsandbox.controlplane import ControlPlane
from smsandbox.process import wait_until

MANIFESTS = paths.repository() / "manifests"
NAMESPACE = "image-tests"


@dataclass(frozen=True)
class Shipped:
    """The installation in a control plane, and the ports of the operator to come; at `nobody` nothing listens."""

    plane: ControlPlane
    kubeconfig: Path
    health: int
    metrics: int
    nobody: int

    @classmethod
    def installed(cls, plane: ControlPlane, folder: Path) -> "Shipped":
        """Apply `manifests/`; the account's kubeconfig goes into the folder."""
        plane.kubectl("apply", "-k", str(MANIFESTS))
        plane.established()
        made = plane.kubectl("create", "namespace", NAMESPACE, "--dry-run=client", "-o", "yaml")
        plane.kubectl("apply", "-f", "-", stdin=made)
        account = plane.account_kubeconfig("smendpoints-system", "smendpoints", folder / "kubeconfig")
        return cls(plane, account, *ports.free(3))

    def environment(self, kubeconfig: str) -> dict[str, str]:
        """The settings of `manifests/`, but for where it is; `kubeconfig` is the path as the operator sees it."""
        settings: dict[str, str] = yaml.safe_load((MANIFESTS / "config.yaml").read_text(encoding="utf-8"))["data"]
        return settings | {
            "SMENDPOINTS_NAMESPACES": NAMESPACE,
            "SMENDPOINTS_REGION": "us-east-1",
            "SMENDPOINTS_LIVENESS_PORT": str(self.health),
            "SMENDPOINTS_METRICS_PORT": str(self.metrics),
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.nobody}",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "KUBECONFIG": kubeconfig,
        }

    @contextlib.contextmanager
    def tried(self, runs: Callable[[], bool], logs: Callable[[], str]) -> Iterator[None]:
        """The block follows once the operator has told of an object that AWS is away, and answers at both ports."""
        try:
            self.plane.kubectl("apply", "-n", NAMESPACE, "-f", str(MANIFESTS / "samples" / "minimal.yaml"))
            wait_until(lambda: self._told(runs, logs), 240, logs)
            wait_until(lambda: probe.answer(f"http://127.0.0.1:{self.health}/healthz"), 120, logs)
            assert b"smendpoints" in (probe.answer(f"http://127.0.0.1:{self.metrics}/metrics", seconds=60) or b"")
            yield
        finally:
            finalizers = ("--type=merge", "-p", '{"metadata": {"finalizers": null}}')
            self.plane.kubectl("patch", "-n", NAMESPACE, "smep", "iris", *finalizers)
            self.plane.kubectl("delete", "-n", NAMESPACE, "smep", "--all")

    def _told(self, runs: Callable[[], bool], logs: Callable[[], str]) -> bool | None:
        assert runs(), logs()
        found = json.loads(self.plane.kubectl("get", "-n", NAMESPACE, "smep", "iris", "-o", "json"))
        reasons = {each["type"]: each["reason"] for each in found.get("status", {}).get("conditions", ())}
        return reasons.get("Ready") == "AWSUnavailable" or None
