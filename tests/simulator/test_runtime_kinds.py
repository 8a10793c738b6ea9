"""Endpoints of each kind whose instances are real processes: pipelines, many models, serverless, capture, async."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pytest
from botocore.exceptions import ClientError
from sklearn.naive_bayes import GaussianNB

from smsandbox import paths
from smsandbox.assets import PASSES_ON, PASSING_ON
from smsandbox.aws.moto.images import push
from smsandbox.testing.archives import archive
from smsandbox.testing.live import REGISTRY, Live, code_of, until
from smsandbox.testing.samples import endpoints
from smtraining.archive import tar_gz
from smtraining.pack import Facts, pack
from smtraining.verify import Effort

if TYPE_CHECKING:
    from pathlib import Path


def test_a_pipeline_hands_each_answer_to_the_next_container(live: Live) -> None:
    first = live.container(ContainerHostname="first", Environment={"ECHO_NAME": "first"})
    second = live.container(ContainerHostname="second", Environment={"ECHO_NAME": "second"})
    live.create("pipe", {"v": {"ModelName": live.model(first, second)}})
    found = live.invoke("pipe", b"hello", ContentType="text/plain")
    assert found["container"] == "second"
    inner = json.loads(found["body"])
    assert (inner["container"], inner["body"], inner["content_type"]) == ("first", "hello", "text/plain")
    assert found["content_type"] == "application/json"
    live.delete("pipe")


def test_the_step_that_passes_on_changes_neither_a_request_nor_its_type(live: Live) -> None:
    push(live.client("ecr"), f"{REGISTRY}/passing-on:1", "passing-on")
    first = live.container("passing-on", ContainerHostname="first")
    second = live.container(ContainerHostname="second")
    live.create("passing", {"v": {"ModelName": live.model(first, second)}})
    found = live.invoke("passing", b"5.1,3.5", ContentType="text/csv", CustomAttributes="x=1")
    assert (found["body"], found["content_type"]) == ("5.1,3.5", "text/csv")
    live.delete("passing")


def test_the_sample_of_a_pipeline_answers_a_plain_request(live: Live, tmp_path: Path) -> None:
    """With the programs that `make up` has for its images, and a model of ours."""
    X, y = np.random.default_rng(0).uniform(0, 8, (30, 4)), np.arange(30) % 3
    facts = Facts("iris", list("abcd"), ["setosa", "versicolor", "virginica"], "MIT")
    files = pack(GaussianNB().fit(X, y), facts, X, Effort(10, 10))
    live.s3.put_object(Bucket="models", Key="iris.tar.gz", Body=tar_gz(files))
    (spec,) = endpoints(paths.repository() / "manifests/samples/pipeline.yaml")
    steps = spec["spec"]["variants"][0]["containers"]
    assert steps[0]["image"] == PASSING_ON
    push(live.client("ecr"), PASSING_ON, PASSES_ON)
    push(live.client("ecr"), steps[1]["image"], "sminference")
    made = [
        {"Image": each["image"], "ContainerHostname": each["hostname"], "Environment": each.get("environment", {})}
        for each in steps
    ]
    made[1]["ModelDataUrl"] = "s3://models/iris.tar.gz"
    live.create("sample", {"v": {"ModelName": live.model(*made)}})
    for body, kind in (
        (b"5.1,3.5,1.4,0.2", "text/csv"),
        (b'{"instances": [[5.1, 3.5, 1.4, 0.2]]}', "application/json"),
    ):
        (row,) = live.invoke("sample", body, ContentType=kind, Accept="application/json")["predictions"]
        assert row["predicted_class"] in facts.classes
    live.delete("sample")


def test_containers_in_direct_mode_are_invoked_by_name(live: Live) -> None:
    first = live.container(ContainerHostname="first", Environment={"ECHO_NAME": "first"})
    second = live.container(ContainerHostname="second", Environment={"ECHO_NAME": "second"})
    model = live.model(first, second, InferenceExecutionConfig={"Mode": "Direct"})
    live.create("direct", {"v": {"ModelName": model}})
    assert live.invoke("direct", TargetContainerHostname="second")["container"] == "second"
    with pytest.raises(ClientError) as error:
        live.invoke("direct")
    assert code_of(error.value) == "ValidationError"
    live.delete("direct")


def test_models_of_a_multi_model_variant_are_loaded_when_they_are_asked_for(live: Live) -> None:
    for name in ("a", "b"):
        live.s3.put_object(Bucket="models", Key=f"many/{name}.tar.gz", Body=archive({"name": name.encode()}))
    container = live.container(Mode="MultiModel", ModelDataUrl="s3://models/many/")
    live.create("many", {"v": {"ModelName": live.model(container)}})
    first, second = (live.invoke("many", TargetModel=f"{name}.tar.gz") for name in ("a", "b"))
    assert first["target_model"] == "a.tar.gz"
    assert first["model"] != second["model"]
    assert live.metric("many", "ModelCacheHit", "Sum") == 0
    live.invoke("many", TargetModel="a.tar.gz")
    assert live.metric("many", "ModelCacheHit", "Sum") == 1
    with pytest.raises(ClientError) as error:
        live.invoke("many", TargetModel="c.tar.gz")
    assert "Failed to download model data(bucket: models, key: many/c.tar.gz)" in str(error.value)
    with pytest.raises(ClientError):
        live.invoke("many")
    live.delete("many")


def test_a_serverless_variant_has_its_own_limits_and_metrics(live: Live, tmp_path: Path) -> None:
    model = live.model(live.container())
    serverless = {"MemorySizeInMB": 1024, "MaxConcurrency": 2, "ProvisionedConcurrency": 2}
    name = live.config({"v": {"ModelName": model, "ServerlessConfig": serverless}})
    live.sm.create_endpoint(EndpointName="lean", EndpointConfigName=name)
    assert live.settle("lean")["EndpointStatus"] == "InService"
    with pytest.raises(ClientError) as error:
        live.invoke("lean", b"x" * (4 * 1024 * 1024 + 1))
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    go_on = tmp_path / "go on"
    with ThreadPoolExecutor(2) as pool:
        sent = [pool.submit(live.invoke, "lean", CustomAttributes=f"wait={go_on}") for _ in range(2)]
        try:
            until(lambda: sum(one.outstanding for one in live.instances("lean")) == 2)
            for _ in range(2):
                with pytest.raises(ClientError) as error:
                    live.invoke("lean")
                assert code_of(error.value) == "ThrottlingException"
        finally:
            go_on.touch()
    assert [one.exception() for one in sent] == [None, None]
    assert live.metric("lean", "ServerlessProvisionedConcurrencyUtilization", "Maximum") == 1.0
    live.delete("lean")


def test_explanations_are_asked_of_the_container(live: Live) -> None:
    shap = {"ShapConfig": {"ShapBaselineConfig": {"ShapBaseline": "1,2"}}}
    live.echo("explained", ExplainerConfig={"ClarifyExplainerConfig": shap})
    assert live.invoke("explained", EnableExplanations="`true`")["explanations"] == "`true`"
    assert live.metric("explained", "ExplanationsPerInstance", "Sum") == 1
    live.delete("explained")


def test_captured_requests_stand_in_s3_as_json_lines(live: Live) -> None:
    live.s3.create_bucket(Bucket="captured")
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://captured/here",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
    }
    live.echo("watched", DataCaptureConfig=capture)
    live.invoke("watched", b"1,2", ContentType="text/csv", InferenceId="id-1", CustomAttributes="x=1")
    files = until(lambda: live.objects("captured"))
    ((key, content),) = files.items()
    assert key.startswith("here/watched/v/20")
    line = json.loads(content)
    given, answer = line["captureData"]["endpointInput"], line["captureData"]["endpointOutput"]
    assert given == {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2", "encoding": "CSV"}
    assert answer["encoding"] == "JSON"
    assert json.loads(answer["data"])["body"] == "1,2"
    assert line["eventMetadata"]["inferenceId"] == "id-1"
    assert line["eventMetadata"]["customAttributes"] == ["x=1"]
    live.delete("watched")


def test_what_the_role_may_not_write_is_captured_nowhere_unless_the_bucket_lets_it(live: Live) -> None:
    for bucket in ("mine", "theirs", "shared"):
        live.s3.create_bucket(Bucket=bucket)
    shared = {
        "Effect": "Allow", "Principal": {"AWS": live.role}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::shared/*"
    }  # fmt: skip
    live.s3.put_bucket_policy(Bucket="shared", Policy=json.dumps({"Version": "2012-10-17", "Statement": [shared]}))
    live.may_write("mine")
    modes = [{"CaptureMode": "Input"}]
    try:
        for bucket in ("theirs", "shared", "mine"):  # what is written last tells that the others had their turn
            capture = {
                "EnableCapture": True, "InitialSamplingPercentage": 100, "DestinationS3Uri": f"s3://{bucket}/here",
                "CaptureOptions": modes,
            }  # fmt: skip
            live.echo(f"to-{bucket}", DataCaptureConfig=capture)
            live.invoke(f"to-{bucket}", b"1,2", ContentType="text/csv")
            if bucket != "theirs":
                until(partial(live.objects, bucket))
        assert live.objects("theirs") == {}
    finally:
        live.may_write("*")
    for bucket in ("theirs", "shared", "mine"):
        live.delete(f"to-{bucket}")


def test_target_tracking_of_the_backlog_leaves_zero_once_more_waits_than_its_target(live: Live) -> None:
    """With no other policy: AWS's metrics of the backlog are there without instances too."""
    live.s3.create_bucket(Bucket="woken")
    live.echo("asleep", AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://woken/good"}})
    aas, named = live.client("application-autoscaling"), {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/asleep/variant/v",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }  # fmt: skip
    aas.register_scalable_target(**named, MinCapacity=0, MaxCapacity=0)
    until(lambda: live.settle("asleep")["ProductionVariants"][0]["CurrentInstanceCount"] == 0 or None)
    aas.register_scalable_target(**named, MaxCapacity=3)
    aas.put_scaling_policy(
        **named, PolicyName="backlog", PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 2, "ScaleOutCooldown": 600,
            "CustomizedMetricSpecification": {
                "Namespace": "AWS/SageMaker", "MetricName": "ApproximateBacklogSizePerInstance", "Statistic": "Average",
                "Dimensions": [{"Name": "EndpointName", "Value": "asleep"}],
            },
        },
    )  # fmt: skip
    send = partial(live.runtime.invoke_endpoint_async, EndpointName="asleep", Body=b"inline", CustomAttributes="raw")
    keys = [send()["OutputLocation"].removeprefix("s3://woken/") for _ in range(2)]
    # Two evaluations later at the least, as many wait as the target says: nothing is to be done.
    counted = partial(live.metric, "asleep", "HasBacklogWithoutCapacity", "SampleCount", None)
    seen = counted()
    until(lambda: counted() >= seen + 12 or None)
    described = live.sm.describe_endpoint(EndpointName="asleep")
    assert described["ProductionVariants"][0]["DesiredInstanceCount"] == 0
    keys += [send()["OutputLocation"].removeprefix("s3://woken/") for _ in range(2)]
    until(lambda: all(live.objects("woken", key) for key in keys) or None)
    assert live.metric("asleep", "ApproximateBacklogSizePerInstance", "Maximum", None) == 4
    assert live.metric("asleep", "HasBacklogWithoutCapacity", "Maximum", None) == 1
    live.settle("asleep")
    live.delete("asleep")


def test_asynchronous_requests_wait_for_capacity_and_scale_from_zero_and_back(live: Live) -> None:
    live.s3.create_bucket(Bucket="results")
    live.s3.put_object(Bucket="models", Key="input.json", Body=b"question")
    output = {"S3OutputPath": "s3://results/good", "S3FailurePath": "s3://results/bad"}
    live.echo("later", AsyncInferenceConfig={"OutputConfig": output})
    with pytest.raises(ClientError) as error:
        live.invoke("later")
    assert code_of(error.value) == "ValidationError"
    send = live.runtime.invoke_endpoint_async
    accepted = send(EndpointName="later", InputLocation="s3://models/input.json", CustomAttributes="raw")
    assert accepted["ResponseMetadata"]["HTTPStatusCode"] == 202
    key = accepted["OutputLocation"].removeprefix("s3://results/")
    assert until(lambda: live.objects("results", key))[key] == b"question"
    live.s3.put_object(Bucket="models", Key="rows.csv", Body=b"1,2", ContentType="text/csv")
    for given, expected in (({}, "text/csv"), ({"ContentType": "text/plain"}, "text/plain")):
        typed = send(EndpointName="later", InputLocation="s3://models/rows.csv", **given)
        key = typed["OutputLocation"].removeprefix("s3://results/")
        answers = until(partial(live.objects, "results", key))
        assert json.loads(answers[key])["content_type"] == expected
    failed = send(EndpointName="later", InputLocation="s3://models/nothing.json")["FailureLocation"]
    until(lambda: live.objects("results", failed.removeprefix("s3://results/")))

    aas = live.client("application-autoscaling")
    named = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/later/variant/v",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    aas.register_scalable_target(**named, MinCapacity=0, MaxCapacity=0)
    until(lambda: live.settle("later")["ProductionVariants"][0]["CurrentInstanceCount"] == 0 or None)
    aas.register_scalable_target(**named, MaxCapacity=1)
    policy = aas.put_scaling_policy(
        **named, PolicyName="wake", PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ChangeInCapacity", "Cooldown": 60, "MetricAggregationType": "Average",
            "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
        },
    )["PolicyARN"]  # fmt: skip
    live.client("cloudwatch").put_metric_alarm(
        AlarmName="wake", Namespace="AWS/SageMaker", MetricName="HasBacklogWithoutCapacity", Statistic="Average",
        Dimensions=[{"Name": "EndpointName", "Value": "later"}], Period=60, EvaluationPeriods=1, Threshold=1.0,
        ComparisonOperator="GreaterThanOrEqualToThreshold", TreatMissingData="missing", AlarmActions=[policy],
    )  # fmt: skip
    waiting = send(EndpointName="later", Body=b"inline", CustomAttributes="raw")
    key = waiting["OutputLocation"].removeprefix("s3://results/")
    assert until(lambda: live.objects("results", key))[key] == b"inline"
    assert live.metric("later", "ApproximateBacklogSize", "Maximum", None) >= 1
    until(lambda: live.metric("later", "InvocationsProcesssed", "Sum") == 4)  # counted after the result is written
    assert live.metric("later", "Invocations", "Sum") == 0
    live.settle("later")
    live.delete("later")
