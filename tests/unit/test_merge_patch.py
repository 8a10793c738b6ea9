"""JSON merge patches: what is sent is the least that makes one document of another."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smendpoints.kube.merge_patch import merge_patch

# null cannot be a value of a document that is patched so: it says "remove"
LEAVES = st.booleans() | st.integers() | st.text(max_size=3)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner), max_leaves=8
)
DOCUMENTS = st.dictionaries(st.sampled_from("abcd"), VALUES)


def apply(document: Any, patch: Any) -> Any:
    """RFC 7386, as its section 2 words it."""
    if not isinstance(patch, dict):
        return patch
    result = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = apply(result.get(key), value)
    return result


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "nothing": ({"a": 1}, {"a": 1}, {}),
    "a value": ({"a": 1, "b": 1}, {"a": 1, "b": 2}, {"b": 2}),
    "a value more": ({"a": 1}, {"a": 1, "b": 2}, {"b": 2}),
    "a value less": ({"a": 1, "b": 2}, {"a": 1}, {"b": None}),
    "a value within": ({"a": {"b": 1, "c": 1}}, {"a": {"b": 1, "c": 2}}, {"a": {"c": 2}}),
    "one element of a list replaces the list": ({"a": [1, 2]}, {"a": [1, 3]}, {"a": [1, 3]}),
    "an empty object more": ({}, {"a": {}}, {"a": {}}),
    "an object where a value was": ({"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    "a value where an object was": ({"a": {"b": 1}}, {"a": 1}, {"a": 1}),
}


@pytest.mark.parametrize(("old", "new", "patch"), CASES.values(), ids=CASES.keys())
def test_what_differs_is(old: dict[str, Any], new: dict[str, Any], patch: dict[str, Any]) -> None:
    assert merge_patch(old, new) == patch


@given(old=DOCUMENTS, new=DOCUMENTS)
def test_applied_to_the_old_document_it_gives_the_new_one(old: dict[str, Any], new: dict[str, Any]) -> None:
    before = copy.deepcopy((old, new))
    assert apply(old, merge_patch(old, new)) == new
    assert (old, new) == before


@given(DOCUMENTS)
def test_a_document_needs_no_patch_to_become_itself(document: dict[str, Any]) -> None:
    assert merge_patch(document, copy.deepcopy(document)) == {}
