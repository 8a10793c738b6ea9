"""What an experiment compares variants by, as a user asks for it: shares of requests, and means. Types only."""

from typing import Annotated, Literal

from pydantic import Field

from smendpoints.api.analysis import ErrorRate, LatencyAbove
from smendpoints.api.base import MAP_BY_NAME, S3_PREFIX, ApiModel, Name

ENDPOINT, VARIANT = "$(endpoint)", "$(variant)"
"""What stands in the value of a dimension for the endpoint's name in AWS, and for the variant's."""
LONGEST_MINUTES = 14 * 24 * 60
"""CloudWatch keeps minutes for 15 days: what counted is read again after a restart."""

_Text = Annotated[str, Field(min_length=1, max_length=255)]


class CountDimension(ApiModel):
    """One dimension of a CloudWatch metric."""

    name: _Text = Field(description="Name of the dimension.")
    value: _Text = Field(
        description="Value of the dimension. The operator replaces `$(endpoint)` by the name of the endpoint in AWS,"
        " and `$(variant)` by the name of the variant."
    )


class CloudWatchCount(ApiModel):
    """A count that you publish to CloudWatch."""

    namespace: _Text = Field(description="CloudWatch namespace of the metric.")
    metric_name: _Text = Field(description="Name of the metric.")
    dimensions: list[CountDimension] = Field(
        description="All dimensions of the metric. One must have the value `$(endpoint)`, and one `$(variant)`.",
        min_length=2,
        max_length=10,
        json_schema_extra=MAP_BY_NAME,
    )
    statistic: Literal["Sum", "SampleCount"] = Field("Sum", description="How the values of the metric are counted.")


class CloudWatchRatio(ApiModel):
    """A share, from two counts per minute that you publish to CloudWatch."""

    numerator: CloudWatchCount = Field(description="The count whose share is compared, such as conversions.")
    denominator: CloudWatchCount = Field(description="The count of all cases, such as visits.")


class ServedModel(ApiModel):
    """The model that a variant serves, as named in the metrics of the inference container."""

    variant: Name = Field(
        description="Name of the variant. The container must have it in its environment variable `SMINFERENCE_VARIANT`."
    )
    model: _Text = Field(description="Name of the model.")
    version: _Text = Field(description="Version of the model.")


class ContainerErrors(ApiModel):
    """Errors, as counted by the inference container of this project for each variant and model."""

    count: Literal["Errors4XX", "Errors5XX"] = Field("Errors5XX", description="Which responses count as errors.")
    namespace: _Text = Field("smendpoints/inference", description="CloudWatch namespace of the container's metrics.")
    models: list[ServedModel] = Field(
        description="The model of each variant of the experiment.",
        min_length=2,
        max_length=5,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["variant"]},
    )


class Outcome(ApiModel):
    """An outcome that is known later than the request, such as a click. It needs `spec.dataCapture` of the endpoint."""

    truth: str = Field(
        description="S3 URI of the prefix with the ground truth: files in CSV or JSON Lines with one row for each"
        " inference ID, such as `s3://my-bucket/clicks/`. `kubectl smendpoint outcomes` reads it; the operator does"
        " not.",
        pattern=S3_PREFIX,
        max_length=1024,
    )
    after_minutes: int = Field(
        description="Age at which a request is counted, in minutes, with the ground truth known by then. Set it to the"
        " time that an outcome and its upload take. Must be less than `duration.maxMinutes`.",
        ge=10,
        le=LONGEST_MINUTES - 1,
    )
    without_truth: Literal["NoEvent", "LeaveOut"] = Field(
        "NoEvent",
        description="How a request without ground truth is counted.",
    )
    type: Literal["Share", "Mean"] = Field("Share", description="Type of the values in the ground truth.")
    at_most: float | None = Field(
        None,
        description="Only with `type: Mean`: larger values count as this value, so that a single value cannot decide"
        " the result. If unset, values are not limited.",
        gt=0,
        le=1e12,
    )


class ExperimentMetric(ApiModel):
    """A metric: a share of the requests, or the mean of an outcome. It has exactly one source."""

    name: Name = Field(description="Name of the metric, unique within the experiment.")
    error_rate: ErrorRate | None = Field(
        None, description="Source: the share of requests that were answered with an error."
    )
    latency_above: LatencyAbove | None = Field(
        None, description="Source: the share of requests for which the model took longer than a limit."
    )
    cloud_watch: CloudWatchRatio | None = Field(
        None, description="Source: a share, from two counts per minute that you publish to CloudWatch."
    )
    container: ContainerErrors | None = Field(
        None, description="Source: errors, as counted by the inference container of this project."
    )
    outcome: Outcome | None = Field(
        None, description="Source: outcomes that are known later than the request, such as clicks or revenue."
    )
    better: Literal["Lower", "Higher"] = Field("Lower", description="Whether lower or higher values are better.")
    margin_percentage_points: float = Field(
        0.0,
        description="How much worse a challenger may be, in percentage points: with 0.5, an error rate of 1.4 %"
        " instead of 1 % is accepted. Must be above 0 for guardrails, and for the primary metric with `goal:"
        " NonInferiority`.",
        ge=0,
        le=50,
    )
    margin: float | None = Field(
        None,
        description="How much worse a challenger may be, in the unit of the outcome. Only with an outcome of `type:"
        " Mean`, instead of `marginPercentagePoints`. If unset, 0.",
        ge=0,
        le=1e12,
    )

    @property
    def is_mean(self) -> bool:
        """Whether means are compared instead of shares."""
        return self.outcome is not None and self.outcome.type == "Mean"

    @property
    def tolerated(self) -> float:
        """How much worse it may be, as a share of 1 or in the unit of the mean."""
        return (self.margin or 0.0) if self.is_mean else self.margin_percentage_points / 100


class Metrics(ApiModel):
    """The metric that decides, and metrics that must not get worse."""

    primary: ExperimentMetric = Field(description="The metric that decides.")
    guardrails: list[ExperimentMetric] = Field(
        default_factory=list,
        description="Metrics that must not get worse by more than their margins.",
        max_length=5,
        json_schema_extra=MAP_BY_NAME,
    )
