"""What the objects of a namespace hold in AWS: endpoints and what they serve, the calls that made them, leftovers."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from smsandbox.testing.cloud import Cloud
from smsandbox.testing.simulator import Call

# The calls that the operator makes for all objects of a place together, if each list of the audit is read once.
LISTS = Counter(
    {
        "ListEndpoints": 1000,
        "DescribeScalableTargets": 2,  # once for the audit, once for the quota
        "ListServiceQuotas": 1,
        "DescribeScalingPolicies": 1,
        "DescribeScheduledActions": 1,
        "ListEndpointConfigs": 1,
        "ListModels": 1,
        "GetResources": 1,
    }
)


@dataclass(frozen=True)
class Served:
    """What is in service: the names of config and model, and the URI of the artifact."""

    config: str
    model: str
    artifact: str


@dataclass
class Holdings:
    """What the objects of `namespace` hold in AWS."""

    cloud: Cloud
    namespace: str
    named: dict[str, str] = field(default_factory=dict, init=False)  # by the objects that say so

    def endpoint_name(self, name: str) -> str:
        """The name in AWS of an object's endpoint."""
        return self.named.get(name, f"{self.namespace}-{name}")

    def live(self, name: str) -> dict[str, Any] | None:
        """DescribeEndpoint of the object's endpoint; None when there is none."""
        sagemaker = self.cloud.aws("sagemaker")
        try:
            found: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=self.endpoint_name(name))
        except sagemaker.exceptions.ClientError as error:
            if "Could not find" in str(error):
                return None
            raise
        return found

    def in_service(self, name: str) -> dict[str, Any]:
        """DescribeEndpoint of the object's endpoint, which is there."""
        found = self.live(name)
        if found is None:
            raise AssertionError(f"{self.endpoint_name(name)} is not there")
        return found

    def served(self, name: str) -> Served:
        """What the first variant of the object's endpoint serves."""
        sagemaker, config = self.cloud.aws("sagemaker"), self.in_service(name)["EndpointConfigName"]
        model = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"][0]["ModelName"]
        container = sagemaker.describe_model(ModelName=model)["PrimaryContainer"]
        return Served(config, model, container["ModelDataUrl"])

    def invoke(self, name: str, body: bytes = b"hello", **how: Any) -> dict[str, Any]:
        """InvokeEndpoint's answer, with its body read."""
        answer: dict[str, Any] = self.cloud.aws("sagemaker-runtime").invoke_endpoint(
            EndpointName=self.endpoint_name(name), Body=body, **how
        )
        return {**answer, "Body": answer["Body"].read()}

    def changes(self, name: str = "") -> list[Call]:
        """What changed something in AWS that belongs to an object, or to any of the namespace, oldest first."""
        calls = self.cloud.simulator.calls(self.endpoint_name(name))
        return [call for call in calls if call.changes and call.code == "OK"]

    def metric(self, name: str, variant: str, metric: str = "Invocations") -> float:
        """The sum of a metric of a variant, over the last hour."""
        now = time.time()
        dimensions = {"EndpointName": self.endpoint_name(name), "VariantName": variant}
        points = self.cloud.aws("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=[{"Name": each, "Value": value} for each, value in dimensions.items()],
            StartTime=now - 3600,
            EndTime=now + 60,
            Period=86400,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in points))

    def operations(self, name: str = "") -> list[str]:
        """The operations of `changes`."""
        return [call.operation for call in self.changes(name)]

    def inventory(self, name: str = "") -> dict[str, list[str]]:
        """The names of all in AWS that belongs to an object, or to any of the namespace."""
        return inventory(self.cloud.aws, self.endpoint_name(name))

    def left(self, name: str = "") -> dict[str, list[str]]:
        """What of the inventory there is at all."""
        return {kind: found for kind, found in self.inventory(name).items() if found}


def inventory(aws: Callable[[str], Any], mine: str) -> dict[str, list[str]]:
    """The names of all in AWS that bear `mine` in their name, by kind. `aws` gives a boto3 client by its service."""
    sagemaker, scaling = aws("sagemaker"), aws("application-autoscaling")

    def listed(operation: str, key: str, field_name: str) -> list[str]:
        pages = sagemaker.get_paginator(operation).paginate(NameContains=mine)
        return sorted(entry[field_name] for page in pages for entry in page[key])

    def scaled(operation: str, key: str, field_name: str) -> list[str]:
        pages = scaling.get_paginator(operation).paginate(ServiceNamespace="sagemaker")
        entries = [entry for page in pages for entry in page[key]]
        return sorted(entry[field_name] for entry in entries if f"endpoint/{mine}" in entry["ResourceId"])

    cloudwatch = aws("cloudwatch")
    alarms = cloudwatch.get_paginator("describe_alarms").paginate()
    dashboards = cloudwatch.get_paginator("list_dashboards").paginate()
    return {
        "endpoints": listed("list_endpoints", "Endpoints", "EndpointName"),
        "configs": listed("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
        "models": listed("list_models", "Models", "ModelName"),
        "targets": scaled("describe_scalable_targets", "ScalableTargets", "ResourceId"),
        "policies": scaled("describe_scaling_policies", "ScalingPolicies", "PolicyName"),
        "schedules": scaled("describe_scheduled_actions", "ScheduledActions", "ScheduledActionName"),
        "alarms": sorted(
            alarm["AlarmName"] for page in alarms for alarm in page["MetricAlarms"] if mine in alarm["AlarmName"]
        ),
        "dashboards": sorted(
            each["DashboardName"]
            for page in dashboards
            for each in page["DashboardEntries"]
            if mine in each["DashboardName"]
        ),
    }
