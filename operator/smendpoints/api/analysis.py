"""How a rollout is judged while it is under way, and how it stands: the new fleet against the old one."""

from typing import Literal

from pydantic import Field

from smendpoints.api.base import MAP_BY_NAME, ApiModel, Name, StatusModel, Time

MOST_METRICS = 5


class ErrorRate(ApiModel):
    """The share of requests that were answered with an error."""

    answers: Literal["5xx", "4xx"] = Field("5xx", description="Which responses count as errors.")


class LatencyAbove(ApiModel):
    """The share of requests for which the model took longer than a limit."""

    milliseconds: int = Field(
        description="The limit of the model latency, in milliseconds, such as 200.", ge=1, le=60000
    )


class MetricAbove(ApiModel):
    """The share of samples of a CloudWatch metric that are above a threshold.

    The metric must have the dimensions EndpointName and VariantName; for the new fleet also EndpointConfigName.
    """

    namespace: str = Field(description="CloudWatch namespace of the metric.", min_length=1, max_length=255)
    metric_name: str = Field(description="Name of the metric.", min_length=1, max_length=255)
    threshold: float = Field(0, description="Samples above this value are counted, in the unit of the metric.", ge=0)


class AnalysisMetric(ApiModel):
    """What is compared: a share of the requests, for each variant."""

    name: Name = Field(description="Name of the metric, unique within the analysis.")
    error_rate: ErrorRate | None = Field(
        None,
        description="The share of requests that were answered with an error. Exactly one of `errorRate`, `latencyAbove`"
        " and `metricAbove` must be set.",
    )
    latency_above: LatencyAbove | None = Field(
        None,
        description="The share of requests for which the model took longer than a limit. Exactly one of `errorRate`,"
        " `latencyAbove` and `metricAbove` must be set.",
    )
    metric_above: MetricAbove | None = Field(
        None,
        description="The share of samples of another CloudWatch metric that are above a threshold. Exactly one of"
        " `errorRate`, `latencyAbove` and `metricAbove` must be set.",
    )
    better: Literal["Lower", "Higher"] = Field(
        "Lower", description="Whether a lower or a higher share is better. `Higher` is only allowed with `metricAbove`."
    )
    margin_percentage_points: float = Field(
        0.5,
        description="How much worse the new fleet's share may be, in percentage points: with 0.5, an error rate of 1.4"
        " % instead of 1 % is accepted.",
        gt=0,
        le=50,
    )


class Analysis(ApiModel):
    """How the new fleet is compared with the old one while both serve. An edit applies to the next rollout."""

    metrics: list[AnalysisMetric] = Field(
        description="What is compared. If one metric of one variant is worse by more than its margin, AWS rolls back.",
        min_length=1,
        max_length=MOST_METRICS,
        json_schema_extra=MAP_BY_NAME,
    )
    confidence: float = Field(
        0.95,
        description="Confidence of the verdict: with 0.95, the probability of a wrong verdict is at most 5 %, whenever"
        " it is reached and over all metrics together.",
        ge=0.5,
        le=0.999,
    )
    min_requests: int = Field(
        100,
        description="How many requests each fleet must have served before there is a verdict.",
        ge=1,
        le=1000000,
    )
    warm_up_seconds: int = Field(
        60,
        description="How long requests are not counted after each traffic shift, in seconds, because new instances are"
        " slower at first. `stepWaitSeconds` must be at least 300 seconds longer.",
        ge=0,
        le=1800,
    )
    on_inconclusive: Literal["Promote", "Rollback"] = Field(
        "Promote",
        description="What happens if there is not enough evidence at the end of the last baking period, or CloudWatch"
        " could not be read.",
    )
    dry_run: bool = Field(False, description="If true, the verdict is only reported, and never causes a rollback.")


class ComparedMetric(ApiModel):
    """One metric of one variant: a share of the requests of the old fleet and of the new one."""

    name: str = Field(description="Name of the metric in `asked`.")
    variant: str = Field(description="Name of the variant.")
    smallest_visible_points: float | None = Field(
        None,
        description="The smallest deterioration that this rollout detects with a probability of 80 %, in percentage"
        " points, estimated from the traffic of the hour before. Unset if no difference can be detected, or the"
        " traffic is not known.",
    )
    old_percent: float | None = Field(None, description="Share of the old fleet, in percent, since both fleets serve.")
    new_percent: float | None = Field(None, description="Share of the new fleet, in percent.")
    difference_points: float | None = Field(
        None, description="New share minus old share, in percentage points, over all traffic steps."
    )
    lower_points: float | None = Field(
        None,
        description="Lower end of the confidence interval of the difference, in percentage points.",
    )
    upper_points: float | None = Field(
        None,
        description="Upper end of the confidence interval of the difference, in percentage points.",
    )
    old_requests: int = Field(0, description="Number of requests of the old fleet that were counted.")
    new_requests: int = Field(0, description="Number of requests of the new fleet that were counted.")
    missing_periods: int = Field(0, description="Number of minutes for which CloudWatch has no data.")
    verdict: Literal["Undecided", "Worse", "NotWorse"] = Field("Undecided", description="The result so far.")


class AnalysedStep(ApiModel):
    """A baking period in which both fleets served."""

    since: Time = Field(description="When the baking period began.")
    until: Time = Field(description="When the baking period ends.")
    traffic_percent: int = Field(
        description="Share of the traffic that the new fleet served, in percent.", ge=0, le=100
    )


class AnalysisStatus(StatusModel):
    """The comparison of the new fleet with the old one."""

    asked: Analysis = Field(
        description="`spec.rollout.analysis` as it was when the rollout began. An edit applies to the next rollout."
    )
    verdict: Literal["Hold", "Ship", "Rollback", "Inconclusive", "Invalid"] = Field(
        "Hold", description="The verdict on the rollout so far."
    )
    message: str = Field("", description="Why, with the figures.", max_length=1024)
    as_of: Time | None = Field(None, description="Requests until this time are counted.")
    requests_per_minute: float | None = Field(
        None, description="Requests per minute in the hour before the rollout. Unset if not known."
    )
    horizon: int = Field(description="Number of requests at which the test is most sensitive.", ge=1)
    steps: list[AnalysedStep] = Field(
        default_factory=list, description="The baking periods in which both fleets served.", max_length=20
    )
    metrics: list[ComparedMetric] = Field(
        default_factory=list, description="The comparison for each metric of each variant.", max_length=50
    )
