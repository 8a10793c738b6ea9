"""Fixtures of the tests in virtual time."""

import os
import zlib
from collections.abc import Iterator

import pytest

from smsandbox.testing.harness import Harness
from smsandbox.testing.operator_policy import Clients, hold
from smsandbox.testing.trial import AUDIT_SECONDS, Trial

SHARE = int(os.environ.get("SMENDPOINTS_HOURS_SHARE", "1"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of the tests in which hours pass only each `SHARE`-th is run, from one drawn anew, the same in all workers."""
    if SHARE == 1:
        return
    drawn = zlib.crc32(getattr(config, "workerinput", {}).get("testrunuid", "").encode())
    hours = [item for item in items if item.get_closest_marker("hours") is not None]
    left_out = {item for number, item in enumerate(hours, start=drawn) if number % SHARE}
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out."""
    if SHARE > 1:
        terminalreporter.write_line(f"of the tests in which hours of virtual time pass one in {SHARE} was run")


@pytest.fixture(autouse=True)
def _no_internal_error(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """An internal error of the operator, which it logs and goes on from, is a fault, whatever becomes of the test."""
    yield
    logged = [each for each in caplog.get_records("call") if each.exc_info and each.name.startswith("smendpoints.")]
    assert [each.getMessage() for each in logged] == []


@pytest.fixture
def harness(request: pytest.FixtureRequest) -> Iterator[Harness]:
    """A fresh AWS with an operator, with its module's `SETTINGS`. Each fault that a test puts in force has to strike."""
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    audit = 60.0 if request.node.get_closest_marker("hours") is None else AUDIT_SECONDS
    made = Harness(settings=getattr(request.module, "SETTINGS", None), audit_seconds=audit)
    yield made
    made.simulator.close()
    assert made.world.faults.idle() == [], "never struck"


@pytest.fixture
def trial() -> Iterator[Trial]:
    """An endpoint under traffic, for experiments on it."""
    made = Trial()
    yield made
    made.harness.simulator.close()
    assert made.harness.violations == []
    assert made.harness.failed_calls().keys() <= made.expected


@pytest.fixture
def admin(harness: Harness) -> Clients:
    """Clients of the account's root; the operator is a user with the policy, and from now on held to it."""
    hold(harness)
    return harness.client
