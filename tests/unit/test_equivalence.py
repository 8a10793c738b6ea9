"""Whether an endpoint that somebody else made is what the spec wants: all of it, and nothing beside it."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from smendpoints.domain.observed.adoption import equivalent, is_retained
from smendpoints.domain.observed.parsing import parse_config

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/sagemaker-sklearn-inference:1.0"
RICH = {
    "vpc": {"subnetIDs": ["subnet-1", "subnet-2"], "securityGroupIDs": ["sg-1", "sg-2"]},
    "dataCapture": {"destination": "s3://captured/here"},
    "kmsKeyID": "arn:aws:kms:us-east-1:123456789012:key/k",
    "variant": {"environment": {"A": "1"}},
}
COLD = {"memorySizeMB": 2048, "maxConcurrency": 5}
SERVERLESS = {"variant": {"instance": None, "serverless": COLD}}
ASYNC = {"async": {"outputPath": "s3://answers/here"}}


class Made:
    """What somebody else made in AWS: as the spec says, but for its names and for what is changed here."""

    def __init__(self, sight: Callable[..., Any], wish: dict[str, Any]) -> None:
        self.desired = sight(wish).desired
        self.config: dict[str, Any] = copy.deepcopy(
            {**self.desired.config_request, "EndpointConfigName": "by-hand", "EndpointConfigArn": "arn", "Tags": []}
        )
        self.models = {}
        for number, model in enumerate(self.desired.models):
            self.models[f"by-hand-{number}"] = copy.deepcopy({**model.request, "ModelName": f"by-hand-{number}"})
            for entry in self.config["ProductionVariants"]:
                if entry["ModelName"] == model.name:
                    entry["ModelName"] = f"by-hand-{number}"

    @property
    def variant(self) -> dict[str, Any]:
        found: dict[str, Any] = self.config["ProductionVariants"][0]
        return found

    @property
    def model(self) -> dict[str, Any]:
        return next(iter(self.models.values()))

    def same(self) -> bool:
        return equivalent(self.desired, parse_config(self.config), self.models)


@pytest.mark.parametrize(
    "wish",
    [{}, RICH, SERVERLESS, ASYNC, {"challenger": {"modelArtifact": "s3://models/b/model.tar.gz"}}],
    ids=["one variant", "much", "serverless", "asynchronous", "two variants"],
)
def test_what_differs_in_names_alone_is_the_same(sight: Callable[..., Any], wish: dict[str, Any]) -> None:
    assert Made(sight, wish).same()


def _two_more_instances(made: Made) -> None:
    made.variant["InitialInstanceCount"] = 3
    made.variant["InitialVariantWeight"] = 7.0


def _what_aws_adds(made: Made) -> None:
    made.variant["VolumeSizeInGB"] = 30
    made.model["CreationTime"] = "2026-11-22"
    made.model["EnableNetworkIsolation"] = False
    made.variant["RoutingConfig"] = {"RoutingStrategy": "RANDOM"}


def _another_order(made: Made) -> None:
    made.model["VpcConfig"]["Subnets"].reverse()
    made.model["VpcConfig"]["SecurityGroupIds"].reverse()
    made.config["DataCaptureConfig"]["CaptureOptions"].reverse()


@pytest.mark.parametrize("change", [_two_more_instances, _what_aws_adds, _another_order])
def test_these_are_no_differences(sight: Callable[..., Any], change: Callable[[Made], None]) -> None:
    made = Made(sight, RICH)
    change(made)
    assert made.same()


def _set(part: str, key: str, value: Any) -> Callable[[Made], None]:
    def change(made: Made) -> None:
        getattr(made, part)[key] = value

    return change


def _without(part: str, key: str) -> Callable[[Made], None]:
    def change(made: Made) -> None:
        del getattr(made, part)[key]

    return change


def _environment(made: Made) -> None:
    made.model["PrimaryContainer"]["Environment"]["B"] = "2"


def _no_environment(made: Made) -> None:
    made.model["PrimaryContainer"].pop("Environment")


def _image(made: Made) -> None:
    made.model["PrimaryContainer"]["Image"] = f"{IMAGE}1"


def _another_variant(made: Made) -> None:
    made.config["ProductionVariants"].append({**made.variant, "VariantName": "more"})


DIFFERENCES: dict[str, Callable[[Made], None]] = {
    "a variant more": _another_variant,
    "another name of a variant": _set("variant", "VariantName", "other"),
    "another instance type": _set("variant", "InstanceType", "ml.m5.xlarge"),
    "another way of routing": _set("variant", "RoutingConfig", {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"}),
    "a time for the download": _set("variant", "ModelDataDownloadTimeoutInSeconds", 600),
    "a time for the health check": _set("variant", "ContainerStartupHealthCheckTimeoutInSeconds", 600),
    "a version of the host": _set("variant", "InferenceAmiVersion", "al2"),
    "no key": _without("config", "KmsKeyId"),
    "another key": _set("config", "KmsKeyId", "other"),
    "no data capture": _without("config", "DataCaptureConfig"),
    "a shadow": _set("config", "ShadowProductionVariants", []),
    "asynchronous": _set("config", "AsyncInferenceConfig", {"OutputConfig": {"S3OutputPath": "s3://a"}}),
    "an explainer": _set("config", "ExplainerConfig", {}),
    "another role": _set("model", "ExecutionRoleArn", "arn:aws:iam::123456789012:role/other"),
    "no network": _without("model", "VpcConfig"),
    "an isolated network": _set("model", "EnableNetworkIsolation", True),
    "another image": _image,
    "a variable of the environment": _environment,
    "no environment": _no_environment,
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_this_is_a_difference(sight: Callable[..., Any], name: str) -> None:
    made = Made(sight, RICH)
    DIFFERENCES[name](made)
    assert not made.same()


def test_what_the_spec_does_not_ask_for_is_a_difference(sight: Callable[..., Any]) -> None:
    for block in ("DataCaptureConfig", "KmsKeyId"):
        made = Made(sight, {})
        made.config[block] = Made(sight, RICH).config[block]
        assert not made.same(), block
    made = Made(sight, {})
    made.model["VpcConfig"] = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    assert not made.same()
    made = Made(sight, {})
    made.models.clear()
    assert not made.same(), "a model that is gone serves nothing after the next restart"


def test_that_concurrency_is_kept_warm_is_one_and_how_much_is_none(sight: Callable[..., Any]) -> None:
    made = Made(sight, {"variant": {"instance": None, "serverless": {**COLD, "provisionedConcurrency": 2}}})
    made.variant["ServerlessConfig"]["ProvisionedConcurrency"] = 4
    assert made.same()
    del made.variant["ServerlessConfig"]["ProvisionedConcurrency"]
    assert not made.same()
    cold = Made(sight, SERVERLESS)
    cold.variant["ServerlessConfig"]["ProvisionedConcurrency"] = 4
    assert not cold.same()


@pytest.mark.parametrize(
    ("policy", "adopted", "retained"),
    [
        ("Retain", None, True),
        ("Delete", None, False),
        ("Delete", True, False),
        (None, True, True),
        (None, False, False),
        (None, None, False),
    ],
)
def test_what_was_adopted_is_deleted_only_if_the_spec_says_so(
    sight: Callable[..., Any], policy: str | None, adopted: bool | None, retained: bool
) -> None:
    resource = sight({"deletionPolicy": policy} if policy else {}).resource
    status = resource.status.model_copy(update={"adopted": adopted})
    assert is_retained(resource.model_copy(update={"status": status})) is retained


@pytest.mark.parametrize("kind", ["CsvContentTypes", "JsonContentTypes"])
def test_content_types_are_a_set(sight: Callable[..., Any], kind: str) -> None:
    types = {"csvContentTypes": ["text/a", "text/b"], "jsonContentTypes": ["application/a", "application/b"]}
    made = Made(sight, {"dataCapture": {"destination": "s3://captured/here", **types}})
    header = made.config["DataCaptureConfig"]["CaptureContentTypeHeader"]
    header[kind] = header[kind][::-1]
    assert made.same()
    header[kind] = header[kind][:1]
    assert not made.same()
