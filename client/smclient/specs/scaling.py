"""The scaling of a variant, made of its scalable target with policies, schedules and alarms in AWS. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from smclient.specs.variants import Rest, Say, given
from smendpoints.api.base import NAME
from smendpoints.domain.desired.scaling import SHORT_FORM_POLICY

Json = Mapping[str, Any]
_PREDEFINED = {
    "SageMakerVariantInvocationsPerInstance": "InvocationsPerInstance",
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": "ConcurrentRequestsPerModel",
    "SageMakerVariantProvisionedConcurrencyUtilization": "ProvisionedConcurrencyUtilization",
}
_COOLDOWN = 300
_OF_SCHEDULE = ("ScheduledActionARN", "CreationTime", "ServiceNamespace", "ResourceId", "ScalableDimension")


def scaling_of(target: Json, policies: list[Json], schedules: list[Json], alarms: Json, say: Say) -> dict[str, Any]:
    """`spec.variants[].scaling`; `alarms` are those of CloudWatch by name."""
    made: dict[str, Any] = {"minCapacity": target["MinCapacity"], "maxCapacity": target["MaxCapacity"]}
    suspended = [bool(each) for each in (target.get("SuspendedState") or {}).values()]
    if suspended and all(suspended):
        made["suspended"] = True
    elif any(suspended):
        say("scaling is suspended in part; a spec suspends all of it, or nothing")
    tracking = [each for each in policies if each.get("PolicyType") == "TargetTrackingScaling"]
    short = next((each for each in tracking if _is_short(each)), None)
    shared = _cooldowns(short["TargetTrackingScalingPolicyConfiguration"]) if short is not None else {}
    if short is not None:
        made["targetInvocationsPerInstance"] = short["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]
    made |= {name: value for name, value in shared.items() if value != _DEFAULTS[name]}
    made |= given(
        targetTracking=[_tracking(each, {**_DEFAULTS, **shared}, say) for each in tracking if each is not short],
        stepScaling=[_step(each, alarms, say) for each in policies if each.get("PolicyType") == "StepScaling"],
        schedules=[_schedule(each, say) for each in schedules],
    )
    for each in policies:
        if each.get("PolicyType") not in {"TargetTrackingScaling", "StepScaling"}:
            say(f"the scaling policy {each.get('PolicyName')} is {each.get('PolicyType')}, which a spec does not have")
    return made


_DEFAULTS = {"scaleInCooldownSeconds": _COOLDOWN, "scaleOutCooldownSeconds": _COOLDOWN, "disableScaleIn": False}


def _cooldowns(configuration: Json) -> dict[str, Any]:
    return {
        "scaleInCooldownSeconds": configuration.get("ScaleInCooldown", _COOLDOWN),
        "scaleOutCooldownSeconds": configuration.get("ScaleOutCooldown", _COOLDOWN),
        "disableScaleIn": configuration.get("DisableScaleIn", False),
    }


def _is_short(policy: Json) -> bool:
    """Whether the spec's short form makes just this one, and takes nothing of AWS's for it."""
    configuration = policy.get("TargetTrackingScalingPolicyConfiguration") or {}
    metric = configuration.get("PredefinedMetricSpecification") or {}
    return bool(
        policy.get("PolicyName") == SHORT_FORM_POLICY
        and metric.get("PredefinedMetricType") == "SageMakerVariantInvocationsPerInstance"
    )


def _name(found: Any, kind: str, say: Say) -> str:
    """A name that a spec may have."""
    if re.fullmatch(NAME, str(found)):
        return str(found)
    fitting = re.sub(r"-{2,}", "-", re.sub(r"[^A-Za-z0-9]+", "-", str(found))).strip("-")[:63].rstrip("-") or kind
    say(f"the {kind} {found} cannot keep its name; it is replaced by one named {fitting}")
    return fitting


def _tracking(policy: Json, shared: Json, say: Say) -> dict[str, Any]:
    rest = Rest(policy["TargetTrackingScalingPolicyConfiguration"])
    name = str(policy["PolicyName"])
    predefined = rest.take("PredefinedMetricSpecification") or {}
    customized = rest.take("CustomizedMetricSpecification")
    made: dict[str, Any] = {"name": _name(name, "scaling policy", say), "targetValue": rest.take("TargetValue")}
    if customized:
        made["customizedMetric"] = _metric(customized, name, say)
    else:
        kind = str(predefined.get("PredefinedMetricType"))
        if kind not in _PREDEFINED:
            say(f"the scaling policy {name} keeps {kind}, which a spec does not have")
        made["predefinedMetric"] = _PREDEFINED.get(kind, kind)
        if predefined.get("ResourceLabel"):
            say(f"ResourceLabel of the scaling policy {name} has no field in the spec")
    own = _cooldowns({key: rest.take(key, default) for key, default in _AWS_DEFAULTS.items()})
    made |= {key: value for key, value in own.items() if value != shared[key]}
    for left in rest.left():
        say(f"{left} of the scaling policy {name} has no field in the spec")
    return made


_AWS_DEFAULTS = {"ScaleInCooldown": _COOLDOWN, "ScaleOutCooldown": _COOLDOWN, "DisableScaleIn": False}


def _metric(found: Json, of: str, say: Say) -> dict[str, Any]:
    rest = Rest(found)
    made = given(
        namespace=rest.take("Namespace"),
        metricName=rest.take("MetricName"),
        dimensions=[{"name": each["Name"], "value": each["Value"]} for each in rest.take("Dimensions") or []],
        statistic=rest.take("Statistic"),
        unit=rest.take("Unit"),
    )
    for left in rest.left():
        say(f"{left} of the metric of {of} has no field in the spec")
    return made


def _step(policy: Json, alarms: Json, say: Say) -> dict[str, Any]:
    name = str(policy["PolicyName"])
    rest = Rest(policy["StepScalingPolicyConfiguration"])
    steps = [
        given(
            lowerBound=step.get("MetricIntervalLowerBound"),
            upperBound=step.get("MetricIntervalUpperBound"),
            adjustment=step["ScalingAdjustment"],
        )
        for step in rest.take("StepAdjustments") or []
    ]
    made = {
        "name": _name(name, "scaling policy", say),
        **given(
            adjustmentType=rest.take("AdjustmentType"),
            cooldownSeconds=rest.take("Cooldown", _COOLDOWN),
            steps=steps,
            metricAggregationType=rest.take("MetricAggregationType"),
        ),
    }
    for left in rest.left():
        say(f"{left} of the scaling policy {name} has no field in the spec")
    setting_off = [str(each["AlarmName"]) for each in policy.get("Alarms") or []]
    found = [alarms[each] for each in setting_off if each in alarms]
    if len(setting_off) != 1 or not found:
        say(f"the scaling policy {name} is set off by {len(setting_off)} alarms; a spec has one, of one metric")
    if found:
        made["alarm"] = _alarm(found[0], name, say)
    return made


def _alarm(found: Json, of: str, say: Say) -> dict[str, Any]:
    if "Metrics" in found or "MetricName" not in found:
        say(f"the alarm of {of} is of an expression, which has no field in the spec")
    metric = {key: found[key] for key in ("Namespace", "MetricName", "Dimensions", "Statistic", "Unit") if key in found}
    if found.get("ExtendedStatistic"):
        say(f"the alarm of {of} looks at {found['ExtendedStatistic']}, which has no field in the spec")
    datapoints = found.get("DatapointsToAlarm")
    if datapoints not in (None, found.get("EvaluationPeriods")):
        say(f"DatapointsToAlarm of the alarm of {of} has no field in the spec")
    return given(
        metric=_metric(metric, of, say),
        comparisonOperator=found.get("ComparisonOperator"),
        threshold=found.get("Threshold"),
        periodSeconds=found.get("Period"),
        evaluationPeriods=found.get("EvaluationPeriods"),
        treatMissingData=found.get("TreatMissingData"),
    )


def _schedule(found: Json, say: Say) -> dict[str, Any]:
    rest = Rest(found)
    name = str(rest.take("ScheduledActionName"))
    bounds = rest.take("ScalableTargetAction") or {}
    made = given(
        name=_name(name, "schedule", say),
        schedule=rest.take("Schedule"),
        timeZone=rest.take("Timezone"),
        minCapacity=bounds.get("MinCapacity"),
        maxCapacity=bounds.get("MaxCapacity"),
    )
    for left in rest.left(_OF_SCHEDULE):
        say(f"{left} of the schedule {name} has no field in the spec")
    return made
