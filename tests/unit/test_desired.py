"""What the spec wants in AWS's terms: requests that AWS takes, and names that tell their content."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from smendpoints.api.analysis import Analysis
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.domain.desired.desired import Desired, desire
from smendpoints.domain.desired.office_hours import Schedule
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.observed import Observed
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.plan import plan
from smendpoints.domain.plan.scaling import plan_scaling
from smsandbox.testing.samples import samples
from smsandbox.testing.taken import assert_valid

SAMPLES = samples()
ROLE = "arn:aws:iam::123456789012:role/sagemaker-execution"
OTHER_ROLE = "arn:aws:iam::123456789012:role/other"


def parsed(path: Path) -> SageMakerEndpoint:
    body = yaml.safe_load(path.read_text())
    body["metadata"] |= {"namespace": "default", "uid": "u"}
    return SageMakerEndpoint.parse(body)


def requests(desired: Desired) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """All that the desired state sends to AWS: service, operation, parameters."""
    for model in desired.models:
        yield "sagemaker", "create_model", dict(model.request)
    yield "sagemaker", "create_endpoint_config", dict(desired.config_request)
    tags = desired.config_request["Tags"]
    names = {"EndpointName": desired.endpoint_name, "EndpointConfigName": desired.config_name}
    yield "sagemaker", "create_endpoint", {**names, "Tags": tags}
    if desired.deployment is not None:
        yield "sagemaker", "update_endpoint", {**names, "DeploymentConfig": desired.deployment}
    for alarm in desired.rollback_alarms:
        yield "cloudwatch", "put_metric_alarm", dict(alarm)
    for action in plan_scaling(desired, (), {}):
        yield action.verb.service, action.verb.operation, dict(action.params)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_aws_takes_all_requests_of_the_sample(path: Path) -> None:
    desired = desire(parsed(path), "cluster-1", None)
    sent = list(requests(desired))
    assert len(sent) >= 3
    for service, operation, params in sent:
        assert_valid(service, operation, params)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_names_in_aws_fit_and_are_told_apart(path: Path) -> None:
    desired = desire(parsed(path), "cluster-1", None)
    assert all(len(name) <= 63 for name in desired.contents())
    assert len(desired.contents()) == len(desired.models) + 1
    assert all(name.startswith(desired.endpoint_name) for name in desired.contents())


def test_there_is_a_sample_for_each_way_of_hosting() -> None:
    wishes = [desire(parsed(path), "cluster-1", None) for path in SAMPLES]
    shown = str([wish.config_request for wish in wishes]) + str(
        [model.request for each in wishes for model in each.models]
    )
    for block in (
        "ServerlessConfig",
        "InstancePools",
        "AsyncInferenceConfig",
        "DataCaptureConfig",
        "KmsKeyId",
        "ShadowProductionVariants",
        "VpcConfig",
        "MultiModel",
        "InferenceExecutionConfig",
    ):
        assert block in shown


A_SHADOW = {
    "name": "shadow",
    "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/iris:2",
    "modelArtifact": "s3://models/b/model.tar.gz",
    "instance": {"type": "ml.m5.large"},
}
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"
VPC = {"subnetIDs": ["subnet-a", "subnet-b"], "securityGroupIDs": ["sg-a", "sg-b"]}
CAPTURE = {"destination": "s3://captures/", "jsonContentTypes": ["application/json", "text/x-json"]}
SERVERLESS = {"instance": None, "serverless": {"memorySizeMB": 2048, "maxConcurrency": 20, "provisionedConcurrency": 2}}
SCALING = {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}


def instance(**changes: Any) -> dict[str, Any]:
    return {"variant": {"instance": {"type": "ml.m5.large", "count": 1, **changes}}}


NEW_CONFIG: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "the image": ({}, {"variant": {"image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/iris:2"}}),
    "the artifact": ({}, {"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}}),
    "the environment": ({}, {"variant": {"environment": {"A": "1"}}}),
    "a value in the environment": (
        {"variant": {"environment": {"A": "1"}}},
        {"variant": {"environment": {"A": "2"}}},
    ),
    "a secret": ({}, {"variant": {"secrets": {"A": SECRET}}}),
    "another secret": ({"variant": {"secrets": {"A": SECRET}}}, {"variant": {"secrets": {"A": f"{SECRET}2"}}}),
    "the role": ({}, {"executionRoleARN": OTHER_ROLE}),
    "the network": ({}, {"vpc": VPC}),
    "a subnet": ({"vpc": VPC}, {"vpc": {**VPC, "subnetIDs": ["subnet-a", "subnet-c"]}}),
    "a security group": ({"vpc": VPC}, {"vpc": {**VPC, "securityGroupIDs": ["sg-a"]}}),
    "the isolation": ({}, {"networkIsolation": True}),
    "the key": ({}, {"kmsKeyID": "alias/key"}),
    "the instance type": ({}, instance(type="ml.c5.large")),
    "the volume": ({}, instance(volumeSizeGB=30)),
    "the download timeout": ({}, instance(modelDownloadTimeoutSeconds=600)),
    "the startup timeout": ({}, instance(startupTimeoutSeconds=600)),
    "the provision timeout": ({}, instance(provisionTimeoutSeconds=600)),
    "the routing": ({}, instance(routing="Random")),
    "the hosts' image": ({}, instance(amiVersion="al2-ami-sagemaker-inference-gpu-2")),
    "the order of the types": (
        {"variant": {"instance": {"pools": [{"type": "ml.g5.xlarge"}, {"type": "ml.g4dn.xlarge"}]}}},
        {"variant": {"instance": {"pools": [{"type": "ml.g4dn.xlarge"}, {"type": "ml.g5.xlarge"}]}}},
    ),
    "the memory": (
        {"variant": SERVERLESS},
        {"variant": {**SERVERLESS, "serverless": {**SERVERLESS["serverless"], "memorySizeMB": 1024}}},  # type: ignore[dict-item]
    ),
    "the hosting": ({}, {"variant": SERVERLESS}),
    "a prefix with many models": (
        {"variant": {"modelArtifact": "s3://models/all/"}},
        {"variant": {"modelArtifact": "s3://models/all/", "multiModel": True}},
    ),
    "a variant more": ({}, {"challenger": {}}),
    "a variant's name": ({}, {"variant": {"name": "other"}}),
    "the shadow": ({}, {"shadow": A_SHADOW}),
    "the shadow's weight, as no call changes it": ({"shadow": A_SHADOW}, {"shadow": {**A_SHADOW, "weight": 2}}),
    "data capture": ({}, {"dataCapture": CAPTURE}),
    "the sample of it": ({"dataCapture": CAPTURE}, {"dataCapture": {**CAPTURE, "samplingPercentage": 20}}),
    "asynchronous inference": ({}, {"async": {"outputPath": "s3://answers/"}}),
    "its topic": (
        {"async": {"outputPath": "s3://answers/"}},
        {"async": {"outputPath": "s3://answers/", "errorTopicARN": "arn:aws:sns:us-east-1:123456789012:x"}},
    ),
}

SAME_CONFIG: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "the weight": ({}, {"variant": {"weight": 7}}),
    "the count": ({}, instance(count=7)),
    "the most requests at once": (
        {"variant": SERVERLESS},
        {"variant": {**SERVERLESS, "serverless": {**SERVERLESS["serverless"], "maxConcurrency": 50}}},  # type: ignore[dict-item]
    ),
    "the provisioned concurrency": (
        {"variant": SERVERLESS},
        {"variant": {**SERVERLESS, "serverless": {**SERVERLESS["serverless"], "provisionedConcurrency": 5}}},  # type: ignore[dict-item]
    ),
    "scaling": ({}, {"variant": {"scaling": SCALING}}),
    "tags": ({}, {"tags": {"team": "ml"}}),
    "the way to roll out": ({}, {"rollout": {"strategy": "Canary", "stepPercent": 10}}),
    "what is to be done": ({}, {"suspend": True, "desiredState": "Stopped", "deletionPolicy": "Retain"}),
    "the order of a set of subnets": ({"vpc": VPC}, {"vpc": {**VPC, "subnetIDs": ["subnet-b", "subnet-a"]}}),
    "the order of a set of security groups": ({"vpc": VPC}, {"vpc": {**VPC, "securityGroupIDs": ["sg-b", "sg-a"]}}),
    "the order of a set of content types": (
        {"dataCapture": CAPTURE},
        {"dataCapture": {**CAPTURE, "jsonContentTypes": ["text/x-json", "application/json"]}},
    ),
    "a secret's ARN under secrets instead of environment": (
        {"variant": {"environment": {"A": SECRET}}},
        {"variant": {"secrets": {"A": SECRET}}},
    ),
    "no secrets, in so many words": ({}, {"variant": {"secrets": {}, "environment": {}}}),
    "a default that is written out": ({}, {"networkIsolation": False, "variant": {"weight": 1, "multiModel": False}}),
}


@pytest.mark.parametrize(("before", "after"), NEW_CONFIG.values(), ids=NEW_CONFIG.keys())
def test_a_new_config_takes(desired: Callable[..., Desired], before: dict[str, Any], after: dict[str, Any]) -> None:
    assert desired(before).config_name != desired(after).config_name


@pytest.mark.parametrize(("before", "after"), SAME_CONFIG.values(), ids=SAME_CONFIG.keys())
def test_no_new_config_takes(desired: Callable[..., Desired], before: dict[str, Any], after: dict[str, Any]) -> None:
    assert desired(before).contents() == desired(after).contents()


def test_a_container_finds_the_arns_of_its_secrets_beside_its_environment(desired: Callable[..., Desired]) -> None:
    containers = [
        {"image": A_SHADOW["image"], "environment": {"A": "1"}, "secrets": {"B": SECRET}},
        {"image": A_SHADOW["image"], "secrets": {"C": SECRET}},
    ]
    pipeline = {"image": None, "modelArtifact": None, "containers": containers}
    (alone,) = desired({"variant": {"environment": {"A": "1"}, "secrets": {"B": SECRET}}}).models
    (several,) = desired({"variant": pipeline}).models
    found = [[container.get("Environment") for container in model.containers()] for model in (alone, several)]
    assert found == [[{"A": "1", "B": SECRET}], [{"A": "1", "B": SECRET}, {"C": SECRET}]]


def test_an_object_without_secrets_keeps_the_names_that_it_had_before_there_were_any(
    desired: Callable[..., Desired],
) -> None:
    assert desired({}).contents() == {"default-iris-42e266f21d", "default-iris-primary-ee17d1a7b3"}
    some = desired({"variant": {"environment": {"A": "1"}}})
    assert some.contents() == {"default-iris-58e689487b", "default-iris-primary-c2a09819fa"}


WEIGHTS = st.floats(0, 1_000_000, allow_nan=False)


@given(
    order=st.permutations(["a", "b", "c"]),
    environment=st.dictionaries(st.text("ABC_", min_size=1, max_size=4), st.text(max_size=5), max_size=4),
    weight=WEIGHTS,
    count=st.integers(1, 1000),
)
def test_equal_specs_in_another_order_are_one_revision(
    resource: Callable[..., Any], order: list[str], environment: dict[str, str], weight: float, count: int
) -> None:
    def variant(name: str, env: dict[str, str], **in_place: Any) -> dict[str, Any]:
        return {
            "name": name,
            "image": "iris:1",
            "modelArtifact": f"s3://models/{name}.tar.gz",
            "environment": env,
            "instance": {"type": "ml.m5.large", "count": in_place.get("count", 1)},
            "weight": in_place.get("weight", 1),
        }

    backwards = dict(reversed(environment.items()))
    one = resource({"variants": [variant(name, environment) for name in "abc"]})
    other = resource({"variants": [variant(name, backwards, weight=weight, count=count) for name in order]})
    assert desire(one, "c", None).contents() == desire(other, "c", None).contents()


def test_the_role_may_be_the_operators(resource: Callable[..., Any]) -> None:
    bare = resource({"executionRoleARN": None})
    assert desire(bare, "c", ROLE).contents() == desire(resource(), "c", OTHER_ROLE).contents()


def test_without_any_role_the_spec_is_refused_with_what_to_write(resource: Callable[..., Any]) -> None:
    with pytest.raises(ReconcileError, match=r"spec\.executionRoleARN is required") as refused:
        desire(resource({"executionRoleARN": None}), "c", None)
    assert refused.value.kind is Kind.INVALID


COUNTS = {
    "as the spec says": ({"count": 3}, None, 3),
    "at least the lower bound": ({"count": 1}, {**SCALING, "minCapacity": 2}, 2),
    "at most the upper bound": ({"count": 9}, SCALING, 5),
    "one, even if scaling may go to none": ({"count": 1}, {**SCALING, "minCapacity": 0}, 1),
}


@pytest.mark.parametrize(("hosting", "scaling", "count"), COUNTS.values(), ids=COUNTS.keys())
def test_an_endpoint_starts_with_a_count_of(
    desired: Callable[..., Desired], hosting: dict[str, Any], scaling: dict[str, Any] | None, count: int
) -> None:
    changes = instance(**hosting)["variant"] | {"scaling": scaling}
    (entry,) = desired({"variant": changes}).config_request["ProductionVariants"]
    assert entry["InitialInstanceCount"] == count


def test_all_that_is_made_carries_the_owners_tags_and_the_users(desired: Callable[..., Desired], sight: Any) -> None:
    wish = desired({"tags": {"team": "ml", "smendpoints.dev/name": "forged"}})
    tags = [
        {each["Key"]: each["Value"] for each in request["Tags"]}
        for _, operation, request in requests(wish)
        if operation.startswith("create_")
    ]
    assert len(tags) == 3
    assert all(each["team"] == "ml" and wish.owner.owns(each) for each in tags)


def test_the_plan_of_nothing_creates_what_is_desired(resource: Callable[..., Any], desired: Any) -> None:
    todo = plan(Input(resource(), desired(), Observed(), Schedule(running=True), datetime.now(UTC)))
    made = {
        dict(action.params).get("ModelName") or dict(action.params).get("EndpointConfigName") for action in todo.actions
    }
    assert made == desired().contents()


def test_an_attempt_is_a_config_and_the_way_it_is_rolled_out(desired: Callable[..., Desired]) -> None:
    plain, canary = desired(), desired({"rollout": {"strategy": "Canary", "stepPercent": 10}})
    assert plain.config_name == canary.config_name
    assert plain.attempt() != canary.attempt()
    assert canary.attempt() != desired({"rollout": {"strategy": "Canary", "stepPercent": 20}}).attempt()
    assert plain.attempt() == desired({"variant": {"weight": 3}}).attempt()
    analyses = [
        Analysis.model_validate({"metrics": [{"name": "errors", "errorRate": {"answers": answers}}]})
        for answers in ("5xx", "4xx")
    ]
    judged = [replace(canary, analysis=each).attempt() for each in analyses]
    assert len({canary.attempt(), *judged}) == 3
    assert len({replace(plain, retry=asked).attempt() for asked in (None, "", "1", "2")}) == 4


def test_an_annotation_makes_another_attempt_at_the_same_config(resource: Callable[..., Any]) -> None:
    def asked(value: str | None) -> Desired:
        made = resource()
        annotations = {"smendpoints.dev/retry": value} if value is not None else {}
        meta = made.metadata.model_copy(update={"annotations": annotations})
        return desire(made.model_copy(update={"metadata": meta}), "cluster-1", None)

    plain, once, twice = asked(None), asked("1"), asked("2")
    assert (plain.retry, once.retry, twice.retry) == (None, "1", "2")
    assert plain.config_name == once.config_name == twice.config_name
    assert len({plain.attempt(), once.attempt(), twice.attempt()}) == 3


def test_a_variant_that_runs_on_nothing_is_refused(resource: Callable[..., Any]) -> None:
    """The API server refuses it, too, unless its rules are of another version."""
    made = resource()
    (variant,) = made.spec.variants
    spec = made.spec.model_copy(update={"variants": [variant.model_copy(update={"instance": None})]})
    with pytest.raises(ReconcileError, match="variant primary: give one of `instance` and `serverless`") as refused:
        desire(made.model_copy(update={"spec": spec}), "cluster-1", None)
    assert (refused.value.kind, refused.value.reason) == (Kind.INVALID, "InvalidSpec")


@pytest.mark.parametrize(
    ("capture", "modes"), [("Input", ["Input"]), ("Output", ["Output"]), ("InputAndOutput", ["Input", "Output"])]
)
def test_what_is_captured(desired: Callable[..., Desired], capture: str, modes: list[str]) -> None:
    request = desired({"dataCapture": {**CAPTURE, "capture": capture}}).config_request["DataCaptureConfig"]
    assert [each["CaptureMode"] for each in request["CaptureOptions"]] == modes


def test_a_pipeline_is_its_containers_one_after_another(desired: Callable[..., Desired]) -> None:
    containers = [
        {"image": "in:1", "hostname": "features", "environment": {"MODE": "fast"}},
        {"image": "out:1", "modelArtifact": "s3://models/whole/"},
        {"image": "last:1", "modelArtifact": "s3://models/packed.tar.gz"},
    ]
    made = desired({"variant": {"image": None, "modelArtifact": None, "containers": containers}})
    (model,) = made.models
    assert model.request["Containers"] == [
        {"Image": "in:1", "ContainerHostname": "features", "Environment": {"MODE": "fast"}},
        {
            "Image": "out:1",
            "ModelDataSource": {
                "S3DataSource": {
                    "S3Uri": "s3://models/whole/",
                    "S3DataType": "S3Prefix",
                    "CompressionType": "None",
                }
            },
        },
        {"Image": "last:1", "ModelDataUrl": "s3://models/packed.tar.gz"},
    ]
    assert model.request["InferenceExecutionConfig"] == {"Mode": "Serial"}


def test_a_model_runs_in_the_network_that_the_spec_names(desired: Callable[..., Desired]) -> None:
    vpc = {"subnetIDs": ["subnet-b", "subnet-a"], "securityGroupIDs": ["sg-2", "sg-1"]}
    (model,) = desired({"vpc": vpc, "networkIsolation": True}).models
    found = model.request["VpcConfig"]
    assert found == {"Subnets": ["subnet-a", "subnet-b"], "SecurityGroupIds": ["sg-1", "sg-2"]}
    assert model.request["EnableNetworkIsolation"] is True
    (open_,) = desired().models
    assert not open_.request.keys() & {"VpcConfig", "EnableNetworkIsolation"}


def test_asynchronous_answers_go_where_the_spec_says(desired: Callable[..., Desired]) -> None:
    plain = desired({"async": {"outputPath": "s3://answers/"}}).config_request["AsyncInferenceConfig"]
    assert plain == {"OutputConfig": {"S3OutputPath": "s3://answers/"}}
    topic = "arn:aws:sns:us-east-1:123456789012:{}"
    whole = {
        "outputPath": "s3://answers/",
        "failurePath": "s3://failures/",
        "kmsKeyID": "alias/key",
        "maxConcurrentInvocationsPerInstance": 4,
        "successTopicARN": topic.format("good"),
        "errorTopicARN": topic.format("bad"),
    }
    assert desired({"async": whole}).config_request["AsyncInferenceConfig"] == {
        "OutputConfig": {
            "S3OutputPath": "s3://answers/",
            "S3FailurePath": "s3://failures/",
            "KmsKeyId": "alias/key",
            "NotificationConfig": {"SuccessTopic": topic.format("good"), "ErrorTopic": topic.format("bad")},
        },
        "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 4},
    }
