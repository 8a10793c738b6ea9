"""Automatic scaling of a variant, as Application Auto Scaling has it."""

from typing import Literal

from pydantic import Field

from smendpoints.api.base import ATOMIC, MAP_BY_NAME, ApiModel, Name, TimeZone

PredefinedMetric = Literal[
    "InvocationsPerInstance",
    "ConcurrentRequestsPerModel",
    "ProvisionedConcurrencyUtilization",
]
Statistic = Literal["Average", "Minimum", "Maximum", "SampleCount", "Sum"]
ComparisonOperator = Literal[
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
]
SCHEDULE = (
    r"^(at\([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\)"
    r"|rate\([1-9][0-9]* (minute|hour|day)s?\)"
    r"|cron\([^ ]+( [^ ]+){5}\))$"
)


class MetricDimension(ApiModel):
    """One dimension of a CloudWatch metric."""

    name: str = Field(description="Name of the dimension.", min_length=1, max_length=255)
    value: str = Field(description="Value of the dimension.", min_length=1, max_length=1024)


class CustomizedMetric(ApiModel):
    """A CloudWatch metric of the user's choice."""

    namespace: str = Field(description="Namespace of the metric.", min_length=1, max_length=255)
    metric_name: str = Field(description="Name of the metric.", min_length=1, max_length=255)
    dimensions: list[MetricDimension] = Field(
        default_factory=list, description="Dimensions of the metric.", max_length=30, json_schema_extra=MAP_BY_NAME
    )
    statistic: Statistic = Field("Average", description="Statistic of the metric.")
    unit: str | None = Field(None, description="Unit of the metric; any if unset.", max_length=64)


class TargetTracking(ApiModel):
    """A target tracking policy: keep a metric near a value."""

    name: Name = Field(description="Name of the policy within the variant.")
    predefined_metric: PredefinedMetric | None = Field(
        None, description="A metric of SageMaker. Exactly one of this and `customizedMetric`."
    )
    customized_metric: CustomizedMetric | None = Field(None, description="A metric of your own.")
    target_value: float = Field(description="Value to keep the metric at.", gt=0)
    scale_in_cooldown_seconds: int | None = Field(
        None, description="Overrides the variant's, which counts if unset.", ge=0, le=86400
    )
    scale_out_cooldown_seconds: int | None = Field(
        None, description="Overrides the variant's, which counts if unset.", ge=0, le=86400
    )
    disable_scale_in: bool | None = Field(None, description="Overrides the variant's, which counts if unset.")


class Step(ApiModel):
    """One step of a step scaling policy. Bounds are relative to the alarm's threshold."""

    lower_bound: float | None = Field(None, description="Where the step begins; unset is minus infinity.")
    upper_bound: float | None = Field(None, description="Where the step ends; unset is infinity.")
    adjustment: int = Field(description="How much to scale, in the policy's `adjustmentType`.")


class StepAlarm(ApiModel):
    """The alarm that sets off a step scaling policy. The operator makes, owns and removes it."""

    metric: CustomizedMetric = Field(description="The metric to watch.")
    comparison_operator: ComparisonOperator = Field(description="How the metric is compared to the threshold.")
    threshold: float = Field(description="The value to compare with.")
    period_seconds: int = Field(60, description="Length of one period.", ge=10, le=86400)
    evaluation_periods: int = Field(1, description="How many periods are looked at.", ge=1, le=100)
    treat_missing_data: Literal["breaching", "notBreaching", "ignore", "missing"] = Field(
        "missing", description="What a period without data counts as."
    )


class StepScaling(ApiModel):
    """A step scaling policy with its alarm."""

    name: Name = Field(description="Name of the policy within the variant.")
    adjustment_type: Literal["ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity"] = Field(
        "ChangeInCapacity", description="What a step's adjustment means."
    )
    cooldown_seconds: int = Field(300, description="Pause after a scaling.", ge=0, le=86400)
    metric_aggregation_type: Literal["Average", "Minimum", "Maximum"] = Field(
        "Average", description="How data points are aggregated."
    )
    steps: list[Step] = Field(description="The steps.", min_length=1, max_length=20, json_schema_extra=ATOMIC)
    alarm: StepAlarm = Field(description="What sets the policy off.")


class ScalingSchedule(ApiModel):
    """A scheduled change of the capacity bounds."""

    name: Name = Field(description="Name of the schedule within the variant.")
    schedule: str = Field(
        description="`at(yyyy-mm-ddThh:mm:ss)`, `rate(5 minutes)` or `cron(0 8 ? * MON-FRI *)`.",
        pattern=SCHEDULE,
        max_length=256,
    )
    time_zone: TimeZone | None = Field(None, description="IANA time zone, such as `Europe/Berlin`; UTC if unset.")
    min_capacity: int | None = Field(None, description="Lower bound from then on; as before if unset.", ge=0, le=1000)
    max_capacity: int | None = Field(None, description="Upper bound from then on; as before if unset.", ge=0, le=1000)


class Scaling(ApiModel):
    """Automatic scaling of one variant."""

    min_capacity: int = Field(
        description="Minimum number of instances (provisioned concurrency for serverless). 0 only with `async`.",
        ge=0,
        le=1000,
    )
    max_capacity: int = Field(
        description="Maximum number of instances (provisioned concurrency for serverless).", ge=1, le=1000
    )
    target_invocations_per_instance: float | None = Field(
        None,
        description="Invocations per instance and minute to keep, as one `targetTracking` entry does; none if unset.",
        gt=0,
    )
    target_tracking: list[TargetTracking] = Field(
        default_factory=list, description="Target tracking policies.", max_length=10, json_schema_extra=MAP_BY_NAME
    )
    step_scaling: list[StepScaling] = Field(
        default_factory=list, description="Step scaling policies.", max_length=10, json_schema_extra=MAP_BY_NAME
    )
    scale_in_cooldown_seconds: int = Field(300, description="Pause after a scale-in.", ge=0, le=86400)
    scale_out_cooldown_seconds: int = Field(300, description="Pause after a scale-out.", ge=0, le=86400)
    disable_scale_in: bool = Field(False, description="Whether policies only ever add capacity.")
    schedules: list[ScalingSchedule] = Field(
        default_factory=list,
        description="Scheduled changes of the bounds.",
        max_length=50,
        json_schema_extra=MAP_BY_NAME,
    )
    suspended: bool = Field(False, description="Whether all scaling pauses; policies are kept.")
