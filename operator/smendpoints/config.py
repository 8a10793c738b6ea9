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

    namespaces: str = Field("", description="Namespaces to serve, separated by commas; empty: all.")
    cluster_id: str | None = Field(
        None,
        description="Identity of the cluster in ownership tags; the UID of the namespace kube-system if unset.",
        pattern=r"^[A-Za-z0-9._:/=+@-]{1,256}$",
    )
    region: str | None = Field(None, description="Default AWS region; else AWS_REGION or AWS_DEFAULT_REGION.")
    default_execution_role_arn: str | None = Field(
        None, description="Execution role of objects that name none.", pattern=ROLE_ARN
    )
    resource_tags: str = Field(
        "",
        description="Tags of what is made in AWS, as key=value, separated by commas; policies and objects win.",
    )
    deletion_policy: Literal["Delete", "Retain"] = Field(
        "Delete",
        description="What the deletion of an object that says nothing does in AWS to what it made; adopted ones stay.",
    )
    external_id: str | None = Field(
        None,
        description="ExternalId that is presented where a role is assumed, as its trust policy asks for.",
        pattern=r"^[A-Za-z0-9_+=,.@:/-]{2,1224}$",
    )
    session_tags: bool = Field(
        default=False,
        description="Tag sessions in roles with cluster and namespace; trust policies must allow sts:TagSession.",
    )
    require_policies: bool = Field(
        default=False,
        description="Change nothing in AWS while the cluster has no SageMakerEndpointPolicy, as when its CRD is gone.",
    )
    object_seconds: float = Field(
        1.0,
        description="Least time between two reconciles of an object, whatever is done to it; three may follow at once.",
        ge=0,
        le=60,
    )
    poll_seconds: float = Field(5.0, description="How often AWS is asked about endpoints in transition.", gt=0, le=300)
    watch_seconds: float = Field(30.0, description="How often AWS is asked about endpoints at rest.", gt=0, le=3600)
    audit_seconds: float = Field(
        60.0, description="How often autoscaling, configs and models in AWS are looked over for drift.", gt=0, le=86400
    )
    analysis_period_seconds: int = Field(
        60,
        description="Length of the periods by which fleets are compared: 1, 5, 10, 30 or 60; less than 60 only where"
        " metrics are published that often, as in the sandbox.",
        ge=1,
        le=60,
    )
    events_queue_url: str | None = Field(
        None,
        description="URL of the SQS queue that EventBridge fills; unset: changes are seen by the listings alone.",
        pattern=r"^https?://[^\s/]+/[^\s]+$",
    )
    prices: Literal["api", "table"] = Field(
        "api",
        description="Where prices come from: api, AWS's price list, or none if it cannot be read; table, a dated one.",
    )
    threads: int = Field(32, description="Most reconciles at once.", ge=1, le=256)
    log_format: Literal["json", "plain"] = Field("plain", description="Log format.")
    log_level: Literal["debug", "info", "warning"] = Field("info", description="What is logged.")
    bind_address: str = Field("0.0.0.0", description="Address that /healthz and /metrics listen on.")  # noqa: S104
    liveness_port: int | None = Field(None, description="Port of /healthz.", ge=1, le=65535)
    metrics_port: int | None = Field(None, description="Port of /metrics.", ge=1, le=65535)
    metrics_authentication: Literal["none", "token"] = Field(
        "none",
        description="Who may read /metrics: none, everybody; token, accounts of the cluster that may get that path.",
    )
    metrics_certificate_folder: str | None = Field(
        None, description="Folder with tls.crt and tls.key: /metrics speaks TLS, and needs a port of its own."
    )
    leader_election: bool = Field(
        True,
        description="Whether a process waits for the lease before it works; one that is surely alone may do without.",
    )
    lease_namespace: str | None = Field(
        None, description="Namespace of the lease; that of the pod, or of the kubeconfig's context, if unset."
    )
    lease_name: str = Field("smendpoints", description="Name of the lease.", pattern=_DNS_NAME)
    lease_duration_seconds: int = Field(
        10, description="How long others wait for a leader that is not heard of before one takes over.", ge=1, le=3600
    )
    lease_renew_deadline_seconds: float = Field(
        7.0, description="When a leader that cannot renew its lease ends itself; less than the duration.", gt=0
    )
    lease_retry_seconds: float = Field(
        1.0, description="How often the lease is renewed, and looked at; at most a third of the deadline.", gt=0
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
