"""Variants: what an endpoint serves, and on what."""

from typing import Annotated, Literal

from pydantic import Field

from smendpoints.api.base import ATOMIC, ApiModel, Name
from smendpoints.api.scaling import Scaling

RoutingStrategy = Literal["LeastOutstandingRequests", "Random"]
INSTANCE_TYPE = r"^ml\.[a-z0-9-]+\.[a-z0-9]+$"
SECRET_ARN = r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+$"  # noqa: S105
MODEL_ARTIFACT = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+$"

InstanceType = Annotated[str, Field(pattern=INSTANCE_TYPE, max_length=32)]
Image = Annotated[str, Field(min_length=1, max_length=255)]
ModelArtifact = Annotated[str, Field(max_length=1024, pattern=MODEL_ARTIFACT)]
Environment = dict[str, Annotated[str, Field(max_length=1024)]]
Secrets = dict[str, Annotated[str, Field(max_length=640, pattern=SECRET_ARN)]]

_IMAGE = "Image in Amazon ECR of the endpoint's region, by tag or digest; unset only beside `containers`."
_MODEL_ARTIFACT = (
    "S3 URI of the model: one `.tar.gz`, or a prefix that ends in `/` "
    "(uncompressed files, or the models of a multi-model variant); none if unset: the image brings its model."
)
_ENVIRONMENT = "Environment variables of the container; 32 KB at most in all of the variant's containers."
_SECRETS = (
    "Environment variables that hold the ARN of a secret in AWS Secrets Manager: the container gets the ARN as it "
    "stands here, and reads the secret with the execution role. Counted with `environment`."
)


class Container(ApiModel):
    """One container of a model: an image, the artifact it loads and its environment."""

    image: Image = Field(description=_IMAGE)
    model_artifact: ModelArtifact | None = Field(None, description=_MODEL_ARTIFACT)
    environment: Environment = Field(default_factory=dict, description=_ENVIRONMENT, max_length=100)
    secrets: Secrets = Field(default_factory=dict, description=_SECRETS, max_length=100)
    hostname: Name | None = Field(
        None, description="DNS name of the container within a pipeline: for all of its containers, or unset for all."
    )

    def variables(self) -> dict[str, str]:
        """What the container finds in its environment."""
        return {**self.environment, **self.secrets}


class InstancePool(ApiModel):
    """One choice of instance type of a variant, in order of preference."""

    type: InstanceType = Field(description="Instance type, such as `ml.m5.large`.")


class Instance(ApiModel):
    """Hosting on instances."""

    type: InstanceType | None = Field(
        None, description="Instance type, such as `ml.m5.large`. Exactly one of `type` and `pools`."
    )
    count: int = Field(
        1, description="Number of instances. With `scaling`, only the number to start with.", ge=1, le=1000
    )
    volume_size_gb: int | None = Field(
        None, description="Size of the storage volume, in GB; AWS chooses if unset.", ge=1, le=512
    )
    model_download_timeout_seconds: int | None = Field(
        None, description="Longest time to download and extract the artifact; AWS chooses if unset.", ge=60, le=3600
    )
    startup_timeout_seconds: int | None = Field(
        None,
        description="Longest time until the container passes its health check; AWS chooses if unset.",
        ge=60,
        le=3600,
    )
    provision_timeout_seconds: int | None = Field(
        None, description="Longest time to find capacity for the instances; AWS chooses if unset.", ge=300, le=3600
    )
    routing: RoutingStrategy | None = Field(
        None, description="How requests are routed to the instances; `Random` if unset."
    )
    ami_version: str | None = Field(
        None, description="`InferenceAmiVersion` of the hosts; AWS chooses if unset.", max_length=63
    )
    pools: list[InstancePool] = Field(
        default_factory=list,
        description="Instance types in order of preference, instead of `type`.",
        max_length=5,
        json_schema_extra=ATOMIC,
    )


class Serverless(ApiModel):
    """Hosting without instances."""

    memory_size_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = Field(description="Memory of one copy, in MB.")
    max_concurrency: int = Field(description="Maximum number of requests handled at once.", ge=1, le=200)
    provisioned_concurrency: int | None = Field(
        None, description="Concurrency that is kept warm; none if unset.", ge=1, le=200
    )


class Variant(ApiModel):
    """One production variant: a model, its hosting, its share of the traffic and its scaling."""

    name: Name = Field(description="Name of the variant.")
    image: Image | None = Field(None, description=_IMAGE)
    model_artifact: ModelArtifact | None = Field(None, description=_MODEL_ARTIFACT)
    environment: Environment = Field(default_factory=dict, description=_ENVIRONMENT, max_length=100)
    secrets: Secrets = Field(default_factory=dict, description=_SECRETS, max_length=100)
    multi_model: bool = Field(False, description="Whether `modelArtifact` is a prefix that holds many models.")
    containers: list[Container] = Field(
        default_factory=list,
        description="A pipeline of 2 to 15 containers, instead of `image`, `modelArtifact`, `environment`, `secrets`.",
        max_length=15,
        json_schema_extra=ATOMIC,
    )
    weight: float = Field(
        1.0, description="Share of the traffic, relative to the sum of all variants' weights.", ge=0, le=1_000_000
    )
    instance: Instance | None = Field(None, description="Hosting on instances. Exactly one of this and `serverless`.")
    serverless: Serverless | None = Field(None, description="Hosting without instances.")
    scaling: Scaling | None = Field(None, description="Automatic scaling.")

    def all_containers(self) -> tuple[Container, ...]:
        """The containers in order; the short form counts as one."""
        if self.containers:
            return tuple(self.containers)
        only = Container(
            image=self.image or "",
            model_artifact=self.model_artifact,
            environment=self.environment,
            secrets=self.secrets,
        )
        return (only,)
