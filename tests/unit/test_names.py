"""Names in AWS: content in, one name out; always within AWS's pattern and length."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smendpoints.api.base import NAME
from smendpoints.domain.desired import names

MODEL = r"[a-zA-Z0-9]([\-a-zA-Z0-9]*[a-zA-Z0-9])?"
KUBERNETES = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,100}[a-z0-9])?", fullmatch=True)
VARIANTS = st.from_regex(r"[a-zA-Z0-9](-?[a-zA-Z0-9]){0,30}", fullmatch=True)

ENDPOINTS = {
    "namespace and name": ("default", "iris", "default-iris"),
    "dots are hyphens": ("ml", "iris.v2", "ml-iris-v2"),
    "two hyphens are one": ("ml", "a--b", "ml-a-b"),
    "as long as AWS takes it": ("n" * 31, "x" * 31, f"{'n' * 31}-{'x' * 31}"),
}


@pytest.mark.parametrize(("namespace", "name", "endpoint"), ENDPOINTS.values(), ids=ENDPOINTS.keys())
def test_an_endpoint_is_called(namespace: str, name: str, endpoint: str) -> None:
    assert names.endpoint_name(namespace, name) == endpoint


def test_a_name_that_is_too_long_is_cut_and_told_apart_by_a_hash() -> None:
    one, other = (names.endpoint_name("n" * 40, "x" * 40 + end) for end in "ab")
    assert len(one) == len(other) == 63
    assert one != other


@given(namespace=KUBERNETES, name=KUBERNETES, variant=VARIANTS)
def test_every_name_is_one_that_aws_takes(namespace: str, name: str, variant: str) -> None:
    endpoint = names.endpoint_name(namespace, name)
    config = names.config_name(endpoint, {"a": 1})
    model = names.model_name(endpoint, variant, {"a": 1})
    for each, pattern in ((endpoint, NAME), (config, NAME), (model, MODEL)):
        assert len(each) <= 63
        assert re.fullmatch(pattern.strip("^$"), each)
    assert re.fullmatch(rf"{re.escape(names.config_prefix(endpoint))}-[0-9a-f]{{10}}", config)
    assert re.fullmatch(rf"{re.escape(names.model_prefix(endpoint))}-.+-[0-9a-f]{{10}}", model)
    assert len(names.alarm_prefix(endpoint)) + 63 + 1 + 63 + 8 <= 255


@given(st.dictionaries(st.text(), st.one_of(st.integers(), st.text(), st.booleans())))
def test_the_order_of_keys_does_not_matter(content: dict[str, object]) -> None:
    assert names.content_hash(content) == names.content_hash(dict(reversed(content.items())))


def test_the_hash_is_the_same_in_every_process_and_release() -> None:
    """A new way to hash would roll out every endpoint anew at the operator's next upgrade."""
    assert names.content_hash({"b": [1, 2.5, None, True], "a": "é"}) == "0b8cc543e9"


def test_variants_that_begin_alike_have_models_of_their_own() -> None:
    one, other = (names.model_name("e" * 63, "v" * 62 + end, {}) for end in "ab")
    assert one != other


# Whoever renames one orphans what is there in AWS, and breaks policies of IAM that users have written.
NAMES: dict[str, tuple[Callable[..., str], tuple[Any, ...], str]] = {
    "a model": (names.model_name, ("default-iris", "primary", {"a": 1}), "default-iris-primary-015abd7f5c"),
    "a model of long names": (
        names.model_name,
        ("e" * 63, "v" * 63, {}),
        f"{'e' * 27}-228d6c62c1-vv-6617709fd5-44136fa355",
    ),
    "a config": (names.config_name, ("default-iris", {"a": 1}), "default-iris-015abd7f5c"),
    "a config of a long name": (names.config_name, ("e" * 63, {}), f"{'e' * 41}-228d6c62c1-44136fa355"),
    "an alarm": (names.alarm_prefix, ("default-iris",), "smendpoints/default-iris/"),
    "an alarm of monitoring": (names.monitoring_prefix, ("default-iris",), "smendpoints/monitoring.default-iris/"),
    "a dashboard": (names.dashboard_name, ("us-east-1", "default-iris"), "smendpoints-us-east-1-default-iris"),
    "the dashboards of a region": (names.dashboard_prefix, ("us-east-1",), "smendpoints-us-east-1-"),
    "a scalable target": (names.resource_id, ("default-iris", "primary"), "endpoint/default-iris/variant/primary"),
    "a name that is cut at a hyphen": (names.fit, (f"{'a' * 51}-{'b' * 20}",), f"{'a' * 51}-d6b4834859"),
    "the longest that is not cut": (names.fit, ("x" * 63,), "x" * 63),
}


@pytest.mark.parametrize(("make", "of", "name"), NAMES.values(), ids=NAMES.keys())
def test_in_aws_there_is(make: Callable[..., str], of: tuple[Any, ...], name: str) -> None:
    assert make(*of) == name


@pytest.mark.parametrize(
    ("alarm", "monitored", "of"),
    [
        ("smendpoints/monitoring.iris/primary/errors", "iris", None),
        ("smendpoints/monitoring.iris", None, None),
        ("smendpoints/iris/iris-0123456789/primary/errors", None, "iris"),
        ("smendpoints/iris/primary/wake-up", None, "iris"),
        ("smendpoints/iris/", None, None),
        ("somebodys/iris/alarm", None, None),
        ("iris/alarm", None, None),
        ("smendpoints/iris-/x", None, None),
    ],
)
def test_an_alarm_tells_whose_it_is_by_its_name(alarm: str, monitored: str | None, of: str | None) -> None:
    assert names.monitored_endpoint(alarm) == monitored
    assert names.endpoint_of_alarm(alarm) == of


@pytest.mark.parametrize(
    ("alarm", "config"),
    [
        ("smendpoints/iris/iris-0123456789/primary/errors", "iris-0123456789"),
        ("smendpoints/iris/iris-0123456789/abort", "iris-0123456789"),
        ("smendpoints/iris/primary/wake-up", None),
        ("smendpoints/other/iris-0123456789/abort", None),
        ("smendpoints/iris/other-0123456789/abort", None),
        ("smendpoints/iris/iris-012345678/abort", None),
        ("smendpoints/iris/iris-0123456789a/abort", None),
    ],
)
def test_an_alarm_of_a_rollout_tells_its_config(alarm: str, config: str | None) -> None:
    assert names.config_of_alarm("iris", alarm) == config


@pytest.mark.parametrize(
    ("model", "ours"),
    [
        ("iris-primary-0123456789", True),
        ("iris-p-0123456789", True),
        ("iris-0123456789", False),
        ("iris-primary-012345678", False),
        ("other-primary-0123456789", False),
        ("iris-primary-0123456789-x", False),
    ],
)
def test_a_model_is_known_for_one_that_was_made_here(model: str, ours: bool) -> None:
    assert names.model_made_here("iris", model) is ours


def test_the_variant_is_the_end_of_its_targets_name() -> None:
    assert names.variant_of("endpoint/default-iris/variant/primary") == "primary"
