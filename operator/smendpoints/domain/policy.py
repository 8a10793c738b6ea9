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
from smendpoints.api.spec import SageMakerEndpointSpec
from smendpoints.api.variants import Variant
from smendpoints.domain.facts import Capacity, instances

Policies = Sequence[SageMakerEndpointPolicy]
_SHOWN = 3


@dataclass(frozen=True)
class Violation:
    """One policy does not allow something, and what to write instead."""

    policy: str
    message: str

    def __str__(self) -> str:
        return f"policy {self.policy}: {self.message}"


@dataclass(frozen=True)
class Request:
    """What an object would use: its spec with what is in force where that is silent.

    `own_tags` are those of the spec alone, and `secret_like` the environment variables that look like secrets.
    """

    spec: SageMakerEndpointSpec
    endpoint_name: str
    region: str
    capacity: Capacity
    own_tags: Mapping[str, str]
    secret_like: Sequence[str] = ()


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


def violations(request: Request, policies: Policies) -> tuple[Violation, ...]:
    """What the policies do not allow, in the order of their names. Each must select the object's namespace."""
    wanted = required_tags(policies)
    return tuple(
        Violation(policy.metadata.name, message)
        for policy in policies
        for message in _messages(request, policy.spec, wanted)
    )


def _messages(request: Request, policy: SageMakerEndpointPolicySpec, required: Mapping[str, str]) -> Iterator[str]:
    for field, globs, values in _restricted(request, policy):
        refused = next((value for value in values if not matches_any(value, list(globs))), None)
        if refused is not None:
            yield f"{field} {refused or '(unset)'} is not allowed; {_instead(globs)}"
    most = policy.max_instances_per_endpoint
    if most is not None and instances(request.capacity) > most:
        yield (
            f"up to {instances(request.capacity)} instances, the shadow's among them, are more than the {most} of an "
            "endpoint; write a lower count, or lower bounds of scaling"
        )
    prefix = policy.endpoint_name_prefix
    if prefix is not None and not request.endpoint_name.startswith(prefix):
        yield (
            f"the endpoint's name {request.endpoint_name} does not begin with {prefix}; recreate the object with a "
            f"spec.endpointName that does, such as {prefix}{request.endpoint_name}"
        )
    for key, value in sorted(policy.required_tags.items()):
        told = {own: given for own, given in request.own_tags.items() if own.lower() == key.lower()}
        if any((own, given) != (key, value) for own, given in told.items()):
            yield f"the tag {key} is set by the operator; remove it from spec.tags"
        elif required.get(key) != value:
            yield f"the tag {key} is required with another value by another policy; ask who keeps the policies"
    if request.secret_like and not policy.allow_secret_like_environment:
        shown = ", ".join(list(request.secret_like)[:_SHOWN])
        yield f"environment holds what looks like a secret ({shown}); put its ARN under secrets instead"


def _instead(globs: Sequence[str]) -> str:
    """At most three allowed values."""
    if not globs:
        return "none is; ask who keeps the policy"
    more = f", or {len(globs) - _SHOWN} more" if len(globs) > _SHOWN else ""
    return f"write {' or '.join(globs[:_SHOWN])}{more}"


def _restricted(
    request: Request, policy: SageMakerEndpointPolicySpec
) -> Iterator[tuple[str, Sequence[str], Iterable[str]]]:
    """Each list that restricts something: the field, what is allowed, and what is asked for."""
    spec = request.spec
    variants = [*spec.variants, *([spec.shadow] if spec.shadow is not None else [])]
    containers = [container for variant in variants for container in variant.all_containers()]
    vpc = spec.vpc
    lists: tuple[tuple[str, Sequence[str] | None, Iterable[str]], ...] = (
        # The operator's own identity is a role, too, but one whose name no policy can know.
        ("spec.assumeRoleARN", policy.assume_role_arns, [spec.assume_role_arn or ""]),
        ("spec.executionRoleARN", policy.execution_role_arns, [spec.execution_role_arn or ""]),
        ("spec.region", policy.regions, [request.region]),
        ("instance type", policy.instance_types, [each for variant in variants for each in _types(variant)]),
        ("image", policy.images, [each.image for each in containers]),
        (
            "modelArtifact",
            policy.model_artifacts,
            [each.model_artifact for each in containers if each.model_artifact is not None],
        ),
        ("KMS key", policy.kms_key_ids, _keys(spec)),
        ("subnet", policy.subnet_ids, vpc.subnet_ids if vpc is not None else []),
        ("security group", policy.security_group_ids, vpc.security_group_ids if vpc is not None else []),
    )
    return ((field, globs, values) for field, globs, values in lists if globs is not None)


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
