"""What policies ask of an object at `kubectl apply`, in CEL; `smendpoints.api.admission` makes manifests of it.

On an update only what is new is asked about: a value that the old object did not have, a number that grows. So whoever
suspends, stops or takes away is let through, whatever a policy says by now. What the spec leaves out is let through
too: only the operator knows the value that stands in for it. Each expression is evaluated for each policy, `params`.
"""

from collections.abc import Iterator

from smendpoints.api.rules.asking import (
    MOST_VARIANTS,
    NAMED,
    Check,
    Group,
    containers_of,
    each,
    globs,
    of_each_variant,
    of_variants,
    one,
    refused,
    variants_of,
    within,
)
from smendpoints.api.sensitive import HARMLESS_VALUE, TELLING_NAME, TELLING_VALUE

MOST_CONTAINERS = 15
NAME_LENGTH, HASH_LENGTH = 63, 10

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
        globs(name)
        for name in (
            *("assumeRoleARNs", "executionRoleARNs", "regions", "instanceTypes"),
            *("kmsKeyIDs", "subnetIDs", "securityGroupIDs"),
        )
    )
    | of_variants("types", _TYPES)
    | of_variants("instances", _INSTANCES)
    | {"fullName": _FULL_NAME, "knownName": _KNOWN_NAME},
    checks=(
        one("assumeRoleARNs", "assumeRoleARN"),
        one("executionRoleARNs", "executionRoleARN"),
        one("regions", "region"),
        Check(
            "instanceTypes",
            f"!has(params.spec.instanceTypes) || {within('instanceTypes', 'types')}",
            refused("an instance type", "instanceTypes"),
        ),
        one("kmsKeyIDs", "kmsKeyID"),
        one("kmsKeyIDs", "dataCapture.kmsKeyID"),
        one("kmsKeyIDs", "async.kmsKeyID"),
        each("subnetIDs", "vpc.subnetIDs"),
        each("securityGroupIDs", "vpc.securityGroupIDs"),
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
        here, there = f"variables.containers[{place}]", containers_of("b")
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
            f"{NAMED.format(place)} + 'a name in environment (such as *PASSWORD*, *SECRET*, *_TOKEN, *_KEY) or a value"
            " (such as AKIA…, ghp_…, hf_…, sk-…, a JWT, a private key) looks like a secret:"
            " keep it in AWS Secrets Manager, and write its ARN under secrets instead'",
        )


ENVIRONMENT = Group(
    name="environment",
    asks="has(params.spec.allowSecretLikeEnvironment) && !params.spec.allowSecretLikeEnvironment",
    variables={"containers": f"variables.variants.map(v, {containers_of('v')})"},
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
    of_each_variant("images", "image", "an image"),
    of_each_variant("modelArtifacts", "modelArtifact", "a modelArtifact"),
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
    "variants": variants_of("variables.spec"),
    "variantsBefore": variants_of("variables.old"),
}
"""Variables of every group: whether the policy selects the namespace, as Kubernetes would; the spec now and before."""
