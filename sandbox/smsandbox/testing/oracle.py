"""What AWS must hold for a spec, told from the manifest alone: a second opinion on all that the operator translates.

Written from AWS's documentation. It must never import `smendpoints`: a mistake that both sides make is none that a test
finds. Names of models and configs are not told: whatever serves is looked at through them (`holding`).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

Spec = Mapping[str, Any]

TAGS = "smendpoints.dev"
_TRACKED = {
    "InvocationsPerInstance": "SageMakerVariantInvocationsPerInstance",
    "ConcurrentRequestsPerModel": "SageMakerVariantConcurrentRequestsPerModelHighResolution",
    "ProvisionedConcurrencyUtilization": "SageMakerVariantProvisionedConcurrencyUtilization",
}
_HOSTING = {
    "volumeSizeGB": "VolumeSizeInGB",
    "modelDownloadTimeoutSeconds": "ModelDataDownloadTimeoutInSeconds",
    "startupTimeoutSeconds": "ContainerStartupHealthCheckTimeoutInSeconds",
    "provisionTimeoutSeconds": "VariantInstanceProvisionTimeoutInSeconds",
    "amiVersion": "InferenceAmiVersion",
}
_SUSPENSIONS = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


def owner(name: str, namespace: str = "default", cluster: str = "cluster-1") -> dict[str, str]:
    """The tags by which a thing in AWS is an object's."""
    return {f"{TAGS}/cluster": cluster, f"{TAGS}/namespace": namespace, f"{TAGS}/name": name}


def wanted(spec: Spec, owner: Mapping[str, str], now: datetime) -> dict[str, Any] | None:
    """What AWS must hold, in the form of `holding`; None where there must be no endpoint."""
    if spec.get("desiredState") == "Stopped" or not _open(spec.get("officeHours"), now):
        return None
    variants = {each["name"]: each for each in spec["variants"]}
    shadow = spec.get("shadow")
    return {
        "status": "InService",
        "tags": {**spec.get("tags", {}), **owner},
        "variants": {name: _variant(spec, each) for name, each in variants.items()},
        "shadows": {shadow["name"]: _variant(spec, shadow)} if shadow else {},
        "capture": _capture(spec.get("dataCapture")),
        "async": _async(spec.get("async")),
        "key": spec.get("kmsKeyID"),
        "scaling": {name: _scaling(each) for name, each in variants.items() if "scaling" in each},
        "strays": [],
    }


def _open(hours: Spec | None, now: datetime) -> bool:
    """Whether the office is open, of one that opens and closes once on each day: `30 8 * * *`."""
    if hours is None:
        return True

    def minute(moment: str) -> int:
        minutes, hour, *rest = moment.split()
        if rest != ["*", "*", "*"]:
            raise ValueError(f"the oracle knows no {moment}")
        return int(hour) * 60 + int(minutes)

    wall = now.astimezone(ZoneInfo(hours.get("timeZone", "UTC")))
    start, stop, at = minute(hours["start"]), minute(hours["stop"]), wall.hour * 60 + wall.minute
    return start <= at < stop if start < stop else not stop <= at < start


def _variant(spec: Spec, variant: Spec) -> dict[str, Any]:
    role = spec["executionRoleARN"]
    network = spec.get("vpc")
    containers = variant.get("containers") or [variant]
    told: dict[str, Any] = {
        "role": role,
        "containers": [_container(each, many=variant.get("multiModel", False)) for each in containers],
        "serial": "containers" in variant,
        "network": (sorted(network["subnetIDs"]), sorted(network["securityGroupIDs"])) if network else None,
        "isolated": spec.get("networkIsolation", False),
        "weight": variant.get("weight", 1),
    }
    if "serverless" in variant:
        own = variant["serverless"]
        told["memory"], told["concurrency"] = own["memorySizeMB"], own["maxConcurrency"]
        told["warm"] = "scaled" if "scaling" in variant else own.get("provisionedConcurrency")
        return told
    own = variant["instance"]
    told["types"] = [pool["type"] for pool in own.get("pools", ())] or [own["type"]]
    told["count"] = "scaled" if "scaling" in variant else own.get("count", 1)
    told["hosting"] = {_HOSTING[key]: value for key, value in own.items() if key in _HOSTING}
    routing = {"LeastOutstandingRequests": "LEAST_OUTSTANDING_REQUESTS", "Random": "RANDOM", None: None}
    told["routing"] = routing[own.get("routing")]
    return told


def _container(container: Spec, *, many: bool) -> dict[str, Any]:
    artifact: str | None = container.get("modelArtifact")
    return {
        "image": container["image"],
        "artifact": artifact,
        "unpacked": artifact is not None and artifact.endswith("/") and not many,
        "many": many,
        "environment": {**container.get("environment", {}), **container.get("secrets", {})},
        "hostname": container.get("hostname"),
    }


def _capture(capture: Spec | None) -> dict[str, Any] | None:
    if capture is None:
        return None
    modes = {"Input": ["Input"], "Output": ["Output"]}.get(capture.get("capture", ""), ["Input", "Output"])
    return {
        "to": capture["destination"],
        "percent": capture.get("samplingPercentage", 100),
        "key": capture.get("kmsKeyID"),
        "modes": modes,
        "csv": sorted(capture.get("csvContentTypes", ())),
        "json": sorted(capture.get("jsonContentTypes", ())),
    }


def _async(inference: Spec | None) -> dict[str, Any] | None:
    if inference is None:
        return None
    return {
        "answers": inference["outputPath"],
        "failures": inference.get("failurePath"),
        "key": inference.get("kmsKeyID"),
        "at once": inference.get("maxConcurrentInvocationsPerInstance"),
        "topics": (inference.get("successTopicARN"), inference.get("errorTopicARN")),
    }


def _scaling(variant: Spec) -> dict[str, Any]:
    own = variant["scaling"]
    tracking = list(own.get("targetTracking", ()))
    if "targetInvocationsPerInstance" in own:
        short = {"name": "invocations-per-instance", "predefinedMetric": "InvocationsPerInstance"}
        tracking.append({**short, "targetValue": own["targetInvocationsPerInstance"]})
    policies = {each["name"]: _target(own, each) for each in tracking}
    policies |= {each["name"]: _steps(each) for each in own.get("stepScaling", ())}
    return {
        "of": "DesiredProvisionedConcurrency" if "serverless" in variant else "DesiredInstanceCount",
        "bounds": (own["minCapacity"], own["maxCapacity"]),
        "suspended": dict.fromkeys(_SUSPENSIONS, own.get("suspended", False)),
        "policies": policies,
        "schedules": {each["name"]: _schedule(each) for each in own.get("schedules", ())},
        "alarms": {each["name"]: _alarm(each["alarm"]) for each in own.get("stepScaling", ())},
    }


def _target(scaling: Spec, policy: Spec) -> dict[str, Any]:
    def given(field: str, default: Any) -> Any:
        return policy.get(field, scaling.get(field, default))

    told: dict[str, Any] = {
        "TargetValue": policy["targetValue"],
        "ScaleInCooldown": given("scaleInCooldownSeconds", 300),
        "ScaleOutCooldown": given("scaleOutCooldownSeconds", 300),
        "DisableScaleIn": given("disableScaleIn", False),
    }
    if "customizedMetric" in policy:
        return told | {"CustomizedMetricSpecification": _metric(policy["customizedMetric"])}
    return told | {"PredefinedMetricSpecification": {"PredefinedMetricType": _TRACKED[policy["predefinedMetric"]]}}


def _steps(policy: Spec) -> dict[str, Any]:
    names = {
        "lowerBound": "MetricIntervalLowerBound",
        "upperBound": "MetricIntervalUpperBound",
        "adjustment": "ScalingAdjustment",
    }
    return {
        "AdjustmentType": policy.get("adjustmentType", "ChangeInCapacity"),
        "StepAdjustments": [{names[key]: value for key, value in step.items()} for step in policy["steps"]],
        "Cooldown": policy.get("cooldownSeconds", 300),
        "MetricAggregationType": policy.get("metricAggregationType", "Average"),
    }


def _metric(metric: Spec) -> dict[str, Any]:
    told: dict[str, Any] = {"Namespace": metric["namespace"], "MetricName": metric["metricName"]}
    told["Statistic"] = metric.get("statistic", "Average")
    if metric.get("dimensions"):
        told["Dimensions"] = [{"Name": each["name"], "Value": each["value"]} for each in metric["dimensions"]]
    if "unit" in metric:
        told["Unit"] = metric["unit"]
    return told


def _alarm(alarm: Spec) -> dict[str, Any]:
    return {
        "Dimensions": [],
        **_metric(alarm["metric"]),
        "ComparisonOperator": alarm["comparisonOperator"],
        "Threshold": alarm["threshold"],
        "Period": alarm.get("periodSeconds", 60),
        "EvaluationPeriods": alarm.get("evaluationPeriods", 1),
        "TreatMissingData": alarm.get("treatMissingData", "missing"),
    }


def _schedule(schedule: Spec) -> dict[str, Any]:
    bounds = {"minCapacity": "MinCapacity", "maxCapacity": "MaxCapacity"}
    return {
        "Schedule": schedule["schedule"],
        "Timezone": schedule.get("timeZone"),
        "ScalableTargetAction": {aws: schedule[key] for key, aws in bounds.items() if key in schedule},
    }


def monitoring(spec: Spec, endpoint: str, now: datetime) -> dict[str, Any]:
    """The alarms and the graphs that CloudWatch must hold beside the endpoint, in the form of `in_aws.watching`."""
    asked = spec.get("monitoring")
    runs = spec.get("desiredState") != "Stopped" and _open(spec.get("officeHours"), now)
    if asked is None:
        return {"alarms": {}, "graphs": None}
    queue = spec.get("async") is not None
    told: dict[str, Any] = {}
    whole = {"EndpointName": endpoint}
    minutes, slow = asked.get("sustainedMinutes", 5), asked.get("atMaximumMinutes", 15)
    for each in spec["variants"]:
        of = {**whole, "VariantName": each["name"]}
        share = asked.get("maxErrorRatePercent", 5) / 100
        told[f"{each['name']}/errors"] = _watch("Errors", "Invocation5XXErrors", of, "Average", share, minutes)
        limit = asked.get("maxLatencyMilliseconds", 5000) * 1000
        told[f"{each['name']}/latency"] = _watch("Latency", "ModelLatency", of, "p99", limit, minutes)
        if not queue and "scaling" in each and "instance" in each and (short := _short(each["scaling"])):
            told[f"{each['name']}/capacity"] = {"kind": "Capacity", "expression": short, "of": of, "periods": slow}
    if queue:
        told["capacity"] = _watch("Capacity", "HasBacklogWithoutCapacity", whole, "Minimum", 0, slow)
        age = asked.get("maxBacklogSeconds", 900)
        told["backlog"] = _watch("Backlog", "ApproximateAgeOfOldestRequest", whole, "Maximum", age, 1)
    if any("serverless" not in each for each in spec["variants"]):
        requests = ["InvocationsProcessed"] if queue else ["Invocations"] * len(spec["variants"])
        days = {"requests": requests, "days": asked.get("idleDays", 7)}
        told["idle"] = {"kind": "Idle", **days}
    kinds = asked.get("alarms", ["Errors", "Latency", "Capacity", "Idle", "Backlog"])
    shown = {name: {**each, "tells": sorted(asked.get("topicARNs", ()))} for name, each in told.items()}
    alarms = {name: each for name, each in shown.items() if each.pop("kind") in kinds} if runs else {}
    drawn = sorted(each["name"] for each in (*spec["variants"], *([spec["shadow"]] if "shadow" in spec else [])))
    return {"alarms": alarms, "graphs": drawn if asked.get("dashboard", True) else None}


def _watch(kind: str, metric: str, of: Spec, statistic: str, limit: float, minutes: int) -> dict[str, Any]:
    return {"kind": kind, "metric": metric, "of": of, "statistic": statistic, "above": limit, "periods": minutes}


def _short(scaling: Spec) -> str:
    """All instances that there may be, or more load than they are to have."""
    most, tracked = scaling["maxCapacity"], scaling.get("targetTracking", ())
    loads = [each["targetValue"] for each in tracked if each.get("predefinedMetric") == "InvocationsPerInstance"]
    loads += [scaling["targetInvocationsPerInstance"]] if "targetInvocationsPerInstance" in scaling else []
    parts = [f"requests / load >= {most - 0.5}"] if most > scaling["minCapacity"] else []
    parts += [f"load > {min(loads):g}"] if loads else []
    return f"IF({' || '.join(parts)}, 1, 0)" if parts else ""


def differences(told: Any, found: Any, at: str = "") -> Iterable[str]:
    """Where two of these forms differ, in words."""
    if isinstance(told, Mapping) and isinstance(found, Mapping):
        for key in sorted({*told, *found}, key=str):
            yield from differences(told.get(key), found.get(key), f"{at}.{key}" if at else str(key))
    elif isinstance(told, (int, float)) and isinstance(found, (int, float)) and not isinstance(told, bool):
        if abs(told - found) > 1e-6 * max(1.0, abs(told)):  # AWS keeps weights as 32-bit floats
            yield f"{at}: wanted {told}, AWS has {found}"
    elif told != found:
        yield f"{at}: wanted {told}, AWS has {found}"
