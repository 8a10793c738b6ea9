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
    """Any CloudWatch metric."""

    namespace: str = Field(
        description="CloudWatch namespace of the metric, such as `AWS/SageMaker`.", min_length=1, max_length=255
    )
    metric_name: str = Field(description="Name of the metric, such as `CPUUtilization`.", min_length=1, max_length=255)
    dimensions: list[MetricDimension] = Field(
        default_factory=list,
        description="All dimensions of the metric. CloudWatch finds no data if one is missing.",
        max_length=30,
        json_schema_extra=MAP_BY_NAME,
    )
    statistic: Statistic = Field("Average", description="Which statistic of the metric is used.")
    unit: str | None = Field(
        None, description="Unit of the metric, such as `Percent`. If unset, data with any unit is used.", max_length=64
    )


class TargetTracking(ApiModel):
    """A target tracking policy: AWS scales so that a metric stays near a value."""

    name: Name = Field(description="Name of the policy, unique within the variant.")
    predefined_metric: PredefinedMetric | None = Field(
        None,
        description="A metric of SageMaker. Exactly one of `predefinedMetric` and `customizedMetric` must be set.",
    )
    customized_metric: CustomizedMetric | None = Field(
        None,
        description="Any CloudWatch metric. Exactly one of `predefinedMetric` and `customizedMetric` must be set.",
    )
    target_value: float = Field(description="The value near which the metric is kept, in the unit of the metric.", gt=0)
    scale_in_cooldown_seconds: int | None = Field(
        None,
        description="Cooldown after a scale-in, in seconds. If unset, the value of the variant applies.",
        ge=0,
        le=86400,
    )
    scale_out_cooldown_seconds: int | None = Field(
        None,
        description="Cooldown after a scale-out, in seconds. If unset, the value of the variant applies.",
        ge=0,
        le=86400,
    )
    disable_scale_in: bool | None = Field(
        None,
        description="If true, this policy never removes capacity. If unset, the value of the variant applies.",
    )


class Step(ApiModel):
    """One step of a step scaling policy: what happens while the metric is within its bounds."""

    lower_bound: float | None = Field(
        None,
        description="Lower bound of the step, as the difference from the alarm's threshold. If unset, minus infinity.",
    )
    upper_bound: float | None = Field(
        None,
        description="Upper bound of the step, as the difference from the alarm's threshold. If unset, infinity.",
    )
    adjustment: int = Field(
        description="How much the capacity changes. `adjustmentType` of the policy says how the number is used."
    )


class StepAlarm(ApiModel):
    """The CloudWatch alarm that triggers a step scaling policy. The operator creates and deletes it."""

    metric: CustomizedMetric = Field(description="The metric that the alarm monitors.")
    comparison_operator: ComparisonOperator = Field(description="How the metric is compared with `threshold`.")
    threshold: float = Field(description="The value that the metric is compared with, in the unit of the metric.")
    period_seconds: int = Field(
        60, description="Length of one period, in seconds: 10, 20, 30, or a multiple of 60.", ge=10, le=86400
    )
    evaluation_periods: int = Field(
        1, description="For how many periods in a row the threshold must be crossed.", ge=1, le=100
    )
    treat_missing_data: Literal["breaching", "notBreaching", "ignore", "missing"] = Field(
        "missing", description="How a period without data is treated."
    )


class StepScaling(ApiModel):
    """A step scaling policy with its alarm."""

    name: Name = Field(description="Name of the policy, unique within the variant.")
    adjustment_type: Literal["ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity"] = Field(
        "ChangeInCapacity", description="How `adjustment` of a step is used."
    )
    cooldown_seconds: int = Field(300, description="Cooldown after each scaling activity, in seconds.", ge=0, le=86400)
    metric_aggregation_type: Literal["Average", "Minimum", "Maximum"] = Field(
        "Average", description="How the data points of the metric are combined."
    )
    steps: list[Step] = Field(
        description="The steps. They must not overlap.", min_length=1, max_length=20, json_schema_extra=ATOMIC
    )
    alarm: StepAlarm = Field(description="The alarm that triggers the policy.")


class ScalingSchedule(ApiModel):
    """A scheduled change of `minCapacity` and `maxCapacity`."""

    name: Name = Field(description="Name of the schedule, unique within the variant.")
    schedule: str = Field(
        description="When the change happens: once, such as `at(2027-01-31T08:00:00)`; periodically, such as"
        " `rate(2 hours)`; or six cron fields (minute, hour, day of month, month, day of week, year), such as"
        " `cron(0 8 ? * MON-FRI *)`.",
        pattern=SCHEDULE,
        max_length=256,
    )
    time_zone: TimeZone | None = Field(
        None, description="IANA time zone of `schedule`, such as `Europe/Berlin`. If unset, UTC."
    )
    min_capacity: int | None = Field(
        None,
        description="Minimum capacity from then on. If unset, it is not changed. At least one of `minCapacity` and"
        " `maxCapacity` must be set.",
        ge=0,
        le=1000,
    )
    max_capacity: int | None = Field(
        None,
        description="Maximum capacity from then on. If unset, it is not changed. At least one of `minCapacity` and"
        " `maxCapacity` must be set.",
        ge=0,
        le=1000,
    )


class Scaling(ApiModel):
    """Autoscaling of one variant, by AWS Application Auto Scaling."""

    min_capacity: int = Field(
        description="Minimum number of instances; for a serverless variant, minimum provisioned concurrency. 0 is only"
        " allowed with `async`.",
        ge=0,
        le=1000,
    )
    max_capacity: int = Field(
        description="Maximum number of instances; for a serverless variant, maximum provisioned concurrency.",
        ge=1,
        le=1000,
    )
    target_invocations_per_instance: float | None = Field(
        None,
        description="Target for the number of requests per instance and minute. Short form of a `targetTracking` entry"
        " with `predefinedMetric: InvocationsPerInstance`. If unset, there is no such target.",
        gt=0,
    )
    target_tracking: list[TargetTracking] = Field(
        default_factory=list,
        description="Target tracking policies: AWS scales so that a metric stays near a value.",
        max_length=10,
        json_schema_extra=MAP_BY_NAME,
    )
    step_scaling: list[StepScaling] = Field(
        default_factory=list,
        description="Step scaling policies: an alarm changes the capacity by a number that depends on the metric.",
        max_length=10,
        json_schema_extra=MAP_BY_NAME,
    )
    scale_in_cooldown_seconds: int = Field(
        300,
        description="Cooldown of target tracking after a scale-in, in seconds: no further scale-in happens in this"
        " time.",
        ge=0,
        le=86400,
    )
    scale_out_cooldown_seconds: int = Field(
        300,
        description="Cooldown of target tracking after a scale-out, in seconds: no further scale-out happens in this"
        " time.",
        ge=0,
        le=86400,
    )
    disable_scale_in: bool = Field(
        False, description="If true, target tracking policies only add capacity, and never remove any."
    )
    schedules: list[ScalingSchedule] = Field(
        default_factory=list,
        description="Scheduled changes of `minCapacity` and `maxCapacity`.",
        max_length=50,
        json_schema_extra=MAP_BY_NAME,
    )
    suspended: bool = Field(
        False, description="If true, all scaling is paused. Policies and schedules are kept in AWS."
    )
