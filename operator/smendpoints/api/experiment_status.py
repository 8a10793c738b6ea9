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
    """A variant that is compared, as it was when the experiment began."""

    variant: str = Field(description="Name of the variant.")
    model: str = Field(description="Hash of all that makes its model and its host: an edit ends the experiment.")
    spec_weight: float = Field(description="Its weight by the endpoint's spec.")
    requests: int | None = Field(None, description="Requests that AWS gave to it and that count.")


class TrafficStep(ApiModel):
    """A time with the same weights; requests count from `countsFrom` to `countsUntil`."""

    traffic_percent: float = Field(description="What the challengers were to get of the arms' traffic together.")
    weights: dict[str, float] = Field(description="Weights of the arms.", max_length=5)
    asked_at: Time = Field(description="Since when these weights are wanted.")
    counts_from: Time | None = Field(None, description="Since when AWS serves by them; unset: not yet.")
    counts_until: Time | None = Field(None, description="Until when; unset: still.")


class MetricFinding(ApiModel):
    """What is known of a metric of a challenger. Shares; what no request has shown yet is unset."""

    metric: str = Field(description="Name of the metric.")
    control: float | None = Field(None, description="Share of the control.")
    challenger: float | None = Field(None, description="Share of the challenger.")
    difference: float | None = Field(None, description="Challenger less control, weighted over the blocks.")
    lower: float | None = Field(None, description="Lower end of the differences that are still possible.")
    upper: float | None = Field(None, description="Upper end.")
    requests: int = Field(0, description="Requests of the smaller of the two.")
    counted_until: Time | None = Field(
        None, description="Until when requests of it count, where their outcomes come later."
    )
    worse: bool = Field(False, description="Whether it is shown to be worse by more than its margin.")
    passed: bool = Field(False, description="Whether it is as a `SHIP` wants it.")


class Challenger(StatusModel):
    """What is known of a challenger."""

    variant: str = Field(description="Name of the variant.")
    verdict: str | None = Field(None, description="`HOLD` while nothing is decided; none before the first look.")
    reason: str | None = Field(None, description="Why.", max_length=1024)
    ended_at: Time | None = Field(None, description="Since when it gets no traffic, if it was given up.")
    metrics: list[MetricFinding] = Field(
        default_factory=list, description="The primary first, then the guardrails.", max_length=6
    )


class Bounds(ApiModel):
    """The primary metric of a challenger at one look."""

    variant: str = Field(description="Name of the challenger.")
    difference: float | None = Field(None, description="Challenger less control.")
    lower: float | None = Field(None, description="Lower end of the interval.")
    upper: float | None = Field(None, description="Upper end of the interval.")


class Look(StatusModel):
    """One look: enough to draw the confidence sequence."""

    at: Time = Field(description="Until when requests were counted.")
    requests: int = Field(description="Requests of all arms so far.", ge=0)
    primary: list[Bounds] = Field(default_factory=list, description="By challenger.", max_length=4)


class SageMakerExperimentStatus(StatusModel):
    """What became of the experiment so far."""

    observed_generation: int = Field(-1, description="The generation that the status speaks of.")
    conditions: list[Condition] = Field(
        default_factory=list, description="Conditions by kstatus.", max_length=8, json_schema_extra=MAP_BY_TYPE
    )
    phase: Phase | None = Field(None, description="`Waiting`, `Running` or `Finished`.")
    verdict: Outcome | None = Field(None, description="How it ended.")
    winner: str | None = Field(None, description="The variant that a `SHIP` is for.")
    primary: str | None = Field(
        None, description="The primary metric of control and leading challenger.", max_length=64
    )
    interval: str | None = Field(
        None, description="Differences of the primary metric that are still possible.", max_length=64
    )
    requests: int | None = Field(None, description="Requests of all arms that count.")
    started_at: Time | None = Field(None, description="When it began.")
    ended_at: Time | None = Field(None, description="When it ended.")
    fixed: str | None = Field(None, description="Hash of what must not change once it has begun.", max_length=64)
    endpoint_uid: str | None = Field(
        None,
        description="UID of the endpoint's object when it began: one that was made again is another.",
        max_length=64,
    )
    arms: list[Arm] = Field(default_factory=list, description="The variants, the control first.", max_length=5)
    weights: dict[str, float] | None = Field(
        None,
        description="Weights of the arms that are in force instead of the endpoint's spec; none: the spec's are.",
        max_length=5,
    )
    steps: list[TrafficStep] = Field(
        default_factory=list, description="Times with the same weights.", max_length=MOST_STEPS
    )
    counted_until: Time | None = Field(None, description="Until when requests were counted.")
    captured: str | None = Field(
        None,
        description="S3 URI below which the endpoint captured requests by variant when it began; none: it did not.",
        max_length=1024,
    )
    challengers: list[Challenger] = Field(default_factory=list, description="What is known of each.", max_length=4)
    looks: list[Look] = Field(
        default_factory=list, description="Looks, thinned evenly in requests.", max_length=MOST_LOOKS
    )
