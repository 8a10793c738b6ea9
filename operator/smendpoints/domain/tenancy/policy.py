"""What the cluster's policies say of one object: pure evaluation, the same as the API server makes at `kubectl apply`.

Every policy that selects the object's namespace must allow it; where none does, all is allowed. Not here: what a
namespace may hold in all, see `limits`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from smendpoints.api.policy import (
    NamespaceSelector,
    PolicyDefaults,
    SageMakerEndpointPolicy,
    SageMakerEndpointPolicySpec,
    matches_any,
)
from smendpoints.api.sensitive import looks_secret
from smendpoints.api.spec import SageMakerEndpointSpec
from smendpoints.api.variants import Container, Variant
from smendpoints.domain.tenancy.facts import Capacity, Identity, instances

Policies = Sequence[SageMakerEndpointPolicy]
_SHOWN = 3
_ASK = "ask those who run this cluster"


@dataclass(frozen=True)
class Violation:
    """One policy does not allow something: which, which of its fields, what is wrong and what to write instead."""

    policy: str
    asked: str
    message: str

    def __str__(self) -> str:
        return f"policy {self.policy}, {self.asked}: {self.message}"


@dataclass(frozen=True)
class Request:
    """What an object would use: its spec with what is in force where that is silent; `own_tags` are its spec's."""

    spec: SageMakerEndpointSpec
    endpoint_name: str
    region: str
    capacity: Capacity
    own_tags: Mapping[str, str]


def selects(selector: NamespaceSelector, labels: Mapping[str, str]) -> bool:
    """Whether a namespace with these labels is selected; as Kubernetes does it, so NotIn holds where there is none."""
    if any(labels.get(key) != value for key, value in selector.match_labels.items()):
        return False
    for each in selector.match_expressions:
        match each.operator:
            case "In":
                holds = labels.get(each.key) in each.values if each.key in labels else False
            case "NotIn":
                holds = labels.get(each.key) not in each.values if each.key in labels else True
            case "Exists":
                holds = each.key in labels
            case "DoesNotExist":
                holds = each.key not in labels
        if not holds:
            return False
    return True


def selecting(policies: Iterable[SageMakerEndpointPolicy], labels: Mapping[str, str]) -> Policies:
    """The policies that select a namespace with these labels, by name."""
    found = (each for each in policies if selects(each.spec.namespace_selector, labels))
    return sorted(found, key=lambda each: each.metadata.name)


def merged_defaults(policies: Policies) -> PolicyDefaults:
    """The defaults of all policies: of two that give one, the first by name counts."""
    found: dict[str, object] = {}
    tags: dict[str, str] = {}
    for policy in reversed(policies):
        given = policy.spec.defaults
        found |= {
            name: value
            for name in ("execution_role_arn", "assume_role_arn", "region", "vpc")
            if (value := getattr(given, name)) is not None
        }
        tags |= given.tags
    return PolicyDefaults.model_validate({**found, "tags": tags})


def required_tags(policies: Policies) -> dict[str, str]:
    """The tags that the operator sets; of two policies that differ, the first by name (the other is violated)."""
    return {key: value for policy in reversed(policies) for key, value in policy.spec.required_tags.items()}


def bars(identity: Identity, policies: Policies) -> bool:
    """Whether a policy does not allow an endpoint of that name, in that region, or acting as that role."""
    return any(
        not identity.endpoint.startswith(each.spec.endpoint_name_prefix or "")
        or (each.spec.regions is not None and not matches_any(identity.region, each.spec.regions))
        or (each.spec.assume_role_arns is not None and not matches_any(identity.role or "", each.spec.assume_role_arns))
        for each in policies
    )


def violations(request: Request, policies: Policies) -> tuple[Violation, ...]:
    """What the policies do not allow, in the order of their names. Each must select the object's namespace."""
    wanted = required_tags(policies)
    return tuple(
        Violation(policy.metadata.name, asked, message)
        for policy in policies
        for asked, message in _messages(request, policy.spec, wanted)
    )


def _messages(
    request: Request, policy: SageMakerEndpointPolicySpec, required: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    for asked, what, globs, values in _restricted(request, policy):
        refused = next((value for value in values if not matches_any(value, list(globs))), None)
        if refused is not None:
            yield asked, f"{what} {refused or '(unset)'} is not allowed: {_instead(globs)}"
    most = policy.max_instances_per_endpoint
    if most is not None and instances(request.capacity) > most:
        yield (
            "maxInstancesPerEndpoint",
            (
                f"an endpoint may have {most} instances, and this one would have {instances(request.capacity)}: lower "
                "the counts, or the upper bounds of scaling and of its schedules"
            ),
        )
    prefix = policy.endpoint_name_prefix
    if prefix is not None and not request.endpoint_name.startswith(prefix):
        yield (
            "endpointNamePrefix",
            (
                f"the name of the endpoint, {request.endpoint_name}, must begin with {prefix}: recreate the object "
                "with such a spec.endpointName"
            ),
        )
    for key, value in sorted(policy.required_tags.items()):
        told = {own: given for own, given in request.own_tags.items() if own.strip().lower() == key.lower()}
        if any((own, given) != (key, value) for own, given in told.items()):
            yield "requiredTags", f"the tag {key} is set by the operator: remove it from spec.tags"
        elif required.get(key) != value:
            yield "requiredTags", f"another policy wants another value of the tag {key}: {_ASK}"
    secret_like = [] if policy.allow_secret_like_environment else _secret_like(request.spec)
    if secret_like:
        yield (
            "allowSecretLikeEnvironment",
            (
                f"environment {', '.join(secret_like[:_SHOWN])} looks like a secret: keep it in AWS Secrets "
                "Manager, and write its ARN under secrets instead"
            ),
        )


def _instead(globs: Sequence[str]) -> str:
    """At most three allowed values."""
    if not globs:
        return f"no value is, {_ASK}"
    more = f" or one of {len(globs) - _SHOWN} more" if len(globs) > _SHOWN else ""
    return f"write one that matches {', '.join(globs[:_SHOWN])}{more}"


def _restricted(
    request: Request, policy: SageMakerEndpointPolicySpec
) -> Iterator[tuple[str, str, Sequence[str], Iterable[str]]]:
    """Each list that restricts something: its name, what it is about, what is allowed, and what is asked for."""
    spec = request.spec
    containers, vpc = _containers(spec), spec.vpc
    lists: tuple[tuple[str, str, Sequence[str] | None, Iterable[str]], ...] = (
        # The operator's own identity is a role, too, but one whose name no policy can know: only `*` allows it.
        ("assumeRoleARNs", "spec.assumeRoleARN", policy.assume_role_arns, [spec.assume_role_arn or ""]),
        ("executionRoleARNs", "spec.executionRoleARN", policy.execution_role_arns, [spec.execution_role_arn or ""]),
        ("regions", "the region", policy.regions, [request.region]),
        (
            "instanceTypes",
            "the instance type",
            policy.instance_types,
            [each for variant in spec.all_variants() for each in _types(variant)],
        ),
        ("images", "the image", policy.images, [each.image for each in containers]),
        (
            "modelArtifacts",
            "the modelArtifact",
            policy.model_artifacts,
            [each.model_artifact for each in containers if each.model_artifact is not None],
        ),
        ("kmsKeyIDs", "the key", policy.kms_key_ids, _keys(spec)),
        ("subnetIDs", "the subnet", policy.subnet_ids, vpc.subnet_ids if vpc is not None else []),
        (
            "securityGroupIDs",
            "the security group",
            policy.security_group_ids,
            vpc.security_group_ids if vpc is not None else [],
        ),
    )
    return ((asked, what, globs, values) for asked, what, globs, values in lists if globs is not None)


def _containers(spec: SageMakerEndpointSpec) -> list[Container]:
    return [container for variant in spec.all_variants() for container in variant.all_containers()]


def _secret_like(spec: SageMakerEndpointSpec) -> list[str]:
    """The names of variables that look like secrets, by their names or their values."""
    found = {
        name for each in _containers(spec) for name, value in each.environment.items() if looks_secret(name, value)
    }
    return sorted(found)


def _types(variant: Variant) -> Iterator[str]:
    instance = variant.instance
    if instance is not None:
        yield from (pool.type for pool in instance.pools)
        if instance.type is not None:
            yield instance.type


def _keys(spec: SageMakerEndpointSpec) -> list[str]:
    capture, asynchronous = spec.data_capture, spec.async_
    keys = (
        spec.kms_key_id,
        capture.kms_key_id if capture is not None else None,
        asynchronous.kms_key_id if asynchronous is not None else None,
    )
    return [key for key in keys if key is not None]
