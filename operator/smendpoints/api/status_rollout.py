"""What the status says of rollouts: the attempts, their history, what they were launched from. No logic."""

from typing import Any, Literal

from pydantic import Field, model_validator

from smendpoints.api.analysis import AnalysisStatus
from smendpoints.api.base import ApiModel, StatusModel, Time
from smendpoints.api.snapshot import AutoscalingSnapshot, of_calls

Outcome = Literal["Deployed", "Failed", "RolledBack", "Blocked", "Superseded", "InProgress"]
UndoneBy = Literal["Request", "Analysis", "Alarm"]
Stage = Literal["Launching", "ActivatingTraffic", "Baking", "Terminating", "RollingBack"]
# Fields of `rollout`, as releases before this one called them.
_RENAMED = {"steps": "totalSteps", "step": "awsMessage"}
_CALLS = "takenOff"


class RolloutStatus(StatusModel):
    """The last attempt to bring an endpoint config into service. Its progress is shown while AWS is working on it."""

    config_name: str = Field(description="Name of the endpoint config that is or was rolled out.")
    attempt: str | None = Field(
        None,
        description="Hash of the config and of the rollout settings. An attempt that failed is not repeated unchanged.",
    )
    from_config_name: str | None = Field(None, description="Name of the config in service before.")
    phase: Literal["Pending", "Blocked", "InProgress", "Succeeded", "Failed"] = Field(
        description="Phase of the rollout."
    )
    stage: Stage | None = Field(
        None,
        description="What AWS is doing at the moment.",
    )
    current_step: int | None = Field(None, description="Current traffic step; 0 before the first.", ge=0)
    total_steps: int | None = Field(
        None, description="Number of traffic steps: 1 for all at once, 2 for a canary.", ge=1
    )
    traffic_percent: int | None = Field(
        None, description="Share of the traffic that the new config serves, in percent.", ge=0, le=100
    )
    baking_until: Time | None = Field(
        None, description="When the baking period ends and AWS continues. Only set while `stage` is `Baking`."
    )
    aws_message: str | None = Field(None, description="Status message from AWS.", max_length=1024)
    started_at: Time = Field(description="When the rollout began.")
    autoscaling_snapshot: list[AutoscalingSnapshot] = Field(
        default_factory=list,
        description="Autoscaling that was removed for the rollout, and is restored if the rollout fails.",
        max_length=10,
    )
    taken_off: list[str] | None = Field(
        None,
        description="Former name of `autoscalingSnapshot`. Read from objects of earlier releases, never written.",
        max_length=10,
        exclude=True,
    )
    abort_alarm: str | None = Field(
        None, description="Name of the alarm by which the rollout can be aborted, if it has one.", max_length=255
    )
    endpoint_modified_at: Time | None = Field(
        None, description="`LastModifiedTime` of the endpoint before the rollout."
    )
    message: str | None = Field(None, description="Why the rollout failed or is blocked.", max_length=1024)
    undone_by: UndoneBy | None = Field(None, description="What caused the rollback, if the new instances were healthy.")
    analysis: AnalysisStatus | None = Field(None, description="The comparison of the new fleet with the old one.")

    @model_validator(mode="before")
    @classmethod
    def _names_of_before(cls, found: Any) -> Any:
        """An object that an older release wrote: what it says is kept under the names of now."""
        if not isinstance(found, dict) or found.keys().isdisjoint({*_RENAMED, _CALLS}):
            return found
        kept = {_RENAMED.get(key, key): value for key, value in found.items() if key != _CALLS}
        calls = found.get(_CALLS)
        if "autoscalingSnapshot" not in kept and isinstance(calls, list):
            kept["autoscalingSnapshot"] = [snapshot for text in calls for snapshot in of_calls(text)]
        return kept


class InPlaceChange(ApiModel):
    """A change in place that was requested from AWS but is not yet in effect."""

    change: str = Field(description="Hash of the change.", max_length=64)
    attempts: int = Field(description="How often the change was requested.", ge=1)
    asked_at: Time = Field(description="When the change was last requested.")
    endpoint_modified_at: Time = Field(description="`LastModifiedTime` of the endpoint before the request.")
    message: str | None = Field(None, description="Why AWS reverted the change.", max_length=1024)


class RolledBackTo(ApiModel):
    """The revision to which the annotation `smendpoints.dev/rollbackTo` has rolled back."""

    asked: str = Field(description="Value of the annotation.", max_length=64)
    generation: int = Field(
        description="The generation of the spec to which this applies. An edit of the spec ends it."
    )
    revision: int = Field(description="Number of the revision in `history`.")
    config_name: str = Field(description="Endpoint config of that revision.")


class Revision(ApiModel):
    """An endpoint config that was rolled out, or was to be rolled out."""

    revision: int = Field(description="Number of the revision, counted from 1.")
    config_name: str = Field(description="Name of the endpoint config.")
    at: Time = Field(description="When the rollout began.")
    outcome: Outcome = Field(
        description="How the rollout ended.",
    )
    changes: str | None = Field(
        None,
        description="What changed compared with the revision before, by the names of the spec's fields.",
        max_length=1024,
    )
    message: str | None = Field(None, description="Why the revision is not in service.", max_length=1024)


class LaunchedArtifact(ApiModel):
    """A model artifact from which a fleet was launched."""

    uri: str = Field(description="S3 URI of the artifact.", max_length=1024)
    etag: str | None = Field(
        None, description="ETag of the artifact at the launch. Unset if it is not known.", max_length=128
    )


class LaunchedFrom(ApiModel):
    """The model artifacts from which a fleet was launched, to detect that one was overwritten since."""

    config_name: str = Field(description="Name of the endpoint config.")
    at: Time = Field(description="When the fleet was launched.")
    artifacts: list[LaunchedArtifact] = Field(
        description="The artifacts that are single S3 objects, at most 32.", max_length=32
    )
