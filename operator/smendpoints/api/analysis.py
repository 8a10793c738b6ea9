"""How a rollout is judged while it is under way, and how it stands: the new fleet against the old one."""

from typing import Literal

from pydantic import Field

from smendpoints.api.base import MAP_BY_NAME, ApiModel, Name, StatusModel, Time

MOST_METRICS = 5


class ErrorRate(ApiModel):
    """The share of requests that were answered with an error."""

    answers: Literal["5xx", "4xx"] = Field("5xx", description="Which answers count.")


class LatencyAbove(ApiModel):
    """The share of requests that the model took longer for."""

    milliseconds: int = Field(description="The model latency that is too long.", ge=1, le=60000)


class MetricAbove(ApiModel):
    """The share of samples above a threshold, of any metric with the dimensions EndpointName and VariantName.

    Those of the new fleet have EndpointConfigName beside them.
    """

    namespace: str = Field(description="Namespace of the metric.", min_length=1, max_length=255)
    metric_name: str = Field(description="Name of the metric.", min_length=1, max_length=255)
    threshold: float = Field(0, description="A sample above it counts, in the metric's unit.", ge=0)


class AnalysisMetric(ApiModel):
    """What is compared: a share of requests, of each variant."""

    name: Name = Field(description="Name of the metric within the analysis.")
    error_rate: ErrorRate | None = Field(
        None, description="Answers that are errors. Exactly one of this, `latencyAbove` and `metricAbove`."
    )
    latency_above: LatencyAbove | None = Field(None, description="Requests that were slow.")
    metric_above: MetricAbove | None = Field(None, description="Samples of another metric in CloudWatch.")
    better: Literal["Lower", "Higher"] = Field("Lower", description="Which share is better.")
    margin_percentage_points: float = Field(
        0.5, description="How much worse the new fleet's share may be, in percentage points.", gt=0, le=50
    )


class Analysis(ApiModel):
    """How the new fleet is judged against the old one while both serve. Fixed when the rollout begins."""

    metrics: list[AnalysisMetric] = Field(
        description="What is compared. One that is worse beyond its margin undoes the rollout.",
        min_length=1,
        max_length=MOST_METRICS,
        json_schema_extra=MAP_BY_NAME,
    )
    confidence: float = Field(
        0.95,
        description="Confidence of the verdict, at whichever minute it is reached: what is missing to 1 is the chance"
        " of a wrong one.",
        ge=0.5,
        le=0.999,
    )
    min_requests: int = Field(100, description="Requests of each fleet before there is a verdict.", ge=1, le=1000000)
    warm_up_seconds: int = Field(
        60,
        description="After each step of the traffic, how long requests are not counted: caches of new instances are"
        " cold, which says nothing of the model.",
        ge=0,
        le=1800,
    )
    on_inconclusive: Literal["Promote", "Rollback"] = Field(
        "Promote", description="What becomes of the rollout if at its end nothing is known for sure, or could be read."
    )
    dry_run: bool = Field(False, description="Whether the verdict is only told, and undoes nothing.")


class ComparedMetric(ApiModel):
    """A share of requests of the old fleet and of the new one, of one variant. In percent, and percentage points."""

    name: str = Field(description="The metric of `asked`.")
    variant: str = Field(description="The variant.")
    smallest_visible_points: float | None = Field(
        None,
        description="How much worse it has to be for this rollout to show it (at 80 %), by the traffic of the hour"
        " before; nothing shows if unset.",
    )
    old_percent: float | None = Field(None, description="The old fleet's share, since both serve.")
    new_percent: float | None = Field(None, description="The new fleet's share.")
    difference_points: float | None = Field(None, description="New less old, compared step by step of the traffic.")
    lower_points: float | None = Field(None, description="The difference is above this, with the confidence asked for.")
    upper_points: float | None = Field(None, description="The difference is below this, with the confidence asked for.")
    old_requests: int = Field(0, description="Requests of the old fleet that count.")
    new_requests: int = Field(0, description="Requests of the new fleet that count.")
    missing_periods: int = Field(0, description="Minutes that CloudWatch has no data of.")
    verdict: Literal["Undecided", "Worse", "NotWorse"] = Field("Undecided", description="What is known of it.")


class AnalysedStep(ApiModel):
    """A step of the traffic: from when to when AWS watched the alarms."""

    since: Time = Field(description="When it began to bake.")
    until: Time = Field(description="When it was to end.")
    traffic_percent: int = Field(description="Share of the traffic that the new fleet served.", ge=0, le=100)


class AnalysisStatus(StatusModel):
    """How the new fleet compares with the old one."""

    asked: Analysis = Field(description="What was asked for when the attempt began: an edit counts for the next one.")
    verdict: Literal["Hold", "Ship", "Rollback", "Inconclusive", "Invalid"] = Field(
        "Hold", description="What follows from all that was counted."
    )
    message: str = Field("", description="Why, for people.", max_length=1024)
    as_of: Time | None = Field(None, description="Until when requests are counted.")
    requests_per_minute: float | None = Field(
        None, description="Requests in the hour before the attempt; unknown if unset."
    )
    horizon: int = Field(description="Requests of a variant by which a verdict is wanted: tunes the test.", ge=1)
    steps: list[AnalysedStep] = Field(
        default_factory=list, description="The steps in which both fleets served.", max_length=20
    )
    metrics: list[ComparedMetric] = Field(
        default_factory=list, description="Each metric of each variant.", max_length=50
    )
