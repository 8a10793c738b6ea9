"""A simulator in this process and in real time, whose instances are real processes; used through boto3."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from smsandbox.assets import TRUST
from smsandbox.aws.assembly.simulator import assemble
from smsandbox.aws.core.settings import Settings
from smsandbox.aws.http.inprocess import attach
from smsandbox.aws.moto import backend as moto_backend
from smsandbox.aws.moto.images import push
from smsandbox.testing.archives import archive
from smsandbox.world import ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
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
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="any",  # noqa: S106 - the simulator does not look at it
            region_name=REGION,
        )
        attach(self._session, self.simulator.gateway)
        self._clients: dict[str, Any] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)
        self._thread.start()
        self.role = self.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        self.may_write("*")
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

    def instances(self, endpoint: str) -> list[Any]:
        """The instances of an endpoint, as the fleet has them."""
        return [one for one in self.world.fleet.instances() if one.spec.endpoint == endpoint]

    def answered_by(self, endpoint: str, count: int) -> None:
        """Invoke until so many instances have answered."""
        pids: set[int] = set()
        while len(pids) < count:  # the test's own time limit ends it
            pids.add(self.invoke(endpoint)["pid"])

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

    def may_write(self, *buckets: str) -> None:
        """The role of its models may write to these buckets, and to no others."""
        resources = [f"arn:aws:s3:::{bucket}/*" for bucket in buckets]
        writing = [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": resources}]
        document = json.dumps({"Version": "2012-10-17", "Statement": writing})
        self.client("iam").put_role_policy(RoleName="r", PolicyName="writes", PolicyDocument=document)

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


def code_of(error: ClientError) -> str:
    """The code of an error, as AWS names it."""
    return str(error.response["Error"]["Code"])
