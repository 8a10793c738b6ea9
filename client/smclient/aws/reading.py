"""An endpoint as AWS describes it: config, models, autoscaling, alarms, tags."""

from collections.abc import Iterator, Mapping
from typing import Any

from smclient.aws.session import Aws, told
from smclient.errors import AWSError
from smclient.specs.rebuild import InAws, Scaled

_NAMED = 100


def revision(aws: Aws, config_name: str) -> InAws:
    """What a config serves.

    Raises:
        AWSError: refused, or the config or a model of it is gone.
    """
    sagemaker = aws.client("sagemaker")
    with told(f"read the config {config_name}"):
        config = sagemaker.describe_endpoint_config(EndpointConfigName=config_name)
    return InAws(config, _models(aws, config))


def live(aws: Aws, name: str) -> InAws:
    """An endpoint with all that belongs to it.

    Raises:
        AWSError: refused, or it is not there.
    """
    sagemaker = aws.client("sagemaker")
    with told(f"read the endpoint {name}"):
        endpoint = sagemaker.describe_endpoint(EndpointName=name)
    if not endpoint.get("EndpointConfigName"):
        raise AWSError(f"the endpoint {name} has no config in service: it is {endpoint.get('EndpointStatus')}")
    served = revision(aws, endpoint["EndpointConfigName"])
    scaled = _scaled(aws, [str(each["VariantName"]) for each in served.config["ProductionVariants"]], name)
    with told(f"read the tags of {name}"):
        tags = sagemaker.list_tags(ResourceArn=endpoint["EndpointArn"]).get("Tags") or []
    return InAws(
        served.config,
        served.models,
        endpoint,
        scaled,
        _alarms(aws, scaled),
        {str(each["Key"]): str(each["Value"]) for each in tags},
    )


def endpoint_names(aws: Aws, containing: str = "") -> Iterator[str]:
    """The names of all endpoints in the region.

    Raises:
        AWSError: refused.
    """
    with told("list endpoints"):
        pages = aws.client("sagemaker").get_paginator("list_endpoints")
        for page in pages.paginate(**({"NameContains": containing} if containing else {})):
            for each in page["Endpoints"]:
                yield str(each["EndpointName"])


def _models(aws: Aws, config: Mapping[str, Any]) -> dict[str, Any]:
    entries = [*config["ProductionVariants"], *(config.get("ShadowProductionVariants") or [])]
    names = dict.fromkeys(str(each["ModelName"]) for each in entries if each.get("ModelName"))
    found = {}
    for name in names:
        with told(f"read the model {name}"):
            found[name] = aws.client("sagemaker").describe_model(ModelName=name)
    return found


def _scaled(aws: Aws, variants: list[str], endpoint: str) -> dict[str, Scaled]:
    ids = [f"endpoint/{endpoint}/variant/{variant}" for variant in variants]
    scaling = aws.client("application-autoscaling")
    found = {}
    with told(f"read the autoscaling of {endpoint}"):
        targets = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=ids)["ScalableTargets"]
        for target in targets:
            one = {"ServiceNamespace": "sagemaker", "ResourceId": target["ResourceId"]}
            found[str(target["ResourceId"])] = Scaled(
                target,
                _paged(scaling, "describe_scaling_policies", "ScalingPolicies", one),
                _paged(scaling, "describe_scheduled_actions", "ScheduledActions", one),
            )
    return found


def _paged(client: Any, operation: str, key: str, arguments: Mapping[str, str]) -> list[Any]:
    return [each for page in client.get_paginator(operation).paginate(**arguments) for each in page[key]]


def _alarms(aws: Aws, scaled: Mapping[str, Scaled]) -> dict[str, Any]:
    """The alarms that set off step policies, by name."""
    names = [
        str(alarm["AlarmName"])
        for each in scaled.values()
        for policy in each.policies
        if policy.get("PolicyType") == "StepScaling"
        for alarm in policy.get("Alarms") or []
    ]
    found: dict[str, Any] = {}
    for begin in range(0, len(names), _NAMED):
        with told("read the alarms of scaling policies"):
            answer = aws.client("cloudwatch").describe_alarms(AlarmNames=names[begin : begin + _NAMED])
        found |= {str(each["AlarmName"]): each for each in answer["MetricAlarms"]}
    return found
