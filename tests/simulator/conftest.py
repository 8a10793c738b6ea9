"""A simulated AWS for each test: in this process with a clock that the test moves, or over HTTP in real time."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from smsandbox.aws.assembly.simulator import Simulator, assemble
from smsandbox.aws.core.clock import VirtualClock
from smsandbox.aws.core.settings import Settings
from smsandbox.aws.http.inprocess import attach
from smsandbox.aws.http.server import Server
from smsandbox.aws.moto import backend as moto_backend
from smsandbox.aws.moto.images import push
from smsandbox.testing.live import Live
from smsandbox.testing.scaled import Scaled

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = "123456789012"
REGION = "us-east-1"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/iris:1.0"
ARTIFACT = "s3://models/iris/model.tar.gz"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ONCE = Config(retries={"total_max_attempts": 1})


@dataclass
class Cloud:
    """The simulator and clients that talk to it, with the things a test needs before it begins."""

    simulator: Simulator
    session: Any
    clients: dict[str, Any] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    image: str = IMAGE
    artifact: str = ARTIFACT
    account: str = ACCOUNT
    region: str = REGION

    @property
    def world(self) -> Any:
        return self.simulator.world

    def client(self, name: str) -> Any:
        if name not in self.clients:
            self.clients[name] = self.session.client(name, config=ONCE)
        return self.clients[name]

    @property
    def sm(self) -> Any:
        return self.client("sagemaker")

    def set(self, **patch: Any) -> None:
        self.world.settings = self.world.settings.changed(patch)

    def role(self, name: str = "execution", trust: dict[str, Any] | None = None) -> str:
        if name not in self.roles:
            policy = json.dumps(trust or TRUST)
            made = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy)
            self.roles[name] = str(made["Role"]["Arn"])
        return self.roles[name]

    def prepare(self) -> None:
        """Role, bucket, artifact and image."""
        self.role()
        s3 = self.client("s3")
        s3.create_bucket(Bucket="models")
        s3.put_object(Bucket="models", Key="iris/model.tar.gz", Body=b"artifact")
        push(self.client("ecr"), IMAGE, "echo")

    def model(self, name: str = "iris", **changes: Any) -> str:
        """Create a model; `changes` go into the request, those of the container by `container=`."""
        container = {"Image": IMAGE, "ModelDataUrl": ARTIFACT, **changes.pop("container", {})}
        request = {"ModelName": name, "ExecutionRoleArn": self.role(), "PrimaryContainer": container, **changes}
        return str(
            self.sm.create_model(**{key: value for key, value in request.items() if value is not None})["ModelArn"]
        )

    def config(self, name: str, *variants: dict[str, Any], **others: Any) -> str:
        """Create a configuration; each variant given changes the default one."""
        made = [variant(**changes) for changes in variants or ({},)]
        answer = self.sm.create_endpoint_config(EndpointConfigName=name, ProductionVariants=made, **others)
        return str(answer["EndpointConfigArn"])

    def endpoint(self, name: str = "ep", *variants: dict[str, Any], config: str = "first", **others: Any) -> None:
        """Create an endpoint with its configuration, and wait until it is in service."""
        self.config(config, *variants, **others)
        self.sm.create_endpoint(EndpointName=name, EndpointConfigName=config)
        self.settle(name)

    def describe(self, name: str = "ep") -> dict[str, Any]:
        return dict(self.sm.describe_endpoint(EndpointName=name))

    def status(self, name: str = "ep") -> str:
        return str(self.describe(name)["EndpointStatus"])

    def settle(self, name: str = "ep", seconds: float = 50_000) -> dict[str, Any]:
        """Let time pass until nothing is under way; what is described then."""
        for _ in range(int(seconds)):
            endpoint = self.world.hosting.endpoint(ACCOUNT, REGION, name)
            if endpoint is None or endpoint.status in {"InService", "Failed", "OutOfService", "UpdateRollbackFailed"}:
                return self.describe(name)
            self.world.advance(1)
        raise AssertionError(f"{name} is still {self.status(name)}")

    def traffic(self, name: str = "ep") -> dict[str, float]:
        """Share of traffic by configuration."""
        shares: dict[str, float] = {}
        for route in self.world.hosting.endpoint(ACCOUNT, REGION, name).routes:
            if not route.shadow:
                shares[route.config_name] = shares.get(route.config_name, 0) + route.share
        return {name: round(share, 3) for name, share in shares.items()}


def variant(**changes: Any) -> dict[str, Any]:
    base = {
        "VariantName": "primary",
        "ModelName": "iris",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 2,
        **changes,
    }
    return {key: value for key, value in base.items() if value is not None}


@dataclass
class Refusal:
    """The message of an error, once it has been raised."""

    text: str = ""


@pytest.fixture
def refused() -> Any:
    """`with refused("Code") as error:` expects an API call to fail with that code; `error.text` is its message."""

    @contextmanager
    def expectation(code: str) -> Iterator[Refusal]:
        refusal = Refusal()
        with pytest.raises(ClientError) as caught:
            yield refusal
        assert caught.value.response["Error"]["Code"] == code, caught.value
        refusal.text = caught.value.response["Error"]["Message"]

    return expectation


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@dataclass
class CurrentGateway:
    """Leads to the gateway of the test that runs, so that the clients (slow to make) last for all of them."""

    gateway: Any = None

    def handle(self, request: Any) -> Any:
        return self.gateway.handle(request)


@pytest.fixture(scope="session")
def _wire() -> tuple[CurrentGateway, Any, dict[str, Any]]:
    current = CurrentGateway()
    session = boto3.Session("AKIAIOSFODNN7EXAMPLE", "secret", region_name=REGION)
    return current, attach(session, current), {}


@pytest.fixture
def bare(_wire: tuple[CurrentGateway, Any, dict[str, Any]]) -> Iterator[Cloud]:
    """An empty AWS without containers, on a clock that stands still until `world.advance(seconds)`."""
    current, session, clients = _wire
    moto_backend.reset()
    simulator = assemble(settings=Settings(containers=False), clock=VirtualClock())
    current.gateway = simulator.gateway
    yield Cloud(simulator, session, clients)
    simulator.close()
    assert simulator.world.faults.idle() == [], "never struck"


@pytest.fixture
def cloud(bare: Cloud) -> Cloud:
    """The same, with a role, an artifact, an image, and the model `iris`."""
    bare.prepare()
    bare.model()
    return bare


@pytest.fixture
def token() -> str:
    """What opens the simulator's own interface in `served`."""
    return "t0ken"


@pytest.fixture
def served(bare: Cloud, tmp_path: Any, token: str) -> Iterator[tuple[str, Simulator]]:
    """The URL of a simulator over HTTP in real time, without containers, and the simulator."""
    del bare
    settings = Settings.model_validate(
        {"containers": False, "durations": {"create": 0.3, "update": 0.3, "delete": 0.2, "weights": 0.2}}
    )
    simulator = assemble(settings=settings, state_dir=tmp_path)
    server = Server(simulator.gateway, token=token)
    server.start()
    yield server.url, simulator
    server.stop()
    simulator.close()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    made = Live(tmp_path_factory.mktemp("instances"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def echo(live: Live) -> str:
    live.echo("echo", count=2)
    return "echo"


@pytest.fixture
def scaled(cloud: Cloud) -> Scaled:
    """An endpoint `ep` with two instances, to be scaled."""
    return Scaled(cloud)
