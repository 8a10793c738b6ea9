"""Which change in place is next, where AWS took back what it was asked for before."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.turns import turns

FIRST, SECOND = (
    Action(
        Verb.SET_WEIGHTS_AND_CAPACITIES,
        "iris",
        {"EndpointName": "iris", "DesiredWeightsAndCapacities": [{"VariantName": name}]},
    )
    for name in ("a", "b")
)


def asked_for(given: Input, call: Action, at: datetime) -> Input:
    """What is there once AWS was asked for the call, and has changed the endpoint since."""
    endpoint = given.observed.endpoint
    assert endpoint is not None
    made = turns(given, endpoint, [call]).made
    status = given.resource.status
    kept = [each for each in status.in_place if each.change != made[-1].change]
    entry = made[-1].model_copy(update={"asked_at": at, "endpoint_modified_at": at - timedelta(minutes=1)})
    resource = given.resource.model_copy(update={"status": status.model_copy(update={"in_place": [*kept, entry]})})
    return replace(given, resource=resource)


def test_the_reason_is_of_what_was_asked_for_last_and_what_waits_is_told(sight: Callable[..., Any]) -> None:
    given: Input = sight(shows={"failure_reason": "no capacity"}).given
    endpoint = given.observed.endpoint
    assert endpoint is not None
    for call, minutes in ((SECOND, 2), (FIRST, 1)):  # the second one last
        given = asked_for(given, call, endpoint.modified_at - timedelta(minutes=3 - minutes))
    found = turns(given, endpoint, [FIRST, SECOND])
    messages = {each.asked_at: each.message for each in found.kept}
    assert messages[max(messages)] == "no capacity"
    assert messages[min(messages)] is None


def test_what_was_never_asked_for_comes_first(sight: Callable[..., Any]) -> None:
    given: Input = sight(shows={"failure_reason": "no capacity"}).given
    endpoint = given.observed.endpoint
    assert endpoint is not None
    given = asked_for(given, FIRST, endpoint.modified_at - timedelta(minutes=1))
    found = turns(given, endpoint, [FIRST, SECOND])
    assert found.next == SECOND
    assert len(found.made) == 2
