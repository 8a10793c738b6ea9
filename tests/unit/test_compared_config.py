"""When an endpoint's config that somebody else made, or left, is asked for and compared with the spec."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.controller.observe import observe
from smsandbox.testing.one_asked import DONE, LISTED, AskedAws, B, swept


@pytest.mark.parametrize("why", ["it is to be made anew", "it is another's"])
def test_a_config_that_may_not_stand_for_the_specs_is_not_compared(
    sight: Callable[..., Any], config: Callable[..., Any], why: str
) -> None:
    adopts = {"adoptExisting": True} if why == "it is to be made anew" else {}
    theirs = replace(config(sight(adopts).desired), name="theirs")
    seen = sight(adopts, shows={"config_name": "theirs"}, live_config=theirs, remembers=DONE)
    desired = replace(seen.desired, redeployed="today") if adopts else seen.desired
    aws = AskedAws(seen, models={each.name: each.request for each in seen.desired.models})
    found = observe(aws, seen.resource, desired, LISTED, swept(seen))  # type: ignore[arg-type]
    assert not found.equivalent


@pytest.mark.parametrize("same", [True, False])
def test_a_config_that_somebody_else_made_is_compared_once(
    sight: Callable[..., Any], config: Callable[..., Any], *, same: bool
) -> None:
    wants = sight({"adoptExisting": True})
    theirs = replace(config(wants.desired if same else sight(B).desired), name="theirs")
    seen = sight({"adoptExisting": True}, shows={"config_name": "theirs"}, live_config=theirs, remembers=DONE)
    aws, memory = AskedAws(seen, models={each.name: each.request for each in seen.desired.models}), swept(seen)
    found = observe(aws, seen.resource, seen.desired, LISTED, memory)  # type: ignore[arg-type]
    assert (found.equivalent, "a model" in aws.asked) == (same, True)
    memory.observed(None, seen.desired, found)
    again = AskedAws(seen)
    assert observe(again, seen.resource, seen.desired, LISTED, memory).equivalent is same  # type: ignore[arg-type]
    assert "a model" not in again.asked
    edited = sight({"adoptExisting": True, **B}).desired
    observe(again, seen.resource, edited, LISTED, memory)  # type: ignore[arg-type]
    assert "a model" in again.asked, "the spec wants something else"


@pytest.mark.parametrize(
    ("adopted", "history", "compared"),
    [
        (None, [], True),
        (True, [("LIVE", "Deployed")], True),
        (True, [("WANTED", "Failed"), ("LIVE", "Deployed")], True),
        (True, [("LIVE", "Deployed"), ("older", "Deployed")], False),
        (None, [("LIVE", "Deployed")], False),
    ],
    ids=["a first one", "what was taken over", "likewise, after a failure", "one since", "what was made here"],
)
def test_a_config_that_is_named_as_ours_is_compared_only_where_it_was_taken_over(
    sight: Callable[..., Any], adopted: bool | None, history: list[tuple[str, str]], compared: bool
) -> None:
    """Another object of the name left it, with a way to be made that the name does not tell."""
    seen = sight({"adoptExisting": True}, B, history=history, remembers=DONE)
    status = seen.resource.status.model_copy(update={"adopted": adopted})
    aws = AskedAws(seen)
    observe(aws, seen.resource.model_copy(update={"status": status}), seen.desired, LISTED, swept(seen))  # type: ignore[arg-type]
    assert ("a model" in aws.asked) is compared
