"""A rule, and the pieces of CEL that several rules are made of.

Fields inside of lists have no default in the CRD (see `crd`), so rules ask `has` before they read one. They do so too
for the sake of the API server's estimate of their cost: it takes what `.?field.orValue()` gives for unbounded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Rule:
    """One entry of `x-kubernetes-validations`.

    Args:
        on: the type that the rule holds for, or a field of it: `Variant`, `Variant.image`.
        cel: true when the value is right.
        message: what is wrong and what to write instead, in one line.
        field: the field that the refusal points at, such as `.minCapacity`; the value itself if unset.
        reason: how the API server's answer classes the refusal; an invalid value if unset. `FieldValueDuplicate` would
            keep the message from the user.
    """

    on: str
    cel: str
    message: str
    field: str | None = None
    reason: Literal["FieldValueForbidden", "FieldValueRequired"] | None = None


UNGUARDED = (
    "(!has(self.rollout) || (self.rollout.strategy == 'AllAtOnce' && !has(self.rollout.rollback)"
    " && self.rollout.terminationWaitSeconds == 0 && self.rollout.stepWaitSeconds == 0))"
)
"""CEL on the spec: the rollout has no guardrails."""


def some(items: str, each: str) -> str:
    """CEL: one of the items, if there are any, is so; `each` calls it `x`."""
    return f"(has({items}) && {items}.exists(x, {each}))"


def every(items: str, each: str) -> str:
    """CEL: all of the items, if there are any, are so; `each` calls one `x`."""
    return f"(!has({items}) || {items}.all(x, {each}))"


def is_true(flag: str) -> str:
    """CEL: an optional boolean is set and true."""
    return f"(has({flag}) && {flag})"


def count_of(items: str) -> str:
    """CEL: how many items there are."""
    return f"(has({items}) ? {items}.size() : 0)"


def no_variant(is_so: Callable[[str], str]) -> str:
    """CEL on the spec: neither a variant nor the shadow is so."""
    return f"!self.variants.exists(v, {is_so('v')}) && (!has(self.shadow) || !({is_so('self.shadow')}))"


def has_pipeline(variant: str) -> str:
    """CEL: the variant has containers instead of an image; to be put into brackets."""
    return f"{count_of(f'{variant}.containers')} > 0"


def of_type(prefix: str) -> Callable[[str], str]:
    """CEL on a variant: its instance type, or one of its pools, begins so."""

    def is_so(variant: str) -> str:
        single = f"(has({variant}.instance.type) && {variant}.instance.type.startsWith('{prefix}'))"
        pools = some(f"{variant}.instance.pools", f"x.type.startsWith('{prefix}')")
        return f"has({variant}.instance) && ({single} || {pools})"

    return is_so


def tracks_not(metric: str) -> str:
    """CEL on an entry `x` of targetTracking."""
    return f"!has(x.predefinedMetric) || x.predefinedMetric != '{metric}'"
