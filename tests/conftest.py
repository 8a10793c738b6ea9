"""Fixtures that several test folders share."""

from collections.abc import Iterator

import pytest

from smsandbox.controlplane import ControlPlane


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A real API server, one per test process, so that a test may kill it without disturbing another's."""
    plane = ControlPlane.start(tmp_path_factory.mktemp("control-plane"))
    yield plane
    plane.apiserver.kill()
    plane.etcd.kill()
