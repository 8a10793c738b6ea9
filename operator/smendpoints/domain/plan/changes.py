"""What a new revision changes, in the words of the spec's fields: from what serves to what is wanted.

Told from AWS's requests and answers, as the spec of before is not kept. Values of a container's environment are not
told. Not here: what changes in place.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from smendpoints.domain.desired.desired import Desired, artifact_of
from smendpoints.domain.observed.observed import Json, ObservedConfig

ARROW = "→"
GOING_BACK = "back to revision "
NONE = "none"
_LONGEST = 1024
_BLOCKS = ("dataCapture", "async", "vpc")
_HOSTING = {
    "VolumeSizeInGB": "instance.volumeSizeGB",
    "ModelDataDownloadTimeoutInSeconds": "instance.modelDownloadTimeoutSeconds",
    "ContainerStartupHealthCheckTimeoutInSeconds": "instance.startupTimeoutSeconds",
    "VariantInstanceProvisionTimeoutInSeconds": "instance.provisionTimeoutSeconds",
    "InferenceAmiVersion": "instance.amiVersion",
}
_CAPTURE = {
    "DestinationS3Uri": "destination",
    "InitialSamplingPercentage": "samplingPercentage",
    "KmsKeyId": "kmsKeyID",
}
_OUTPUT = {"S3OutputPath": "outputPath", "S3FailurePath": "failurePath", "KmsKeyId": "kmsKeyID"}
_TOPICS = {"SuccessTopic": "successTopicARN", "ErrorTopic": "errorTopicARN"}
_AT_ONCE = "MaxConcurrentInvocationsPerInstance"
# AWS chooses these by itself where they are not asked for, and shows them.
_CHOSEN_BY_AWS = ("instance.volumeSizeGB", "instance.routing")
Fields = dict[str, str]


def describe_changes(desired: Desired, live: ObservedConfig | None, models: Mapping[str, Json]) -> str | None:
    """What a new revision changes against the live config, in a sentence; None when that is not known.

    `models` are those of the live config, as far as they are known: of the others only the names are told.
    """
    if live is None:
        return None
    opaque = frozenset(each.name for each in (*live.variants, *live.shadows) if each.model not in models)
    wanted = {model.name: model.request for model in desired.models}
    before, after = _fields(live.raw, models, opaque), _fields(desired.config_request, wanted, opaque)
    words = list(_differences(before, after))
    said = [each for each, certain in words if certain] or [each for each, _ in words]
    if not said:
        said = ["redeployed: the same spec, images and artifacts are read again"] if desired.redeployed else []
    told = "; ".join(said) or "settings of the config"
    return _cut(f"{GOING_BACK}{desired.back.revision}: {told}" if desired.back is not None else told)


def _fields(config: Json, models: Mapping[str, Json], opaque: frozenset[str]) -> Fields:
    """All that is told of a config with its models, by the names of the spec's fields.

    Of the models of `opaque` variants only the names are; then nothing is told of what is the same in all models.
    """
    found: Fields = {}
    for kind, before in (("ProductionVariants", ""), ("ShadowProductionVariants", "shadow ")):
        for entry in config.get(kind) or ():
            place = f"{before}{entry['VariantName']}: "
            found[place] = "variant"
            if entry["VariantName"] in opaque:
                found[f"{place}model"] = entry["ModelName"]
            else:
                found |= {f"{place}{key}": value for key, value in _container_fields(models[entry["ModelName"]])}
            if not opaque:
                found |= dict(_shared_fields(models[entry["ModelName"]]))
            found |= {f"{place}{key}": value for key, value in _hosting_fields(entry)}
    found |= dict(_capture_fields(config.get("DataCaptureConfig")))
    found |= dict(_async_fields(config.get("AsyncInferenceConfig")))
    if config.get("KmsKeyId"):
        found["kmsKeyID"] = config["KmsKeyId"]
    return found


def _container_fields(model: Json) -> Iterator[tuple[str, str]]:
    containers = model.get("Containers") or [model.get("PrimaryContainer") or {}]
    for number, container in enumerate(containers):
        place = f"containers[{number}]." if model.get("Containers") else ""
        yield f"{place}image", container.get("Image", NONE)
        if (artifact := artifact_of(container)) is not None:
            yield f"{place}modelArtifact", artifact
        if container.get("ContainerHostname"):
            yield f"{place}hostname", container["ContainerHostname"]
        if container.get("Mode") == "MultiModel":
            yield f"{place}multiModel", "on"
        for name, value in (container.get("Environment") or {}).items():
            yield f"{place}environment.{name}", value


def _shared_fields(model: Json) -> Iterator[tuple[str, str]]:
    yield "executionRoleARN", model.get("ExecutionRoleArn", NONE)
    if model.get("EnableNetworkIsolation"):
        yield "networkIsolation", "on"
    if (network := model.get("VpcConfig")) is not None:
        yield "vpc", "on"
        yield "vpc.subnetIDs", ",".join(sorted(network["Subnets"]))
        yield "vpc.securityGroupIDs", ",".join(sorted(network["SecurityGroupIds"]))


def _hosting_fields(entry: Json) -> Iterator[tuple[str, str]]:
    pools = sorted(entry.get("InstancePools") or (), key=lambda pool: pool["Priority"])
    if pools:
        yield "instance.pools", "/".join(pool["InstanceType"] for pool in pools)
    elif entry.get("InstanceType"):
        yield "instance.type", entry["InstanceType"]
    for key, field in _HOSTING.items():
        if entry.get(key) is not None:
            yield field, str(entry[key])
    if (routing := entry.get("RoutingConfig")) is not None:
        yield "instance.routing", str(routing["RoutingStrategy"]).replace("_", " ").title().replace(" ", "")
    if (serverless := entry.get("ServerlessConfig")) is not None:
        yield "serverless.memorySizeMB", str(serverless["MemorySizeInMB"])
        if serverless.get("ProvisionedConcurrency") is not None:
            yield "serverless.provisionedConcurrency", str(serverless["ProvisionedConcurrency"])


def _capture_fields(capture: Json | None) -> Iterator[tuple[str, str]]:
    if not capture or not capture.get("EnableCapture"):
        return
    yield "dataCapture", "on"
    for key, field in _CAPTURE.items():
        if capture.get(key) is not None:
            yield f"dataCapture.{field}", str(capture[key])
    yield "dataCapture.capture", "And".join(option["CaptureMode"] for option in capture.get("CaptureOptions") or ())
    header = capture.get("CaptureContentTypeHeader") or {}
    for key, field in (("CsvContentTypes", "csvContentTypes"), ("JsonContentTypes", "jsonContentTypes")):
        if header.get(key):
            yield f"dataCapture.{field}", ",".join(sorted(header[key]))


def _async_fields(inference: Json | None) -> Iterator[tuple[str, str]]:
    if not inference:
        return
    yield "async", "on"
    output = inference.get("OutputConfig") or {}
    told = [(_OUTPUT, output), (_TOPICS, output.get("NotificationConfig") or {})]
    for names, values in told:
        for key, field in names.items():
            if values.get(key) is not None:
                yield f"async.{field}", str(values[key])
    if (most := (inference.get("ClientConfig") or {}).get(_AT_ONCE)) is not None:
        yield "async.maxConcurrentInvocationsPerInstance", str(most)


def _differences(before: Fields, after: Fields) -> Iterator[tuple[str, bool]]:
    """What differs, and whether that is certain: what AWS may have chosen by itself is not."""
    whole = [key for key in (*before, *after) if key.endswith(": ") or key in _BLOCKS]
    turned = [key for key in dict.fromkeys(whole) if (key in before) != (key in after)]
    for key in turned:
        if key.endswith(": "):
            yield f"{_variant(key)} {'added' if key in after else 'removed'}", True
        else:
            yield f"{key} {'on' if key in after else 'off'}", True
    inner = tuple(key if key.endswith(": ") else f"{key}." for key in turned)
    for key in dict.fromkeys([*after, *before]):
        old, new = before.get(key), after.get(key)
        if old == new or key in turned or key.startswith(inner):
            continue
        certain = not (new is None and key.endswith(_CHOSEN_BY_AWS))
        if ".environment." in key or ": environment." in key:
            yield f"{key} {'added' if old is None else 'removed' if new is None else 'changed'}", certain
        else:
            yield f"{key} {from_to(old, new)}", certain


def _variant(place: str) -> str:
    name = place.removesuffix(": ")
    return name if name.startswith("shadow ") else f"variant {name}"


def from_to(old: Any, new: Any) -> str:
    """`old → new`; of two images of one repository the tags alone."""
    left, right = (_told(each) for each in (old, new))
    for mark in ("@", ":"):
        repository, _, tag = left.rpartition(mark)
        other, _, other_tag = right.rpartition(mark)
        if repository and repository == other and "/" not in tag + other_tag:
            return f"{mark}{tag[:19]} {ARROW} {mark}{other_tag[:19]}"
    return f"{left} {ARROW} {right}"


def _told(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return NONE if value is None else str(value)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
