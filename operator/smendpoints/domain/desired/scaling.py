"""Autoscaling as the spec says, in the requests of Application Auto Scaling and CloudWatch.

Not here: what to do about it, which is `plan_scaling`'s.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from smendpoints.api.scaling import CustomizedMetric, Scaling, ScalingSchedule, StepScaling, TargetTracking
from smendpoints.api.variants import Variant
from smendpoints.domain.desired import names

INSTANCES = "sagemaker:variant:DesiredInstanceCount"
PROVISIONED_CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"
SHORT_FORM_POLICY = "invocations-per-instance"
_PREDEFINED = {
    "InvocationsPerInstance": "SageMakerVariantInvocationsPerInstance",
    "ConcurrentRequestsPerModel": "SageMakerVariantConcurrentRequestsPerModelHighResolution",
    "ProvisionedConcurrencyUtilization": "SageMakerVariantProvisionedConcurrencyUtilization",
}
# What a request here may leave out, and what AWS has then: what an edit takes out of the spec must not stay.
UNNAMED: Mapping[str, Any] = MappingProxyType(
    {
        "Dimensions": [],
        "Unit": None,
        "MetricIntervalLowerBound": None,
        "MetricIntervalUpperBound": None,
        "MinAdjustmentMagnitude": None,
        "Timezone": "UTC",
        "StartTime": None,
        "EndTime": None,
        "MinCapacity": None,
        "MaxCapacity": None,
        "DatapointsToAlarm": None,
        "ActionsEnabled": True,
    }
)


def dimension(*, serverless: bool) -> str:
    """What of a variant scales."""
    return PROVISIONED_CONCURRENCY if serverless else INSTANCES


@dataclass(frozen=True)
class DesiredPolicy:
    """A scaling policy; a step policy brings the alarm that sets it off."""

    name: str
    request: Mapping[str, Any] = field(hash=False)
    alarm: Mapping[str, Any] | None = field(default=None, hash=False)


@dataclass(frozen=True)
class DesiredTarget:
    """A scalable target with its policies and schedules."""

    variant: str
    resource_id: str
    dimension: str
    min_capacity: int
    max_capacity: int
    suspended: bool
    policies: tuple[DesiredPolicy, ...]
    schedules: Mapping[str, Mapping[str, Any]] = field(hash=False)

    def identity(self) -> dict[str, str]:
        """What names the target in every request."""
        return {
            "ServiceNamespace": "sagemaker",
            "ResourceId": self.resource_id,
            "ScalableDimension": self.dimension,
        }


def _metric(metric: CustomizedMetric) -> dict[str, Any]:
    request: dict[str, Any] = {"MetricName": metric.metric_name, "Namespace": metric.namespace}
    if metric.dimensions:
        request["Dimensions"] = [{"Name": each.name, "Value": each.value} for each in metric.dimensions]
    request["Statistic"] = metric.statistic
    if metric.unit is not None:
        request["Unit"] = metric.unit
    return request


def _target_tracking(scaling: Scaling, policy: TargetTracking) -> DesiredPolicy:
    def own_or_shared(own: Any, shared: Any) -> Any:
        return shared if own is None else own

    request: dict[str, Any] = {
        "TargetValue": policy.target_value,
        "ScaleInCooldown": own_or_shared(policy.scale_in_cooldown_seconds, scaling.scale_in_cooldown_seconds),
        "ScaleOutCooldown": own_or_shared(policy.scale_out_cooldown_seconds, scaling.scale_out_cooldown_seconds),
        "DisableScaleIn": own_or_shared(policy.disable_scale_in, scaling.disable_scale_in),
    }
    if policy.customized_metric is not None:
        request["CustomizedMetricSpecification"] = _metric(policy.customized_metric)
    else:
        metric = _PREDEFINED[policy.predefined_metric or "InvocationsPerInstance"]
        request["PredefinedMetricSpecification"] = {"PredefinedMetricType": metric}
    return DesiredPolicy(
        policy.name, {"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": request}
    )


def _step_scaling(endpoint: str, variant: str, policy: StepScaling) -> DesiredPolicy:
    steps = []
    for step in policy.steps:
        bounds = {
            "MetricIntervalLowerBound": step.lower_bound,
            "MetricIntervalUpperBound": step.upper_bound,
        }
        steps.append(
            {key: value for key, value in bounds.items() if value is not None} | {"ScalingAdjustment": step.adjustment}
        )
    alarm = policy.alarm
    return DesiredPolicy(
        policy.name,
        {
            "PolicyType": "StepScaling",
            "StepScalingPolicyConfiguration": {
                "AdjustmentType": policy.adjustment_type,
                "StepAdjustments": steps,
                "Cooldown": policy.cooldown_seconds,
                "MetricAggregationType": policy.metric_aggregation_type,
            },
        },
        {
            "AlarmName": f"{names.alarm_prefix(endpoint)}{variant}/{policy.name}",
            "AlarmDescription": f"Sets off the step scaling policy {policy.name} of {endpoint}/{variant}.",
            **_metric(alarm.metric),
            "ComparisonOperator": alarm.comparison_operator,
            "Threshold": alarm.threshold,
            "Period": alarm.period_seconds,
            "EvaluationPeriods": alarm.evaluation_periods,
            "TreatMissingData": alarm.treat_missing_data,
        },
    )


def _schedule(schedule: ScalingSchedule) -> dict[str, Any]:
    bounds = {"MinCapacity": schedule.min_capacity, "MaxCapacity": schedule.max_capacity}
    request: dict[str, Any] = {
        "Schedule": schedule.schedule,
        "ScalableTargetAction": {key: value for key, value in bounds.items() if value is not None},
    }
    if schedule.time_zone is not None:
        request["Timezone"] = schedule.time_zone
    return request


def desired_target(endpoint: str, variant: Variant) -> DesiredTarget | None:
    """The variant's scalable target; None when it does not scale."""
    scaling = variant.scaling
    if scaling is None:
        return None
    tracking = list(scaling.target_tracking)
    if scaling.target_invocations_per_instance is not None:
        tracking.append(TargetTracking(name=SHORT_FORM_POLICY, target_value=scaling.target_invocations_per_instance))
    return DesiredTarget(
        variant=variant.name,
        resource_id=names.resource_id(endpoint, variant.name),
        dimension=dimension(serverless=variant.serverless is not None),
        min_capacity=scaling.min_capacity,
        max_capacity=scaling.max_capacity,
        suspended=scaling.suspended,
        policies=(
            *(_target_tracking(scaling, policy) for policy in tracking),
            *(_step_scaling(endpoint, variant.name, policy) for policy in scaling.step_scaling),
        ),
        schedules={schedule.name: _schedule(schedule) for schedule in scaling.schedules},
    )
