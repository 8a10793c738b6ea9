"""What of an edit is brought about while the variants of another revision serve, and what waits for its own."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.domain.observed.observed import ObservedVariant
from smendpoints.domain.plan.fitting import fitting

M5, C5 = {"type": "ml.m5.large", "count": 2}, {"type": "ml.c5.large", "count": 5}
B = {"modelArtifact": "s3://models/b/model.tar.gz"}
BOUNDS = {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}
COLD = {"memorySizeMB": 2048, "maxConcurrency": 5}
WARM = {**COLD, "provisionedConcurrency": 2}


def fits(sight: Callable[..., Any], wants: dict[str, Any], lives: dict[str, Any], *kept: str, **sees: Any) -> Any:
    seen = sight(wants, lives, **sees)
    observed = seen.observed
    return fitting(seen.desired, observed.endpoint, observed.live_config, observed.targets or (), frozenset(kept))


def test_a_count_is_set_where_the_hosts_are_the_same(sight: Callable[..., Any]) -> None:
    found = fits(sight, {"variant": {**B, "instance": {**M5, "count": 7}}}, {"variant": {"instance": M5}})
    assert ([each.count for each in found.desired.variants], found.waits, found.alike) == ([7], (), {"primary"})


def test_a_count_of_another_type_waits_and_is_told(sight: Callable[..., Any]) -> None:
    found = fits(sight, {"variant": {"instance": C5}}, {"variant": {"instance": M5}})
    assert ([each.count for each in found.desired.variants], found.alike) == ([None], frozenset())
    assert found.waits == ("primary: instances 2 → 5",)
    same = fits(sight, {"variant": {"instance": {**C5, "count": 2}}}, {"variant": {"instance": M5}})
    assert same.waits == ()


def test_a_count_waits_while_scaling_is_about_to_end(sight: Callable[..., Any]) -> None:
    wants, scaled = {"variant": {**B, "instance": {**M5, "count": 7}}}, {"variant": {"instance": M5, "scaling": BOUNDS}}
    assert fits(sight, wants, scaled).waits == ("primary: instances 2 → 7",)
    assert fits(sight, wants, {"variant": {"instance": M5}}, "primary").waits == ("primary: instances 2 → 7",)


def test_a_variant_that_does_not_serve_yet_fits_nowhere(sight: Callable[..., Any]) -> None:
    found = fits(sight, {"challenger": {**B, "scaling": BOUNDS}}, {})
    assert [each.name for each in found.desired.variants] == ["primary"]
    assert (found.desired.targets, found.waits) == ((), ())


@pytest.mark.parametrize(
    ("shown", "fits_now", "waits"),
    [
        ({}, False, ()),
        ({"minCapacity": 2}, False, ("primary: bounds 1 to 5",)),
        ({"maxCapacity": 9}, False, ("primary: bounds 1 to 5",)),
        (None, True, ()),
    ],
    ids=["the same", "another least", "another most", "none"],
)
def test_bounds_of_another_type_wait_unless_nothing_scales_there(
    sight: Callable[..., Any], shown: dict[str, int] | None, fits_now: bool, waits: tuple[str, ...]
) -> None:
    lives = {"variant": {"instance": M5, **({"scaling": {**BOUNDS, **shown}} if shown is not None else {})}}
    found = fits(sight, {"variant": {"instance": C5, "scaling": BOUNDS}}, lives)
    assert ([each.variant for each in found.desired.targets], found.waits) == (["primary"] if fits_now else [], waits)
    alike = fits(sight, {"variant": {**B, "instance": M5, "scaling": BOUNDS}}, lives)
    assert ([each.variant for each in alike.desired.targets], alike.waits) == (["primary"], ())


def test_bounds_wait_where_an_attempt_took_those_of_before_off(sight: Callable[..., Any]) -> None:
    wants, lives = {"variant": {"instance": C5, "scaling": BOUNDS}}, {"variant": {"instance": M5}}
    found = fits(sight, wants, lives, "primary")
    assert (found.desired.targets, found.waits) == ((), ("primary: bounds 1 to 5",))


def test_what_scales_one_variant_says_nothing_of_another(sight: Callable[..., Any]) -> None:
    wants = {"variant": {"instance": C5, "scaling": BOUNDS}, "challenger": {"instance": C5, "scaling": BOUNDS}}
    lives = {"variant": {"instance": M5, "scaling": BOUNDS}, "challenger": {"instance": M5, "scaling": None}}
    found = fits(sight, wants, lives)
    assert ([each.variant for each in found.desired.targets], found.waits) == (["challenger"], ())


def test_instances_are_no_concurrency(sight: Callable[..., Any]) -> None:
    wants = {"variant": {"instance": M5, "scaling": BOUNDS}}
    found = fits(sight, wants, {"variant": {"instance": None, "serverless": COLD}})
    assert found.desired.targets == ()
    assert [(each.count, each.serverless) for each in found.desired.variants] == [(None, None)]


@pytest.mark.parametrize(
    ("wants", "lives", "told"),
    [
        ({**COLD, "maxConcurrency": 9}, COLD, {"MaxConcurrency": 9}),
        ({**WARM, "maxConcurrency": 9}, WARM, {"MaxConcurrency": 9, "ProvisionedConcurrency": 2}),
        ({**WARM, "maxConcurrency": 9}, COLD, {"MaxConcurrency": 9}),
    ],
    ids=["cold", "warm", "that is to become warm"],
)
def test_concurrency_changes_but_whether_any_is_kept_warm_is_a_revisions(
    sight: Callable[..., Any], wants: dict[str, int], lives: dict[str, int], told: dict[str, int]
) -> None:
    found = fits(
        sight,
        {"variant": {**B, "instance": None, "serverless": wants}},
        {"variant": {"instance": None, "serverless": lives}},
    )
    assert [each.serverless for each in found.desired.variants] == [told]


def test_weights_by_which_nothing_in_service_gets_traffic_wait(sight: Callable[..., Any]) -> None:
    wants = {"variant": {"weight": 0}, "challenger": {**B, "weight": 1}}
    found = fits(sight, wants, {"variant": {"weight": 3}})
    assert found.waits == ("the weights, as no variant in service would get traffic",)
    assert [each.weight for each in found.desired.variants] == [3.0]
    seen = sight(wants, {"variant": {"weight": 3}})
    goes = ObservedVariant("goes", desired_weight=0.0)
    beside = replace(seen.observed.endpoint, variants=(*seen.observed.endpoint.variants, goes))
    told = fitting(seen.desired, beside, seen.observed.live_config, (), frozenset()).waits
    assert told == found.waits, "one that goes and gets no traffic does not serve, either"
    both = fits(sight, wants, {"variant": {"weight": 3}, "challenger": {"weight": 1}})
    assert (both.waits, sorted(each.weight for each in both.desired.variants)) == ((), [0.0, 1.0])
    idle = fits(sight, wants, {"variant": {"weight": 0}})
    assert idle.waits == (), "nothing gets traffic now, either"


def test_one_that_goes_may_have_all_traffic_until_it_does(sight: Callable[..., Any]) -> None:
    found = fits(sight, {"variant": {"weight": 0}}, {"variant": {"weight": 3}, "challenger": {"weight": 1}})
    assert (found.waits, [each.weight for each in found.desired.variants]) == ((), [0.0])


def test_nothing_is_alike_where_the_config_is_not_known(sight: Callable[..., Any]) -> None:
    seen = sight({"variant": B}, {})
    found = fitting(seen.desired, seen.observed.endpoint, None, (), frozenset())
    assert found.alike == frozenset()
    changed = replace(seen.observed.endpoint, variants=())
    assert fitting(seen.desired, changed, seen.observed.live_config, (), frozenset()).alike == frozenset()
