"""The wire: real HTTP, boto3 and the AWS CLI as they come, protocols, accounts, regions, and moto behind the same URL."""

import http.client
import json
import os
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlparse

import boto3
import pytest
from botocore.serialize import create_serializer

from smsandbox.aws.core.clock import VirtualClock

VARIANT = {"VariantName": "primary", "ModelName": "iris", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}


@pytest.fixture
def url(served: Any, cloud: Any) -> str:
    """A simulator over HTTP whose moto already has the role, the artifact and the image."""
    del cloud
    return str(served[0])


def clients(url: str, *names: Any) -> list[Any]:
    return [boto3.client(name, endpoint_url=url, region_name="us-east-1") for name in names]


@pytest.fixture
def get(token: str) -> Any:
    """Asks the simulator's own interface."""

    def ask(url: str, method: str = "GET", body: Any = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url, data=data, method=method, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    return ask


def make_endpoint(sm: Any, image: str, artifact: str) -> None:
    role = "arn:aws:iam::123456789012:role/execution"
    container = {"Image": image, "ModelDataUrl": artifact}
    sm.create_model(ModelName="iris", ExecutionRoleArn=role, PrimaryContainer=container)
    sm.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[VARIANT])
    sm.create_endpoint(EndpointName="ep", EndpointConfigName="c")


def test_boto3_and_its_waiters_work_unchanged(url: str, cloud: Any) -> None:
    (sm,) = clients(url, "sagemaker")
    make_endpoint(sm, cloud.image, cloud.artifact)
    quick = {"Delay": 0.1, "MaxAttempts": 1200}
    sm.get_waiter("endpoint_in_service").wait(EndpointName="ep", WaiterConfig=quick)
    sm.delete_endpoint(EndpointName="ep")
    sm.get_waiter("endpoint_deleted").wait(EndpointName="ep", WaiterConfig=quick)
    assert sm.list_endpoints()["Endpoints"] == []


def test_the_aws_cli_works_unchanged(url: str, cloud: Any) -> None:
    (sm,) = clients(url, "sagemaker")
    make_endpoint(sm, cloud.image, cloud.artifact)
    cli = [os.path.join(os.path.dirname(sys.executable), "aws"), "--endpoint-url", url, "--output", "json"]  # noqa: PTH118, PTH120
    described = subprocess.run(
        [*cli, "sagemaker", "describe-endpoint", "--endpoint-name", "ep"], capture_output=True, check=True, timeout=300
    )
    assert json.loads(described.stdout)["EndpointConfigName"] == "c"
    missing = subprocess.run(
        [*cli, "sagemaker", "describe-endpoint", "--endpoint-name", "no"], capture_output=True, check=False, timeout=300
    )
    assert missing.returncode != 0
    assert b"(ValidationException)" in missing.stderr
    assert b'Could not find endpoint "arn:aws:sagemaker:us-east-1:123456789012:endpoint/no".' in missing.stderr


def test_s3_iam_sts_ecr_logs_events_and_queues_are_behind_the_same_url(url: str) -> None:
    s3, sts, logs, events, sqs, iam = clients(url, "s3", "sts", "logs", "events", "sqs", "iam")
    body = os.urandom(3_000_000)
    s3.put_object(Bucket="models", Key="a folder/ä%2F.bin", Body=body)
    assert s3.get_object(Bucket="models", Key="a folder/ä%2F.bin")["Body"].read() == body
    assert s3.head_object(Bucket="models", Key="a folder/ä%2F.bin")["ContentLength"] == len(body)
    assert sts.get_caller_identity()["Account"] == "123456789012"
    logs.create_log_group(logGroupName="/aws/sagemaker/Endpoints/ep")
    assert logs.describe_log_groups()["logGroups"][0]["logGroupName"] == "/aws/sagemaker/Endpoints/ep"
    assert events.list_event_buses()["EventBuses"][0]["Name"] == "default"
    assert sqs.create_queue(QueueName="q")["QueueUrl"].endswith("/q")
    assert iam.get_role(RoleName="execution")["Role"]["RoleName"] == "execution"


def test_one_connection_serves_many_requests(url: str) -> None:
    place = urlparse(url)
    connection = http.client.HTTPConnection(str(place.hostname), place.port or 80, timeout=120)
    sockets = set()
    for _ in range(3):
        connection.request("GET", "/_sandbox/health")
        assert json.load(connection.getresponse())["status"] == "ok"
        sockets.add(id(connection.sock))
    assert len(sockets) == 1
    connection.close()


def test_regions_are_apart(url: str, cloud: Any) -> None:
    (east,) = clients(url, "sagemaker")
    west = boto3.client("sagemaker", endpoint_url=url, region_name="us-west-2")
    make_endpoint(east, cloud.image, cloud.artifact)
    assert west.list_endpoints()["Endpoints"] == []
    assert len(east.list_endpoints()["Endpoints"]) == 1


def test_an_assumed_role_acts_in_its_own_account(url: str, cloud: Any) -> None:
    (sts, east) = clients(url, "sts", "sagemaker")
    make_endpoint(east, cloud.image, cloud.artifact)
    taken = sts.assume_role(RoleArn="arn:aws:iam::210987654321:role/deployer", RoleSessionName="me")["Credentials"]
    other = boto3.client(
        "sagemaker",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=taken["AccessKeyId"],
        aws_secret_access_key=taken["SecretAccessKey"],
        aws_session_token=taken["SessionToken"],
    )
    assert other.list_endpoints()["Endpoints"] == []
    with pytest.raises(other.exceptions.ClientError, match="arn:aws:sagemaker:us-east-1:210987654321:endpoint/ep"):
        other.describe_endpoint(EndpointName="ep")


@pytest.mark.parametrize("protocol", ["json", "query", "smithy-rpc-v2-cbor"])
def test_cloudwatch_is_spoken_to_in_the_protocols_of_old_and_new_sdks(url: str, protocol: str) -> None:
    (cloudwatch,) = clients(url, "cloudwatch")
    cloudwatch.meta.service_model.__dict__["resolved_protocol"] = protocol
    cloudwatch._serializer = create_serializer(protocol)
    now = datetime.now(UTC)
    data = [{"MetricName": "m", "Value": 2.5, "Unit": "Count", "Timestamp": now}]
    cloudwatch.put_metric_data(Namespace="test", MetricData=data)
    found = cloudwatch.get_metric_statistics(
        Namespace="test",
        MetricName="m",
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    assert [(point["Sum"], point["Unit"]) for point in found] == [(2.5, "Count")]
    assert abs(found[0]["Timestamp"] - now) < timedelta(minutes=1)
    with pytest.raises(cloudwatch.exceptions.ClientError) as refused:
        cloudwatch.put_metric_data(Namespace=":bad", MetricData=data)
    assert "at 'namespace' failed to satisfy constraint" in refused.value.response["Error"]["Message"]


def test_times_are_epoch_numbers_with_milliseconds(cloud: Any) -> None:
    cloud.world.clock.advance(0.25)
    cloud.model("timed")
    assert cloud.sm.describe_model(ModelName="timed")["CreationTime"].microsecond == 250_000


def test_a_body_that_is_no_json_is_a_serialization_error(url: str) -> None:
    headers = {"X-Amz-Target": "SageMaker.CreateModel", "Content-Type": "application/x-amz-json-1.1"}
    request = urllib.request.Request(url, data=b'{"ModelName": ["a"]}', headers=headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=120)
    assert refused.value.code == 400
    assert json.load(refused.value)["__type"] == "SerializationException"


def test_an_operation_nobody_knows_is_said_to_be_unknown(url: str) -> None:
    headers = {"X-Amz-Target": "SageMaker.Conjure", "Content-Type": "application/x-amz-json-1.1"}
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(url, data=b"{}", headers=headers), timeout=120)
    assert json.load(refused.value)["__type"] == "UnknownOperationException"


def test_settings_change_while_it_runs_and_nonsense_is_refused(url: str, get: Any) -> None:
    assert get(f"{url}/_sandbox/settings", "PATCH", {"durations": {"create": 7}})["durations"]["create"] == 7
    now = get(f"{url}/_sandbox/settings")
    assert (now["durations"]["create"], now["durations"]["delete"]) == (7, 0.2)
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(f"{url}/_sandbox/settings", "PATCH", {"durations": {"creat": 7}})
    assert refused.value.code == 400
    assert "creat" in refused.value.read().decode()
    assert get(f"{url}/_sandbox/settings", "PUT", {})["durations"]["create"] == 2


def test_calls_are_counted_by_service_operation_and_result(url: str, get: Any) -> None:
    sm, s3 = clients(url, "sagemaker", "s3")
    get(f"{url}/_sandbox/calls", "DELETE")
    sm.list_endpoints()
    sm.list_endpoints()
    with pytest.raises(sm.exceptions.ClientError):
        sm.describe_endpoint(EndpointName="nope")
    with pytest.raises(s3.exceptions.ClientError):
        s3.get_object(Bucket="models", Key="nope")
    made = get(f"{url}/_sandbox/calls?recent=2")
    assert made["calls"] == {
        "s3": {"GetObject": {"NoSuchKey": 1}},
        "sagemaker": {"DescribeEndpoint": {"ValidationException": 1}, "ListEndpoints": {"OK": 2}},
    }
    assert [call["summary"] for call in made["recent"]] == [
        {"EndpointName": "nope"},
        {"Bucket": "models", "Key": "nope"},
    ]
    assert get(f"{url}/_sandbox/calls", "DELETE") == {}
    assert get(f"{url}/_sandbox/calls")["calls"] == {}


def test_an_endpoint_can_be_put_under_maintenance_for_a_while(url: str, served: Any, cloud: Any, get: Any) -> None:
    (sm,) = clients(url, "sagemaker")
    make_endpoint(sm, cloud.image, cloud.artifact)
    quick = {"Delay": 0.1, "MaxAttempts": 1200}
    sm.get_waiter("endpoint_in_service").wait(EndpointName="ep", WaiterConfig=quick)
    world = served[1].world
    world.clock = VirtualClock(world.now())
    get(f"{url}/_sandbox/endpoints/ep", "POST", {"status": "SystemUpdating", "seconds": 5})
    assert sm.describe_endpoint(EndpointName="ep")["EndpointStatus"] == "SystemUpdating"
    world.advance(4)
    assert sm.describe_endpoint(EndpointName="ep")["EndpointStatus"] == "SystemUpdating"
    world.advance(1)
    assert sm.describe_endpoint(EndpointName="ep")["EndpointStatus"] == "InService"
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(f"{url}/_sandbox/endpoints/nope", "POST", {"status": "SystemUpdating", "seconds": 1})
    assert "There is no endpoint nope in service" in json.load(refused.value)["error"]


def test_an_address_that_the_sandbox_does_not_have_lists_those_it_has(url: str, get: Any) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(f"{url}/_sandbox/nothing")
    assert refused.value.code == 404
    assert "health" in json.load(refused.value)["error"]
