"""Turns responses of boto3 into what was observed. Nothing here calls AWS."""

from collections.abc import Mapping

from smendpoints.domain.observed.observed import (
    ConfigVariant,
    Json,
    ObservedConfig,
    ObservedEndpoint,
    ObservedTarget,
    ObservedVariant,
    Step,
)
from smendpoints.domain.observed.redact import redact_text

_LONGEST = 1024  # of AWS's words, and of what the status keeps of them: without its secrets a text may be longer


def _clean(words: str | None) -> str | None:
    """AWS's words, which may repeat a container's, without secrets."""
    return redact_text(words)[:_LONGEST] if words is not None else None


def _image(deployed: Json) -> tuple[str | None, str | None]:
    """An image as specified, and its digest."""
    resolved = deployed.get("ResolvedImage") or ""
    return deployed.get("SpecifiedImage"), resolved.partition("@")[2] or None


def _variant(entry: Json) -> ObservedVariant:
    (image, digest), *others = [_image(each) for each in entry.get("DeployedImages") or [{}]]
    return ObservedVariant(
        name=entry["VariantName"],
        image=image,
        digest=digest,
        further_images=tuple(others),
        current_weight=entry.get("CurrentWeight"),
        desired_weight=entry.get("DesiredWeight"),
        current_count=entry.get("CurrentInstanceCount"),
        desired_count=entry.get("DesiredInstanceCount"),
        serverless=entry.get("DesiredServerlessConfig") or entry.get("CurrentServerlessConfig"),
        pools={pool["InstanceType"]: pool["CurrentInstanceCount"] for pool in entry.get("InstancePools") or ()},
        steps=tuple(
            Step(status["Status"], _clean(status.get("StatusMessage")), status.get("StartTime"))
            for status in entry.get("VariantStatus") or ()
        ),
    )


def parse_endpoint(response: Json, tags: Mapping[str, str]) -> ObservedEndpoint:
    """DescribeEndpoint's response. Only name, ARN, status and times are sure to be there."""
    pending = response.get("PendingDeploymentSummary") or {}
    return ObservedEndpoint(
        name=response["EndpointName"],
        arn=response["EndpointArn"],
        status=response["EndpointStatus"],
        config_name=response.get("EndpointConfigName"),
        created_at=response["CreationTime"],
        modified_at=response["LastModifiedTime"],
        variants=tuple(_variant(entry) for entry in response.get("ProductionVariants") or ()),
        shadows=tuple(_variant(entry) for entry in response.get("ShadowProductionVariants") or ()),
        pending_config=pending.get("EndpointConfigName"),
        pending=tuple(_variant(entry) for entry in pending.get("ProductionVariants") or ()),
        pending_shadows=tuple(_variant(entry) for entry in pending.get("ShadowProductionVariants") or ()),
        failure_reason=_clean(response.get("FailureReason")),
        tags=tags,
    )


def _config_variant(entry: Json) -> ConfigVariant:
    pools = sorted(entry.get("InstancePools") or (), key=lambda pool: pool["Priority"])
    types = tuple(pool["InstanceType"] for pool in pools) or (
        (entry["InstanceType"],) if "InstanceType" in entry else ()
    )
    return ConfigVariant(
        name=entry["VariantName"],
        model=entry.get("ModelName"),
        instance_types=types,
        initial_count=entry.get("InitialInstanceCount"),
        initial_weight=entry.get("InitialVariantWeight"),
        serverless=entry.get("ServerlessConfig"),
    )


def parse_config(response: Json) -> ObservedConfig:
    """DescribeEndpointConfig's response."""
    return ObservedConfig(
        name=response["EndpointConfigName"],
        arn=response["EndpointConfigArn"],
        variants=tuple(_config_variant(entry) for entry in response["ProductionVariants"]),
        shadows=tuple(_config_variant(entry) for entry in response.get("ShadowProductionVariants") or ()),
        raw=response,
    )


def parse_target(entry: Json, policies: list[Json], schedules: list[Json]) -> ObservedTarget:
    """One entry of DescribeScalableTargets with its policies and scheduled actions."""
    suspended = entry.get("SuspendedState") or {}
    return ObservedTarget(
        resource_id=entry["ResourceId"],
        dimension=entry["ScalableDimension"],
        min_capacity=entry["MinCapacity"],
        max_capacity=entry["MaxCapacity"],
        suspended=True in suspended.values() if len({*suspended.values()}) < 2 else None,
        policies={policy["PolicyName"]: policy for policy in policies},
        schedules={schedule["ScheduledActionName"]: schedule for schedule in schedules},
    )
