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
    """A dimension of a metric in CloudWatch."""

    name: _Text = Field(description="Name of the dimension.")
    value: _Text = Field(
        description="Its value; `$(endpoint)` stands for the endpoint's name in AWS, `$(variant)` for the variant's."
    )


class CloudWatchCount(ApiModel):
    """Something that is counted in CloudWatch."""

    namespace: _Text = Field(description="Namespace of the metric.")
    metric_name: _Text = Field(description="Name of the metric.")
    dimensions: list[CountDimension] = Field(
        description="All of its dimensions; one value has to be `$(endpoint)`, and one `$(variant)`.",
        min_length=2,
        max_length=10,
        json_schema_extra=MAP_BY_NAME,
    )
    statistic: Literal["Sum", "SampleCount"] = Field("Sum", description="What of its values counts.")


class CloudWatchRatio(ApiModel):
    """A share that is published to CloudWatch as two counts of the same minutes."""

    numerator: CloudWatchCount = Field(description="How many of the denominator were so, such as conversions.")
    denominator: CloudWatchCount = Field(description="How many there were in all, such as visits.")


class ServedModel(ApiModel):
    """The model of a variant, as the inference container calls it."""

    variant: Name = Field(description="The variant, as `SMINFERENCE_VARIANT` says.")
    model: _Text = Field(description="Name of the model.")
    version: _Text = Field(description="Version of the model.")


class ContainerErrors(ApiModel):
    """Errors as the inference container of this project counts them, by variant and model."""

    count: Literal["Errors4XX", "Errors5XX"] = Field("Errors5XX", description="Which answers count.")
    namespace: _Text = Field("smendpoints/inference", description="CloudWatch namespace of its metrics.")
    models: list[ServedModel] = Field(
        description="The model of each variant that is compared.",
        min_length=2,
        max_length=5,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["variant"]},
    )


class Outcome(ApiModel):
    """What became of a request later on, such as a click: captured requests joined with the truth by inference id."""

    truth: str = Field(
        description="S3 URI of the prefix with the truth: CSV or JSON lines, a row for each inference id. Whoever runs"
        " `kubectl smendpoint outcomes` reads it; the operator does not.",
        pattern=S3_PREFIX,
        max_length=1024,
    )
    after_minutes: int = Field(
        description="A request counts once it is so old, by what is known of it then. As long as it takes an outcome to"
        " come about, and its truth to be uploaded.",
        ge=10,
        le=LONGEST_MINUTES - 1,
    )
    without_truth: Literal["NoEvent", "LeaveOut"] = Field(
        "NoEvent",
        description="What a request is of which no truth is known by then.",
    )
    type: Literal["Share", "Mean"] = Field("Share", description="What the truth of a request is.")
    at_most: float | None = Field(
        None,
        description="Of a `Mean`: what is above counts as this much, so that no single value decides.",
        gt=0,
        le=1e12,
    )


class ExperimentMetric(ApiModel):
    """What is compared: a share of requests, or the mean of an outcome. Exactly one of its sources."""

    name: Name = Field(description="What it is called.")
    error_rate: ErrorRate | None = Field(None, description="Requests that were answered with an error.")
    latency_above: LatencyAbove | None = Field(None, description="Requests that took longer than a limit.")
    cloud_watch: CloudWatchRatio | None = Field(None, description="A share that is published to CloudWatch.")
    container: ContainerErrors | None = Field(None, description="Errors as the inference container counts them.")
    outcome: Outcome | None = Field(
        None, description="What became of requests later on: captured data joined with truth in S3."
    )
    better: Literal["Lower", "Higher"] = Field("Lower", description="Which way it improves.")
    margin_percentage_points: float = Field(
        0.0,
        description="How much worse it may be, in percentage points of the requests."
        " Above 0 for guardrails, and for the primary metric of `NonInferiority`.",
        ge=0,
        le=50,
    )
    margin: float | None = Field(
        None,
        description="Of an outcome's `Mean`, instead of percentage points: how much worse it may be, in its unit.",
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
    """The metric that decides, and those that must not get worse."""

    primary: ExperimentMetric = Field(description="Decides.")
    guardrails: list[ExperimentMetric] = Field(
        default_factory=list,
        description="Must not get worse by more than their margins.",
        max_length=5,
        json_schema_extra=MAP_BY_NAME,
    )
