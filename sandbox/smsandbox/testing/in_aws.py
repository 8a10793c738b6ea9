"""What AWS holds for an endpoint, read by the documented calls alone, in the form that `oracle.wanted` tells.

It must never import `smendpoints`. It reads through clients that no fault strikes (`witness.unseen`).
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

Client = Callable[[str], Any]
Answer = Mapping[str, Any]


def holding(client: Client, endpoint: str) -> dict[str, Any] | None:
    """All of an endpoint; None when there is none."""
    sagemaker = client("sagemaker")
    shown = endpoint_of(sagemaker, endpoint)
    if shown is None:
        return None
    config = sagemaker.describe_endpoint_config(EndpointConfigName=shown["EndpointConfigName"])
    live = {each["VariantName"]: each for each in (*shown["ProductionVariants"], *_shadows(shown))}
    scaling, alarms, strays = _scaling(client, endpoint)

    def variants(entries: list[Answer]) -> dict[str, Any]:
        return {
            each["VariantName"]: _variant(
                each,
                sagemaker.describe_model(ModelName=each["ModelName"]),
                live.get(each["VariantName"], {}),
                scaling.get(each["VariantName"]),
            )
            for each in entries
        }

    return {
        "status": shown["EndpointStatus"],
        "tags": tags_of(sagemaker, shown["EndpointArn"]),
        "variants": variants(config["ProductionVariants"]),
        "shadows": variants(_shadows(config)),
        "capture": _capture(config.get("DataCaptureConfig")),
        "async": _async(config.get("AsyncInferenceConfig")),
        "key": config.get("KmsKeyId"),
        "scaling": {name: {**each, "alarms": alarms.get(name, {})} for name, each in scaling.items()},
        "strays": strays,
    }


def endpoint_of(sagemaker: Any, name: str) -> Answer | None:
    """DescribeEndpoint; None when there is none."""
    try:
        shown: Answer = sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if "Could not find endpoint" in error.response["Error"]["Message"]:
            return None
        raise
    return shown


def every(client: Any, operation: str, key: str, field: str, **params: Any) -> list[str]:
    """A field of all entries of a listing."""
    return [entry[field] for page in client.get_paginator(operation).paginate(**params) for entry in page[key]]


def tags_of(sagemaker: Any, arn: str) -> dict[str, str]:
    """The tags of a thing in SageMaker."""
    pages = sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


def _shadows(answer: Answer) -> list[Answer]:
    return answer.get("ShadowProductionVariants") or []


def _variant(entry: Answer, model: Answer, live: Answer, scaling: Answer | None) -> dict[str, Any]:
    network = model.get("VpcConfig")
    told: dict[str, Any] = {
        "role": model["ExecutionRoleArn"],
        "containers": [_container(each) for each in model.get("Containers") or [model["PrimaryContainer"]]],
        "serial": model.get("InferenceExecutionConfig", {}).get("Mode") == "Serial",
        "network": (sorted(network["Subnets"]), sorted(network["SecurityGroupIds"])) if network else None,
        "isolated": model.get("EnableNetworkIsolation", False),
        "weight": live.get("DesiredWeight"),
    }
    low, high = scaling["bounds"] if scaling is not None else (1, 0)
    if "ServerlessConfig" in entry:
        shown = live.get("DesiredServerlessConfig") or live.get("CurrentServerlessConfig") or {}
        told["memory"], told["concurrency"] = shown.get("MemorySizeInMB"), shown.get("MaxConcurrency")
        told["warm"] = "scaled" if scaling is not None else shown.get("ProvisionedConcurrency")
        return told
    pools = sorted(entry.get("InstancePools") or [], key=lambda pool: int(pool["Priority"]))
    told["types"] = [pool["InstanceType"] for pool in pools] or [entry["InstanceType"]]
    count = live.get("DesiredInstanceCount")
    told["count"] = "scaled" if count is not None and low <= count <= high else count
    hosting = (
        "VolumeSizeInGB",
        "ModelDataDownloadTimeoutInSeconds",
        "ContainerStartupHealthCheckTimeoutInSeconds",
        "VariantInstanceProvisionTimeoutInSeconds",
        "InferenceAmiVersion",
    )
    told["hosting"] = {key: entry[key] for key in hosting if key in entry}
    told["routing"] = entry.get("RoutingConfig", {}).get("RoutingStrategy")
    return told


def _container(container: Answer) -> dict[str, Any]:
    source = container.get("ModelDataSource", {}).get("S3DataSource", {})
    return {
        "image": container["Image"],
        "artifact": container.get("ModelDataUrl") or source.get("S3Uri"),
        "unpacked": (source.get("S3DataType"), source.get("CompressionType")) == ("S3Prefix", "None"),
        "many": container.get("Mode") == "MultiModel",
        "environment": container.get("Environment", {}),
        "hostname": container.get("ContainerHostname"),
    }


def _capture(capture: Answer | None) -> dict[str, Any] | None:
    if capture is None or not capture["EnableCapture"]:
        return None
    types = capture.get("CaptureContentTypeHeader", {})
    return {
        "to": capture["DestinationS3Uri"],
        "percent": capture["InitialSamplingPercentage"],
        "key": capture.get("KmsKeyId"),
        "modes": [each["CaptureMode"] for each in capture["CaptureOptions"]],
        "csv": sorted(types.get("CsvContentTypes", ())),
        "json": sorted(types.get("JsonContentTypes", ())),
    }


def _async(inference: Answer | None) -> dict[str, Any] | None:
    if inference is None:
        return None
    output = inference["OutputConfig"]
    topics = output.get("NotificationConfig", {})
    return {
        "answers": output["S3OutputPath"],
        "failures": output.get("S3FailurePath"),
        "key": output.get("KmsKeyId"),
        "at once": inference.get("ClientConfig", {}).get("MaxConcurrentInvocationsPerInstance"),
        "topics": (topics.get("SuccessTopic"), topics.get("ErrorTopic")),
    }


def _scaling(client: Client, endpoint: str) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """By variant: the scalable target with its policies and schedules; the alarms that set off its steps; strays."""
    scaling, everywhere = client("application-autoscaling"), {"ServiceNamespace": "sagemaker"}

    def entries(operation: str, key: str) -> list[Answer]:
        pages = scaling.get_paginator(operation).paginate(**everywhere)
        return [one for page in pages for one in page[key] if one["ResourceId"].split("/")[1] == endpoint]

    targets: dict[str, Any] = {}
    owners: dict[str, tuple[str, str]] = {}
    for one in entries("describe_scalable_targets", "ScalableTargets"):
        targets[one["ResourceId"].split("/")[3]] = {
            "of": one["ScalableDimension"].split(":")[2],
            "bounds": (one["MinCapacity"], one["MaxCapacity"]),
            "suspended": one["SuspendedState"],
            "policies": {},
            "schedules": {},
        }
    for one in entries("describe_scaling_policies", "ScalingPolicies"):
        variant = one["ResourceId"].split("/")[3]
        owners[one["PolicyARN"]] = variant, one["PolicyName"]
        settings = one.get("TargetTrackingScalingPolicyConfiguration") or one["StepScalingPolicyConfiguration"]
        targets[variant]["policies"][one["PolicyName"]] = settings
    for one in entries("describe_scheduled_actions", "ScheduledActions"):
        told = {"Schedule": one["Schedule"], "Timezone": one.get("Timezone")}
        told["ScalableTargetAction"] = one["ScalableTargetAction"]
        targets[one["ResourceId"].split("/")[3]]["schedules"][one["ScheduledActionName"]] = told
    alarms: dict[str, Any] = {}
    strays = []
    for page in client("cloudwatch").get_paginator("describe_alarms").paginate():
        for alarm in page["MetricAlarms"]:
            if alarm["AlarmName"].startswith("TargetTracking-") or endpoint not in alarm["AlarmName"].split("/"):
                continue
            whose = [owners[arn] for arn in alarm["AlarmActions"] if arn in owners]
            if len(whose) != 1:
                strays.append(alarm["AlarmName"])
                continue
            alarms.setdefault(whose[0][0], {})[whose[0][1]] = _alarm(alarm)
    return targets, alarms, sorted(strays)


def _alarm(alarm: Answer) -> dict[str, Any]:
    members = ("Namespace", "MetricName", "Statistic", "Dimensions", "Unit", "ComparisonOperator", "Threshold")
    more = ("Period", "EvaluationPeriods", "TreatMissingData")
    return {key: alarm[key] for key in (*members, *more) if key in alarm}


def watching(client: Client, endpoint: str) -> dict[str, Any]:
    """The alarms of an endpoint that tell people, by the end of their names, and the variants on its dashboard."""
    cloudwatch, prefix = client("cloudwatch"), f"smendpoints/monitoring.{endpoint}/"
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
    found = {each["AlarmName"].removeprefix(prefix): _watch(each) for page in pages for each in page["MetricAlarms"]}
    return {"alarms": found, "graphs": _graphs(cloudwatch, endpoint)}


def _watch(alarm: Answer) -> dict[str, Any]:
    tells = {"tells": sorted(alarm["AlarmActions"])} if alarm["AlarmActions"] == alarm["OKActions"] else {}
    if "Metrics" not in alarm:
        return {
            **tells,
            "metric": alarm["MetricName"],
            "of": {each["Name"]: each["Value"] for each in alarm["Dimensions"]},
            "statistic": alarm.get("Statistic") or alarm["ExtendedStatistic"],
            "above": alarm["Threshold"],
            "periods": alarm["EvaluationPeriods"],
        }
    metrics = {each["Id"]: each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each}
    if "up" in metrics:
        names = [each["MetricName"] for key, each in metrics.items() if key != "up"]
        return {**tells, "requests": names, "days": alarm["EvaluationPeriods"]}
    return {
        **tells,
        "expression": next(each["Expression"] for each in alarm["Metrics"] if each["ReturnData"]),
        "of": {each["Name"]: each["Value"] for each in metrics["load"]["Dimensions"]},
        "periods": alarm["EvaluationPeriods"],
    }


def _graphs(cloudwatch: Any, endpoint: str) -> list[str] | None:
    """The variants whose latency the dashboard draws; None where there is none."""
    for page in cloudwatch.get_paginator("list_dashboards").paginate():
        for each in page["DashboardEntries"]:
            if re.fullmatch(rf"smendpoints-[a-z0-9-]+-{re.escape(endpoint)}", each["DashboardName"]):
                body = json.loads(cloudwatch.get_dashboard(DashboardName=each["DashboardName"])["DashboardBody"])
                metrics = [one for widget in body["widgets"] for one in widget["properties"].get("metrics", ())]
                return sorted({one[5] for one in metrics if one[1:2] == ["ModelLatency"]})
    return None
