"""The status: what the operator found and did. Never a secret, never unbounded."""

from typing import Literal

from pydantic import Field

from smendpoints.api.analysis import ComparedMetric
from smendpoints.api.base import MAP_BY_TYPE, ApiModel, StatusModel, Time
from smendpoints.api.monitoring import MonitoringStatus
from smendpoints.api.spec import Vpc
from smendpoints.api.status_rollout import InPlaceChange, LaunchedFrom, Revision, RolledBackTo, RolloutStatus

ConditionStatus = Literal["True", "False", "Unknown"]


class Condition(ApiModel):
    """A condition by the Kubernetes conventions and kstatus."""

    type: str = Field(
        description="Ready, Available, Reconciling, Stalled, AutoscalingActive, MonitoringActive or Drifted.",
        max_length=316,
    )
    status: ConditionStatus = Field(description="True, False or Unknown.")
    reason: str = Field(description="CamelCase reason, made for programs.", max_length=1024)
    message: str = Field(description="A sentence, made for people.", max_length=32768)
    observed_generation: int = Field(description="The generation that the condition speaks of.")
    last_transition_time: Time = Field(description="When `status` last changed.")


class EndpointStatus(StatusModel):
    """The endpoint in AWS."""

    name: str = Field(description="Name in AWS.")
    arn: str | None = Field(None, description="ARN.")
    status: str = Field(description="`EndpointStatus` of AWS, or `Pending`, `Stopped`, `NotFound`, `NotOwned`.")
    config_name: str | None = Field(None, description="The config in service.")
    url: str | None = Field(None, description="URL of its invocations.")
    created_at: Time | None = Field(None, description="When AWS created it.")
    tag_keys: list[str] = Field(
        default_factory=list, description="Keys of the tags that the operator keeps on it.", max_length=50
    )


class ContainerStatus(ApiModel):
    """One container of a pipeline in AWS."""

    image: str | None = Field(None, description="Image as specified.")
    digest: str | None = Field(None, description="Digest that the image was resolved to.")
    model_artifact: str | None = Field(None, description="The artifact that it serves.")


class VariantStatus(ApiModel):
    """A variant in AWS."""

    name: str = Field(description="Name of the variant.")
    shadow: bool | None = Field(None, description="True for the shadow variant, which gets a copy of the traffic.")
    image: str | None = Field(None, description="Image as specified; of a pipeline that of its first container.")
    digest: str | None = Field(None, description="Digest that the image was resolved to.")
    model_artifact: str | None = Field(None, description="The artifact that it serves.")
    containers: list[ContainerStatus] | None = Field(
        None, description="The containers of a pipeline, in order.", max_length=15
    )
    current_weight: float | None = Field(None, description="Weight in effect.")
    desired_weight: float | None = Field(None, description="Weight asked for.")
    current_instances: int | None = Field(None, description="Instances in service.")
    desired_instances: int | None = Field(None, description="Instances asked for, by the spec or by autoscaling.")
    max_concurrency: int | None = Field(None, description="Maximum number of requests at once, without instances.")
    provisioned_concurrency: int | None = Field(None, description="Concurrency that is kept warm, without instances.")
    min_capacity: int | None = Field(None, description="Lower bound of autoscaling.")
    max_capacity: int | None = Field(None, description="Upper bound of autoscaling.")


class OfficeHoursStatus(ApiModel):
    """When office hours stop and start the endpoint next."""

    hours: str = Field(description="Hash of the office hours and of the time that it is kept on until.", max_length=64)
    stops_at: Time | None = Field(None, description="When it is stopped; past: as soon as AWS lets it.")
    starts_at: Time | None = Field(None, description="When it is started.")
    outside: bool = Field(False, description="Whether it runs outside of its office hours, until `stopsAt`.")


class Failure(StatusModel):
    """Why the endpoint failed last."""

    reason: str = Field(description="`FailureReason` of AWS.", max_length=1024)
    log_tail: list[str] = Field(
        default_factory=list, description="Last lines of the failing container's log.", max_length=20
    )
    hint: str | None = Field(None, description="What to do next.", max_length=1024)
    compared: list[ComparedMetric] | None = Field(
        None, description="How the new fleet compared with the old one, where that undid the rollout.", max_length=50
    )


class Cost(ApiModel):
    """What the endpoint costs while it runs as it does now: an estimate."""

    hourly_usd: str = Field(description="US dollars per hour, such as `0.23`.")
    as_of: str = Field(description="Date of the prices.")


class Resolved(StatusModel):
    """The values in force: the spec's, else those of a policy's defaults, else the operator's own."""

    endpoint_name: str = Field(description="Name in AWS, for the object's life.")
    region: str = Field(description="AWS region, for the object's life.")
    assume_role_arn: str | None = Field(None, description="Role that the operator acts as, for the object's life.")
    execution_role_arn: str | None = Field(None, description="Role of the models, until the spec is edited.")
    vpc: Vpc | None = Field(None, description="Network of the containers, until the spec is edited.")
    tags: dict[str, str] = Field(default_factory=dict, description="Tags, until the spec is edited.")
    other_tag_keys: list[str] = Field(
        default_factory=list,
        description="Keys of other tags that it may have set: by specs before this one, and as policies require.",
        max_length=100,
    )
    generation: int = Field(-1, description="The generation of the spec that they were resolved for.")
    capacity: dict[str, int] = Field(
        default_factory=dict,
        description="Maximum number of instances that it may reach, by type: its share of what its namespace may hold.",
    )
    capacity_before: dict[str, int] | None = Field(
        None,
        description="Instances of specs before this one that AWS may still run; they count where they are more.",
    )


class TrafficOwner(ApiModel):
    """Who splits the traffic instead of the spec."""

    experiment: str = Field(description="Name of the SageMakerExperiment.")
    weights: dict[str, float] = Field(description="Weights of the variants that it compares.", max_length=5)


class Converged(ApiModel):
    """When AWS last matched the spec."""

    generation: int = Field(description="The generation that was brought about: what differs since then is drift.")
    fingerprint: str | None = Field(
        None,
        description="Hash of what was wanted and of how AWS lists it since; there while nothing waits to be done.",
        max_length=64,
    )
    traffic: TrafficOwner | None = Field(None, description="Who split the traffic then; none: the spec did.")


class SageMakerEndpointStatus(StatusModel):
    """What the operator found and did."""

    observed_generation: int = Field(-1, description="The generation that the status speaks of.")
    created_in_aws: bool | None = Field(
        None,
        description="Whether anything may have been created or tagged in AWS for this object. True is written before"
        " the first such call; while it is false, the object is deleted without asking AWS.",
    )
    conditions: list[Condition] = Field(
        default_factory=list, description="Conditions by kstatus.", max_length=16, json_schema_extra=MAP_BY_TYPE
    )
    converged: Converged | None = Field(None, description="When AWS last matched the spec.")
    resolved: Resolved | None = Field(None, description="The values in force, pinned when the endpoint was made.")
    adopted: bool | None = Field(
        None,
        description="Whether the endpoint was made by somebody else: then it is retained unless the spec says Delete.",
    )
    endpoint: EndpointStatus | None = Field(None, description="The endpoint in AWS.")
    variants: list[VariantStatus] = Field(
        default_factory=list, description="The variants in service, in the order of the spec.", max_length=11
    )
    pending_variants: list[VariantStatus] | None = Field(
        None, description="The variants of the config that is being rolled out.", max_length=11
    )
    instances: str | None = Field(
        None, description="Instances in service and asked for, such as `2/3`; `2/2+1/2` while a new fleet is beside."
    )
    traffic: str | None = Field(
        None, description="Shares of traffic, such as `rf=90,gb=10`; `rf=90,new:rf=10` while a new fleet takes a part."
    )
    traffic_owner: TrafficOwner | None = Field(
        None, description="Who splits the traffic instead of the spec, while an experiment does."
    )
    redeployed_at: str | None = Field(
        None,
        description="The value of the annotation `smendpoints.dev/redeployedAt` that models and config were made for:"
        " it counts when the annotation is gone, too.",
        max_length=64,
    )
    office_hours: OfficeHoursStatus | None = Field(
        None, description="When office hours stop and start the endpoint next; none without office hours."
    )
    rolled_back_to: RolledBackTo | None = Field(
        None, description="The revision that an annotation brings back in place of the spec, now or until its edit."
    )
    rollout: RolloutStatus | None = Field(None, description="The last attempt to bring a config into service.")
    in_place: list[InPlaceChange] = Field(
        default_factory=list,
        description="Changes of weights, counts and concurrency that AWS was asked for and that are not there.",
        max_length=24,
    )
    launched_from: list[LaunchedFrom] = Field(
        default_factory=list,
        description="The artifacts of the config in service and of the one that was attempted last.",
        max_length=3,
    )
    history: list[Revision] = Field(default_factory=list, description="Revisions, newest first.", max_length=25)
    failure: Failure | None = Field(None, description="Why the endpoint failed last.")
    cost: Cost | None = Field(None, description="What the endpoint costs: an estimate.")
    monitoring: MonitoringStatus | None = Field(
        None, description="The alarms and the dashboard; there while any may be in CloudWatch."
    )
