"""The operator's configuration: environment variables `SMENDPOINTS_*`, read once, passed down."""

import re
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from smendpoints.api.group import GROUP
from smendpoints.api.spec import ROLE_ARN

_TAG = re.compile(r"[\w .:/+@-]{1,128}=[\w .:/=+@-]{0,256}")
_MOST_TAGS = 20
_DNS_NAME = r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$"


class Config(BaseSettings):
    """Frozen settings of one operator process. Empty variables count as unset."""

    model_config = SettingsConfigDict(env_prefix="SMENDPOINTS_", frozen=True, env_ignore_empty=True)

    namespaces: str = Field("", description="Namespaces to watch, separated by commas; if empty, all namespaces.")
    cluster_id: str | None = Field(
        None,
        description="Identity of the cluster in ownership tags; if unset, the UID of the namespace kube-system.",
        pattern=r"^[A-Za-z0-9._:/=+@-]{1,256}$",
    )
    region: str | None = Field(None, description="Default AWS region; if unset, AWS_REGION or AWS_DEFAULT_REGION.")
    default_execution_role_arn: str | None = Field(
        None, description="Execution role for objects that do not specify one.", pattern=ROLE_ARN
    )
    resource_tags: str = Field(
        "",
        description="Tags for AWS resources, as key=value, separated by commas; policies and objects take precedence.",
    )
    deletion_policy: Literal["Delete", "Retain"] = Field(
        "Delete",
        description="Whether objects without deletionPolicy delete what they created in AWS; adopted ones are kept.",
    )
    external_id: str | None = Field(
        None,
        description="ExternalId for assuming roles, if their trust policies require one.",
        pattern=r"^[A-Za-z0-9_+=,.@:/-]{2,1224}$",
    )
    session_tags: bool = Field(
        default=False,
        description="Tag assumed sessions with cluster and namespace; trust policies must allow sts:TagSession.",
    )
    require_policies: bool = Field(
        default=False,
        description="Change nothing in AWS while there is no SageMakerEndpointPolicy, for example without its CRD.",
    )
    object_seconds: float = Field(
        1.0,
        description="Minimum time between two reconciles of an object; up to three may follow without a delay.",
        ge=0,
        le=60,
    )
    poll_seconds: float = Field(
        5.0, description="How often AWS is queried about endpoints in transition.", gt=0, le=300
    )
    watch_seconds: float = Field(30.0, description="How often AWS is queried about endpoints at rest.", gt=0, le=3600)
    audit_seconds: float = Field(
        60.0, description="How often autoscaling, configs and models in AWS are checked for drift.", gt=0, le=86400
    )
    analysis_period_seconds: int = Field(
        60,
        description="Length of the periods for comparing fleets: 1, 5, 10, 30 or 60; less than 60 only if"
        " metrics are published that often, as in the sandbox.",
        ge=1,
        le=60,
    )
    events_queue_url: str | None = Field(
        None,
        description="URL of the SQS queue for events from EventBridge; if unset, changes are only found by listings.",
        pattern=r"^https?://[^\s/]+/[^\s]+$",
    )
    prices: Literal["api", "table"] = Field(
        "api",
        description="Source of prices: api is AWS's price list; table is a built-in table with a fixed date.",
    )
    threads: int = Field(16, description="Maximum number of concurrent reconciles.", ge=1, le=256)
    log_format: Literal["json", "plain"] = Field("plain", description="Log format.")
    log_level: Literal["debug", "info", "warning"] = Field("info", description="Log level.")
    bind_address: str = Field("0.0.0.0", description="Address that /healthz and /metrics listen on.")  # noqa: S104
    liveness_port: int | None = Field(None, description="Port of /healthz.", ge=1, le=65535)
    metrics_port: int | None = Field(None, description="Port of /metrics.", ge=1, le=65535)
    metrics_authentication: Literal["none", "token"] = Field(
        "none",
        description="Who may read /metrics: none means everybody; token means accounts that may get this path.",
    )
    metrics_certificate_folder: str | None = Field(
        None, description="Folder with tls.crt and tls.key, to serve /metrics with TLS on its own port."
    )
    leader_election: bool = Field(
        True,
        description="Whether to use leader election; only disable it if there is a single process.",
    )
    lease_namespace: str | None = Field(
        None, description="Namespace of the lease; if unset, that of the pod or of the kubeconfig's context."
    )
    lease_name: str = Field("smendpoints", description="Name of the lease.", pattern=_DNS_NAME)
    lease_duration_seconds: int = Field(
        10, description="How long standbys wait for a leader that does not renew its lease.", ge=1, le=3600
    )
    lease_renew_deadline_seconds: float = Field(
        7.0, description="After this time without renewal a leader exits; less than the duration.", gt=0
    )
    lease_retry_seconds: float = Field(
        1.0, description="How often the lease is renewed and checked; at most a third of the deadline.", gt=0
    )

    @field_validator("analysis_period_seconds")
    @classmethod
    def _is_a_period_of_cloudwatch(cls, value: int) -> int:
        if value not in {1, 5, 10, 30, 60}:
            raise ValueError("must be 1, 5, 10, 30 or 60, as CloudWatch has them")
        return value

    @field_validator("metrics_certificate_folder")
    @classmethod
    def _leaves_health_without_tls(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("metrics_port") == info.data.get("liveness_port"):
            raise ValueError("needs a SMENDPOINTS_METRICS_PORT that is not SMENDPOINTS_LIVENESS_PORT")
        return value

    @field_validator("lease_renew_deadline_seconds")
    @classmethod
    def _gives_up_before_others_take_over(cls, value: float, info: ValidationInfo) -> float:
        duration = info.data.get("lease_duration_seconds")
        if duration is not None and value >= duration:
            raise ValueError(f"must be less than the duration of the lease, {duration}")
        return value

    @field_validator("lease_retry_seconds")
    @classmethod
    def _tries_several_times(cls, value: float, info: ValidationInfo) -> float:
        deadline = info.data.get("lease_renew_deadline_seconds")
        if deadline is not None and value > deadline / 3:
            raise ValueError(f"must be at most a third of the renew deadline, {deadline:g}")
        return value

    @field_validator("resource_tags")
    @classmethod
    def _has_tags_that_aws_takes(cls, value: str) -> str:
        tags = [each.strip() for each in value.split(",")] if value else []
        if odd := [each for each in tags if not _TAG.fullmatch(each)]:
            raise ValueError(f"no tag as key=value in characters that AWS takes: {', '.join(odd)}")
        if len(tags) > _MOST_TAGS:
            raise ValueError(f"has more than {_MOST_TAGS} tags")
        keys = [each.partition("=")[0].strip() for each in tags]
        if taken := [key for key in keys if key.lower().startswith(("aws:", f"{GROUP}/"))]:
            raise ValueError(f"keys that begin with aws: or {GROUP}/ are taken: {', '.join(taken)}")
        if len({key.lower() for key in keys}) < len(keys):
            raise ValueError("has a key twice")
        return value

    def tags(self) -> dict[str, str]:
        """The tags of what is made in AWS, by their keys."""
        pairs = (each.partition("=") for each in self.resource_tags.split(",") if each)
        return {key.strip(): value.strip() for key, _, value in pairs}

    def namespace_list(self) -> tuple[str, ...]:
        """The namespaces to serve; empty: all."""
        return tuple(name.strip() for name in self.namespaces.split(",") if name.strip())
