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
        description=f"{what}: globs (`*` any characters, `?` one). Unset restricts nothing, `[]` allows none.",
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
    """One condition on a label."""

    key: LabelKey = Field(description="Key of the label.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = Field(
        description="How the label is compared. `NotIn` is also true where there is no such label."
    )
    values: list[LabelValue] = Field(
        default_factory=list,
        description="Values: at least one with `In` and `NotIn`, none with `Exists` and `DoesNotExist`.",
        max_length=20,
        json_schema_extra=SET,
    )


class NamespaceSelector(ApiModel):
    """A Kubernetes label selector. All that it says must be so; empty, it selects every namespace."""

    match_labels: dict[str, LabelValue] = Field(
        default_factory=dict, description="Labels that the namespace has, with these values.", max_length=20
    )
    match_expressions: list[LabelRequirement] = Field(
        default_factory=list, description="Conditions on its labels.", max_length=20, json_schema_extra=ATOMIC
    )


class PolicyDefaults(ApiModel):
    """What an object gets where its spec is silent, instead of the operator's own settings."""

    execution_role_arn: RoleARN | None = Field(None, description="Role of the models.")
    assume_role_arn: RoleARN | None = Field(None, description="Role that the operator acts as.")
    region: str | None = Field(None, description="AWS region.", pattern=REGION, max_length=32)
    vpc: Vpc | None = Field(None, description="Network of the containers.")
    tags: dict[str, TagValue] = Field(
        default_factory=dict, description="Tags; those of the object's spec win.", max_length=20
    )


class SageMakerEndpointPolicySpec(ApiModel):
    """What SageMakerEndpoints of the selected namespaces may use."""

    namespace_selector: NamespaceSelector = Field(
        description="Namespaces that the policy is for; `{}` for all. Every policy that selects one must allow."
    )
    assume_role_arns: list[Glob] | None = _globs("Roles that the operator may act as")
    execution_role_arns: list[Glob] | None = _globs("Roles that the models may have")
    regions: list[Glob] | None = _globs("AWS regions")
    instance_types: list[Glob] | None = _globs("Instance types, pools and the shadow's among them")
    images: list[Glob] | None = _globs("Images, of all containers and of the shadow")
    model_artifacts: list[Glob] | None = _globs("S3 URIs of models, of all containers and of the shadow")
    kms_key_ids: list[Glob] | None = _globs("KMS keys of volumes, captured data and asynchronous answers")
    subnet_ids: list[Glob] | None = _globs("Subnets")
    security_group_ids: list[Glob] | None = _globs("Security groups")
    max_instances_per_endpoint: int | None = Field(
        None,
        description="Maximum number of instances of one endpoint: counts, or upper bounds of scaling, of all variants.",
        ge=0,
        le=100_000,
    )
    max_instances: int | None = Field(
        None,
        description="Maximum number of instances of all endpoints of one namespace; the operator checks it.",
        ge=0,
        le=1_000_000,
    )
    max_hourly_usd: float | None = Field(
        None,
        description="Most US dollars an hour of all endpoints of one namespace at full scale, by list prices. "
        "A type whose price is unknown is refused. The operator checks it.",
        ge=0,
        le=1_000_000,
    )
    endpoint_name_prefix: str | None = Field(
        None, description="What names of endpoints in AWS begin with.", pattern=NAME_PREFIX, max_length=62
    )
    required_tags: dict[str, TagValue] = Field(
        default_factory=dict,
        description="Tags that the operator sets on all it makes; an object's own tag of that key is refused.",
        max_length=20,
    )
    allow_adoption: bool = Field(False, description="Whether `adoptExisting` may be used.")
    log_tails: bool = Field(True, description="Whether a failure's status shows the last lines of the container's log.")
    allow_secret_like_environment: bool = Field(
        True, description="Whether `environment` may hold what looks like a secret; `secrets` is the place for it."
    )
    defaults: PolicyDefaults = Field(
        default_factory=PolicyDefaults,
        description="What an object gets where its spec is silent; pinned in its status when its endpoint is made.",
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
