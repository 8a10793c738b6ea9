"""Each kind of endpoint: from its sample to its containers' answers, at rest ever after, leaving nothing."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from smsandbox.assets import BUCKET
from smsandbox.testing.archives import archive
from smsandbox.testing.samples import endpoints, furnish, samples
from smsandbox.testing.stage import Stage

ROW = "5.1,3.5,1.4,0.2"
SAMPLES = {path.stem: endpoints(path)[0] for path in samples()}


@pytest.fixture
def sample(request: pytest.FixtureRequest, stage: Stage) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name and spec of a sample whose endpoint is in service, with echoing containers; afterwards it is gone."""
    name, spec = SAMPLES[request.param]["metadata"]["name"], SAMPLES[request.param]["spec"]
    stage.cloud.simulator.change(containers=True, time_scale=60)
    furnish(spec, stage.cloud.aws)
    yield name, spec
    stage.delete(name)
    stage.gone(name)
    assert stage.left(name) == {}


def echo(stage: Stage, name: str, **how: Any) -> dict[str, Any]:
    """What the container answers, and which variant's it is."""
    answer = stage.invoke(name, ROW.encode(), ContentType="text/csv", **how)
    return {**json.loads(answer["Body"]), "variant": answer["InvokedProductionVariant"]}


def config_of(stage: Stage, name: str) -> dict[str, Any]:
    sagemaker = stage.cloud.aws("sagemaker")
    return dict(sagemaker.describe_endpoint_config(EndpointConfigName=stage.in_service(name)["EndpointConfigName"]))


def variant_of(stage: Stage, name: str) -> dict[str, Any]:
    """The first variant, as DescribeEndpoint shows it."""
    return dict(stage.in_service(name)["ProductionVariants"][0])


def texts(stage: Stage, prefix: str) -> list[str]:
    """The objects below a prefix of the samples' bucket."""
    s3 = stage.cloud.aws("s3")
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]
    return [s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() for key in keys]


def captures(stage: Stage, name: str, spec: dict[str, Any]) -> list[dict[str, Any]]:
    """What was captured: requests and answers."""
    prefix = spec["dataCapture"]["destination"].removeprefix(f"s3://{BUCKET}/") + stage.endpoint_name(name)
    return [json.loads(line)["captureData"] for text in texts(stage, prefix) for line in text.splitlines()]


@pytest.mark.parametrize("sample", ["shadow"], indirect=True)
def test_a_shadow_gets_a_copy_of_each_request_and_its_answers_are_captured_but_not_returned(
    stage: Stage, sample: tuple[str, dict[str, Any]]
) -> None:
    name, spec = sample
    capture = {**spec["dataCapture"], "samplingPercentage": 100}
    stage.apply(name, {**spec, "dataCapture": capture})
    stage.ready(name)
    (shadow,) = config_of(stage, name)["ShadowProductionVariants"]
    assert (shadow["VariantName"], shadow["InitialVariantWeight"]) == ("gradient-boosting", 1)
    answers = [echo(stage, name) for _ in range(5)]
    assert {each["variant"] for each in answers} == {"random-forest"}
    (pid,) = {each["pid"] for each in answers}
    stage.see(lambda: stage.metric(name, "gradient-boosting") == 5, "five copies")
    stage.see(lambda: len(captures(stage, name, spec)) == 10, "the captures of both variants")
    outputs = [json.loads(each["endpointOutput"]["data"]) for each in captures(stage, name, spec)]
    assert [each["body"] for each in outputs] == [ROW] * 10
    assert [each["pid"] == pid for each in outputs].count(True) == 5
    stage.rests(name)


@pytest.mark.parametrize("sample", ["async"], indirect=True)
def test_async_requests_wake_an_endpoint_that_scaled_to_zero_and_land_in_s3_or_at_the_topic_of_errors(
    stage: Stage, sample: tuple[str, dict[str, Any]]
) -> None:
    name, spec = sample
    sns, sqs, runtime = (stage.cloud.aws(service) for service in ("sns", "sqs", "sagemaker-runtime"))
    topic = spec["async"]["errorTopicARN"]
    assert sns.create_topic(Name=topic.rpartition(":")[2])["TopicArn"] == topic
    queue = sqs.create_queue(QueueName="iris-failures")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    stage.cloud.simulator.change(alarms={"low_periods": 2})
    stage.apply(name, spec)
    stage.ready(name)
    stage.until(name, lambda found: found["status"]["instances"] == "0/0", "no instance")
    stage.rests(name)

    def send(**how: Any) -> str:
        return str(runtime.invoke_endpoint_async(EndpointName=stage.endpoint_name(name), **how)["InferenceId"])

    good = send(Body=ROW.encode(), ContentType="text/csv")
    (answer,) = stage.see(lambda: texts(stage, f"answers/{good}"), "the answer")
    assert json.loads(answer)["body"] == ROW
    bad = send(Body=ROW.encode(), CustomAttributes="status=500")
    (failure,) = stage.see(lambda: texts(stage, f"failures/{bad}"), "the failure")
    assert "server error (500) from primary" in json.loads(failure)["errorMessage"]
    (told,) = stage.see(lambda: sqs.receive_message(QueueUrl=queue).get("Messages", []), "the topic's word")
    message = json.loads(json.loads(told["Body"])["Message"])
    assert (message["invocationStatus"], message["inferenceId"]) == ("Failed", bad)
    assert texts(stage, f"answers/{bad}") == []
    assert "UpdateEndpoint" not in stage.operations(name)


@pytest.mark.parametrize("sample", ["serverless"], indirect=True)
def test_serverless_concurrency_is_provisioned_and_changes_in_place(
    stage: Stage, sample: tuple[str, dict[str, Any]]
) -> None:
    name, spec = sample
    stage.apply(name, spec)
    stage.ready(name)

    def concurrency() -> dict[str, Any]:
        return dict(variant_of(stage, name)["CurrentServerlessConfig"])

    assert concurrency() == {"MemorySizeInMB": 2048, "MaxConcurrency": 20, "ProvisionedConcurrency": 2}
    pid = echo(stage, name)["pid"]
    stage.rests(name)
    began = len(stage.operations(name))
    (variant,) = spec["variants"]

    # Up to the autoscaler where it scales, and in one call of the operator's where it does not.
    stage.apply(name, {**spec, "variants": [{**variant, "scaling": {**variant["scaling"], "minCapacity": 3}}]})
    stage.see(lambda: concurrency()["ProvisionedConcurrency"] == 3, "the autoscaler's concurrency")
    stage.ready(name)
    unscaled = {key: value for key, value in variant.items() if key != "scaling"}
    serverless = {**variant["serverless"], "provisionedConcurrency": 4, "maxConcurrency": 30}
    stage.apply(name, {**spec, "variants": [{**unscaled, "serverless": serverless}]})
    stage.ready(name)
    assert concurrency() == {"MemorySizeInMB": 2048, "MaxConcurrency": 30, "ProvisionedConcurrency": 4}
    made = stage.operations(name)[began:]
    assert "UpdateEndpointWeightsAndCapacities" in made
    assert {"CreateEndpointConfig", "UpdateEndpoint"} & set(made) == set()
    assert echo(stage, name)["pid"] == pid
    stage.rests(name)


@pytest.mark.parametrize("sample", ["pipeline"], indirect=True)
def test_the_containers_of_a_pipeline_are_chained(stage: Stage, sample: tuple[str, dict[str, Any]]) -> None:
    name, spec = sample
    stage.apply(name, spec)
    stage.ready(name)
    last = echo(stage, name, CustomAttributes="environment")
    first = json.loads(last["body"])
    assert first["body"] == ROW
    assert first["pid"] != last["pid"]
    assert first["environment"]["UNITS"] == "centimetres"
    assert "UNITS" not in last["environment"]
    model = stage.cloud.aws("sagemaker").describe_model(
        ModelName=config_of(stage, name)["ProductionVariants"][0]["ModelName"]
    )
    assert model["InferenceExecutionConfig"] == {"Mode": "Serial"}
    assert [each["ContainerHostname"] for each in model["Containers"]] == ["features", "classifier"]
    stage.rests(name)


@pytest.mark.parametrize("sample", ["multi-model"], indirect=True)
def test_each_request_names_its_model_of_many_and_a_new_one_needs_no_update(
    stage: Stage, sample: tuple[str, dict[str, Any]]
) -> None:
    name, spec = sample
    stage.apply(name, spec)
    stage.ready(name)
    prefix = spec["variants"][0]["modelArtifact"].removeprefix(f"s3://{BUCKET}/")
    for model in ("gradient-boosting", "random-forest"):
        stage.cloud.aws("s3").put_object(
            Bucket=BUCKET, Key=f"{prefix}{model}.tar.gz", Body=archive({"name.txt": model.encode()})
        )
        answer = echo(stage, name, TargetModel=f"{model}.tar.gz")
        assert (answer["target_model"], answer["body"]) == (f"{model}.tar.gz", ROW)
    with pytest.raises(stage.cloud.aws("sagemaker-runtime").exceptions.ClientError, match=r"nobody\.tar\.gz"):
        echo(stage, name, TargetModel="nobody.tar.gz")
    stage.rests(name)


@pytest.mark.parametrize("sample", ["rolling"], indirect=True)
def test_where_the_first_type_of_a_pool_is_not_to_be_had_the_next_one_serves(
    stage: Stage, sample: tuple[str, dict[str, Any]]
) -> None:
    name, spec = sample
    stage.cloud.simulator.fault("capacity", resource="ml.g5.xlarge")
    (variant,) = spec["variants"]

    def wanted(revision: str) -> dict[str, Any]:
        few = {**variant["instance"], "count": 2}
        return {**spec, "variants": [{**variant, "instance": few, "environment": {"ECHO_NAME": revision}}]}

    def serving() -> dict[str, int]:
        return {each["InstanceType"]: each["CurrentInstanceCount"] for each in variant_of(stage, name)["InstancePools"]}

    for revision in ("one", "two"):  # the second in batches, by the sample's rollout
        stage.apply(name, wanted(revision))
        stage.ready(name)
        assert serving() == {"ml.g5.xlarge": 0, "ml.g4dn.xlarge": 2}
        assert {echo(stage, name)["container"] for _ in range(10)} == {revision}
    stage.rests(name)
