"""The status of an experiment: what its life needs to go on after a kill, what was learnt, and what people are told.

What was counted is in CloudWatch, and is read again from there: here are the instants that say from when to when.
"""

from typing import Literal

from pydantic import Field

from smendpoints.api.base import MAP_BY_TYPE, ApiModel, StatusModel, Time
from smendpoints.api.status import Condition

Phase = Literal["Waiting", "Running", "Finished"]
Outcome = Literal["SHIP", "ROLLBACK", "INVALID", "INCONCLUSIVE"]
MOST_LOOKS = 60
MOST_STEPS = 64


class Arm(ApiModel):
    """A variant of the experiment, as it was when the experiment began."""

    variant: str = Field(description="Name of the variant.")
    model: str = Field(
        description="Hash of the variant's model and instances. If they are edited, the experiment ends as `INVALID`."
    )
    spec_weight: float = Field(description="Weight of the variant in the endpoint's spec.")
    requests: int | None = Field(None, description="Number of requests of the variant that were counted.")


class TrafficStep(ApiModel):
    """A period with the same weights. Requests are counted from `countsFrom` to `countsUntil`."""

    traffic_percent: float = Field(
        description="Share of the experiment's traffic that all challengers get together, in percent."
    )
    weights: dict[str, float] = Field(description="Weights of the variants, by name.", max_length=5)
    asked_at: Time = Field(description="When these weights were requested.")
    counts_from: Time | None = Field(
        None, description="When AWS began to apply these weights. Unset if it has not yet."
    )
    counts_until: Time | None = Field(None, description="When the period ended. Unset while it continues.")


class MetricFinding(ApiModel):
    """The result for one metric of a challenger. Shares are from 0 to 1; means are in the unit of the outcome."""

    metric: str = Field(description="Name of the metric.")
    control: float | None = Field(None, description="Share or mean of the control.")
    challenger: float | None = Field(None, description="Share or mean of the challenger.")
    difference: float | None = Field(None, description="Challenger minus control, over all periods.")
    lower: float | None = Field(None, description="Lower end of the confidence interval of the difference.")
    upper: float | None = Field(None, description="Upper end of the confidence interval of the difference.")
    requests: int = Field(
        0, description="Number of counted requests of the control or the challenger, whichever is smaller."
    )
    counted_until: Time | None = Field(None, description="For outcomes: requests until this time are counted.")
    worse: bool = Field(False, description="Whether the challenger is shown to be worse by more than the margin.")
    passed: bool = Field(False, description="Whether the metric meets the condition for a `SHIP`.")


class Challenger(StatusModel):
    """The results for one challenger."""

    variant: str = Field(description="Name of the variant.")
    verdict: str | None = Field(None, description="`HOLD` while nothing is decided. Unset before the first evaluation.")
    reason: str | None = Field(None, description="Why, with the figures.", max_length=1024)
    ended_at: Time | None = Field(
        None, description="When the challenger lost its traffic, because it was worse than the control."
    )
    metrics: list[MetricFinding] = Field(
        default_factory=list, description="The result for each metric, the primary metric first.", max_length=6
    )


class Bounds(ApiModel):
    """The primary metric of a challenger at one evaluation."""

    variant: str = Field(description="Name of the challenger.")
    difference: float | None = Field(None, description="Challenger minus control.")
    lower: float | None = Field(None, description="Lower end of the confidence interval.")
    upper: float | None = Field(None, description="Upper end of the confidence interval.")


class Look(StatusModel):
    """One evaluation, for a chart of the confidence intervals over time."""

    at: Time = Field(description="Requests until this time were counted.")
    requests: int = Field(description="Number of requests of all variants until then.", ge=0)
    primary: list[Bounds] = Field(
        default_factory=list, description="The primary metric of each challenger.", max_length=4
    )


class SageMakerExperimentStatus(StatusModel):
    """The observed state of the experiment, as last reported by the operator."""

    observed_generation: int = Field(-1, description="The generation of the spec that the status refers to.")
    conditions: list[Condition] = Field(
        default_factory=list,
        description="Conditions, compatible with kstatus. docs/reference/conditions.md lists all types and reasons.",
        max_length=8,
        json_schema_extra=MAP_BY_TYPE,
    )
    phase: Phase | None = Field(None, description="Phase of the experiment.")
    verdict: Outcome | None = Field(None, description="Verdict of the experiment. Unset while there is none.")
    winner: str | None = Field(None, description="With `SHIP`, the variant that is better.")
    primary: str | None = Field(
        None,
        description="Primary metric of the control and of the leading challenger, such as `2.17% → 1.56%`.",
        max_length=64,
    )
    interval: str | None = Field(
        None, description="Confidence interval of the difference in the primary metric.", max_length=64
    )
    requests: int | None = Field(None, description="Number of requests that were counted.")
    started_at: Time | None = Field(None, description="When the experiment began.")
    ended_at: Time | None = Field(None, description="When the experiment ended.")
    fixed: str | None = Field(
        None, description="Hash of the fields that cannot be changed after the beginning.", max_length=64
    )
    endpoint_uid: str | None = Field(
        None,
        description="UID of the SageMakerEndpoint when the experiment began. An object that was created again has"
        " another.",
        max_length=64,
    )
    arms: list[Arm] = Field(
        default_factory=list, description="The variants of the experiment, the control first.", max_length=5
    )
    weights: dict[str, float] | None = Field(
        None,
        description="Weights that the variants get instead of those in the endpoint's spec, by name. Unset if the"
        " spec's weights apply.",
        max_length=5,
    )
    steps: list[TrafficStep] = Field(
        default_factory=list, description="Periods with the same weights.", max_length=MOST_STEPS
    )
    counted_until: Time | None = Field(None, description="Requests until this time are counted.")
    captured: str | None = Field(
        None,
        description="S3 URI under which the endpoint captured requests when the experiment began. Unset if it did not.",
        max_length=1024,
    )
    challengers: list[Challenger] = Field(
        default_factory=list, description="The results for each challenger.", max_length=4
    )
    looks: list[Look] = Field(
        default_factory=list, description="Evaluations over time, thinned out to at most 60.", max_length=MOST_LOOKS
    )
