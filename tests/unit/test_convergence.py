"""What was brought about before, so that what differs now is drift, and no work that is left."""

from typing import Any

import pytest

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import SageMakerEndpointStatus, TrafficOwner
from smendpoints.domain.plan.convergence import converged_generation, owned_weights, was_converged, weights_were_there

AT = "2026-11-22T11:00:00Z"
DRIFTED = {
    "type": "Drifted",
    "status": "False",
    "reason": "InService",
    "message": "",
    "observedGeneration": 3,
    "lastTransitionTime": AT,
}
SERVES = {"name": "iris", "status": "InService", "configName": "one"}


def status(**fields: Any) -> SageMakerEndpointStatus:
    return SageMakerEndpointStatus.model_validate({"observedGeneration": 4, **fields})


@pytest.mark.parametrize(
    ("found", "generation"),
    [
        ({"converged": {"generation": 3}, "conditions": [DRIFTED]}, 3),
        ({"conditions": [DRIFTED]}, 4),  # as the release before told it
        ({"conditions": [{**DRIFTED, "type": "Ready"}]}, None),
        ({}, None),
    ],
)
def test_the_generation_that_was_brought_about(found: dict[str, Any], generation: int | None) -> None:
    assert converged_generation(status(**found)) == generation


@pytest.mark.parametrize(
    ("found", "was"),
    [
        ({"converged": {"generation": 4}, "endpoint": SERVES}, True),
        ({"converged": {"generation": 3}, "endpoint": SERVES}, False),
        ({"converged": {"generation": 4}, "endpoint": {**SERVES, "configName": "two"}}, False),
        ({"converged": {"generation": 4}}, False),
        ({"endpoint": SERVES}, False),
    ],
)
def test_this_generation_was_in_service_with_this_config(resource: Any, found: dict[str, Any], was: bool) -> None:
    assert was_converged(resource(status={"observedGeneration": 4, **found}), "one") is was


def owned(resource: Any, now: dict[str, float] | None, then: dict[str, float] | None) -> SageMakerEndpoint:
    """An object whose weights are an experiment's now, and were then."""
    before = {"experiment": "e", "weights": then} if then is not None else None
    made: SageMakerEndpoint = resource(status={"converged": {"generation": 4, "traffic": before}})
    return made.model_copy(update={"traffic": TrafficOwner(experiment="e", weights=now) if now is not None else None})


@pytest.mark.parametrize(
    ("now", "then", "there", "variants"),
    [
        (None, None, True, set()),
        ({"a": 1.0}, {"a": 1.0}, True, {"a"}),
        ({"a": 1.0}, {"a": 2.0, "b": 1.0}, False, {"a", "b"}),
        ({"a": 1.0}, None, False, {"a"}),
        (None, {"b": 1.0}, False, {"b"}),
    ],
)
def test_weights_that_an_experiment_moved_since_are_work_left_and_no_drift(
    resource: Any, now: dict[str, float] | None, then: dict[str, float] | None, there: bool, variants: set[str]
) -> None:
    made = owned(resource, now, then)
    assert weights_were_there(made) is there
    assert owned_weights(made) == variants


def test_of_an_object_that_was_never_as_wanted_the_experiment_of_now_counts(resource: Any) -> None:
    made = resource().model_copy(update={"traffic": TrafficOwner(experiment="e", weights={"a": 1.0})})
    assert not weights_were_there(made)
    assert owned_weights(made) == {"a"}
    assert weights_were_there(resource())
