"""DescribeEndpoint's answer from what is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smsandbox.aws.sagemaker.state import timestamp

if TYPE_CHECKING:
    from smsandbox.aws.sagemaker.state import Endpoint, Fleet, Request, Variant

FROM_SPEC = ("ManagedInstanceScaling", "RoutingConfig", "CapacityReservationConfig", "AcceleratorPartitionLayouts")


def describe(endpoint: Endpoint) -> dict[str, Any]:
    """A DescribeEndpointOutput. While a configuration is coming, the serving one stays on top, as on AWS."""
    answer: dict[str, Any] = {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "EndpointConfigName": endpoint.config_name,
        "EndpointStatus": endpoint.status,
        "FailureReason": endpoint.failure,
        "CreationTime": timestamp(endpoint.created),
        "LastModifiedTime": timestamp(endpoint.modified),
        "LastDeploymentConfig": endpoint.deployment,
    }
    if (fleet := endpoint.fleet) is not None:
        config = fleet.config.request
        answer["ProductionVariants"], answer["ShadowProductionVariants"] = _summaries(fleet, pending=False)
        answer["AsyncInferenceConfig"] = config.get("AsyncInferenceConfig")
        answer["ExplainerConfig"] = config.get("ExplainerConfig")
        answer["CrossRegionTrafficConfig"] = config.get("CrossRegionTrafficConfig")
        answer["DataCaptureConfig"] = _capture(config.get("DataCaptureConfig"), endpoint)
    if (green := endpoint.green) is not None and endpoint.status in {"Creating", "Updating", "RollingBack"}:
        production, shadow = _summaries(green, pending=True)
        answer["PendingDeploymentSummary"] = {
            "EndpointConfigName": green.config.name,
            "ProductionVariants": production,
            "ShadowProductionVariants": shadow,
            "StartTime": timestamp(endpoint.started),
        }
    return answer


def _summaries(fleet: Fleet, *, pending: bool) -> tuple[list[Request], list[Request] | None]:
    shown = [(variant.shadow, _variant(variant, pending=pending)) for variant in fleet.variants.values()]
    return [one for shadow, one in shown if not shadow], [one for shadow, one in shown if shadow] or None


def _variant(variant: Variant, *, pending: bool) -> Request:
    summary: Request = {
        "VariantName": variant.name,
        "DeployedImages": variant.images or None,
        "CurrentWeight": variant.current_weight,
        "DesiredWeight": variant.desired_weight,
        "VariantStatus": variant.statuses or None,
    }
    if variant.serverless is not None or variant.desired_serverless is not None:
        summary |= {
            "CurrentInstanceCount": 0,
            "DesiredServerlessConfig": variant.desired_serverless,
            "CurrentServerlessConfig": variant.serverless,
        }
    else:
        summary |= {"CurrentInstanceCount": variant.current_count, "DesiredInstanceCount": variant.desired_count}
    if variant.spec.get("InstancePools"):
        summary["InstancePools"] = [
            {
                "InstanceType": pool["InstanceType"],
                "CurrentInstanceCount": variant.current_count if pool["InstanceType"] == variant.instance_type else 0,
            }
            for pool in variant.spec["InstancePools"]
        ]
    if pending:
        summary["InstanceType"] = variant.spec.get("InstanceType")
    summary |= {key: variant.spec[key] for key in FROM_SPEC if key in variant.spec}
    return summary


def _capture(config: Request | None, endpoint: Endpoint) -> Request | None:
    if config is None:
        return None
    enabled = config.get("EnableCapture", True)
    started = enabled and endpoint.status not in {"Failed", "Deleting"}
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if started else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
        "KmsKeyId": config.get("KmsKeyId", ""),
    }
