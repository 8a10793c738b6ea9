"""The spec: what the user wants."""

from typing import Annotated, Literal

from pydantic import Field

from smendpoints.api.analysis import Analysis
from smendpoints.api.base import MAP_BY_NAME, S3_PREFIX, SET, ApiModel, KmsKey, Name, TimeZone
from smendpoints.api.monitoring import Monitoring, TopicARN
from smendpoints.api.variants import Variant

Strategy = Literal["AllAtOnce", "Canary", "Linear", "Rolling"]
ROLE_ARN = r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$"
REGION = r"^[a-z]{2,4}(-[a-z]+)+-[0-9]+$"
SUBNET_ID = r"^subnet-[0-9a-z]+$"
SECURITY_GROUP_ID = r"^sg-[0-9a-z]+$"
FIVE_CRON_FIELDS = r"^[A-Za-z0-9*,/#?-]+( [A-Za-z0-9*,/#?-]+){4}$"

RoleARN = Annotated[str, Field(pattern=ROLE_ARN, min_length=20, max_length=2048)]
SubnetID = Annotated[str, Field(pattern=SUBNET_ID, max_length=32)]
SecurityGroupID = Annotated[str, Field(pattern=SECURITY_GROUP_ID, max_length=32)]
ContentType = Annotated[str, Field(min_length=1, max_length=256)]
CronFields = Annotated[str, Field(pattern=FIVE_CRON_FIELDS, max_length=100)]
AlarmName = Annotated[str, Field(min_length=1, max_length=255)]
TagValue = Annotated[str, Field(max_length=256)]


class Vpc(ApiModel):
    """The network of the models' containers."""

    subnet_ids: list[SubnetID] = Field(
        description="Subnets, at least two, in different availability zones.",
        min_length=2,
        max_length=16,
        json_schema_extra=SET,
    )
    security_group_ids: list[SecurityGroupID] = Field(
        description="Security groups.", min_length=1, max_length=5, json_schema_extra=SET
    )


class Rollback(ApiModel):
    """When a rollout is undone."""

    alarm_names: list[AlarmName] = Field(
        default_factory=list,
        description="CloudWatch alarms that undo the rollout when they fire.",
        max_length=10,
        json_schema_extra=SET,
    )
    on_request: bool = Field(
        False,
        description="Whether the rollout can be aborted while it is under way, by the annotation"
        " `smendpoints.dev/abortRevision`: the operator makes one more alarm, and sets it off then.",
    )
    max_error_rate_percent: float | None = Field(
        None,
        description="Share of 5xx answers of the new fleet that undoes the rollout; not watched if unset.",
        gt=0,
        le=100,
    )
    max_latency_milliseconds: int | None = Field(
        None,
        description="Mean model latency of the new fleet that undoes the rollout; not watched if unset.",
        ge=1,
        le=60000,
    )


class Rollout(ApiModel):
    """How an update replaces the fleet."""

    strategy: Strategy = Field("AllAtOnce", description="How traffic moves to the new fleet.")
    step_percent: int | None = Field(
        None,
        description="Size of the canary or of a step, in percent of the capacity; 10 if both are unset.",
        ge=1,
        le=50,
    )
    step_instances: int | None = Field(
        None,
        description="Size of the canary or of a step, in instances; `stepPercent` counts if unset.",
        ge=1,
        le=500,
    )
    step_wait_seconds: int = Field(0, description="Time to watch each step.", ge=0, le=3600)
    termination_wait_seconds: int = Field(
        0, description="Time to keep the old fleet once all traffic has moved.", ge=0, le=3600
    )
    timeout_seconds: int | None = Field(
        None, description="Longest time of the whole rollout; AWS chooses if unset.", ge=600, le=28800
    )
    rollback: Rollback | None = Field(None, description="When the rollout is undone.")
    analysis: Analysis | None = Field(
        None,
        description="How the new fleet is judged against the old one while a Canary or Linear rollout bakes: if it is"
        " worse, the rollout is undone. Absolute limits are in `rollback`.",
    )


class DataCapture(ApiModel):
    """Capture of requests and answers to S3."""

    destination: str = Field(description="S3 URI of the prefix.", pattern=S3_PREFIX, max_length=512)
    sampling_percentage: int = Field(100, description="Share of requests that is captured.", ge=0, le=100)
    capture: Literal["Input", "Output", "InputAndOutput"] = Field("InputAndOutput", description="What is captured.")
    kms_key_id: KmsKey | None = Field(
        None, description="Key that encrypts the captured data; the bucket's own way if unset."
    )
    csv_content_types: list[ContentType] = Field(
        default_factory=list, description="Content types stored as CSV.", max_length=10, json_schema_extra=SET
    )
    json_content_types: list[ContentType] = Field(
        default_factory=list, description="Content types stored as JSON.", max_length=10, json_schema_extra=SET
    )


class AsyncInference(ApiModel):
    """Asynchronous inference."""

    output_path: str = Field(description="S3 URI of the prefix for answers.", pattern=S3_PREFIX, max_length=1024)
    failure_path: str | None = Field(
        None,
        description="S3 URI of the prefix for failures; they are not kept if unset.",
        pattern=S3_PREFIX,
        max_length=1024,
    )
    kms_key_id: KmsKey | None = Field(None, description="Key that encrypts the answers; the bucket's own way if unset.")
    max_concurrent_invocations_per_instance: int | None = Field(
        None,
        description="Maximum number of requests that one instance handles at once; AWS chooses if unset.",
        ge=1,
        le=1000,
    )
    success_topic_arn: TopicARN | None = Field(None, description="SNS topic told of answers; none if unset.")
    error_topic_arn: TopicARN | None = Field(None, description="SNS topic told of failures; none if unset.")


class OfficeHours(ApiModel):
    """A schedule of starts and stops. Outside of the hours the endpoint is deleted; the object stays."""

    time_zone: TimeZone = Field("UTC", description="IANA time zone, such as `Europe/Berlin`.")
    start: CronFields = Field(description="When the endpoint starts: five cron fields, such as `0 8 * * 1-5`.")
    stop: CronFields = Field(description="When the endpoint stops: five cron fields, such as `0 18 * * 1-5`.")


class SageMakerEndpointSpec(ApiModel):
    """Desired state of the endpoint."""

    endpoint_name: Name | None = Field(
        None, description="Name in AWS; `<namespace>-<name>` if unset, cut to 63 characters with a hash. Immutable."
    )
    region: str | None = Field(
        None,
        description="AWS region, such as `us-east-1`; the operator's own if unset. Immutable.",
        pattern=REGION,
        max_length=32,
    )
    assume_role_arn: RoleARN | None = Field(
        None, description="Role that the operator acts as; its own identity if unset. Immutable."
    )
    execution_role_arn: RoleARN | None = Field(
        None, description="Role of the models; the operator's default if unset, and required where it has none."
    )
    vpc: Vpc | None = Field(None, description="Network of the containers.")
    network_isolation: bool = Field(False, description="Whether containers have no network at all.")
    kms_key_id: KmsKey | None = Field(
        None, description="Key that encrypts the storage volumes; a key of AWS's own if unset."
    )
    tags: dict[str, TagValue] = Field(
        default_factory=dict, description="Tags of all that the operator makes in AWS.", max_length=45
    )
    variants: list[Variant] = Field(
        description="Production variants.", min_length=1, max_length=10, json_schema_extra=MAP_BY_NAME
    )
    shadow: Variant | None = Field(
        None, description="A shadow variant: gets a copy of the requests, its answers are dropped."
    )
    rollout: Rollout = Field(default_factory=Rollout, description="How an update replaces the fleet.")
    data_capture: DataCapture | None = Field(None, description="Capture of requests and answers.")
    async_: AsyncInference | None = Field(None, description="Asynchronous inference.")
    monitoring: Monitoring | None = Field(
        None, description="CloudWatch alarms and a dashboard of the endpoint; none if unset."
    )
    desired_state: Literal["Running", "Stopped"] = Field("Running", description="Whether there is to be an endpoint.")
    office_hours: OfficeHours | None = Field(None, description="A schedule of starts and stops.")
    suspend: bool = Field(False, description="Whether the operator only looks and reports.")
    drift_policy: Literal["Correct", "Report"] = Field(
        "Correct", description="What to do when AWS no longer matches the spec."
    )
    deletion_policy: Literal["Delete", "Retain"] | None = Field(
        None,
        description="What deleting the object does in AWS. If unset, what it made is deleted, what it adopted stays.",
    )
    adopt_existing: bool = Field(
        False, description="Whether to take over an endpoint of that name that is not the operator's."
    )
    revision_history_limit: int = Field(3, description="How many old revisions stay deployable.", ge=0, le=20)

    def all_variants(self) -> list[Variant]:
        """The production variants, and the shadow if there is one."""
        return [*self.variants, *([self.shadow] if self.shadow is not None else [])]
