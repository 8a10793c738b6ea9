"""Collection: what stays is what is wanted, live, pending or kept for a rollback; models go with their configs."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smendpoints.api.status_rollout import Revision
from smendpoints.domain.observed.observed import ConfigVariant, ObservedConfig, ObservedEndpoint, OwnedResources
from smendpoints.domain.plan.garbage import collect_garbage, kept_configs

NOW = datetime(2026, 11, 22, tzinfo=UTC)
WANTED, LIVE, PENDING = "wanted", "live", "pending"
NAMES = [WANTED, LIVE, PENDING, "one", "two", "three", "four"]


def revision(number: int, name: str, outcome: Any = "Deployed") -> Revision:
    return Revision(revision=number, config_name=name, at=NOW, outcome=outcome)


def a_config(name: str, *models: str) -> ObservedConfig:
    variants = tuple(ConfigVariant(model, model, ("ml.m5.large",), 1, 1.0) for model in models)
    return ObservedConfig(name, f"arn:{name}", variants)


@pytest.fixture(scope="module")
def wish(desired: Callable[..., Any]) -> Any:
    return replace(desired(), config_name=WANTED, models=())


@pytest.fixture(scope="module")
def busy(desired: Callable[..., Any], endpoint: Callable[..., Any]) -> ObservedEndpoint:
    found: ObservedEndpoint = endpoint(desired(), config_name=LIVE, pending_config=PENDING)
    return found


def test_what_is_wanted_live_or_pending_stays_whatever_the_limit(wish: Any, busy: ObservedEndpoint) -> None:
    assert kept_configs(wish, busy, [], 0) == {WANTED, LIVE, PENDING}


LIMITS = {
    "none": (0, set()),
    "the last one": (1, {"three"}),
    "the last two": (2, {"three", "one"}),
    "all there are": (20, {"three", "one"}),
}


@pytest.mark.parametrize(("limit", "older"), LIMITS.values(), ids=LIMITS.keys())
def test_of_those_that_were_in_service_before_as_many_stay_as_the_limit_says(
    wish: Any, busy: ObservedEndpoint, limit: int, older: set[str]
) -> None:
    history = [
        revision(6, LIVE),
        revision(5, "three"),
        revision(4, "two", "Failed"),
        revision(3, "three"),
        revision(2, "two", "InProgress"),
        revision(1, "one"),
    ]
    assert kept_configs(wish, busy, history, limit) == {WANTED, LIVE, PENDING} | older


def test_the_model_of_a_shadow_stays_as_long_as_a_kept_config_needs_it(wish: Any, busy: ObservedEndpoint) -> None:
    shadow = ConfigVariant("shadow", "shadows", ("ml.m5.large",), 1, 1.0)
    configs = (replace(a_config(LIVE, "mine"), shadows=(shadow,)), replace(a_config("one", "old"), shadows=(shadow,)))
    models = {"mine": "arn:mine", "shadows": "arn:shadows", "old": "arn:old"}
    gone = collect_garbage(wish, busy, OwnedResources(configs=configs, models=models), [], 0)
    assert [action.target for action in gone] == ["one", "old"]


def test_configs_go_before_models_and_models_that_a_kept_config_needs_stay(wish: Any, busy: ObservedEndpoint) -> None:
    configs = (a_config(LIVE, "shared", "mine"), a_config("one", "shared", "old"))
    owned_resources = OwnedResources(configs, {name: f"arn:{name}" for name in ("shared", "mine", "old", "orphan")})
    actions = collect_garbage(wish, busy, owned_resources, [], 0)
    assert [str(action) for action in actions] == ["DELETE_CONFIG one", "DELETE_MODEL old", "DELETE_MODEL orphan"]


def test_models_of_the_desired_revision_stay_though_no_config_names_them_yet(
    desired: Callable[..., Any], busy: ObservedEndpoint
) -> None:
    wanted = desired()
    models = {model.name: "arn" for model in wanted.models}
    assert collect_garbage(wanted, busy, OwnedResources((), models), [], 0) == ()


@given(
    configs=st.dictionaries(st.sampled_from(NAMES), st.sets(st.sampled_from("abcdef"), min_size=1)),
    history=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["Deployed", "Failed", "InProgress"]))),
    limit=st.integers(0, 20),
)
def test_nothing_in_use_is_ever_collected(
    wish: Any, busy: ObservedEndpoint, configs: dict[str, set[str]], history: list[Any], limit: int
) -> None:
    owned_resources = OwnedResources(
        tuple(a_config(name, *sorted(models)) for name, models in configs.items()), dict.fromkeys("abcdef", "arn")
    )
    revisions = [revision(number, name, outcome) for number, (name, outcome) in enumerate(history)]
    gone = {action.target for action in collect_garbage(wish, busy, owned_resources, revisions, limit)}
    kept = configs.keys() - gone
    assert not gone & {WANTED, LIVE, PENDING}
    assert not gone & {model for name in kept for model in configs[name]}
    assert len(kept - {WANTED, LIVE, PENDING}) <= limit
