"""The spec: what the user wants."""

from typing import Annotated, Literal

from pydantic import Field

from smendpoints.api.base import MAP_BY_NAME, S3_PREFIX, SET, ApiModel, KmsKey, Name, TimeZone
from smendpoints.api.monitoring import Monitoring, TopicARN
from smendpoints.api.rollout import Rollout
from smendpoints.api.variants import Variant

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
TagValue = Annotated[str, Field(max_length=256)]


class Vpc(ApiModel):
    """The network that the model containers use."""

    subnet_ids: list[SubnetID] = Field(
        description="IDs of at least two subnets in different Availability Zones, such as `subnet-0123456789abcdef0`.",
        min_length=2,
        max_length=16,
        json_schema_extra=SET,
    )
    security_group_ids: list[SecurityGroupID] = Field(
        description="IDs of security groups, such as `sg-0123456789abcdef0`.",
        min_length=1,
        max_length=5,
        json_schema_extra=SET,
    )


class DataCapture(ApiModel):
    """Stores requests and responses in S3."""

    destination: str = Field(
        description="S3 URI of the prefix under which captured data is stored, such as `s3://my-bucket/captured/`.",
        pattern=S3_PREFIX,
        max_length=512,
    )
    sampling_percentage: int = Field(100, description="Percentage of requests that are captured.", ge=0, le=100)
    capture: Literal["Input", "Output", "InputAndOutput"] = Field("InputAndOutput", description="What is captured.")
    kms_key_id: KmsKey | None = Field(
        None,
        description="KMS key that encrypts the captured data, as an ID, ARN or alias. If unset, the bucket's default"
        " encryption applies.",
    )
    csv_content_types: list[ContentType] = Field(
        default_factory=list,
        description="Content types of requests and responses that are stored as CSV text, such as `text/csv`. Other"
        " content types are stored in base64.",
        max_length=10,
        json_schema_extra=SET,
    )
    json_content_types: list[ContentType] = Field(
        default_factory=list,
        description="Content types of requests and responses that are stored as JSON text, such as `application/json`."
        " Other content types are stored in base64.",
        max_length=10,
        json_schema_extra=SET,
    )


class AsyncInference(ApiModel):
    """Asynchronous inference: requests wait in a queue, and responses are written to S3."""

    output_path: str = Field(
        description="S3 URI of the prefix for responses, such as `s3://my-bucket/responses/`.",
        pattern=S3_PREFIX,
        max_length=1024,
    )
    failure_path: str | None = Field(
        None,
        description="S3 URI of the prefix for error responses, such as `s3://my-bucket/failures/`. If unset, error"
        " responses are not stored.",
        pattern=S3_PREFIX,
        max_length=1024,
    )
    kms_key_id: KmsKey | None = Field(
        None,
        description="KMS key that encrypts the responses, as an ID, ARN or alias. If unset, the bucket's default"
        " encryption applies.",
    )
    max_concurrent_invocations_per_instance: int | None = Field(
        None,
        description="Maximum number of requests that SageMaker sends to one instance at the same time. If unset, AWS"
        " chooses.",
        ge=1,
        le=1000,
    )
    success_topic_arn: TopicARN | None = Field(
        None,
        description="ARN of the SNS topic that is notified of each response. If unset, no topic is notified.",
    )
    error_topic_arn: TopicARN | None = Field(
        None,
        description="ARN of the SNS topic that is notified of each failure. If unset, no topic is notified.",
    )


class OfficeHours(ApiModel):
    """Starts and stops the endpoint on a schedule. While stopped, the endpoint is deleted in AWS; the object stays."""

    time_zone: TimeZone = Field("UTC", description="IANA time zone of `start` and `stop`, such as `Europe/Berlin`.")
    start: CronFields = Field(
        description="When the endpoint starts: five cron fields (minute, hour, day of month, month, day of week), such"
        " as `0 8 * * 1-5` for 8:00 on weekdays."
    )
    stop: CronFields = Field(
        description="When the endpoint stops: five cron fields (minute, hour, day of month, month, day of week), such"
        " as `0 18 * * 1-5` for 18:00 on weekdays."
    )


class SageMakerEndpointSpec(ApiModel):
    """The desired state of the endpoint."""

    endpoint_name: Name | None = Field(
        None,
        description="Name of the endpoint in AWS. If unset, it is `<namespace>-<name>`; a name of more than 63"
        " characters is shortened and ends in a hash. Cannot be changed later.",
    )
    region: str | None = Field(
        None,
        description="AWS region, such as `us-east-1`. If unset, a policy's default applies, otherwise the operator's"
        " region. Cannot be changed later.",
        pattern=REGION,
        max_length=32,
    )
    assume_role_arn: RoleARN | None = Field(
        None,
        description="ARN of the IAM role that the operator assumes to manage this endpoint, for example in another"
        " account. If unset, a policy's default applies, otherwise the operator uses its own identity. Cannot be"
        " changed later.",
    )
    execution_role_arn: RoleARN | None = Field(
        None,
        description="ARN of the IAM role that the model containers use (execution role), such as"
        " `arn:aws:iam::123456789012:role/sagemaker-execution`. If unset, a policy's default applies, otherwise the"
        " operator's. If there is neither, the endpoint is not created.",
    )
    vpc: Vpc | None = Field(
        None,
        description="The VPC that the model containers are connected to. If unset, a policy's default applies,"
        " otherwise they are not connected to a VPC.",
    )
    network_isolation: bool = Field(
        False, description="If true, the model containers cannot make any outbound network calls, not even to AWS."
    )
    kms_key_id: KmsKey | None = Field(
        None,
        description="KMS key that encrypts the storage volumes of the instances, as an ID, ARN or alias. If unset, AWS"
        " uses a key of its own.",
    )
    tags: dict[str, TagValue] = Field(
        default_factory=dict,
        description="Tags for everything that the operator creates in AWS for this object. Tags of the operator's"
        " settings and of policies are added. Keys must not begin with `aws:` or `smendpoints.dev/`.",
        max_length=45,
    )
    variants: list[Variant] = Field(
        description="The production variants: one or several models that share the endpoint's traffic by their"
        " weights.",
        min_length=1,
        max_length=10,
        json_schema_extra=MAP_BY_NAME,
    )
    shadow: Variant | None = Field(
        None,
        description="A variant that gets a copy of the requests. Its responses are not returned to callers. Needs"
        " exactly one entry in `variants`. If unset, there is no shadow variant.",
    )
    rollout: Rollout = Field(default_factory=Rollout, description="How an update replaces the running instances.")
    data_capture: DataCapture | None = Field(
        None, description="Stores requests and responses in S3. If unset, nothing is captured."
    )
    async_: AsyncInference | None = Field(
        None,
        description="Makes the endpoint asynchronous: requests wait in a queue, and responses are written to S3. If"
        " unset, requests are answered directly.",
    )
    monitoring: Monitoring | None = Field(
        None,
        description="CloudWatch alarms that notify people, and a CloudWatch dashboard. `monitoring: {}` uses the"
        " defaults. If unset, there are neither.",
    )
    desired_state: Literal["Running", "Stopped"] = Field("Running", description="Whether the endpoint exists in AWS.")
    office_hours: OfficeHours | None = Field(
        None,
        description="Starts and stops the endpoint on a schedule. If unset, it runs all the time.",
    )
    suspend: bool = Field(
        False,
        description="If true, the operator changes nothing in AWS. It reports in the status what it would change.",
    )
    drift_policy: Literal["Correct", "Report"] = Field(
        "Correct",
        description="What happens if something else changes the endpoint in AWS, so that it no longer matches the"
        " spec.",
    )
    deletion_policy: Literal["Delete", "Retain"] | None = Field(
        None,
        description="What happens in AWS if this object is deleted. If unset, the operator's setting applies (`Delete`"
        " by default); an adopted endpoint is retained.",
    )
    adopt_existing: bool = Field(
        False,
        description="If true, and an endpoint of this name exists that no object owns, the operator takes it over. With"
        " `suspend: true` it only reports what it would change.",
    )
    revision_history_limit: int = Field(
        3,
        description="How many old revisions are kept in AWS, with their models, so that you can roll back to them.",
        ge=0,
        le=20,
    )

    def all_variants(self) -> list[Variant]:
        """The production variants, and the shadow if there is one."""
        return [*self.variants, *([self.shadow] if self.shadow is not None else [])]
