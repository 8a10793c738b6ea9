"""A spec, made of what an endpoint is in AWS: the inverse of what the operator makes of a spec. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from smclient.specs.scaling import scaling_of
from smclient.specs.variants import Json, Rest, Say, given, variant_of
from smendpoints.domain.desired.names import resource_id
from smendpoints.domain.desired.ownership import is_reserved

_MINUTE = 60  # how often AWS publishes metrics unless told otherwise, which DescribeEndpointConfig shows
_OF_CONFIG = ("EndpointConfigName", "EndpointConfigArn", "CreationTime", "ResponseMetadata", "Tags")


@dataclass(frozen=True)
class Scaled:
    """The autoscaling of a variant, as AWS describes it."""

    target: Json
    policies: Sequence[Json] = ()
    schedules: Sequence[Json] = ()


@dataclass(frozen=True)
class InAws:
    """An endpoint as AWS describes it; only `config` and `models` (by name) of a revision that is not in service."""

    config: Json
    models: Mapping[str, Json]
    endpoint: Json = field(default_factory=dict)
    scaled: Mapping[str, Scaled] = field(default_factory=dict)
    alarms: Mapping[str, Json] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rebuilt:
    """A spec, and what of AWS it cannot say."""

    spec: dict[str, Any]
    unsaid: tuple[str, ...] = ()


def rebuild(found: InAws, secrets: Collection[str] = ()) -> Rebuilt:
    """The spec; `secrets` names the variables that stand under `secrets`, beside those that hold a secret's ARN."""
    unsaid: list[str] = []
    say = unsaid.append
    rest = Rest(found.config)
    variants = [_variant(entry, found, secrets, say) for entry in rest.take("ProductionVariants") or []]
    shadows = [_variant(entry, found, secrets, say) for entry in rest.take("ShadowProductionVariants") or []]
    if len(shadows) > 1:
        say("there are several shadow variants; a spec has one")
    spec = {
        **_shared(found.models, say),
        **given(
            kmsKeyID=rest.take("KmsKeyId"),
            tags={key: value for key, value in sorted(found.tags.items()) if not _is_nobodys(key)},
        ),
        "variants": variants,
        **given(
            shadow=shadows[0] if shadows else None,
            dataCapture=_capture(rest.take("DataCaptureConfig"), say),
            **{"async": _async(rest.take("AsyncInferenceConfig"), say)},
        ),
    }
    rest.take("EnableNetworkIsolation")
    metrics = rest.take("MetricsConfig") or {}
    if metrics.get("EnableEnhancedMetrics") or metrics.get("MetricPublishFrequencyInSeconds", _MINUTE) != _MINUTE:
        say("MetricsConfig of the config has no field in the spec")
    for left in rest.left(_OF_CONFIG):
        say(f"{left} of the config has no field in the spec")
    return Rebuilt(spec, tuple(dict.fromkeys(unsaid)))


def _is_nobodys(key: str) -> bool:
    """Whether a tag is none of the spec's: the operator's own, or AWS's."""
    return is_reserved(key) or key.startswith("aws:")


def _shared(models: Mapping[str, Json], say: Say) -> dict[str, Any]:
    """What a spec says once for all models."""
    vpcs = [_vpc(each.get("VpcConfig")) for each in models.values()]
    roles = [each.get("ExecutionRoleArn") for each in models.values()]
    isolated = [bool(each.get("EnableNetworkIsolation")) for each in models.values()]
    for what, values in (("roles", roles), ("networks", vpcs), ("isolation of the network", isolated)):
        if any(value != values[0] for value in values):
            say(f"its models differ in {what}; a spec has one for all of them")
    return given(
        executionRoleARN=roles[0] if roles else None,
        vpc=vpcs[0] if vpcs else None,
        networkIsolation=(isolated[0] or None) if isolated else None,
    )


def _vpc(found: Json | None) -> dict[str, Any] | None:
    if not found:
        return None
    return {
        "subnetIDs": sorted(found.get("Subnets") or []),
        "securityGroupIDs": sorted(found.get("SecurityGroupIds") or []),
    }


def _variant(entry: Json, found: InAws, secrets: Collection[str], say: Say) -> dict[str, Any]:
    name = str(entry["VariantName"])
    made = variant_of(entry, found.models.get(str(entry.get("ModelName")), {}), secrets, say)
    shown = [*(found.endpoint.get("ProductionVariants") or []), *(found.endpoint.get("ShadowProductionVariants") or [])]
    live: Json = next((each for each in shown if each.get("VariantName") == name), {})
    weight = live.get("DesiredWeight", made.get("weight", 1.0))
    made.pop("weight", None)
    if weight != 1.0:
        made["weight"] = weight
    if live.get("DesiredInstanceCount") and "instance" in made:
        made["instance"]["count"] = live["DesiredInstanceCount"]
    serverless = live.get("DesiredServerlessConfig") or live.get("CurrentServerlessConfig")
    if serverless and "serverless" in made:
        made["serverless"] |= given(
            maxConcurrency=serverless.get("MaxConcurrency"),
            provisionedConcurrency=serverless.get("ProvisionedConcurrency"),
        )
    scaled = found.scaled.get(resource_id(str(found.endpoint.get("EndpointName")), name))
    if scaled is not None:

        def tell(what: str) -> None:
            say(f"variant {name}: {what}")

        made["scaling"] = scaling_of(scaled.target, list(scaled.policies), list(scaled.schedules), found.alarms, tell)
    return made


def _capture(found: Json | None, say: Say) -> dict[str, Any] | None:
    if not found:
        return None
    if found.get("EnableCapture") is False:
        say("data capture is configured and off; a spec has it, or not")
    modes = {each.get("CaptureMode") for each in found.get("CaptureOptions") or []}
    header = found.get("CaptureContentTypeHeader") or {}
    both = {"InputAndOutput"} if modes == {"Input", "Output"} else modes
    if len(both) != 1 or not both <= {"Input", "Output", "InputAndOutput"}:
        say(f"data capture of {', '.join(sorted(str(each) for each in modes)) or 'nothing'} has no form in the spec")
    return given(
        destination=found.get("DestinationS3Uri"),
        samplingPercentage=found.get("InitialSamplingPercentage"),
        capture=next(iter(sorted(str(each) for each in both)), None),
        kmsKeyID=found.get("KmsKeyId"),
        csvContentTypes=sorted(header.get("CsvContentTypes") or []),
        jsonContentTypes=sorted(header.get("JsonContentTypes") or []),
    )


def _async(found: Json | None, say: Say) -> dict[str, Any] | None:
    if not found:
        return None
    output = found.get("OutputConfig") or {}
    notified = output.get("NotificationConfig") or {}
    if notified.get("IncludeInferenceResponseIn"):
        say("IncludeInferenceResponseIn of async inference has no field in the spec")
    return given(
        outputPath=output.get("S3OutputPath"),
        failurePath=output.get("S3FailurePath"),
        kmsKeyID=output.get("KmsKeyId"),
        maxConcurrentInvocationsPerInstance=(found.get("ClientConfig") or {}).get(
            "MaxConcurrentInvocationsPerInstance"
        ),
        successTopicARN=notified.get("SuccessTopic"),
        errorTopicARN=notified.get("ErrorTopic"),
    )


def secret_names(spec: Json) -> set[str]:
    """The variables that a spec keeps under `secrets`."""
    variants = [*(spec.get("variants") or []), *([spec["shadow"]] if spec.get("shadow") else [])]
    containers = [each for variant in variants for each in (variant.get("containers") or [variant])]
    return {name for each in containers for name in each.get("secrets") or {}}
