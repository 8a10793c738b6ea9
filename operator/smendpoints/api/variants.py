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

_IMAGE = (
    "Image in Amazon ECR, in the endpoint's region, with a tag or digest, such as"
    " `123456789012.dkr.ecr.us-east-1.amazonaws.com/sklearn-inference:1.0`."
)
_ONE_OF = " Exactly one of `image` and `containers` must be set."
_MODEL_ARTIFACT = (
    "S3 URI of the model: either one `.tar.gz` file, such as `s3://models/iris/model.tar.gz`, or a prefix that ends in"
    " `/` and contains uncompressed files, or (with `multiModel`) many models. If unset, the image must contain the"
    " model."
)
_ENVIRONMENT = (
    "Environment variables of the container. All names and values in `environment` and `secrets` of a variant together"
    " may have at most 32,768 characters."
)
_SECRETS = (
    "Environment variables whose values are ARNs of secrets in AWS Secrets Manager. The container gets the ARN, and"
    " must read the secret itself, with the execution role. The operator never reads it."
)


class Container(ApiModel):
    """One container of an inference pipeline."""

    image: Image = Field(description=_IMAGE)
    model_artifact: ModelArtifact | None = Field(None, description=_MODEL_ARTIFACT)
    environment: Environment = Field(default_factory=dict, description=_ENVIRONMENT, max_length=100)
    secrets: Secrets = Field(default_factory=dict, description=_SECRETS, max_length=100)
    hostname: Name | None = Field(
        None,
        description="DNS name of the container within the pipeline. Set it for all containers of the pipeline, or"
        " leave it unset for all.",
    )

    def variables(self) -> dict[str, str]:
        """What the container finds in its environment."""
        return {**self.environment, **self.secrets}


class InstancePool(ApiModel):
    """One of several instance types that a variant may use."""

    type: InstanceType = Field(description="Instance type, such as `ml.m5.large`.")


class Instance(ApiModel):
    """Hosting on instances."""

    type: InstanceType | None = Field(
        None, description="Instance type, such as `ml.m5.large`. Exactly one of `type` and `pools` must be set."
    )
    count: int = Field(
        1,
        description="Number of instances. With `scaling`, only the initial number: autoscaling changes it later.",
        ge=1,
        le=1000,
    )
    volume_size_gb: int | None = Field(
        None, description="Size of each instance's storage volume, in GB. If unset, AWS chooses.", ge=1, le=512
    )
    model_download_timeout_seconds: int | None = Field(
        None,
        description="Maximum time to download and extract the model artifact, in seconds. If unset, AWS's default"
        " applies.",
        ge=60,
        le=3600,
    )
    startup_timeout_seconds: int | None = Field(
        None,
        description="Maximum time until the container passes its health check, in seconds. If unset, AWS's default of 4"
        " minutes applies.",
        ge=60,
        le=3600,
    )
    provision_timeout_seconds: int | None = Field(
        None,
        description="Maximum time to wait until AWS has capacity for the instances, in seconds. If unset, AWS's default"
        " applies.",
        ge=300,
        le=3600,
    )
    routing: RoutingStrategy | None = Field(
        None, description="How requests are distributed to the instances. If unset, AWS uses `Random`."
    )
    ami_version: str | None = Field(
        None,
        description="AMI of the instances: a value of `InferenceAmiVersion` in the SageMaker API, such as"
        " `al2-ami-sagemaker-inference-gpu-2`. If unset, AWS chooses.",
        max_length=63,
    )
    pools: list[InstancePool] = Field(
        default_factory=list,
        description="Instance types in order of preference, instead of `type`. AWS falls back to the next one if it"
        " has no capacity for the one before.",
        max_length=5,
        json_schema_extra=ATOMIC,
    )


class Serverless(ApiModel):
    """Serverless hosting, without instances."""

    memory_size_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = Field(
        description="Memory of each concurrent copy of the container, in MB."
    )
    max_concurrency: int = Field(
        description="Maximum number of requests that are handled at the same time.", ge=1, le=200
    )
    provisioned_concurrency: int | None = Field(
        None,
        description="How many copies of the container are always kept ready, to avoid cold starts. At most"
        " `maxConcurrency`. If unset, none.",
        ge=1,
        le=200,
    )


class Variant(ApiModel):
    """One variant: a model, its instances or serverless hosting, its share of the traffic and its scaling."""

    name: Name = Field(description="Name of the variant, unique within the endpoint.")
    image: Image | None = Field(None, description=_IMAGE + _ONE_OF)
    model_artifact: ModelArtifact | None = Field(None, description=_MODEL_ARTIFACT)
    environment: Environment = Field(default_factory=dict, description=_ENVIRONMENT, max_length=100)
    secrets: Secrets = Field(default_factory=dict, description=_SECRETS, max_length=100)
    multi_model: bool = Field(
        False,
        description="If true, `modelArtifact` is an S3 prefix that contains many models, and each request names the one"
        " that it is for.",
    )
    containers: list[Container] = Field(
        default_factory=list,
        description="An inference pipeline of 2 to 15 containers, each of which gets the response of the one before."
        " Use it instead of `image`, `modelArtifact`, `environment` and `secrets`.",
        max_length=15,
        json_schema_extra=ATOMIC,
    )
    weight: float = Field(
        1.0,
        description="Share of the traffic, relative to the sum of the weights of all variants: with weights 9 and 1,"
        " the variants get 90 % and 10 %.",
        ge=0,
        le=1_000_000,
    )
    instance: Instance | None = Field(
        None, description="Hosting on instances. Exactly one of `instance` and `serverless` must be set."
    )
    serverless: Serverless | None = Field(
        None,
        description="Serverless hosting, without instances. Exactly one of `instance` and `serverless` must be set.",
    )
    scaling: Scaling | None = Field(
        None, description="Autoscaling of the variant. If unset, the number of instances is fixed."
    )

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
