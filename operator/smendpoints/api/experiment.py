"""An A/B test between variants of one endpoint, as a user asks for it. Types only; how it ends is `experiment_status`.

All but `onVerdict` is fixed once it has begun: changed on the way, it would be another test with another error.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from smendpoints.api.analysis import ErrorRate, LatencyAbove
from smendpoints.api.base import MAP_BY_NAME, S3_PREFIX, SET, ApiModel, Name
from smendpoints.api.experiment_status import SageMakerExperimentStatus
from smendpoints.api.resource import Metadata

ENDPOINT, VARIANT = "$(endpoint)", "$(variant)"
"""What stands in the value of a dimension for the endpoint's name in AWS, and for the variant's."""
LONGEST_MINUTES = 14 * 24 * 60
"""CloudWatch keeps minutes for 15 days: what counted is read again after a restart."""

_Text = Annotated[str, Field(min_length=1, max_length=255)]


class EndpointRef(ApiModel):
    """The endpoint whose variants are compared."""

    name: str = Field(description="Name of a SageMakerEndpoint in the same namespace.", min_length=1, max_length=253)


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


class RampStep(ApiModel):
    """A smaller share of the traffic to begin with."""

    traffic_percent: int = Field(description="What the challengers get of the arms' traffic together.", ge=1, le=99)
    minutes: int = Field(description="For how long, once the traffic is so.", ge=1, le=LONGEST_MINUTES)


class Duration(ApiModel):
    """How long it runs."""

    min_minutes: int = Field(
        0, description="No challenger is shipped before; one that is worse ends it at any time.", ge=0
    )
    max_minutes: int = Field(
        LONGEST_MINUTES, description="After that it ends, be it `INCONCLUSIVE`.", ge=1, le=LONGEST_MINUTES
    )


class SageMakerExperimentSpec(ApiModel):
    """What is compared, by what, and for how long."""

    endpoint_ref: EndpointRef = Field(description="The endpoint whose variants are compared.")
    control: Name = Field(description="The variant that the challengers are compared with.")
    challengers: list[Name] = Field(
        description="The variants that may be better.", min_length=1, max_length=4, json_schema_extra=SET
    )
    metrics: Metrics = Field(description="The metric that decides, and those that must not get worse.")
    goal: Literal["Superiority", "NonInferiority"] = Field(
        "Superiority", description="What the primary metric has to show for a `SHIP`."
    )
    traffic_percent: int | None = Field(
        None,
        description="What the challengers get of the arms' traffic together, in equal parts;"
        " as much for each arm if unset.",
        ge=1,
        le=99,
    )
    ramp: list[RampStep] = Field(
        default_factory=list,
        description="Smaller shares of the traffic to begin with, in rising order.",
        max_length=8,
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    duration: Duration = Field(default_factory=Duration, description="How long it runs.")
    confidence: float = Field(
        0.95, description="One less the chance of a wrong `SHIP` or `ROLLBACK`, of all challengers.", ge=0.5, le=0.9999
    )
    target_requests: int = Field(
        100_000,
        description="Requests of control and challenger after which an answer is wanted: tunes how soon a difference"
        " is seen, never how often the verdict is wrong.",
        ge=100,
        le=1_000_000_000,
    )
    min_requests: int = Field(
        100, description="Requests of each arm before a `SHIP` or a `ROLLBACK`.", ge=0, le=1_000_000_000
    )
    assignment: Literal["Endpoint", "Client"] = Field("Endpoint", description="Who deals out the requests.")
    on_verdict: Literal["Report", "ShiftTraffic"] = Field("Report", description="What a verdict does to the traffic.")
    start_after: datetime | None = Field(
        None,
        description="It begins no earlier; at once if unset.",
        json_schema_extra={"maxLength": 40},
    )

    def arms(self) -> tuple[str, ...]:
        """The variants that are compared, the control first."""
        return (self.control, *self.challengers)

    def all_metrics(self) -> tuple[ExperimentMetric, ...]:
        """The primary first."""
        return (self.metrics.primary, *self.metrics.guardrails)

    def fixed(self) -> dict[str, Any]:
        """All that must not change once it has begun."""
        return self.model_dump(mode="json", by_alias=True, exclude={"on_verdict", "start_after"})


class SageMakerExperiment(ApiModel):
    """One SageMakerExperiment object, parsed and frozen."""

    metadata: Metadata
    spec: SageMakerExperimentSpec
    status: SageMakerExperimentStatus = Field(default_factory=SageMakerExperimentStatus)

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "SageMakerExperiment":
        """Copy a live body into a frozen value.

        Raises:
            pydantic.ValidationError: the body is not what the CRD's schema takes.

        """
        return cls.model_validate({key: body[key] for key in ("metadata", "spec", "status") if key in body})
