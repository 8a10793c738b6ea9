"""What is in force for an object: its spec, where that is silent a policy's defaults, else the operator's settings.

The values are pinned in the status when the endpoint is made. Name, region and whom the operator acts as stay for the
object's life; roles, network and tags stay until its spec is edited. So nothing that an administrator changes gives
anybody a new fleet, or leaves an endpoint behind that nobody finds again.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from smendpoints.api.policy import PolicyDefaults
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import Resolved
from smendpoints.domain.tenancy.claims import Standing
from smendpoints.domain.tenancy.facts import Facts, PartialIdentity
from smendpoints.domain.tenancy.policy import Policies, merged_defaults, required_tags
from smendpoints.domain.tenancy.shares import before, other_keys


def offered_identities(policies: Policies) -> Iterator[PartialIdentity]:
    """What the policies offer of an identity, by their names; nothing is made where nobody asks."""
    defaults = (policy.spec.defaults for policy in policies)
    return (PartialIdentity(None, each.region, each.assume_role_arn) for each in defaults)


def resolve(
    resource: SageMakerEndpoint,
    facts: Facts,
    policies: Policies,
    region: str,
    default_role: str | None,
    default_tags: Mapping[str, str] = MappingProxyType({}),
) -> Resolved:
    """The values in force. `region`, `default_role` and `default_tags` are the operator's own."""
    spec, pinned = resource.spec, resource.status.resolved
    required = required_tags(policies)
    identity = facts.identity(offered_identities(policies), region)
    fixed: dict[str, Any] = {
        "endpoint_name": identity.endpoint,
        "region": identity.region,
        "assume_role_arn": identity.role,
        "generation": resource.metadata.generation,
        "capacity": dict(facts.asked),
        "capacity_before": before(pinned, facts.asked),
    }
    if pinned is not None and pinned.generation == resource.metadata.generation:
        return pinned.model_copy(update=fixed | {"other_tag_keys": other_keys(resource, pinned.tags, required)})
    made_without = pinned is None and facts.standing is not Standing.NEW  # by the release before
    defaults = PolicyDefaults() if made_without else merged_defaults(policies)
    tags = {**({} if made_without else default_tags), **defaults.tags, **spec.tags}
    return Resolved(
        **fixed,
        execution_role_arn=spec.execution_role_arn or defaults.execution_role_arn or default_role,
        vpc=spec.vpc or defaults.vpc,
        tags=tags,
        other_tag_keys=other_keys(resource, tags, required),
    )


def with_resolved(resource: SageMakerEndpoint, resolved: Resolved, required: Mapping[str, str]) -> SageMakerEndpoint:
    """The object as if its spec said all that is in force, the tags that policies require among it."""
    update = {
        "endpoint_name": resolved.endpoint_name,
        "region": resolved.region,
        "assume_role_arn": resolved.assume_role_arn,
        "execution_role_arn": resolved.execution_role_arn,
        "vpc": resolved.vpc,
        "tags": {**resolved.tags, **required},
    }
    return resource.model_copy(update={"spec": resource.spec.model_copy(update=update)})
