"""Helm, and an API server of the chart's own: what other tests install is not in its way."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from smsandbox import tools
from smsandbox.chart import CHART
from smsandbox.controlplane import ControlPlane

Helm = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[ControlPlane]:
    """A control plane that has nothing but what the test installs: one starts in seconds, a CRD may take minutes to go."""
    made = ControlPlane.start(tmp_path / "plane")
    yield made
    made.apiserver.kill()
    made.etcd.kill()


@pytest.fixture(params=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest, tmp_path: Path) -> Helm:
    """A command of one of the two Helms, without a cluster unless `kubeconfig` is given."""

    def run(*arguments: str, kubeconfig: Path | None = None, check: bool = True) -> "subprocess.CompletedProcess[str]":
        environment = {"HOME": str(tmp_path), "KUBECONFIG": str(kubeconfig or "/dev/null")}
        command = [str(tools.find(request.param)), *arguments]
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=300)
        assert not check or done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture(scope="session")
def chart() -> str:
    """The chart's folder."""
    return str(CHART)
