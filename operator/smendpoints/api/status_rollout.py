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
    """The last attempt to bring a config into service. How far it is stands there while AWS is working on it."""

    config_name: str = Field(description="The config that was attempted.")
    attempt: str | None = Field(
        None,
        description="Hash of the config and of the way it is rolled out: what failed is not tried again as it was.",
    )
    from_config_name: str | None = Field(None, description="The config that was in service before.")
    phase: Literal["Pending", "Blocked", "InProgress", "Succeeded", "Failed"] = Field(
        description="How far it is. `Blocked`: something is missing, so that AWS was not asked for it or refused it."
    )
    stage: Stage | None = Field(
        None,
        description="What AWS is doing: launching instances, moving traffic to them, watching the alarms,"
        " terminating the old instances, or going back to the config before.",
    )
    current_step: int | None = Field(
        None, description="The step of traffic that is in effect; 0 before the first.", ge=0
    )
    total_steps: int | None = Field(
        None, description="In how many steps the traffic moves: 1 all at once, 2 with a canary.", ge=1
    )
    traffic_percent: int | None = Field(
        None, description="Share of the traffic that the attempted config serves.", ge=0, le=100
    )
    baking_until: Time | None = Field(
        None, description="Until when AWS watches the alarms before it continues; there while `stage` is `Baking`."
    )
    aws_message: str | None = Field(
        None, description="What AWS says that it is doing, in its own words.", max_length=1024
    )
    started_at: Time = Field(description="When the attempt was decided.")
    autoscaling_snapshot: list[AutoscalingSnapshot] = Field(
        default_factory=list,
        description="Autoscaling that was taken off for the attempt: it is put back should the attempt fail.",
        max_length=10,
    )
    taken_off: list[str] | None = Field(
        None,
        description="What `autoscalingSnapshot` was in releases before: read, never written.",
        max_length=10,
        exclude=True,
    )
    abort_alarm: str | None = Field(
        None, description="The alarm by which the attempt can be aborted, if it carries one.", max_length=255
    )
    endpoint_modified_at: Time | None = Field(
        None, description="`LastModifiedTime` of the endpoint before the attempt."
    )
    message: str | None = Field(None, description="Why it failed, or is blocked.", max_length=1024)
    undone_by: UndoneBy | None = Field(
        None, description="What undid it, of one that AWS rolled back although its containers were healthy."
    )
    analysis: AnalysisStatus | None = Field(None, description="How the new fleet compares with the old one.")

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
    """A change in place that AWS was asked for, and that is not there."""

    change: str = Field(description="Hash of what was asked for.", max_length=64)
    attempts: int = Field(description="How often AWS was asked for it.", ge=1)
    asked_at: Time = Field(description="When it was asked for last.")
    endpoint_modified_at: Time = Field(description="`LastModifiedTime` of the endpoint before that.")
    message: str | None = Field(None, description="Why AWS took it back.", max_length=1024)


class RolledBackTo(ApiModel):
    """The revision that the annotation `smendpoints.dev/rollbackTo` brings back, for one generation of the spec."""

    asked: str = Field(description="The value of the annotation.", max_length=64)
    generation: int = Field(description="The generation that it holds for: an edit of the spec ends it.")
    revision: int = Field(description="The revision of `history`.")
    config_name: str = Field(description="The config of that revision.")


class Revision(ApiModel):
    """One config that was brought into service, or was to be."""

    revision: int = Field(description="Counts up from 1.")
    config_name: str = Field(description="The config.")
    at: Time = Field(description="When it was decided.")
    outcome: Outcome = Field(
        description="What became of it: `Deployed`; `Failed`, AWS took it back; `RolledBack`, an alarm undid it;"
        " `Blocked`, it was not launched; `Superseded`, an edit replaced it; `InProgress`.",
    )
    changes: str | None = Field(
        None,
        description="What differs from what served before, by the names of the spec's fields: old → new.",
        max_length=1024,
    )
    message: str | None = Field(None, description="Why it is not in service.", max_length=1024)


class LaunchedArtifact(ApiModel):
    """An artifact that the fleet of a config was launched from."""

    uri: str = Field(description="Where it is.", max_length=1024)
    etag: str | None = Field(
        None, description="Its ETag then; unset if it was overwritten before anybody looked.", max_length=128
    )


class LaunchedFrom(ApiModel):
    """What was behind the keys of the artifacts when the fleet of a config was launched."""

    config_name: str = Field(description="The config.")
    at: Time = Field(description="When it was launched.")
    artifacts: list[LaunchedArtifact] = Field(
        description="The artifacts that are one object each; the first 32.", max_length=32
    )
