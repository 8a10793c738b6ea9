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
    """A condition, as in the Kubernetes API conventions and kstatus."""

    type: str = Field(
        description="Type of the condition, such as `Ready`, `Available`, `Reconciling` or `Stalled`.",
        max_length=316,
    )
    status: ConditionStatus = Field(description="Status of the condition.")
    reason: str = Field(description="Reason in CamelCase, for programs.", max_length=1024)
    message: str = Field(description="Explanation, for people.", max_length=32768)
    observed_generation: int = Field(description="The generation of the spec that the condition refers to.")
    last_transition_time: Time = Field(description="When `status` last changed.")


class EndpointStatus(StatusModel):
    """The endpoint in AWS."""

    name: str = Field(description="Name of the endpoint in AWS.")
    arn: str | None = Field(None, description="ARN of the endpoint.")
    status: str = Field(
        description="`EndpointStatus` in AWS, such as `InService` or `Updating`; or `Pending`, `Stopped`, `NotFound` or"
        " `NotOwned`."
    )
    config_name: str | None = Field(None, description="Name of the endpoint config in service.")
    url: str | None = Field(None, description="URL for requests.")
    created_at: Time | None = Field(None, description="When the endpoint was created.")
    tag_keys: list[str] = Field(
        default_factory=list, description="Keys of the tags that the operator manages on the endpoint.", max_length=50
    )


class ContainerStatus(ApiModel):
    """One container of an inference pipeline in AWS."""

    image: str | None = Field(None, description="Image as specified.")
    digest: str | None = Field(None, description="Digest that the image was resolved to.")
    model_artifact: str | None = Field(None, description="S3 URI of the model artifact.")


class VariantStatus(ApiModel):
    """A variant in AWS."""

    name: str = Field(description="Name of the variant.")
    shadow: bool | None = Field(None, description="True for the shadow variant, which gets a copy of the requests.")
    image: str | None = Field(None, description="Image as specified. For a pipeline, the image of its first container.")
    digest: str | None = Field(None, description="Digest that the image was resolved to.")
    model_artifact: str | None = Field(None, description="S3 URI of the model artifact.")
    containers: list[ContainerStatus] | None = Field(
        None, description="The containers of an inference pipeline, in order.", max_length=15
    )
    current_weight: float | None = Field(None, description="Weight in effect.")
    desired_weight: float | None = Field(None, description="Weight requested from AWS.")
    current_instances: int | None = Field(None, description="Number of instances in service.")
    desired_instances: int | None = Field(
        None, description="Number of instances requested from AWS, by the spec or by autoscaling."
    )
    max_concurrency: int | None = Field(
        None, description="Maximum number of concurrent requests of a serverless variant."
    )
    provisioned_concurrency: int | None = Field(None, description="Provisioned concurrency of a serverless variant.")
    min_capacity: int | None = Field(None, description="Minimum capacity of autoscaling.")
    max_capacity: int | None = Field(None, description="Maximum capacity of autoscaling.")


class OfficeHoursStatus(ApiModel):
    """When the endpoint is next stopped and started by its office hours."""

    hours: str = Field(
        description="Hash of `spec.officeHours` and of the annotation `smendpoints.dev/keepRunningUntil`.",
        max_length=64,
    )
    stops_at: Time | None = Field(
        None,
        description="When the endpoint is stopped. A time in the past means: as soon as AWS allows it.",
    )
    starts_at: Time | None = Field(None, description="When the endpoint is started.")
    outside: bool = Field(
        False, description="Whether the endpoint currently runs outside of its office hours, until `stopsAt`."
    )


class Failure(StatusModel):
    """The last failure of the endpoint."""

    reason: str = Field(description="`FailureReason` from AWS.", max_length=1024)
    log_tail: list[str] = Field(
        default_factory=list,
        description="Last lines of the failing container's log, with secrets removed.",
        max_length=20,
    )
    hint: str | None = Field(None, description="What to do next.", max_length=1024)
    compared: list[ComparedMetric] | None = Field(
        None,
        description="The comparison of the fleets, if it caused the rollback (`spec.rollout.analysis`).",
        max_length=50,
    )


class Cost(ApiModel):
    """Estimated cost of the endpoint as it runs now."""

    hourly_usd: str = Field(description="US dollars per hour, such as `0.23`.")
    as_of: str = Field(description="Date of the prices.")


class Resolved(StatusModel):
    """The effective values: from the spec, otherwise from a policy's defaults, otherwise from the operator."""

    endpoint_name: str = Field(description="Name of the endpoint in AWS. Never changes.")
    region: str = Field(description="AWS region. Never changes.")
    assume_role_arn: str | None = Field(None, description="Role that the operator assumes. Never changes.")
    execution_role_arn: str | None = Field(
        None, description="Execution role of the models. Updated when the spec is edited."
    )
    vpc: Vpc | None = Field(None, description="VPC of the model containers. Updated when the spec is edited.")
    tags: dict[str, str] = Field(default_factory=dict, description="Tags. Updated when the spec is edited.")
    other_tag_keys: list[str] = Field(
        default_factory=list,
        description="Keys of other tags that may be set in AWS: from earlier specs, and required by policies.",
        max_length=100,
    )
    generation: int = Field(-1, description="The generation of the spec that these values belong to.")
    capacity: dict[str, int] = Field(
        default_factory=dict,
        description="Maximum number of instances by type, including autoscaling. Counts against the limits of"
        " policies.",
    )
    capacity_before: dict[str, int] | None = Field(
        None,
        description="Maximum number of instances by type of earlier specs that may still run in AWS. For the limits of"
        " policies, the larger of both counts.",
    )


class TrafficOwner(ApiModel):
    """The experiment that controls the traffic instead of the spec."""

    experiment: str = Field(description="Name of the SageMakerExperiment.")
    weights: dict[str, float] = Field(description="Weights of the variants that it compares, by name.", max_length=5)


class Converged(ApiModel):
    """The last time that AWS matched the spec."""

    generation: int = Field(description="The generation of the spec that AWS matched. Later differences are drift.")
    fingerprint: str | None = Field(
        None,
        description="Hash of the desired state and of AWS's listings, to detect changes. Unset while work is pending.",
        max_length=64,
    )
    traffic: TrafficOwner | None = Field(
        None, description="The experiment that controlled the traffic then. Unset if the spec did."
    )


class SageMakerEndpointStatus(StatusModel):
    """The observed state of the endpoint, as last reported by the operator."""

    observed_generation: int = Field(-1, description="The generation of the spec that the status refers to.")
    created_in_aws: bool | None = Field(
        None,
        description="Whether anything may have been created or tagged in AWS for this object. It is set to true before"
        " the first such call. While it is false, the object can be deleted without calls to AWS.",
    )
    conditions: list[Condition] = Field(
        default_factory=list,
        description="Conditions, compatible with kstatus. docs/reference/conditions.md lists all types and reasons.",
        max_length=16,
        json_schema_extra=MAP_BY_TYPE,
    )
    converged: Converged | None = Field(None, description="The last time that AWS matched the spec.")
    resolved: Resolved | None = Field(None, description="The effective values, stored when the endpoint was created.")
    adopted: bool | None = Field(
        None,
        description="Whether the endpoint was adopted. If so, it is retained when the object is deleted, unless"
        " `deletionPolicy` is `Delete`.",
    )
    endpoint: EndpointStatus | None = Field(None, description="The endpoint in AWS.")
    variants: list[VariantStatus] = Field(
        default_factory=list, description="The variants in service, in the order of the spec.", max_length=11
    )
    pending_variants: list[VariantStatus] | None = Field(
        None, description="The variants of the endpoint config that is being rolled out.", max_length=11
    )
    instances: str | None = Field(
        None,
        description="Instances in service and requested, such as `2/3`. During a rollout, the new fleet is added:"
        " `2/2+1/2`.",
    )
    traffic: str | None = Field(
        None,
        description="Share of the traffic by variant, in percent, such as `rf=90,gb=10`. During a rollout, variants of"
        " the new fleet are prefixed: `rf=90,new:rf=10`.",
    )
    traffic_owner: TrafficOwner | None = Field(
        None, description="The experiment that controls the traffic instead of the spec. Unset if there is none."
    )
    redeployed_at: str | None = Field(
        None,
        description="The last value of the annotation `smendpoints.dev/redeployedAt`. It stays in effect if the"
        " annotation is removed.",
        max_length=64,
    )
    office_hours: OfficeHoursStatus | None = Field(
        None,
        description="When the endpoint is next stopped and started by its office hours. Unset without office hours.",
    )
    rolled_back_to: RolledBackTo | None = Field(
        None,
        description="The revision that the annotation `smendpoints.dev/rollbackTo` has put in place of the spec, until"
        " the spec is edited.",
    )
    rollout: RolloutStatus | None = Field(None, description="The last rollout.")
    in_place: list[InPlaceChange] = Field(
        default_factory=list,
        description="Changes of weights, counts and concurrency that were requested but are not yet in effect.",
        max_length=24,
    )
    launched_from: list[LaunchedFrom] = Field(
        default_factory=list,
        description="The model artifacts from which the current fleet, and that of the last rollout, were launched.",
        max_length=3,
    )
    history: list[Revision] = Field(
        default_factory=list, description="Revisions of the endpoint, newest first.", max_length=25
    )
    failure: Failure | None = Field(None, description="The last failure of the endpoint.")
    cost: Cost | None = Field(None, description="Estimated cost of the endpoint.")
    monitoring: MonitoringStatus | None = Field(
        None, description="The alarms and the dashboard in CloudWatch. Unset if there are none."
    )
