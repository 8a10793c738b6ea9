"""Fixtures of the tests in virtual time."""

import os
from collections.abc import Iterator

import pytest

from smsandbox.testing.harness import Harness
from smsandbox.testing.operator_policy import Clients, hold
from smsandbox.testing.trial import Trial


@pytest.fixture(autouse=True)
def _no_internal_error(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """An internal error of the operator, which it logs and goes on from, is a fault, whatever becomes of the test."""
    yield
    logged = [each for each in caplog.get_records("call") if each.exc_info and each.name.startswith("smendpoints.")]
    assert [each.getMessage() for each in logged] == []


@pytest.fixture
def harness(request: pytest.FixtureRequest) -> Iterator[Harness]:
    """A fresh AWS with an operator, with its module's `SETTINGS` and `AUDIT_SECONDS`.

    Each fault that a test puts in force has to strike.
    """
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    settings, audit = (getattr(request.module, name, None) for name in ("SETTINGS", "AUDIT_SECONDS"))
    made = Harness(settings=settings, audit_seconds=audit or 60.0)
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
