"""Fixtures that several test folders share."""

import gc
import os
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from smsandbox.controlplane import ControlPlane
from smsandbox.world import LOOPBACK, PROXY_EXCEPTIONS

# A loaded machine is no fault of the code under test, and a run says the same when it is repeated. Other examples than
# always are tried with `--hypothesis-profile=explore`.
settings.register_profile(
    "always", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.register_profile("explore", settings.get_profile("always"), max_examples=1000, derandomize=False)
settings.load_profile("always")
os.environ.update(dict.fromkeys(PROXY_EXCEPTIONS, LOOPBACK))  # nothing here is reached through the machine's proxy


def pytest_collection_finish() -> None:
    """What is there before the first test stays to the end: not to be gone through again and again takes a tenth off."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.fixture(autouse=True)
def _chance() -> None:
    """What libraries draw by themselves (the jitter of botocore's retries) is the same in every run."""
    random.seed(0)


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A real API server, one per test process, so that a test may kill it without disturbing another's."""
    plane = ControlPlane.start(tmp_path_factory.mktemp("control-plane"))
    yield plane
    plane.apiserver.kill()
    plane.etcd.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, driven by Playwright. As long as that lives its event loop runs, and no test can have one of its own."""
    from smsandbox.testing.browser import launched

    with launched() as found:
        yield found


_WALKS_FOR_ALL = 20  # fewer histories need not reach all


def _walked(terminalreporter: pytest.TerminalReporter) -> tuple[Counter[str], set[str], int]:
    """In how many histories of the random walk each thing was reached; all that is to be; how many histories."""
    reached: Counter[str] = Counter()
    wanted: set[str] = set()
    walks = 0
    for report in terminalreporter.getreports("passed"):
        told = dict(report.user_properties)
        if "walked" in told:
            walks += 1
            reached.update(str(told["walked"]).split("|"))
            wanted |= set(str(told["to be walked"]).split("|"))
    return reached, wanted, walks


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """The walk as a whole fails when its histories together leave something out."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(session.config, "workerinput"):
        return
    reached, wanted, walks = _walked(reporter)
    if walks >= _WALKS_FOR_ALL and wanted - reached.keys() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many cases and steps the tests that count them ran: one test may stand for hundreds; and what none did."""
    counts: dict[str, int] = {}
    seeds: list[str] = []
    undone: list[str] = []
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "seed":
                seeds.append(str(value))
            elif name == "not done":
                undone.append(str(value))
            elif isinstance(value, int):
                counts[name] = counts.get(name, 0) + value
    if counts:
        told = ", ".join(f"{counts[name]} {name}" for name in sorted(counts))
        terminalreporter.write_line(f"within the tests: {told}; seeds: {', '.join(seeds) or 'fixed'}")
    reached, wanted, walks = _walked(terminalreporter)
    if walks:
        table = ", ".join(f"{each} {reached[each]}" for each in sorted(wanted))
        terminalreporter.write_line(f"in how many of {walks} walks was reached: {table}")
        if walks >= _WALKS_FOR_ALL and wanted - reached.keys():
            terminalreporter.write_line(f"NEVER REACHED: {', '.join(sorted(wanted - reached.keys()))}", red=True)
    for each in undone:
        terminalreporter.write_line(f"NOT DONE: {each}", yellow=True)
