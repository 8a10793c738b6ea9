"""What an object still has in AWS beyond its spec: it counts until AWS shows that it is gone."""

from typing import Any

import pytest

from smendpoints.api.status import Resolved
from smendpoints.domain.plan.verdict import Plan, Verdict, ready, reconciling, stalled
from smendpoints.domain.reasons import Reason
from smendpoints.domain.tenancy.shares import before, left_over, other_keys

M5, C5 = "ml.m5.large", "ml.c5.large"


def resolved(capacity: dict[str, int], capacity_before: dict[str, int] | None = None) -> Resolved:
    return Resolved(endpoint_name="e", region="r", capacity=capacity, capacity_before=capacity_before)


@pytest.mark.parametrize(
    ("pinned", "asked", "told"),
    [
        (None, {M5: 2}, None),
        (resolved({M5: 2}), {M5: 2}, None),
        (resolved({M5: 2}), {M5: 3}, None),
        (resolved({M5: 3}), {M5: 2}, {M5: 3}),
        (resolved({M5: 3}), {C5: 3}, {M5: 3}),
        (resolved({M5: 2}, {M5: 5}), {M5: 2}, {M5: 5}),
        (resolved({M5: 2}, {M5: 5}), {M5: 1}, {M5: 5}),
        (resolved({M5: 4}, {M5: 1, C5: 2}), {M5: 2}, {M5: 4, C5: 2}),
        (resolved({M5: 2}, {M5: 3}), {M5: 4}, None),
    ],
)
def test_what_may_still_run_of_specs_before(
    pinned: Resolved | None, asked: dict[str, int], told: dict[str, int] | None
) -> None:
    assert before(pinned, tuple(sorted(asked.items()))) == told


WELL = ready(Reason.IN_SERVICE, "in service")
HELD = {M5: 9}
# How many instances AWS is to run of the one variant, what is told, and what then still counts beside the spec's two.
CASES: dict[str, tuple[int | None, Verdict, dict[str, int] | None]] = {
    "in service and as large as asked": (2, WELL, None),
    "in service and smaller": (1, WELL, None),
    "in service, no count shown": (None, WELL, None),
    "in service and larger": (5, WELL, {M5: 5}),
    "on the way": (2, reconciling(Reason.UPDATING, "updating"), HELD),
    "stuck": (2, stalled(Reason.UPDATE_FAILED, "failed"), HELD),
    "ready, but not as in service": (2, ready(Reason.SUSPENDED, "suspended"), HELD),
}


@pytest.mark.parametrize("name", CASES)
def test_once_it_is_in_service_what_aws_runs_counts(name: str, sight: Any) -> None:
    count, verdict, told = CASES[name]
    seen = sight({"variant": {"instance": {"type": M5, "count": 2}}}, variants={"primary": {"desired_count": count}})
    found = left_over(resolved({M5: 2}, HELD), seen.resource, seen.observed.endpoint, Plan(verdict))
    assert found == resolved({M5: 2}, told)


@pytest.mark.parametrize(
    ("verdict", "kept"), [(WELL, ["team"]), (reconciling(Reason.UPDATING, "updating"), ["older", "team"])]
)
def test_the_keys_of_tags_are_kept_until_they_are_wanted_or_gone(verdict: Verdict, kept: list[str], sight: Any) -> None:
    seen = sight({"tags": {"team": "ml"}})
    pinned = resolved({M5: 2}).model_copy(update={"other_tag_keys": ["older", "team"]})
    assert left_over(pinned, seen.resource, seen.observed.endpoint, Plan(verdict)).other_tag_keys == kept


def test_variants_of_one_type_are_added_up_and_one_that_is_not_there_runs_nothing(sight: Any) -> None:
    seen = sight(
        {"variant": {"instance": {"type": M5, "count": 2}}, "challenger": {"instance": {"type": M5, "count": 3}}},
        {"variant": {"instance": {"type": M5, "count": 2}}},
        variants={"primary": {"desired_count": 4}},
    )
    pinned = resolved({M5: 5}, HELD)
    found = left_over(pinned, seen.resource, seen.observed.endpoint, Plan(WELL))
    assert found == resolved({M5: 5}, {M5: 7})


def test_what_is_stopped_has_nothing_and_what_is_not_seen_is_kept(sight: Any) -> None:
    pinned, resource = resolved({M5: 2}, HELD), sight().resource
    assert left_over(pinned, resource, None, Plan(ready(Reason.STOPPED, "stopped"))) == resolved({M5: 2})
    assert left_over(pinned, resource, None, Plan(reconciling(Reason.CREATING, "creating"))) == pinned


def test_of_tags_that_may_have_been_set_a_hundred_keys_are_kept(sight: Any) -> None:
    required = [f"k{number:03}" for number in range(120)]
    assert other_keys(sight().resource, ["k000"], required) == required[1:101]
