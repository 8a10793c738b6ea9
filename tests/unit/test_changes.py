"""What a new revision changes is told in the words of the spec's fields."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.domain.plan.changes import describe_changes

ROLE = "arn:aws:iam::123456789012:role/sagemaker-execution"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/sagemaker-sklearn-inference:1.0"
B = {"modelArtifact": "s3://models/b/model.tar.gz"}


def instance(count: int, kind: str) -> dict[str, Any]:
    return {"instance": {"type": kind, "count": count}}


CHANGES: dict[str, tuple[Mapping[str, Any], str]] = {
    "an artifact": (
        {"variant": B},
        "primary: modelArtifact s3://models/a/model.tar.gz → s3://models/b/model.tar.gz",
    ),
    "a tag of an image": ({"variant": {"image": IMAGE.replace(":1.0", ":1.1")}}, "primary: image :1.0 → :1.1"),
    "another image": ({"variant": {"image": "other:1.0"}}, f"primary: image {IMAGE} → other:1.0"),
    "a variable, and never its value": (
        {"variant": {"environment": {"PASSWORD": "hunter2"}}},
        "primary: environment.PASSWORD added",
    ),
    "an instance type": (
        {"variant": instance(1, "ml.c5.large")},
        "primary: instance.type ml.m5.large → ml.c5.large",
    ),
    "a variant more": ({"variant": {}, "challenger": {}}, "variant challenger added"),
    "a setting": (
        {"variant": {"instance": {"type": "ml.m5.large", "volumeSizeGB": 30}}},
        "primary: instance.volumeSizeGB none → 30",
    ),
    "another role": (
        {"executionRoleARN": "arn:aws:iam::123456789012:role/other"},
        f"executionRoleARN {ROLE} → arn:aws:iam::123456789012:role/other",
    ),
    "a network": ({"vpc": {"subnetIDs": ["subnet-1", "subnet-2"], "securityGroupIDs": ["sg-1"]}}, "vpc on"),
    "data capture": ({"dataCapture": {"destination": "s3://models/captured"}}, "dataCapture on"),
    "a shadow": (
        {"shadow": {"name": "next", "image": IMAGE, "instance": {"type": "ml.m5.large"}}},
        "shadow next added",
    ),
    "no servers": (
        {"variant": {"instance": None, "serverless": {"memorySizeMB": 2048, "maxConcurrency": 5}}},
        "primary: serverless.memorySizeMB none → 2048; primary: instance.type ml.m5.large → none",
    ),
}


@pytest.mark.parametrize(("wants", "said"), CHANGES.values(), ids=CHANGES.keys())
def test_what_changes_is_said_for(sight: Callable[..., Any], wants: Mapping[str, Any], said: str) -> None:
    assert sight(wants, {}, **known(sight, {})).plan().changes == said


def known(sight: Callable[..., Any], lives: Mapping[str, Any]) -> dict[str, Any]:
    """The models that serve, as they were looked at."""
    return {"live_models": {model.name: model.request for model in sight(lives).desired.models}}


def test_what_changes_back_is_said_the_other_way_round(sight: Callable[..., Any]) -> None:
    lives = {"dataCapture": {"destination": "s3://models/captured"}, "variant": {"environment": {"A": "1", "B": "1"}}}
    seen = sight({"variant": {"environment": {"B": "2"}}}, lives, **known(sight, lives))
    assert seen.plan().changes == "dataCapture off; primary: environment.B changed; primary: environment.A removed"


def test_of_a_pipeline_the_container_is_said(sight: Callable[..., Any]) -> None:
    def pipeline(second: str) -> dict[str, Any]:
        return {"variant": {"image": None, "modelArtifact": None, "containers": [{"image": "in:1"}, {"image": second}]}}

    seen = sight(pipeline("out:2"), pipeline("out:1"), **known(sight, pipeline("out:1")))
    assert seen.plan().changes == "primary: containers[1].image :1 → :2"


def test_models_that_could_not_be_looked_at_are_said_by_name(sight: Callable[..., Any]) -> None:
    seen = sight({"variant": B}, {})
    assert seen.words(seen.plan().changes) == "primary: model default-iris-primary-LIVE → default-iris-primary-WANTED"


# Of each member of a config or a model: its place there, two values, and what is told of it.
MEMBERS: dict[str, tuple[tuple[str, ...], Any, Any, str]] = {
    "volume": (("variant", "VolumeSizeInGB"), 4, 8, "primary: instance.volumeSizeGB 4 → 8"),
    "download": (
        ("variant", "ModelDataDownloadTimeoutInSeconds"),
        60,
        90,
        "primary: instance.modelDownloadTimeoutSeconds 60 → 90",
    ),
    "startup": (
        ("variant", "ContainerStartupHealthCheckTimeoutInSeconds"),
        60,
        90,
        "primary: instance.startupTimeoutSeconds 60 → 90",
    ),
    "provision": (
        ("variant", "VariantInstanceProvisionTimeoutInSeconds"),
        60,
        90,
        "primary: instance.provisionTimeoutSeconds 60 → 90",
    ),
    "host": (("variant", "InferenceAmiVersion"), "al1", "al2", "primary: instance.amiVersion al1 → al2"),
    "routing": (
        ("variant", "RoutingConfig"),
        {"RoutingStrategy": "RANDOM"},
        {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
        "primary: instance.routing Random → LeastOutstandingRequests",
    ),
    "pools": (
        ("variant", "InstancePools"),
        [{"InstanceType": "ml.b", "Priority": 2}, {"InstanceType": "ml.a", "Priority": 1}],
        [{"InstanceType": "ml.c", "Priority": 1}],
        "primary: instance.pools ml.a/ml.b → ml.c",
    ),
    "memory": (
        ("variant", "ServerlessConfig"),
        {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
        {"MemorySizeInMB": 2048, "MaxConcurrency": 2},
        "primary: serverless.memorySizeMB 1024 → 2048",
    ),
    "warm": (
        ("variant", "ServerlessConfig"),
        {"MemorySizeInMB": 1024, "ProvisionedConcurrency": 1},
        {"MemorySizeInMB": 1024, "ProvisionedConcurrency": 2},
        "primary: serverless.provisionedConcurrency 1 → 2",
    ),
    "key": (("config", "KmsKeyId"), "one", "two", "kmsKeyID one → two"),
    "captured to": (
        ("capture", "DestinationS3Uri"),
        "s3://a",
        "s3://b",
        "dataCapture.destination s3://a → s3://b",
    ),
    "captured share": (("capture", "InitialSamplingPercentage"), 1, 2, "dataCapture.samplingPercentage 1 → 2"),
    "captured key": (("capture", "KmsKeyId"), "one", "two", "dataCapture.kmsKeyID one → two"),
    "captured modes": (
        ("capture", "CaptureOptions"),
        [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        [{"CaptureMode": "Input"}],
        "dataCapture.capture InputAndOutput → Input",
    ),
    "captured CSV": (
        ("capture", "CaptureContentTypeHeader"),
        {"CsvContentTypes": ["b", "a"]},
        {"CsvContentTypes": ["a"]},
        "dataCapture.csvContentTypes a,b → a",
    ),
    "captured JSON": (
        ("capture", "CaptureContentTypeHeader"),
        {"JsonContentTypes": ["b", "a"]},
        {"JsonContentTypes": ["a"]},
        "dataCapture.jsonContentTypes a,b → a",
    ),
    "answers": (("output", "S3OutputPath"), "s3://a", "s3://b", "async.outputPath s3://a → s3://b"),
    "failures": (("output", "S3FailurePath"), "s3://a", "s3://b", "async.failurePath s3://a → s3://b"),
    "their key": (("output", "KmsKeyId"), "one", "two", "async.kmsKeyID one → two"),
    "success": (("topics", "SuccessTopic"), "one", "two", "async.successTopicARN one → two"),
    "error": (("topics", "ErrorTopic"), "one", "two", "async.errorTopicARN one → two"),
    "at once": (
        ("client", "MaxConcurrentInvocationsPerInstance"),
        1,
        2,
        "async.maxConcurrentInvocationsPerInstance 1 → 2",
    ),
    "role": (("model", "ExecutionRoleArn"), "one", "two", "executionRoleARN one → two"),
    "isolation": (("model", "EnableNetworkIsolation"), False, True, "networkIsolation none → on"),
    "subnets": (
        ("model", "VpcConfig"),
        {"Subnets": ["b", "a"], "SecurityGroupIds": ["s"]},
        {"Subnets": ["a"], "SecurityGroupIds": ["s"]},
        "vpc.subnetIDs a,b → a",
    ),
    "groups": (
        ("model", "VpcConfig"),
        {"Subnets": ["a"], "SecurityGroupIds": ["t", "s"]},
        {"Subnets": ["a"], "SecurityGroupIds": ["s"]},
        "vpc.securityGroupIDs s,t → s",
    ),
    "image": (("container", "Image"), "r:1", "r:2", "primary: image :1 → :2"),
    "digest": (("container", "Image"), "r@sha256:1", "r@sha256:2", "primary: image @sha256:1 → @sha256:2"),
    "no tag": (("container", "Image"), "host:1/r", "host:2/r", "primary: image host:1/r → host:2/r"),
    "artifact": (("container", "ModelDataUrl"), "s3://a", "s3://b", "primary: modelArtifact s3://a → s3://b"),
    "host name": (("container", "ContainerHostname"), "one", "two", "primary: hostname one → two"),
    "many models": (("container", "Mode"), "SingleModel", "MultiModel", "primary: multiModel none → on"),
    "environment": (("container", "Environment"), {"A": "1"}, {"A": "2"}, "primary: environment.A changed"),
}


def made(place: tuple[str, ...], value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A config and its model with this value at one place, and everything on."""
    parts: dict[str, dict[str, Any]] = {part: {} for part in ("capture", "output", "topics", "client", "container")}
    parts["capture"]["EnableCapture"] = True
    parts["variant"] = {"VariantName": "primary", "ModelName": "m"}
    parts["model"] = {"ModelName": "m", "PrimaryContainer": parts["container"]}
    parts["config"] = {
        "ProductionVariants": [parts["variant"]],
        "DataCaptureConfig": parts["capture"],
        "AsyncInferenceConfig": {"OutputConfig": parts["output"], "ClientConfig": parts["client"]},
    }
    parts["output"]["NotificationConfig"] = parts["topics"]
    parts[place[0]][place[1]] = value
    return parts["config"], parts["model"]


@pytest.mark.parametrize("name", MEMBERS)
def test_each_member_of_a_config_and_of_a_model_is_told(
    sight: Callable[..., Any], config: Callable[..., Any], name: str
) -> None:
    place, old, new, told = MEMBERS[name]
    desired = sight({}).desired
    (before, old_model), (after, new_model) = made(place, old), made(place, new)
    wanted = replace(desired, config_request=after, models=(replace(desired.models[0], name="m", request=new_model),))
    live = replace(config(desired), raw=before, variants=(replace(config(desired).variants[0], model="m"),))
    assert describe_changes(wanted, live, {"m": old_model}) == told
    assert describe_changes(replace(wanted, config_request=before), live, {"m": new_model}) == "settings of the config"
    assert describe_changes(wanted, None, {}) is None


@pytest.mark.parametrize(
    "chosen", [{"VolumeSizeInGB": 4}, {"RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"}}]
)
def test_what_aws_chose_by_itself_is_no_change(
    sight: Callable[..., Any], config: Callable[..., Any], chosen: dict[str, Any]
) -> None:
    live = config(sight({}).desired)
    chosen = {**live.raw, "ProductionVariants": [{**live.raw["ProductionVariants"][0], **chosen}]}
    seen = sight({"variant": B}, {}, live_config=replace(live, raw=chosen), **known(sight, {}))
    assert seen.plan().changes == CHANGES["an artifact"][1]


def test_a_redeploy_is_said(sight: Callable[..., Any], config: Callable[..., Any]) -> None:
    seen = sight({}, {}, **known(sight, {}))
    again = replace(seen.desired, redeployed="1", config_name="default-iris-0123456789")
    said = describe_changes(again, config(seen.live), known(sight, {})["live_models"])
    assert said == "redeployed: the same spec, images and artifacts are read again"


def test_what_changes_is_said_when_a_variant_goes(sight: Callable[..., Any]) -> None:
    seen = sight({}, {"challenger": {}})
    assert seen.plan().changes == "variant challenger removed"
