"""What the checks of a policy are made of: pieces of CEL for one value, for lists, and for each variant.

Not here: what a policy asks for (`admission`). Nobody checks types: `object` and `params` are whatever their schemas
let through, so `has` comes before each read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

MOST_VARIANTS = 10

NAMED = "(variables.variants.size() > {0} ? 'variant ' + variables.variants[{0}].name + ', ' : '')"


@dataclass(frozen=True)
class Check:
    """One thing that a policy asks for.

    Args:
        asked: the policy's field that asks for it.
        allowed: true when the object has it.
        message: text that follows the names of policy and field: what is wrong and what to write instead.
    """

    asked: str
    allowed: str
    message: str


@dataclass(frozen=True)
class Group:
    """Checks that share a budget.

    Args:
        name: tells it from other groups.
        asks: whether a policy asks for any of it; else nothing is evaluated.
        variables: what the checks share, evaluated at most once, in this order.
        warns: whether a refusal is told as a warning, and the object let through.
    """

    name: str
    asks: str
    checks: tuple[Check, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    warns: bool = False


def _has(root: str, path: str) -> str:
    """The field is there, with all that it is in."""
    names = path.split(".")
    return " && ".join(f"has({root}.{'.'.join(names[:depth])})" for depth in range(1, len(names) + 1))


def globs(name: str) -> tuple[str, str]:
    """A variable: the policy's globs as regular expressions. The escapes are those of `policy.glob_pattern`."""
    escaped = r"g.replace('.', r'\.').replace('+', r'\+').replace('?', '.').replace('*', '.*')"
    return name, f"has(params.spec.{name}) ? params.spec.{name}.map(g, '^' + {escaped} + '$') : []"


def refused(what: str, name: str) -> str:
    """A text: what is not allowed, and the first three values that are."""
    values = f"params.spec.{name}"
    more = "".join(f" + ({values}.size() > {place} ? ', ' + {values}[{place}] : '')" for place in (1, 2))
    rest = f"({values}.size() > 3 ? ' or one of ' + string({values}.size() - 3) + ' more' : '')"
    return (
        f"'{what} is not allowed: '"
        f" + ({values}.size() == 0 ? 'no value is, ask those who run this cluster'"
        f" : 'write one that matches ' + {values}[0]{more} + {rest})"
    )


def one(name: str, path: str) -> Check:
    """A field with one value."""
    found, before = f"variables.spec.{path}", f"variables.old.{path}"
    return Check(
        name,
        f"!has(params.spec.{name}) || !({_has('variables.spec', path)})"
        f" || ({_has('variables.old', path)} && {before} == {found})"
        f" || variables.{name}.exists(g, {found}.matches(g))",
        refused(f"this spec.{path}", name),
    )


def each(name: str, path: str) -> Check:
    """A field with a list of values."""
    found, before = f"variables.spec.{path}", f"variables.old.{path}"
    return Check(
        name,
        f"!has(params.spec.{name}) || !({_has('variables.spec', path)}) || {found}.all(x,"
        f" ({_has('variables.old', path)} && x in {before}) || variables.{name}.exists(g, x.matches(g)))",
        refused(f"one of these spec.{path}", name),
    )


def variants_of(spec: str) -> str:
    return f"(has({spec}.variants) ? {spec}.variants : []) + (has({spec}.shadow) ? [{spec}.shadow] : [])"


def containers_of(variant: str) -> str:
    """The containers of a variant; one that has no list of them is its own."""
    return f"(has({variant}.containers) && {variant}.containers.size() > 0 ? {variant}.containers : [{variant}])"


def of_variants(name: str, each: str) -> dict[str, str]:
    """Variables: values of each variant `v` as lists, now and before the update."""
    return {name: f"variables.variants.map(v, {each})", f"{name}Before": f"variables.variantsBefore.map(v, {each})"}


def within(name: str, values: str, variant: str = "") -> str:
    """The values of all variants, or of one, were there before or match a glob."""
    rule = f"all(x, variables.{values}Before.exists(b, x in b) || variables.{name}.exists(g, x.matches(g)))"
    if variant:
        return f"variables.{values}.size() <= {variant} || variables.{values}[{variant}].{rule}"
    return f"variables.{values}.all(l, l.{rule})"


def of_each_variant(name: str, field_name: str, what: str) -> Group:
    """A group for a field of containers. One check for each variant: all at once would cost too much."""
    values = f"{containers_of('v')}.filter(c, has(c.{field_name})).map(c, c.{field_name})"
    return Group(
        name=name.lower(),
        asks=f"has(params.spec.{name})",
        variables=dict([globs(name)]) | of_variants("values", values),
        checks=tuple(
            Check(name, within(name, "values", str(place)), f"{NAMED.format(place)} + {refused(what, name)}")
            for place in range(MOST_VARIANTS)
        ),
    )
