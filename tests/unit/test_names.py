"""Names in AWS: content in, one name out; always within AWS's pattern and length."""

import re

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
