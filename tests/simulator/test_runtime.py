"""Endpoints whose instances are real processes, invoked through boto3 in real time."""

from __future__ import annotations

import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from smsandbox.aws import moto_backend
from smsandbox.aws.assembly import assemble
from smsandbox.aws.images import push
from smsandbox.aws.inprocess import attach
from smsandbox.aws.runtime.errors import model_error
from smsandbox.aws.runtime.forward import Invocation, forward
from smsandbox.aws.settings import Settings
from smsandbox.testing.archives import archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# One simulator serves the module: its tests stay together, in one process.
pytestmark = pytest.mark.xdist_group("runtime")

ACCOUNT, REGION = "123456789012", "us-east-1"
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
TRUST = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}
PROGRAMS = ("echo", "crash", "never-healthy", "slow-start")
SETTINGS: dict[str, Any] = {
    "time_scale": 60,
    "poll_seconds": 0.05,
    "durations": {
        "create": 0.1, "update": 0.1, "weights": 0.05, "delete": 0.05, "container_start": 0, "terminate": 0.05,
        "fail": 0.1, "jitter": 0,
    },
    "runtime": {"startup_floor_seconds": 120.0},
}  # fmt: skip


class Live:
    """A simulator with containers, in real time; endpoints are made and invoked in a line."""

    def __init__(self, folder: Path) -> None:
        moto_backend.reset()
        self.simulator = assemble(settings=Settings.model_validate(SETTINGS), state_dir=folder)
        self.world: Any = self.simulator.world
        self._session: Any = boto3.Session(
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="secret", region_name=REGION
        )
        attach(self._session, self.simulator.gateway)
        self._clients: dict[str, Any] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)
        self._thread.start()
        self.role = self.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"][
            "Arn"
        ]
        self.s3 = self.client("s3")
        self.s3.create_bucket(Bucket="models")
        self.s3.put_object(Bucket="models", Key="one.tar.gz", Body=archive({"code/a.txt": b"a", "b.txt": b"b"}))
        for program in PROGRAMS:
            push(self.client("ecr"), f"{REGISTRY}/{program}:1", program)
        self._made = 0

    def client(self, name: str) -> Any:
        if name not in self._clients:
            self._clients[name] = self._session.client(name, config=Config(retries={"total_max_attempts": 1}))
        return self._clients[name]

    def _tick(self) -> None:
        while not self._stop.wait(0.02):
            self.world.advance()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self.simulator.close()

    @property
    def sm(self) -> Any:
        return self.client("sagemaker")

    @property
    def runtime(self) -> Any:
        return self.client("sagemaker-runtime")

    def container(self, program: str = "echo", **others: Any) -> dict[str, Any]:
        return {"Image": f"{REGISTRY}/{program}:1", "ModelDataUrl": "s3://models/one.tar.gz", **others}

    def model(self, *containers: dict[str, Any], **others: Any) -> str:
        self._made += 1
        name = f"model-{self._made}"
        what = {"Containers": list(containers)} if len(containers) > 1 else {"PrimaryContainer": containers[0]}
        self.sm.create_model(ModelName=name, ExecutionRoleArn=self.role, **what, **others)
        return name

    def config(self, variants: dict[str, dict[str, Any]], **others: Any) -> str:
        self._made += 1
        name = f"config-{self._made}"
        hosted = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        made = [
            {"VariantName": variant, **({} if "ServerlessConfig" in spec else hosted), **spec}
            for variant, spec in variants.items()
        ]
        self.sm.create_endpoint_config(EndpointConfigName=name, ProductionVariants=made, **others)
        return name

    def create(self, name: str, variants: dict[str, dict[str, Any]], **others: Any) -> dict[str, Any]:
        self.sm.create_endpoint(EndpointName=name, EndpointConfigName=self.config(variants, **others))
        return self.settle(name)

    def echo(self, name: str, count: int = 1, **others: Any) -> dict[str, Any]:
        model = self.model(self.container(Environment={"ECHO_NAME": name}))
        found = self.create(name, {"v": {"ModelName": model, "InitialInstanceCount": count}}, **others)
        assert found["EndpointStatus"] == "InService", (found.get("FailureReason"), self.log(name))
        return found

    def settle(self, name: str) -> dict[str, Any]:
        def settled() -> dict[str, Any] | None:
            found = dict(self.sm.describe_endpoint(EndpointName=name))
            return None if found["EndpointStatus"] in {"Creating", "Updating"} else found

        return dict(until(settled))

    def invoke(self, name: str, body: bytes = b"hello", **options: Any) -> dict[str, Any]:
        answer = self.runtime.invoke_endpoint(EndpointName=name, Body=body, **options)
        return {**json.loads(answer["Body"].read()), "answer": answer}

    def delete(self, name: str) -> None:
        self.sm.delete_endpoint(EndpointName=name)

    def log(self, endpoint: str) -> list[str]:
        logs = self.client("logs")
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/sagemaker/Endpoints/{endpoint}")["events"]
        except ClientError:
            return []
        return [event["message"] for event in events]

    def metric(
        self, endpoint: str, name: str, statistic: str, variant: str | None = "v", namespace: str = "AWS/SageMaker"
    ) -> float:
        dimensions = [{"Name": "EndpointName", "Value": endpoint}]
        if variant:
            dimensions.append({"Name": "VariantName", "Value": variant})
        now = time.time()
        points = self.client("cloudwatch").get_metric_statistics(
            Namespace=namespace, MetricName=name, Dimensions=dimensions, StartTime=now - 3600, EndTime=now + 60,
            Period=86400, Statistics=[statistic],
        )["Datapoints"]  # fmt: skip
        return float(sum(point[statistic] for point in points))

    def objects(self, bucket: str, prefix: str = "") -> dict[str, bytes]:
        listed = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        return {one["Key"]: self.s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in listed}


def until(probe: Callable[[], Any], seconds: float = 120.0) -> Any:
    """The first value of `probe` that is true."""
    deadline = time.monotonic() + seconds
    while not (value := probe()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return value


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    made = Live(tmp_path_factory.mktemp("instances"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def echo(live: Live) -> str:
    live.echo("echo", count=2)
    return "echo"


def instances(live: Live, endpoint: str) -> list[Any]:
    return [one for one in live.world.fleet.instances() if one.spec.endpoint == endpoint]


def answered_by(live: Live, endpoint: str, count: int) -> None:
    """Invokes until so many instances have answered."""
    pids: set[int] = set()
    while len(pids) < count:  # the test's own time limit ends it
        pids.add(live.invoke(endpoint)["pid"])


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


# real-time requests


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


def test_the_artifact_is_unpacked_where_the_container_looks_for_it(live: Live, echo: str) -> None:
    assert live.invoke(echo, CustomAttributes="files")["files"] == ["b.txt", "code/a.txt"]
    environment = live.invoke(echo, CustomAttributes="environment")["environment"]
    assert environment["ECHO_NAME"] == echo
    assert "AWS_SECRET_ACCESS_KEY" not in environment


def test_all_instances_take_their_part(live: Live, echo: str) -> None:
    answered_by(live, echo, 2)


def test_an_endpoint_that_is_not_there_is_a_validation_error(live: Live, echo: str) -> None:
    for name in ("nope", "ECHO"):
        with pytest.raises(ClientError) as error:
            live.invoke(name)
        assert code_of(error) == "ValidationError"
        assert error.value.response["Error"]["Message"] == f"Endpoint {name} of account {ACCOUNT} not found."


@pytest.mark.parametrize(("status", "kind"), [(400, "client"), (503, "server")])
def test_a_refusing_container_is_a_model_error_that_tells_what_it_said(
    live: Live, echo: str, status: int, kind: str
) -> None:
    before = live.metric(echo, "Invocation4XXErrors", "Sum"), live.metric(echo, "Invocation5XXErrors", "Sum")
    with pytest.raises(ClientError) as error:
        live.invoke(echo, b"bad", CustomAttributes=f"status={status}")
    response: Any = error.value.response
    assert (code_of(error), response["ResponseMetadata"]["HTTPStatusCode"]) == ("ModelError", 424)
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
    instance = next(one for one in instances(live, echo) if one.is_ready)
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
        assert code_of(error) == "ValidationError", options


def test_a_container_that_dies_is_started_again_and_the_request_is_not_passed_on(live: Live, echo: str) -> None:
    pids = {container.pid for one in instances(live, echo) for container in one.containers}
    assert len(pids) == 2
    with pytest.raises(ClientError) as error:
        live.invoke(echo, CustomAttributes="exit=3")
    assert code_of(error) == "ModelError"
    until(lambda: live.invoke(echo)["pid"] not in pids)


# variants


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


def test_an_update_and_scaling_under_load_lose_no_request(live: Live) -> None:
    live.echo("busy", count=1)
    failures: list[BaseException] = []
    names: set[str] = set()
    stop = threading.Event()

    def hammer() -> None:
        while not stop.is_set():
            try:
                names.add(live.invoke("busy", CustomAttributes="sleep=0.01")["container"])
            except ClientError as error:
                failures.append(error)

    threads = [threading.Thread(target=hammer) for _ in range(3)]
    for thread in threads:
        thread.start()
    until(lambda: names)
    model = live.model(live.container(Environment={"ECHO_NAME": "renewed"}))
    config = live.config({"v": {"ModelName": model}})
    live.sm.update_endpoint(EndpointName="busy", EndpointConfigName=config)
    assert live.settle("busy")["EndpointConfigName"] == config
    until(lambda: "renewed" in names)
    for count in (3, 1):
        live.sm.update_endpoint_weights_and_capacities(
            EndpointName="busy", DesiredWeightsAndCapacities=[{"VariantName": "v", "DesiredInstanceCount": count}]
        )
        live.settle("busy")
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert names == {"busy", "renewed"}
    live.delete("busy")


def test_errors_of_the_new_fleet_alone_roll_a_canary_back(live: Live) -> None:
    live.echo("guarded", count=2)
    failing = live.model(live.container(Environment={"ECHO_STATUS": "500"}))
    config = live.config({"v": {"ModelName": failing, "InitialInstanceCount": 2}})
    dimensions = {"EndpointName": "guarded", "VariantName": "v", "EndpointConfigName": config}
    live.client("cloudwatch").put_metric_alarm(
        AlarmName="new-fleet-errors", Namespace="AWS/SageMaker", MetricName="Invocation5XXErrors", Statistic="Average",
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()], Period=60,
        EvaluationPeriods=1, Threshold=0.1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    before = live.sm.describe_endpoint(EndpointName="guarded")["EndpointConfigName"]
    outcomes = [live.invoke("guarded")["container"]]
    canary = {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
            "WaitIntervalInSeconds": 3600,
        },
        "MaximumExecutionTimeoutInSeconds": 7200,
    }
    live.sm.update_endpoint(
        EndpointName="guarded", EndpointConfigName=config,
        DeploymentConfig={
            "BlueGreenUpdatePolicy": canary,
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "new-fleet-errors"}]},
        },
    )  # fmt: skip

    def is_over() -> bool:
        try:
            outcomes.append(live.invoke("guarded")["container"])
        except ClientError as error:
            outcomes.append(str(error.response["Error"]["Code"]))
        return bool(live.sm.describe_endpoint(EndpointName="guarded")["EndpointStatus"] == "InService")

    until(is_over)
    assert {"guarded", "ModelError"} == set(outcomes)
    assert live.sm.describe_endpoint(EndpointName="guarded")["EndpointConfigName"] == before
    assert {live.invoke("guarded")["container"] for _ in range(10)} == {"guarded"}
    live.delete("guarded")


# containers that don't start


def test_a_crashing_container_fails_the_endpoint_and_its_log_says_why(live: Live) -> None:
    model = live.model(live.container("crash"))
    found = live.create("crashing", {"v": {"ModelName": model}})
    assert found["EndpointStatus"] == "Failed"
    assert found["FailureReason"] == (
        "The primary container for production variant v did not pass the ping health check. "
        "Please check CloudWatch logs for this endpoint."
    )
    until(lambda: "RuntimeError: this program always crashes" in live.log("crashing"))
    live.delete("crashing")
    until(lambda: not instances(live, "crashing"))


def test_a_container_that_never_gets_healthy_fails_an_update_and_the_old_one_goes_on(live: Live, echo: str) -> None:
    model = live.model(live.container("never-healthy"))
    spec = {"ModelName": model, "ContainerStartupHealthCheckTimeoutInSeconds": 60}
    before = live.sm.describe_endpoint(EndpointName=echo)["EndpointConfigName"]
    settings = live.world.settings
    live.sm.update_endpoint(EndpointName=echo, EndpointConfigName=live.config({"v": spec}))
    until(lambda: "ModelLoadError: the model can't be loaded" in live.log(echo))
    live.world.settings = settings.changed({"runtime": {"startup_floor_seconds": 0.0}})  # its time is up
    found = live.settle(echo)
    live.world.settings = settings
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", before)
    assert "did not pass the ping health check" in found["FailureReason"]
    assert live.invoke(echo)["container"] == echo


def test_a_fault_keeps_a_container_from_getting_healthy(live: Live) -> None:
    live.world.faults.add({"kind": "never_healthy", "resource": "faulty", "times": 1})
    model = live.model(live.container())
    found = live.create("faulty", {"v": {"ModelName": model}})
    assert found["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in found["FailureReason"]
    until(lambda: any("never_healthy" in line for line in live.log("faulty")))
    live.delete("faulty")


def test_an_artifact_that_is_no_archive_is_said_so(live: Live) -> None:
    live.s3.put_object(Bucket="models", Key="broken.tar.gz", Body=b"no archive")
    model = live.model(live.container(ModelDataUrl="s3://models/broken.tar.gz"))
    found = live.create("broken", {"v": {"ModelName": model}})
    assert found["EndpointStatus"] == "Failed"
    assert found["FailureReason"].startswith('Failed to extract model data archive for container "container_1"')
    live.delete("broken")


def test_a_slow_container_is_waited_for(live: Live) -> None:
    model = live.model(live.container("slow-start"))
    assert live.create("slow", {"v": {"ModelName": model}})["EndpointStatus"] == "InService"
    live.delete("slow")


def test_an_endpoint_that_is_deleted_leaves_no_process(live: Live) -> None:
    live.echo("gone", count=2)
    pids = [pid for one in instances(live, "gone") for pid in one.containers[0].processes()]
    assert len(pids) == 2
    live.delete("gone")
    until(lambda: not instances(live, "gone"))
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


# pipelines, multi-model


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


def test_containers_in_direct_mode_are_invoked_by_name(live: Live) -> None:
    first = live.container(ContainerHostname="first", Environment={"ECHO_NAME": "first"})
    second = live.container(ContainerHostname="second", Environment={"ECHO_NAME": "second"})
    model = live.model(first, second, InferenceExecutionConfig={"Mode": "Direct"})
    live.create("direct", {"v": {"ModelName": model}})
    assert live.invoke("direct", TargetContainerHostname="second")["container"] == "second"
    with pytest.raises(ClientError) as error:
        live.invoke("direct")
    assert code_of(error) == "ValidationError"
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
            until(lambda: sum(one.outstanding for one in instances(live, "lean")) == 2)
            for _ in range(2):
                with pytest.raises(ClientError) as error:
                    live.invoke("lean")
                assert code_of(error) == "ThrottlingException"
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


# capture, async, scaling


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


def test_asynchronous_requests_wait_for_capacity_and_scale_from_zero_and_back(live: Live) -> None:
    live.s3.create_bucket(Bucket="results")
    live.s3.put_object(Bucket="models", Key="input.json", Body=b"question")
    output = {"S3OutputPath": "s3://results/good", "S3FailurePath": "s3://results/bad"}
    live.echo("later", AsyncInferenceConfig={"OutputConfig": output})
    with pytest.raises(ClientError) as error:
        live.invoke("later")
    assert code_of(error) == "ValidationError"
    send = live.runtime.invoke_endpoint_async
    accepted = send(EndpointName="later", InputLocation="s3://models/input.json", CustomAttributes="raw")
    assert accepted["ResponseMetadata"]["HTTPStatusCode"] == 202
    key = accepted["OutputLocation"].removeprefix("s3://results/")
    assert until(lambda: live.objects("results", key))[key] == b"question"
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
    until(lambda: live.metric("later", "InvocationsProcesssed", "Sum") == 2)  # counted after the result is written
    assert live.metric("later", "Invocations", "Sum") == 0
    live.settle("later")
    live.delete("later")


def test_load_scales_real_instances_out(live: Live) -> None:
    live.echo("grow")
    aas = live.client("application-autoscaling")
    named = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/grow/variant/v",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    aas.register_scalable_target(**named, MinCapacity=1, MaxCapacity=2)
    kind = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    aas.put_scaling_policy(
        **named, PolicyName="p", PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 1.0, "PredefinedMetricSpecification": kind},
    )  # fmt: skip

    def has_grown() -> bool:
        for _ in range(5):
            live.invoke("grow")
        return bool(
            live.sm.describe_endpoint(EndpointName="grow")["ProductionVariants"][0]["CurrentInstanceCount"] == 2
        )

    until(has_grown)
    answered_by(live, "grow", 2)
    live.settle("grow")
    live.delete("grow")
