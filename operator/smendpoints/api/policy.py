"""The cluster's policy: what objects of which namespaces may use in AWS, and what they get where they say nothing.

Types only, and how a glob is read; who asks what of them is in `admission` (the API server) and in the operator.
A list that is absent restricts nothing; an empty one allows nothing. Every policy that selects a namespace must allow.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from smendpoints.api.base import ATOMIC, SET, ApiModel
from smendpoints.api.spec import REGION, RoleARN, TagValue, Vpc

# What has a meaning in a regular expression and none in a glob is left out, so that `glob_pattern` needs to escape two.
GLOB = r"^[A-Za-z0-9 !#%&,/:;<=>@_~.+?*-]+$"
LABEL_KEY = r"^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$"
LABEL_VALUE = r"^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$"
NAME_PREFIX = r"^[a-zA-Z0-9][a-zA-Z0-9-]*$"

GLOBS_LENGTH = {"images": 2048, "modelArtifacts": 1024}
"""Most characters of all globs of a list together, where an object has up to 150 values to compare with them.

The API server gives the check of an object a budget, and stops at it: see `admission`.
"""

Glob = Annotated[str, Field(pattern=GLOB, min_length=1, max_length=256)]
LabelKey = Annotated[str, Field(pattern=LABEL_KEY, min_length=1, max_length=317)]
LabelValue = Annotated[str, Field(pattern=LABEL_VALUE, max_length=63)]


def _globs(what: str) -> Any:
    """A restriction: None restricts nothing, an empty list allows nothing."""
    return Field(
        None,
        description=f"{what}, as globs: `*` matches any characters, `?` matches one. If unset, all are allowed; if"
        " empty (`[]`), none.",
        max_length=20,
        json_schema_extra=ATOMIC,
    )


def glob_pattern(glob: str) -> str:
    """The regular expression that a whole value must match; the API server's CEL makes the same one.

    A line break matches neither `*` nor `?`.
    """
    return glob.replace(".", r"\.").replace("+", r"\+").replace("?", ".").replace("*", ".*")


def matches_any(value: str, globs: list[str]) -> bool:
    """Whether one of the globs is the value's."""
    return any(re.fullmatch(glob_pattern(glob), value) for glob in globs)


class LabelRequirement(ApiModel):
    """One condition on a label of the namespace."""

    key: LabelKey = Field(description="Key of the label, such as `team`.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = Field(
        description="How the label is compared with `values`."
    )
    values: list[LabelValue] = Field(
        default_factory=list,
        description="Values of the label: at least one with `In` and `NotIn`, none with `Exists` and `DoesNotExist`.",
        max_length=20,
        json_schema_extra=SET,
    )


class NamespaceSelector(ApiModel):
    """A Kubernetes label selector. A namespace must meet all conditions; `{}` selects all namespaces."""

    match_labels: dict[str, LabelValue] = Field(
        default_factory=dict, description="Labels that the namespace must have, with their values.", max_length=20
    )
    match_expressions: list[LabelRequirement] = Field(
        default_factory=list,
        description="Conditions on the labels of the namespace.",
        max_length=20,
        json_schema_extra=ATOMIC,
    )


class PolicyDefaults(ApiModel):
    """Values for objects whose spec does not set them. They take precedence over the operator's settings."""

    execution_role_arn: RoleARN | None = Field(
        None, description="ARN of the execution role of the models. If unset, the operator's setting applies."
    )
    assume_role_arn: RoleARN | None = Field(
        None, description="ARN of the role that the operator assumes. If unset, the operator uses its own identity."
    )
    region: str | None = Field(
        None,
        description="AWS region, such as `eu-central-1`. If unset, the operator's region applies.",
        pattern=REGION,
        max_length=32,
    )
    vpc: Vpc | None = Field(
        None,
        description="VPC of the model containers. If unset, they are not connected to a VPC.",
    )
    tags: dict[str, TagValue] = Field(
        default_factory=dict,
        description="Tags for everything that the operator creates in AWS. Tags in the spec of an object take"
        " precedence.",
        max_length=20,
    )


class SageMakerEndpointPolicySpec(ApiModel):
    """What SageMakerEndpoints in the selected namespaces may use in AWS."""

    namespace_selector: NamespaceSelector = Field(
        description="Namespaces to which the policy applies; `{}` selects all. If several policies select a namespace,"
        " an object must be allowed by all of them."
    )
    assume_role_arns: list[Glob] | None = _globs("Roles that the operator may assume (`assumeRoleARN`)")
    execution_role_arns: list[Glob] | None = _globs("Execution roles that models may use")
    regions: list[Glob] | None = _globs("AWS regions that may be used")
    instance_types: list[Glob] | None = _globs(
        "Instance types that may be used, also in pools and by the shadow variant"
    )
    images: list[Glob] | None = _globs("Images that may be used, by all containers")
    model_artifacts: list[Glob] | None = _globs("S3 URIs of model artifacts that may be used, by all containers")
    kms_key_ids: list[Glob] | None = _globs(
        "KMS keys that may be used, for storage volumes, captured data and asynchronous responses"
    )
    subnet_ids: list[Glob] | None = _globs("IDs of subnets that may be used")
    security_group_ids: list[Glob] | None = _globs("IDs of security groups that may be used")
    max_instances_per_endpoint: int | None = Field(
        None,
        description="Maximum number of instances of one endpoint, over all variants. With `scaling`, the highest"
        " possible number counts. If unset, there is no limit.",
        ge=0,
        le=100_000,
    )
    max_instances: int | None = Field(
        None,
        description="Maximum number of instances of all endpoints of one namespace. With `scaling`, the highest"
        " possible number counts. Checked by the operator, not by `kubectl apply`. If unset, there is no limit.",
        ge=0,
        le=1_000_000,
    )
    max_hourly_usd: float | None = Field(
        None,
        description="Maximum cost of all endpoints of one namespace, in US dollars per hour, at list prices. With"
        " `scaling`, the highest possible number of instances counts. Instance types without a known price, and"
        " serverless variants, are refused. Checked by the operator, not by `kubectl apply`. If unset, there is no"
        " limit.",
        ge=0,
        le=1_000_000,
    )
    endpoint_name_prefix: str | None = Field(
        None,
        description="Prefix that the names of endpoints in AWS must have, such as `team-a-`. If unset, any name is"
        " allowed.",
        pattern=NAME_PREFIX,
        max_length=62,
    )
    required_tags: dict[str, TagValue] = Field(
        default_factory=dict,
        description="Tags that the operator sets on everything it creates in AWS. An object whose spec sets one of"
        " these keys to another value is refused.",
        max_length=20,
    )
    allow_adoption: bool = Field(
        False,
        description="Whether objects may adopt existing endpoints (`adoptExisting`). If false, an endpoint can only be"
        " adopted if it has the tag `smendpoints.dev/adoptable-by: <namespace>` in AWS.",
    )
    log_tails: bool = Field(
        True,
        description="Whether the status of a failed endpoint shows the last lines of the container's log.",
    )
    allow_secret_like_environment: bool = Field(
        True,
        description="Whether `environment` may contain values that look like secrets. If false, they are refused, and"
        " must be put into `secrets`.",
    )
    defaults: PolicyDefaults = Field(
        default_factory=PolicyDefaults,
        description="Values for objects whose spec does not set them. They are stored in the status of the object when"
        " its endpoint is created.",
    )


class PolicyMetadata(ApiModel):
    """The metadata of a policy that the operator reads."""

    name: str
    uid: str = ""
    resource_version: str = ""


class SageMakerEndpointPolicy(ApiModel):
    """One SageMakerEndpointPolicy object, parsed and frozen."""

    metadata: PolicyMetadata
    spec: SageMakerEndpointPolicySpec

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "SageMakerEndpointPolicy":
        """Copy a live body into a frozen value.

        Raises:
            pydantic.ValidationError: the body is not what the CRD's schema takes.

        """
        return cls.model_validate({key: body[key] for key in ("metadata", "spec") if key in body})
