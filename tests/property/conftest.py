"""Fixtures of the tests in virtual time."""

import os
from collections.abc import Iterator

import pytest

from smsandbox.testing.harness import Harness


@pytest.fixture
def harness(request: pytest.FixtureRequest) -> Iterator[Harness]:
    """A fresh AWS with an operator, with its module's `SETTINGS`. Each fault that a test puts in force has to strike."""
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    made = Harness(settings=getattr(request.module, "SETTINGS", None))
    yield made
    made.simulator.close()
    assert made.world.faults.idle() == [], "never struck"
