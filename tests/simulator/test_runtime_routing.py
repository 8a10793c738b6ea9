"""How a request's instance is chosen, by weight, name and load. No processes."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from smsandbox.aws.core.ports import InstanceState
from smsandbox.aws.runtime.routing import Router


def route(variant: str, share: float, config: str = "c", **instance: Any) -> Any:
    made = SimpleNamespace(id=f"{variant}-{config}", state=InstanceState.HEALTHY, outstanding=0)
    vars(made).update(instance)
    return SimpleNamespace(instance=made, variant=variant, share=share, config_name=config, shadow=False)


def view(*routes: Any, strategy: str | None = None) -> Any:
    spec = {"RoutingConfig": {"RoutingStrategy": strategy}} if strategy else {}
    names = sorted({one.variant for one in routes})
    return SimpleNamespace(routes=routes, variants=[SimpleNamespace(name=name, spec=spec) for name in names])


@given(st.floats(0.05, 0.95), st.integers(0, 1000))
def test_first_choices_follow_the_weights(share: float, seed: int) -> None:
    router, endpoint = Router(seed), view(route("a", share), route("b", 1 - share))
    first = Counter(router.candidates(endpoint, None)[0].variant for _ in range(400))
    assert abs(first["a"] / 400 - share) < 0.2  # eight standard deviations


def test_equal_seeds_choose_alike() -> None:
    endpoint = view(route("a", 0.5), route("b", 0.5))
    first, second = (
        [router.candidates(endpoint, None)[0].variant for _ in range(50)] for router in (Router(7), Router(7))
    )
    assert first == second


def test_during_a_canary_both_configurations_of_a_variant_get_their_share() -> None:
    router, endpoint = Router(0), view(route("a", 0.9, "old"), route("a", 0.1, "new"))
    first = Counter(router.candidates(endpoint, None)[0].config_name for _ in range(1000))
    assert 60 <= first["new"] <= 140


def test_an_instance_that_is_not_healthy_or_has_no_share_is_not_tried() -> None:
    endpoint = view(route("a", 0.5, state=InstanceState.STARTING), route("b", 0.5), route("c", 0.0))
    assert [one.variant for one in Router(0).candidates(endpoint, None)] == ["b"]


def test_a_named_variant_is_reached_whatever_its_weight() -> None:
    endpoint = view(route("a", 1.0), route("b", 0.0))
    assert [one.variant for one in Router(0).candidates(endpoint, "b")] == ["b"]


def test_the_least_busy_instance_comes_first_where_that_is_asked_for() -> None:
    routes = [route("a", 0.25, id=str(number), outstanding=number) for number in (3, 1, 0, 2)]
    endpoint = view(*routes, strategy="LEAST_OUTSTANDING_REQUESTS")
    assert [getattr(one.instance, "outstanding", None) for one in Router(0).candidates(endpoint, None)] == [0, 1, 2, 3]


def test_copies_for_a_shadow_are_drawn_by_its_share() -> None:
    shadow = route("s", 0.25)
    shadow.shadow = True
    router, endpoint = Router(0), view(route("a", 1.0), shadow)
    assert 200 <= sum(len(router.shadows(endpoint)) for _ in range(1000)) <= 300
    assert all(not one.shadow for one in router.candidates(endpoint, None))
