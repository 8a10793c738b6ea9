"""What the control plane asks of its surroundings: instances, metrics, logs, alarms, scalable targets, stored objects.

Types only. The data plane and the moto backend implement them; the World holds one of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from smsandbox.aws.core.context import Context, Request


class InstanceState(StrEnum):
    STARTING = "Starting"
    HEALTHY = "Healthy"
    FAILED = "Failed"


@dataclass(frozen=True)
class ContainerSpec:
    """One container of a model, as an instance runs it."""

    image: str  # as the user wrote it
    digest: str | None  # sha256:..., as resolved at deployment
    program: str | None  # what the pushed image says it is; None where unknown
    artifact: str | None  # s3:// URI of a .tar.gz or, where `artifact_is_prefix`, of a prefix
    artifact_is_prefix: bool = False
    additional_artifacts: Mapping[str, str] = field(default_factory=dict)  # channel -> s3:// URI
    environment: Mapping[str, str] = field(default_factory=dict)
    hostname: str | None = None
    multi_model: bool = False


@dataclass(frozen=True)
class InstanceSpec:
    """One instance of a variant. Timeouts are AWS seconds."""

    account: str
    region: str
    endpoint: str
    variant: str
    config_name: str
    model_name: str | None
    containers: tuple[ContainerSpec, ...]
    role_arn: str | None
    instance_type: str | None  # None for serverless
    index: int
    direct: bool = False  # a pipeline whose containers are invoked one by one
    download_timeout: float = 600.0
    startup_timeout: float = 240.0
    serverless: bool = False
    asynchronous: bool = False
    shadow: bool = False
    metrics_by_config: bool = True


class Instance(Protocol):
    """A running (or starting, or broken) instance."""

    @property
    def spec(self) -> InstanceSpec: ...

    @property
    def id(self) -> str:
        """The name of the instance in log streams: `i-...`."""

    @property
    def state(self) -> InstanceState: ...

    @property
    def failure_reason(self) -> str | None:
        """AWS's sentence, once the state is Failed."""

    def terminate(self) -> None:
        """End it. Does not block, may be called twice."""


class Fleet(Protocol):
    def launch(self, spec: InstanceSpec) -> Instance:
        """Start an instance and return at once."""


class Metrics(Protocol):
    def put(
        self,
        account: str,
        region: str,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float,
        unit: str,
        count: float = 1.0,
    ) -> None:
        """One data point, now; `count` of them if they are alike."""


class Logs(Protocol):
    def append(self, account: str, region: str, group: str, stream: str, lines: Iterable[str]) -> None:
        """Lines at the end of a stream; the group and the stream are made when missing."""


class Alarms(Protocol):
    def state(self, ctx: Context, name: str) -> str | None:
        """OK, ALARM or INSUFFICIENT_DATA; None when there is no such alarm."""


class Events(Protocol):
    def publish(
        self, account: str, region: str, source: str, detail_type: str, resource: str, detail: Mapping[str, Any]
    ) -> None:
        """One event of an AWS service on the default event bus, now. Nothing that a target does comes back."""


class Targets(Protocol):
    """Scalable targets of Application Auto Scaling, as SageMaker asks for them."""

    def registered(self, ctx: Context, endpoint: str, variant: str) -> bool: ...

    def deregister_all(self, ctx: Context, endpoint: str) -> None: ...


@dataclass(frozen=True)
class ImageInfo:
    """A pushed image."""

    digest: str
    resolved: str  # <registry>/<repository>@sha256:...
    program: str | None


@dataclass(frozen=True)
class RoleInfo:
    """An IAM role: who may assume it, and since when it exists (epoch seconds)."""

    arn: str
    trusts_sagemaker: bool
    created: float


class Objects(Protocol):
    """What is stored elsewhere in AWS. S3 URIs are `s3://bucket/key`."""

    def exists(self, account: str, region: str, uri: str) -> bool:
        """Whether there is an object of exactly this URI, in a bucket of this region."""

    def prefix_exists(self, account: str, region: str, uri: str) -> bool: ...

    def bucket_region(self, account: str, uri: str) -> str | None:
        """Where the bucket of a URI is; None when there is none."""

    def list(self, account: str, uri: str) -> list[str]:
        """The URIs of all objects under a prefix."""

    def read(self, account: str, uri: str) -> bytes:
        """An object's bytes; KeyError when there is none."""

    def content_type(self, account: str, uri: str) -> str | None:
        """The media type that an object was stored with."""

    def write(self, account: str, uri: str, body: bytes, content_type: str) -> None: ...

    def image(self, uri: str) -> ImageInfo | None:
        """The image in ECR; None when it was never pushed."""

    def role(self, arn: str) -> RoleInfo | None: ...


@dataclass(frozen=True)
class Route:
    """An instance that takes traffic. Shares of the routes of all production variants add up to 1; a shadow
    variant's instances get their share of copied requests, apart.
    """

    instance: Instance
    variant: str
    share: float
    config_name: str
    shadow: bool = False


@dataclass(frozen=True)
class VariantView:
    """A variant as it runs now; counts as DescribeEndpoint shows them. `spec` is the config's ProductionVariant."""

    name: str
    spec: Mapping[str, Any]
    current_count: int
    desired_count: int
    shadow: bool = False
    desired_provisioned_concurrency: int | None = None


@dataclass(frozen=True)
class EndpointView:
    """What the runtime and the autoscaler need of an endpoint. `config` is the CreateEndpointConfig request."""

    name: str  # with the case it was created with
    arn: str
    account: str
    region: str
    status: str
    config_name: str
    config: Mapping[str, Any]
    execution_role: str | None
    variants: tuple[VariantView, ...]
    routes: tuple[Route, ...]

    @property
    def serves(self) -> bool:
        return self.status in {"InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"}


class Hosting(Protocol):
    """SageMaker, as the data plane looks at it: no API calls, nothing counted. Call it under the World's lock."""

    def endpoint(self, account: str, region: str, name: str) -> EndpointView | None:
        """By name, in any case (compare `.name` where case matters)."""

    def endpoints(self, account: str | None = None, region: str | None = None) -> list[EndpointView]: ...

    def interfere(self, account: str, region: str, name: str, status: str, seconds: float) -> None:
        """Put an endpoint in service into another status for `seconds`, as AWS's own maintenance does."""

    def scale(self, ctx: Context, name: str, variant: str, count: int | None, concurrency: int | None = None) -> None:
        """UpdateEndpointWeightsAndCapacities as the autoscaler calls it; AwsError as from the API."""


class Authorizer(Protocol):
    def authorize(self, request: Request) -> None:
        """Raise AwsError (AccessDeniedException) when the caller may not make this call."""
