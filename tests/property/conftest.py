"""Fixtures of the tests in virtual time."""

import os
from collections.abc import Iterator

import pytest

from smsandbox.testing.harness import Harness
from smsandbox.testing.trial import Trial


@pytest.fixture
def harness(request: pytest.FixtureRequest) -> Iterator[Harness]:
    """A fresh AWS with an operator, with its module's `SETTINGS`. Each fault that a test puts in force has to strike."""
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    made = Harness(settings=getattr(request.module, "SETTINGS", None))
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
