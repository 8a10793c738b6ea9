"""A scalable resource's capacity, read and set through SageMaker, as AWS does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smsandbox.aws.autoscaling.records import CONCURRENCY, COPIES, INSTANCES, TargetKey
from smsandbox.aws.core.context import Context
from smsandbox.aws.core.errors import validation

if TYPE_CHECKING:
    from smsandbox.aws.core.ports import EndpointView, VariantView
    from smsandbox.aws.core.world import World

SERVICE_ROLE = (
    "aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)
_VARIANT = re.compile(r"endpoint/([^/]+)/variant/([^/]+)")
_COMPONENT = re.compile(r"inference-component/([^/]+)")
NOUNS = {
    INSTANCES: "desired instance count",
    CONCURRENCY: "desired provisioned concurrency",
    COPIES: "desired copy count",
}


@dataclass(frozen=True)
class Capacity:
    """What a resource has and was asked to have; `active` when it can be scaled now."""

    desired: int
    current: int
    active: bool


def service_role(account: str) -> str:
    """The ARN of the service-linked role that scales SageMaker variants."""
    return f"arn:aws:iam::{account}:role/{SERVICE_ROLE}"


def check_names(resource_id: str, dimension: str) -> None:
    """ValidationException unless the resource id has the form that the dimension needs."""
    if dimension in {INSTANCES, CONCURRENCY}:
        if not _VARIANT.fullmatch(resource_id):
            raise validation(f"Unsupported resource ID: {resource_id}; write endpoint/<name>/variant/<name>.")
    elif dimension == COPIES:
        if not _COMPONENT.fullmatch(resource_id):
            raise validation(f"Unsupported resource ID: {resource_id}; write inference-component/<name>.")
    else:
        raise validation(f"Unsupported service namespace, resource type or scalable dimension: {dimension}")


def endpoint_of(resource_id: str) -> tuple[str, str] | None:
    """Endpoint and variant of a resource id; None for an inference component."""
    match = _VARIANT.fullmatch(resource_id)
    return (match[1], match[2]) if match else None


class Resources:
    """Reads and sets capacities. Runs under the World's lock, as the service-linked role."""

    def __init__(self, world: World) -> None:
        self._world = world

    def read(self, key: TargetKey) -> Capacity | None:
        """The capacity; None when there is no such endpoint or variant."""
        names = endpoint_of(key.resource_id)
        endpoint = self._world.hosting.endpoint(key.account, key.region, names[0]) if names else None
        if names is None or endpoint is None or endpoint.name != names[0]:
            return None
        variant = _variant(endpoint, names[1])
        if variant is None:
            return None
        active = endpoint.status == "InService"
        if key.dimension == CONCURRENCY:
            desired = variant.desired_provisioned_concurrency or 0
            # SageMaker changes both together: what is desired of a serverless variant in service is there.
            return Capacity(desired, desired, active)
        return Capacity(variant.desired_count, variant.current_count, active)

    def check(self, key: TargetKey) -> None:
        """ValidationException when the resource does not exist or can't be scaled in this dimension."""
        names = endpoint_of(key.resource_id)
        if names is None:
            raise validation(f'Could not find inference component "{key.resource_id.partition("/")[2]}".')
        endpoint = self._world.hosting.endpoint(key.account, key.region, names[0])
        if endpoint is None or endpoint.name != names[0]:
            arn = f"arn:aws:sagemaker:{key.region}:{key.account}:endpoint/{names[0].lower()}"
            raise validation(f'Could not find endpoint "{arn}".')
        variant = _variant(endpoint, names[1])
        if variant is None:
            raise validation(f"Variant {names[1]} of endpoint {names[0]} does not exist: {key.words}")
        serverless = variant.spec.get("ServerlessConfig")
        if bool(serverless) != (key.dimension == CONCURRENCY):
            fitting = CONCURRENCY if serverless else INSTANCES
            raise validation(f"Variant {names[1]} can't be scaled by {key.dimension}: use {fitting}.")
        if serverless and "ProvisionedConcurrency" not in serverless:
            raise validation(f"Variant {names[1]} has no provisioned concurrency to scale.")
        if str(variant.spec.get("InstanceType", "")).startswith("ml.t2."):
            raise validation(
                f"Variant {names[1]} uses the burstable instance type {variant.spec['InstanceType']}, which can't be "
                "scaled automatically."
            )

    def write(self, key: TargetKey, capacity: int) -> None:
        """Ask SageMaker for a capacity; AwsError when it refuses."""
        names = endpoint_of(key.resource_id)
        if names is None:
            raise validation("inference components can't be scaled here")
        ctx = Context(key.account, key.region, "UpdateEndpointWeightsAndCapacities", service_role(key.account))
        if key.dimension == CONCURRENCY:
            self._world.hosting.scale(ctx, *names, None, capacity)
        else:
            self._world.hosting.scale(ctx, *names, capacity)


def _variant(endpoint: EndpointView, name: str) -> VariantView | None:
    return next((one for one in endpoint.variants if one.name == name and not one.shadow), None)
