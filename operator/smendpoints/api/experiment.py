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
    """The endpoint whose variants are compared."""

    name: str = Field(description="Name of a SageMakerEndpoint in the same namespace.", min_length=1, max_length=253)


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
