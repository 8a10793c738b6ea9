"""The simulator's knobs. All can be changed while it runs; a changed value counts from the next decision on.

Durations are real seconds (the defaults turn AWS's minutes into seconds); waits that a user gives to AWS (bake times,
cooldowns, alarm periods, time limits) are AWS seconds, of which `time_scale` pass in one real second.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(ge=0)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Durations(Section):
    """Real seconds that AWS's own work takes, at the least; each is varied by `jitter` (a share), by the seed."""

    create: Seconds = 2.0
    update: Seconds = 2.0
    weights: Seconds = 0.5
    delete: Seconds = 1.0
    container_start: Seconds = 0.5
    terminate: Seconds = 0.2
    fail: Seconds = 1.0
    jitter: Annotated[float, Field(ge=0, le=1)] = 0.2


class Consistency(Section):
    """Real seconds for which a new thing is not yet seen elsewhere."""

    endpoint_config: Seconds = 0.0
    model: Seconds = 0.0
    role: Seconds = 0.0
    metrics: Annotated[float, Field(ge=0, description="How old the newest sample is that CloudWatch shows")] = 0.0
    listing: Annotated[float, Field(ge=0, description="How old what ListEndpoints shows is, at the least")] = 0.0


class Options(Section):
    """Where AWS's behaviour is not established: the conservative reading is the default."""

    update_with_current_config: Literal["reject", "accept"] = "reject"
    show_rolling_back: bool = False
    one_capacity_per_call: bool = True
    default_instance_quota: Annotated[int, Field(ge=0)] = 1000
    scalable_target_quota: Annotated[int, Field(ge=0)] = 500
    endpoint_quota: Annotated[int, Field(ge=0)] = 100_000
    stuck_seconds: Annotated[float, Field(description="AWS seconds a Creating endpoint without config hangs")] = 3600.0
    metrics_by_config: Annotated[
        Literal["all", "updates"],
        Field(description="Which fleets publish by EndpointConfigName, too: all, or those that an update brings up"),
    ] = "all"
    verify_artifacts: bool = True
    verify_roles: bool = True
    verify_images: bool = True


class AlarmSettings(Section):
    """Geometry of the alarms that Application Auto Scaling makes, and how often alarms are evaluated."""

    high_periods: Annotated[int, Field(ge=1)] = 3
    low_periods: Annotated[int, Field(ge=1)] = 15
    low_share: Annotated[float, Field(gt=0, le=1)] = 0.9
    evaluation_seconds: Annotated[float, Field(gt=0)] = 0.5


class RuntimeSettings(Section):
    """The runtime API: added latency in real seconds, payload limit in bytes."""

    latency: Seconds = 0.0
    payload_bytes: Annotated[int, Field(gt=0)] = 6_291_456
    startup_floor_seconds: Annotated[
        float,
        Field(ge=0, description="Real seconds a container has to answer /ping at the least, however fast time runs"),
    ] = 60.0


class Settings(Section):
    """Everything that can be set; see the sections."""

    seed: int = 0
    time_scale: Annotated[float, Field(gt=0)] = 1.0
    poll_seconds: Annotated[float, Field(gt=0)] = 0.1
    containers: bool = True
    durations: Durations = Durations()
    consistency: Consistency = Consistency()
    options: Options = Options()
    alarms: AlarmSettings = AlarmSettings()
    runtime: RuntimeSettings = RuntimeSettings()
    quotas: dict[str, Annotated[int, Field(ge=0)]] = Field(
        default_factory=dict, description="Instances per type and region, over all endpoints"
    )
    enforce_iam: Annotated[
        bool, Field(description="Refuse what the policies of the caller's user or role don't allow")
    ] = False
    throttle: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict, description="Calls per second by '<service>.<Operation>', '<service>.*' or '*'"
    )

    def changed(self, patch: dict[str, object]) -> Settings:
        """These settings with `patch` merged in, sections member by member; raises pydantic's ValidationError."""
        merged = self.model_dump()
        for key, value in patch.items():
            if isinstance(value, dict) and isinstance(getattr(self, key, None), Section):
                merged[key] = {**merged[key], **value}
            else:
                merged[key] = value
        return Settings.model_validate(merged)
