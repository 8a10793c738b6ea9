"""What a tenant tries who may write objects in one namespace, or, against the rules, their status; in virtual time."""

from typing import Any

import pytest

from smendpoints.domain.reasons import Reason
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant

TYPE = "ml.m5.large"


def fixed(count: int, **fields: Any) -> dict[str, Any]:
    return with_variant(spec(), scaling=None, instance={"type": TYPE, "count": count}, **fields)


def running(harness: Harness) -> int:
    """Instances in AWS, whoever they are for."""
    return sum(
        variant["CurrentInstanceCount"]
        for name in harness.inventory()["endpoints"]
        for variant in harness.live(name)["ProductionVariants"]
    )


def reason(harness: Harness, name: str) -> str:
    condition = harness.condition(name, "Ready")
    return condition.reason if condition is not None else ""


def lowered_by_an_update_that_fails(harness: Harness) -> None:
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("iris", fixed(1, modelArtifact=ARTIFACTS[1]))
    harness.settle_told("iris", Reason.UPDATE_FAILED)


def lowered_while_aws_refuses(harness: Harness) -> None:
    harness.world.faults.add({"kind": "access_denied", "operation": "UpdateEndpointWeightsAndCapacities"})
    harness.apply("iris", fixed(1))
    harness.settle_told("iris", Reason.ACCESS_DENIED)


def lowered_and_raised_by_a_hand(harness: Harness) -> None:
    harness.apply("iris", {**fixed(1), "driftPolicy": "Report"})
    harness.settle_told("iris", Reason.IN_SERVICE)
    harness.run(900)
    harness.scale_by_hand(4)
    harness.run(900)


@pytest.mark.parametrize(
    ("lower", "restarts"),
    [
        (lowered_by_an_update_that_fails, False),
        (lowered_by_an_update_that_fails, True),
        (lowered_while_aws_refuses, False),
        (lowered_and_raised_by_a_hand, True),
    ],
)
def test_what_a_spec_asks_for_frees_nothing_of_a_namespaces_limit_while_more_runs_in_aws(
    harness: Harness, lower: Any, restarts: bool
) -> None:
    harness.policy("few", {"maxInstances": 4})
    harness.apply("iris", fixed(4))
    harness.settle_told("iris", Reason.IN_SERVICE)
    lower(harness)
    if restarts:
        harness.restart()
    harness.apply("more", fixed(3))
    harness.run(900)
    assert running(harness) == 4
    assert reason(harness, "more") == Reason.POLICY_VIOLATION
    harness.world.faults.remove()
    harness.apply("iris", fixed(1))
    harness.annotate("iris", {"smendpoints.dev/retry": "now"})
    harness.settle_told("more", Reason.IN_SERVICE, limit=4 * 3600)
    assert running(harness) == 4
