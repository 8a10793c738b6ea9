"""What SageMaker tells EventBridge: one event per change of an endpoint's status, and of a deployment's step.

AWS's shapes, with their traps: statuses in UPPER_SNAKE, times in epoch milliseconds, counts as floats, ARNs in lower
case whatever the case of EndpointName. Its samples of both events:
https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from smsandbox.aws.sagemaker.describe import describe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsandbox.aws.sagemaker.state import Endpoint, Fleet

SOURCE = "aws.sagemaker"
STATE_CHANGE = "SageMaker Endpoint State Change"
DEPLOYMENT_CHANGE = "SageMaker Endpoint Deployment State Change"


def upper_snake(status: str) -> str:
    """InService -> IN_SERVICE."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", status).upper()


def state_change(endpoint: Endpoint, tags: Mapping[str, str]) -> dict[str, Any]:
    """The detail of a state change."""
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "EndpointConfigName": endpoint.config_name,
        "ProductionVariants": _variants(endpoint.fleet or endpoint.green),
        "EndpointStatus": upper_snake(endpoint.status),
        "FailureReason": endpoint.failure,
        "CreationTime": endpoint.created * 1000,
        "LastModifiedTime": endpoint.modified * 1000,
        "Tags": dict(tags),
    }


def deployment_change(endpoint: Endpoint, tags: Mapping[str, str]) -> dict[str, Any]:
    """The detail of a step of a guarded deployment."""
    detail = state_change(endpoint, tags)
    pending = describe(endpoint).get("PendingDeploymentSummary")
    if pending is not None and endpoint.green is not None:
        detail["PendingDeploymentSummary"] = {
            "EndpointConfigName": endpoint.green.config.name,
            "StartTime": endpoint.started * 1000,
            "ProductionVariants": _variants(endpoint.green),
        }
    return detail


def _variants(fleet: Fleet | None) -> list[dict[str, Any]]:
    if fleet is None:
        return []
    return [
        {
            "VariantName": variant.name,
            "CurrentWeight": float(variant.current_weight),
            "DesiredWeight": float(variant.desired_weight),
            "CurrentInstanceCount": float(variant.current_count),
            "DesiredInstanceCount": float(variant.desired_count),
            "VariantStatus": [
                {**status, "StartTime": status["StartTime"].timestamp() * 1000} for status in variant.statuses
            ],
        }
        for variant in fleet.production
    ]
