"""An A/B test between variants of one endpoint, as a user asks for it. Types only.

All but `onVerdict` is fixed once it has begun: changed on the way, it would be another test with another error. What is
compared is `experiment_metrics`; how it ends is `experiment_status`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from smendpoints.api.base import SET, ApiModel, Name
from smendpoints.api.experiment_metrics import LONGEST_MINUTES, ExperimentMetric, Metrics
from smendpoints.api.experiment_status import SageMakerExperimentStatus
from smendpoints.api.resource import Metadata


class EndpointRef(ApiModel):
    """The SageMakerEndpoint whose variants are compared."""

    name: str = Field(description="Name of a SageMakerEndpoint in the same namespace.", min_length=1, max_length=253)


class RampStep(ApiModel):
    """One step of the ramp: a smaller share of the traffic at the beginning."""

    traffic_percent: int = Field(
        description="Share of the experiment's traffic that all challengers get together, in percent.", ge=1, le=99
    )
    minutes: int = Field(description="How long this step lasts, in minutes.", ge=1, le=LONGEST_MINUTES)


class Duration(ApiModel):
    """How long the experiment runs."""

    min_minutes: int = Field(
        0,
        description="Earliest time of a `SHIP` after the beginning, in minutes. A `ROLLBACK` is possible before.",
        ge=0,
    )
    max_minutes: int = Field(
        LONGEST_MINUTES,
        description="When the experiment ends at the latest, in minutes after its beginning: with `INCONCLUSIVE` if"
        " there is no other verdict. At most 14 days.",
        ge=1,
        le=LONGEST_MINUTES,
    )


class SageMakerExperimentSpec(ApiModel):
    """The desired experiment. Once it has begun, only `onVerdict` and `startAfter` can be changed."""

    endpoint_ref: EndpointRef = Field(description="The SageMakerEndpoint whose variants are compared.")
    control: Name = Field(
        description="Name of the variant with which the challengers are compared, such as the current model."
    )
    challengers: list[Name] = Field(
        description="Names of the variants that are compared with the control, such as new models.",
        min_length=1,
        max_length=4,
        json_schema_extra=SET,
    )
    metrics: Metrics = Field(description="The metric that decides, and metrics that must not get worse.")
    goal: Literal["Superiority", "NonInferiority"] = Field(
        "Superiority", description="What must be shown of the primary metric for a `SHIP`."
    )
    traffic_percent: int | None = Field(
        None,
        description="Share of the experiment's traffic that all challengers get together, in percent, divided equally."
        " If unset, the control and each challenger get the same share.",
        ge=1,
        le=99,
    )
    ramp: list[RampStep] = Field(
        default_factory=list,
        description="Smaller shares of the traffic at the beginning, in rising order. After the last step,"
        " `trafficPercent` applies.",
        max_length=8,
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    duration: Duration = Field(default_factory=Duration, description="How long the experiment runs.")
    confidence: float = Field(
        0.95,
        description="Confidence of the verdict: with 0.95, the probability of a wrong `SHIP` or `ROLLBACK` is at most"
        " 5 %, over all challengers together.",
        ge=0.5,
        le=0.9999,
    )
    target_requests: int = Field(
        100_000,
        description="Number of requests of control and challenger at which the test is most sensitive. It changes how"
        " soon a difference is detected, but not how often a verdict is wrong.",
        ge=100,
        le=1_000_000_000,
    )
    min_requests: int = Field(
        100,
        description="How many requests each variant must have served before a `SHIP` or a `ROLLBACK`.",
        ge=0,
        le=1_000_000_000,
    )
    assignment: Literal["Endpoint", "Client"] = Field("Endpoint", description="Who chooses the variant for a request.")
    on_verdict: Literal["Report", "ShiftTraffic"] = Field(
        "Report", description="What happens to the traffic after the verdict."
    )
    start_after: datetime | None = Field(
        None,
        description="The experiment does not begin before this time, such as `2027-01-31T08:00:00Z`. If unset, it"
        " begins as soon as the endpoint is ready.",
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
