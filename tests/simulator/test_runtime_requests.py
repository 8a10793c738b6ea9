"""Requests to endpoints whose instances are real processes: answers, errors, metrics, the share of variants."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from smsandbox.aws.runtime.errors import model_error
from smsandbox.aws.runtime.forward import Invocation, forward
from smsandbox.testing.live import Live, code_of, until
from smsandbox.world import ACCOUNT, REGION

if TYPE_CHECKING:
    from pathlib import Path


def test_a_request_reaches_the_container_and_its_answer_comes_back_with_the_headers_of_aws(
    live: Live, echo: str
) -> None:
    found = live.invoke(echo, b"1,2", ContentType="text/csv", Accept="application/json", CustomAttributes="trace=7")
    assert (found["body"], found["content_type"], found["accept"]) == ("1,2", "text/csv", "application/json")
    headers = found["answer"]["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amzn-invoked-production-variant"] == "v"
    assert headers["x-amzn-sagemaker-custom-attributes"] == "trace=7"
    assert headers["x-amzn-requestid"]
    assert found["answer"]["ContentType"] == "application/json"


def test_a_target_model_for_an_endpoint_of_one_model_is_refused(live: Live, echo: str) -> None:
    with pytest.raises(
        ClientError, match="Endpoint echo is not a multi-model endpoint and does not support target mod"
    ):
        live.invoke(echo, TargetModel="a.tar.gz")


def test_the_artifact_is_unpacked_where_the_container_looks_for_it(live: Live, echo: str) -> None:
    assert live.invoke(echo, CustomAttributes="files")["files"] == ["b.txt", "code/a.txt"]
    environment = live.invoke(echo, CustomAttributes="environment")["environment"]
    assert environment["ECHO_NAME"] == echo
    assert "AWS_SECRET_ACCESS_KEY" not in environment


def test_all_instances_take_their_part(live: Live, echo: str) -> None:
    live.answered_by(echo, 2)


def test_an_endpoint_that_is_not_there_is_a_validation_error(live: Live, echo: str) -> None:
    for name in ("nope", "ECHO"):
        with pytest.raises(ClientError) as error:
            live.invoke(name)
        assert code_of(error.value) == "ValidationError"
        assert error.value.response["Error"]["Message"] == f"Endpoint {name} of account {ACCOUNT} not found."


@pytest.mark.parametrize(("status", "kind"), [(400, "client"), (503, "server")])
def test_a_refusing_container_is_a_model_error_that_tells_what_it_said(
    live: Live, echo: str, status: int, kind: str
) -> None:
    before = live.metric(echo, "Invocation4XXErrors", "Sum"), live.metric(echo, "Invocation5XXErrors", "Sum")
    with pytest.raises(ClientError) as error:
        live.invoke(echo, b"bad", CustomAttributes=f"status={status}")
    response: Any = error.value.response
    assert (code_of(error.value), response["ResponseMetadata"]["HTTPStatusCode"]) == ("ModelError", 424)
    assert response["Error"]["Message"].startswith(f"Received {kind} error ({status}) from primary with message")
    assert response["OriginalStatusCode"] == status
    assert '"body": "bad"' in response["OriginalMessage"]
    assert response["LogStreamArn"].endswith(f"log-group:/aws/sagemaker/Endpoints/{echo}")
    after = live.metric(echo, "Invocation4XXErrors", "Sum"), live.metric(echo, "Invocation5XXErrors", "Sum")
    assert (after[0] - before[0], after[1] - before[1]) == ((1, 0) if status == 400 else (0, 1))


def test_too_large_a_request_is_refused_before_the_container_sees_it(live: Live, echo: str) -> None:
    live.world.settings = live.world.settings.changed({"runtime": {"payload_bytes": 1000}})
    try:
        with pytest.raises(ClientError) as error:
            live.invoke(echo, b"x" * 1001)
    finally:
        live.world.settings = live.world.settings.changed({"runtime": {"payload_bytes": 6_291_456}})
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_a_container_that_does_not_answer_in_time_is_a_model_error(live: Live, echo: str) -> None:
    instance = next(one for one in live.instances(echo) if one.is_ready)
    slow = Invocation(b"", custom_attributes="sleep=0.5", timeout=0.1)
    answer = forward(instance, slow, live.world.objects)
    with live.world.lock:
        error = model_error(live.world.hosting.endpoint(ACCOUNT, REGION, echo), answer)
    assert (error.status, error.members["OriginalStatusCode"]) == (424, 0)
    assert "Your invocation timed out while waiting for a response from container primary." in error.message


def test_a_streamed_answer_comes_as_payload_parts(live: Live, echo: str) -> None:
    answer = live.runtime.invoke_endpoint_with_response_stream(EndpointName=echo, Body=b"s", CustomAttributes="raw")
    assert b"".join(event["PayloadPart"]["Bytes"] for event in answer["Body"]) == b"s"
    assert answer["InvokedProductionVariant"] == "v"


def test_metrics_and_logs_tell_of_the_requests(live: Live, echo: str) -> None:
    before = live.metric(echo, "Invocations", "Sum")
    shared = live.metric(echo, "InvocationsPerInstance", "Sum")
    for _ in range(4):
        live.invoke(echo, CustomAttributes="sleep=0.01")
    assert live.metric(echo, "Invocations", "Sum") - before == 4
    assert live.metric(echo, "InvocationsPerInstance", "Sum") - shared == pytest.approx(2)
    assert live.metric(echo, "ModelLatency", "Maximum") >= 10_000
    until(lambda: "invoked with 5 bytes" in live.log(echo))
    stream = live.client("logs").describe_log_streams(logGroupName=f"/aws/sagemaker/Endpoints/{echo}")["logStreams"][0]
    assert stream["logStreamName"].startswith("v/i-")
    until(lambda: live.metric(echo, "MemoryUtilization", "Maximum", namespace="/aws/sagemaker/Endpoints") > 0)


def test_requests_under_way_are_counted_per_instance(live: Live, echo: str, tmp_path: Path) -> None:
    go_on = tmp_path / "go on"
    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(live.invoke, echo, CustomAttributes=f"wait={go_on}")
        try:
            until(lambda: live.metric(echo, "ConcurrentRequestsPerModel", "Maximum") == 2)
        finally:
            go_on.touch()


def test_an_invocation_for_a_variant_or_feature_that_is_not_there_is_refused(live: Live, echo: str) -> None:
    cases: list[dict[str, Any]] = [
        {"TargetVariant": "w"},
        {"TargetModel": "a.tar.gz"},
        {"EnableExplanations": "`true`"},
        {"TargetContainerHostname": "c"},
    ]
    for options in cases:
        with pytest.raises(ClientError) as error:
            live.invoke(echo, **options)
        assert code_of(error.value) == "ValidationError", options


def test_a_container_that_dies_is_started_again_and_the_request_is_not_passed_on(live: Live, echo: str) -> None:
    pids = {container.pid for one in live.instances(echo) for container in one.containers}
    assert len(pids) == 2
    with pytest.raises(ClientError) as error:
        live.invoke(echo, CustomAttributes="exit=3")
    assert code_of(error.value) == "ModelError"
    until(lambda: live.invoke(echo)["pid"] not in pids)


def test_traffic_is_split_by_weight_and_a_variant_can_be_named(live: Live) -> None:
    one = live.model(live.container(Environment={"ECHO_NAME": "one"}))
    two = live.model(live.container(Environment={"ECHO_NAME": "two"}))
    live.create(
        "split",
        {"one": {"ModelName": one, "InitialVariantWeight": 3}, "two": {"ModelName": two, "InitialVariantWeight": 1}},
    )
    answers = [live.invoke("split") for _ in range(400)]
    counts = [found["container"] for found in answers].count("one")
    assert 243 <= counts <= 357  # 300 by more than 6.5 standard deviations either way
    assert all(found["answer"]["InvokedProductionVariant"] == found["container"] for found in answers)
    assert {live.invoke("split", TargetVariant="two")["container"] for _ in range(10)} == {"two"}
    live.delete("split")


def test_a_shadow_variant_gets_copies_and_its_answers_are_captured_but_not_returned(live: Live) -> None:
    live.s3.create_bucket(Bucket="shadows")
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://shadows",
        "CaptureOptions": [{"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
    }
    shadow = live.model(live.container(Environment={"ECHO_NAME": "shadow"}))
    spec = {"VariantName": "s", "ModelName": shadow, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    live.echo("shadowed", ShadowProductionVariants=[spec], DataCaptureConfig=capture)
    for _ in range(5):
        assert live.invoke("shadowed")["container"] == "shadowed"
    until(lambda: live.metric("shadowed", "Invocations", "Sum", "s") == 5)

    def captured(variant: str) -> list[str]:
        lines = [
            line for text in live.objects("shadows", f"shadowed/{variant}/").values() for line in text.splitlines()
        ]
        outputs = [json.loads(line)["captureData"]["endpointOutput"]["data"] for line in lines]
        return [json.loads(output)["container"] for output in outputs]

    until(lambda: captured("s") == ["shadow"] * 5 and captured("v") == ["shadowed"] * 5)
    live.delete("shadowed")
