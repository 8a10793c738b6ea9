"""The metrics and the two alarms behind a target tracking policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smsandbox.aws.autoscaling.records import CONCURRENCY, COPIES, INSTANCES
from smsandbox.aws.core.errors import validation

if TYPE_CHECKING:
    from smsandbox.aws.core.settings import AlarmSettings

HIGH_RESOLUTION_SECONDS = 10
HIGH_RESOLUTION_LOW_PERIODS = 90


@dataclass(frozen=True)
class Predefined:
    """A predefined metric: its dimension of scaling, name, statistic and period (AWS seconds)."""

    dimension: str
    metric: str
    statistic: str
    period: int


METRICS = {
    "SageMakerVariantInvocationsPerInstance": Predefined(INSTANCES, "InvocationsPerInstance", "Sum", 60),
    "SageMakerVariantProvisionedConcurrencyUtilization": Predefined(
        CONCURRENCY, "ServerlessProvisionedConcurrencyUtilization", "Maximum", 60
    ),
    "SageMakerInferenceComponentInvocationsPerCopy": Predefined(COPIES, "InvocationsPerCopy", "Sum", 60),
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": Predefined(
        INSTANCES, "ConcurrentRequestsPerModel", "Maximum", HIGH_RESOLUTION_SECONDS
    ),
    "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution": Predefined(
        COPIES, "ConcurrentRequestsPerCopy", "Maximum", HIGH_RESOLUTION_SECONDS
    ),
}


def dimensions_of(resource_id: str) -> list[dict[str, str]]:
    """The CloudWatch dimensions of a scalable resource's own metrics."""
    parts = resource_id.split("/")
    if parts[0] == "endpoint":
        return [{"Name": "EndpointName", "Value": parts[1]}, {"Name": "VariantName", "Value": parts[3]}]
    return [{"Name": "InferenceComponentName", "Value": parts[1]}]


def metric_of(config: dict[str, Any]) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """What a target tracking policy follows."""
    return config.get("PredefinedMetricSpecification"), config.get("CustomizedMetricSpecification")


def check(config: dict[str, Any], dimension: str) -> None:
    """ValidationException for a target tracking configuration that can't work on this dimension."""
    predefined, custom = config.get("PredefinedMetricSpecification"), config.get("CustomizedMetricSpecification")
    if (predefined is None) == (custom is None):
        raise validation(
            "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be specified."
        )
    if config["TargetValue"] <= 0:
        raise validation("TargetValue must be greater than 0.")
    if predefined is not None:
        metric = METRICS.get(predefined["PredefinedMetricType"])
        if metric is None or metric.dimension != dimension:
            fitting = ", ".join(name for name, one in METRICS.items() if one.dimension == dimension)
            raise validation(
                f"PredefinedMetricType {predefined['PredefinedMetricType']} is not valid for scalable dimension "
                f"{dimension}: use {fitting}."
            )
        if "ResourceLabel" in predefined:
            raise validation("ResourceLabel can't be specified for a SageMaker metric.")
        return
    if custom is None:
        return
    by_name = "MetricName" in custom
    if by_name == bool(custom.get("Metrics")):
        raise validation("CustomizedMetricSpecification needs either MetricName, Namespace and Statistic, or Metrics.")
    if by_name and not {"Namespace", "Statistic"} <= custom.keys():
        raise validation("CustomizedMetricSpecification needs Namespace and Statistic beside MetricName.")
    if not by_name and sum(query.get("ReturnData", True) for query in custom["Metrics"]) != 1:
        raise validation("Exactly one element of the metrics list should return data.")


def alarm_pair(
    config: dict[str, Any], resource_id: str, names: tuple[str, str | None], policy_arn: str, settings: AlarmSettings
) -> list[dict[str, Any]]:
    """The members of PutMetricAlarm for the high and (unless scaling in is disabled) the low alarm."""
    metric, period = _metric(config, resource_id)
    high, low = names
    low_periods = HIGH_RESOLUTION_LOW_PERIODS if period == HIGH_RESOLUTION_SECONDS else settings.low_periods
    shared = {
        **metric,
        "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy_arn}.",
        "AlarmActions": [policy_arn],
        "ActionsEnabled": True,
    }
    pair = [
        {
            **shared,
            "AlarmName": high,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": float(config["TargetValue"]),
            "EvaluationPeriods": settings.high_periods,
        }
    ]
    if low is not None:
        pair.append(
            {
                **shared,
                "AlarmName": low,
                "ComparisonOperator": "LessThanThreshold",
                "Threshold": float(config["TargetValue"]) * settings.low_share,
                "EvaluationPeriods": low_periods,
            }
        )
    return pair


def _metric(config: dict[str, Any], resource_id: str) -> tuple[dict[str, Any], int]:
    """The members of PutMetricAlarm that say what is measured, and the period in AWS seconds."""
    if "PredefinedMetricSpecification" in config:
        one = METRICS[config["PredefinedMetricSpecification"]["PredefinedMetricType"]]
        return {
            "Namespace": "AWS/SageMaker",
            "MetricName": one.metric,
            "Dimensions": dimensions_of(resource_id),
            "Statistic": one.statistic,
            "Period": one.period,
        }, one.period
    custom = config["CustomizedMetricSpecification"]
    if custom.get("Metrics"):
        queries = [
            {**query, "MetricStat": {**query["MetricStat"], "Period": 60}} if "MetricStat" in query else query
            for query in custom["Metrics"]
        ]
        return {"Metrics": queries}, 60
    members = {key: custom[key] for key in ("Namespace", "MetricName", "Statistic", "Unit") if key in custom}
    return {**members, "Dimensions": custom.get("Dimensions") or [], "Period": 60}, 60
