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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many cases and steps the tests that count them ran: one test may stand for hundreds."""
    counts: dict[str, int] = {}
    seeds: list[str] = []
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "seed":
                seeds.append(str(value))
            elif isinstance(value, int):
                counts[name] = counts.get(name, 0) + value
    if counts:
        told = ", ".join(f"{counts[name]} {name}" for name in sorted(counts))
        terminalreporter.write_line(f"within the tests: {told}; seeds: {', '.join(seeds) or 'fixed'}")
