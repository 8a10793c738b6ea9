"""When the shared lists are read, and when they will do for an endpoint instead of a look of its own."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.aws.listed.watch import BLIND_SECONDS, NEVER
from smendpoints.controller.memory import Seen
from smendpoints.controller.observe import Glance, glance, recall, recalled
from smendpoints.domain.observed.observed import Observed
from smsandbox.testing.one_asked import LISTED, STEP_SCALED, AskedAws, B, swept


@pytest.mark.parametrize(
    ("seen_at", "blind", "reads"),
    [(NEVER, 0.0, True), (1.0, 0.0, False), (1.0, BLIND_SECONDS, False), (1.0, BLIND_SECONDS + 1, True)],
)
def test_a_glance_reads_the_lists_where_they_were_not_or_not_for_long(
    sight: Callable[..., Any], seen_at: float, blind: float, reads: bool
) -> None:
    aws = AskedAws(sight(), seen_at=seen_at, blind=blind)
    found = glance(aws, "iris", Seen(written_at=7.0), 5.0)  # type: ignore[arg-type]
    assert aws.asked == (["the lists"] if reads else [])
    assert found == Glance("as listed", since_written=True, absent=True)  # type: ignore[arg-type]


RECALLED: dict[str, tuple[dict[str, Any], dict[str, Any], Any, bool]] = {  # sees, memory, summary, recalled
    "at rest": ({}, {}, "listed", True),
    "that is not listed": ({}, {}, None, False),
    "whose list is out of date": ({}, {}, "out of date", False),
    "that AWS was told to change": ({}, {"expects": "Updating"}, "listed", False),
    "that is not swept": ({}, {"garbage_collected": None}, "listed", False),
    "that is not tagged": ({}, {"tagged": None}, "listed", False),
    "of somebody else": ({"shows": {"tags": {}}}, {}, "listed", False),
    "with another config": ({"lives": B}, {}, "listed", False),
    "with alarms": ({"wants": STEP_SCALED}, {}, "listed", False),
}


@pytest.mark.parametrize("name", RECALLED)
def test_the_lists_will_do_for_one(sight: Callable[..., Any], name: str) -> None:
    sees, changed, summary, will_do = RECALLED[name]
    seen = sight(**sees)
    memory = replace(swept(seen), **changed)
    found = recall(AskedAws(seen), seen.resource, seen.desired, replace(LISTED, summary=summary), memory)  # type: ignore[arg-type]
    assert (found is not None) is will_do
    if found is not None:
        expected = Observed(seen.observed.endpoint, targets=seen.observed.targets, missing=seen.desired.contents())
        assert recalled(AskedAws(seen), seen.desired, found, memory) == expected  # type: ignore[arg-type]
