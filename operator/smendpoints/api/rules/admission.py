"""What policies ask of an object at `kubectl apply`, in CEL; `smendpoints.api.admission` makes manifests of it.

On an update only what is new is asked about: a value that the old object did not have, a number that grows. So whoever
suspends, stops or takes away is let through, whatever a policy says by now. What the spec leaves out is let through
too: only the operator knows the value that stands in for it. Each expression is evaluated for each policy, `params`.

Nobody checks types here: `object` and `params` are whatever their schemas let through, so `has` comes before each read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from smendpoints.api.sensitive import HARMLESS_VALUE, TELLING_NAME, TELLING_VALUE

MOST_VARIANTS, MOST_CONTAINERS = 10, 15
NAME_LENGTH, HASH_LENGTH = 63, 10


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


def _globs(name: str) -> tuple[str, str]:
    """A variable: the policy's globs as regular expressions. The escapes are those of `policy.glob_pattern`."""
    escaped = r"g.replace('.', r'\.').replace('+', r'\+').replace('?', '.').replace('*', '.*')"
    return name, f"has(params.spec.{name}) ? params.spec.{name}.map(g, '^' + {escaped} + '$') : []"


def _refused(what: str, name: str) -> str:
    """A text: what is not allowed, and the first three values that are."""
    values = f"params.spec.{name}"
    more = "".join(f" + ({values}.size() > {place} ? ', ' + {values}[{place}] : '')" for place in (1, 2))
    rest = f"({values}.size() > 3 ? ' or one of ' + string({values}.size() - 3) + ' more' : '')"
    return (
        f"'{what} is not allowed: '"
        f" + ({values}.size() == 0 ? 'no value is, ask those who run this cluster'"
        f" : 'write one that matches ' + {values}[0]{more} + {rest})"
    )


def _one(name: str, path: str) -> Check:
    """A field with one value."""
    found, before = f"variables.spec.{path}", f"variables.old.{path}"
    return Check(
        name,
        f"!has(params.spec.{name}) || !({_has('variables.spec', path)})"
        f" || ({_has('variables.old', path)} && {before} == {found})"
        f" || variables.{name}.exists(g, {found}.matches(g))",
        _refused(f"this spec.{path}", name),
    )


def _each(name: str, path: str) -> Check:
    """A field with a list of values."""
    found, before = f"variables.spec.{path}", f"variables.old.{path}"
    return Check(
        name,
        f"!has(params.spec.{name}) || !({_has('variables.spec', path)}) || {found}.all(x,"
        f" ({_has('variables.old', path)} && x in {before}) || variables.{name}.exists(g, x.matches(g)))",
        _refused(f"one of these spec.{path}", name),
    )


def _variants(spec: str) -> str:
    return f"(has({spec}.variants) ? {spec}.variants : []) + (has({spec}.shadow) ? [{spec}.shadow] : [])"


def _containers(variant: str) -> str:
    """The containers of a variant; one that has no list of them is its own."""
    return f"(has({variant}.containers) && {variant}.containers.size() > 0 ? {variant}.containers : [{variant}])"


def _of_variants(name: str, each: str) -> dict[str, str]:
    """Variables: values of each variant `v` as lists, now and before the update."""
    return {name: f"variables.variants.map(v, {each})", f"{name}Before": f"variables.variantsBefore.map(v, {each})"}


def _within(name: str, values: str, variant: str = "") -> str:
    """The values of all variants, or of one, were there before or match a glob."""
    rule = f"all(x, variables.{values}Before.exists(b, x in b) || variables.{name}.exists(g, x.matches(g)))"
    if variant:
        return f"variables.{values}.size() <= {variant} || variables.{values}[{variant}].{rule}"
    return f"variables.{values}.all(l, l.{rule})"


def _of_each_variant(name: str, field_name: str, what: str) -> Group:
    """A group for a field of containers. One check for each variant: all at once would cost too much."""
    values = f"{_containers('v')}.filter(c, has(c.{field_name})).map(c, c.{field_name})"
    return Group(
        name=name.lower(),
        asks=f"has(params.spec.{name})",
        variables=dict([_globs(name)]) | _of_variants("values", values),
        checks=tuple(
            Check(name, _within(name, "values", str(place)), f"{_NAMED.format(place)} + {_refused(what, name)}")
            for place in range(MOST_VARIANTS)
        ),
    )


_NAMED = "(variables.variants.size() > {0} ? 'variant ' + variables.variants[{0}].name + ', ' : '')"

_TYPES = (
    "!has(v.instance) ? [] : (has(v.instance.type) ? [v.instance.type] : [])"
    " + (has(v.instance.pools) ? v.instance.pools.map(p, p.type) : [])"
)


def _bounds(bound: str) -> str:
    return f"(has(v.scaling.schedules) ? v.scaling.schedules.filter(s, has(s.{bound})).map(s, s.{bound}) : [])"


_INSTANCES = (
    "!has(v.instance) ? 0 : has(v.scaling)"
    f" ? ([v.scaling.maxCapacity] + {_bounds('maxCapacity')} + {_bounds('minCapacity')}).max()"
    " : has(v.instance.count) ? v.instance.count : 1"
)

_COLLAPSED = ".replace('--', '-')" * 8  # 253 hyphens at most

# What is known of an endpoint's name; a long default name ends in a hash.
_FULL_NAME = (
    "has(object.spec.endpointName) ? object.spec.endpointName"
    f" : (namespaceObject.metadata.name + '-' + object.metadata.name).replace('.', '-'){_COLLAPSED}"
)
_KNOWN_NAME = (
    f"variables.fullName.size() <= {NAME_LENGTH} ? variables.fullName"
    f" : (variables.fullName.substring(0, {NAME_LENGTH - HASH_LENGTH - 1}) + '-'){_COLLAPSED}"
)

GENERAL = Group(
    name="",
    asks="true",
    variables=dict(
        _globs(name)
        for name in (
            *("assumeRoleARNs", "executionRoleARNs", "regions", "instanceTypes"),
            *("kmsKeyIDs", "subnetIDs", "securityGroupIDs"),
        )
    )
    | _of_variants("types", _TYPES)
    | _of_variants("instances", _INSTANCES)
    | {"fullName": _FULL_NAME, "knownName": _KNOWN_NAME},
    checks=(
        _one("assumeRoleARNs", "assumeRoleARN"),
        _one("executionRoleARNs", "executionRoleARN"),
        _one("regions", "region"),
        Check(
            "instanceTypes",
            f"!has(params.spec.instanceTypes) || {_within('instanceTypes', 'types')}",
            _refused("an instance type", "instanceTypes"),
        ),
        _one("kmsKeyIDs", "kmsKeyID"),
        _one("kmsKeyIDs", "dataCapture.kmsKeyID"),
        _one("kmsKeyIDs", "async.kmsKeyID"),
        _each("subnetIDs", "vpc.subnetIDs"),
        _each("securityGroupIDs", "vpc.securityGroupIDs"),
        Check(
            "maxInstancesPerEndpoint",
            "!has(params.spec.maxInstancesPerEndpoint)"
            " || variables.instances.sum() <= params.spec.maxInstancesPerEndpoint"
            " || (oldObject != null && variables.instances.sum() <= variables.instancesBefore.sum())",
            "'an endpoint may have ' + string(params.spec.maxInstancesPerEndpoint) + ' instances,'"
            " + ' and this one would have ' + string(variables.instances.sum())"
            " + ': lower the counts, or the upper bounds of scaling and of its schedules'",
        ),
        Check(
            "endpointNamePrefix",
            "!has(params.spec.endpointNamePrefix) || oldObject != null"
            " || variables.knownName.startsWith(params.spec.endpointNamePrefix)",
            "'the name of the endpoint must begin with ' + params.spec.endpointNamePrefix"
            " + ': set spec.endpointName so'",
        ),
    ),
)


def _plain_environment() -> Iterator[Check]:
    numbers = ", ".join(str(number) for number in range(MOST_CONTAINERS))
    for place in range(MOST_VARIANTS):
        here, there = f"variables.containers[{place}]", _containers("b")
        value = f"{here}[n].environment[k]"
        kept = (
            f"variables.variantsBefore.exists(b, b.name == variables.variants[{place}].name && n < {there}.size()"
            f" && has({there}[n].environment) && k in {there}[n].environment && {there}[n].environment[k] == {value})"
        )
        looks = (
            f"({value}.matches(r'{TELLING_VALUE}')"
            f" || (k.matches(r'{TELLING_NAME}') && !{value}.matches(r'^{HARMLESS_VALUE}$')))"
        )
        yield Check(
            "allowSecretLikeEnvironment",
            f"variables.containers.size() <= {place} || [{numbers}].all(n, n >= {here}.size()"
            f" || !has({here}[n].environment) || {here}[n].environment.all(k, !{looks} || {kept}))",
            f"{_NAMED.format(place)} + 'a name in environment (such as *PASSWORD*, *SECRET*, *_TOKEN, *_KEY) or a value"
            " (such as AKIA…, ghp_…, hf_…, sk-…, a JWT, a private key) looks like a secret:"
            " keep it in AWS Secrets Manager, and write its ARN under secrets instead'",
        )


ENVIRONMENT = Group(
    name="environment",
    asks="has(params.spec.allowSecretLikeEnvironment) && !params.spec.allowSecretLikeEnvironment",
    variables={"containers": f"variables.variants.map(v, {_containers('v')})"},
    checks=tuple(_plain_environment()),
)

ADOPTION = Group(
    name="adoption",
    asks="!has(params.spec.allowAdoption) || !params.spec.allowAdoption",
    checks=(
        Check(
            "allowAdoption",
            "!has(variables.spec.adoptExisting) || !variables.spec.adoptExisting"
            " || (has(variables.old.adoptExisting) && variables.old.adoptExisting)",
            "'an endpoint is adopted only where its tag smendpoints.dev/adoptable-by in AWS is '"
            " + namespaceObject.metadata.name",
        ),
    ),
    warns=True,
)

GROUPS = (
    GENERAL,
    _of_each_variant("images", "image", "an image"),
    _of_each_variant("modelArtifacts", "modelArtifact", "a modelArtifact"),
    ENVIRONMENT,
    ADOPTION,
)

_LABELS = "variables.labels"
_HAS_VALUE = f"(e.key in {_LABELS} && has(e.values) && {_LABELS}[e.key] in e.values)"

SHARED = {
    "labels": "has(namespaceObject.metadata.labels) ? namespaceObject.metadata.labels : {}",
    "selected": (
        "(!has(params.spec.namespaceSelector.matchLabels) || params.spec.namespaceSelector.matchLabels.all(k,"
        f" k in {_LABELS} && {_LABELS}[k] == params.spec.namespaceSelector.matchLabels[k]))"
        " && (!has(params.spec.namespaceSelector.matchExpressions)"
        " || params.spec.namespaceSelector.matchExpressions.all(e,"
        f" e.operator == 'In' ? {_HAS_VALUE} : e.operator == 'NotIn' ? !{_HAS_VALUE}"
        f" : e.operator == 'Exists' ? e.key in {_LABELS} : !(e.key in {_LABELS})))"
    ),
    "spec": "object.spec",
    "old": "oldObject == null ? {} : oldObject.spec",
    "variants": _variants("variables.spec"),
    "variantsBefore": _variants("variables.old"),
}
"""Variables of every group: whether the policy selects the namespace, as Kubernetes would; the spec now and before."""
