"""`spec.rollout`: how an update replaces the running instances, and what causes a rollback. Types only."""

from typing import Annotated, Literal

from pydantic import Field

from smendpoints.api.analysis import Analysis
from smendpoints.api.base import SET, ApiModel

Strategy = Literal["AllAtOnce", "Canary", "Linear", "Rolling"]
AlarmName = Annotated[str, Field(min_length=1, max_length=255)]


class Rollback(ApiModel):
    """When a rollout is rolled back."""

    alarm_names: list[AlarmName] = Field(
        default_factory=list,
        description="Names of existing CloudWatch alarms in the endpoint's region. If one of them fires while AWS"
        " monitors the rollout, AWS rolls back. The operator does not create them.",
        max_length=10,
        json_schema_extra=SET,
    )
    on_request: bool = Field(
        False,
        description="Allows a rollout in progress to be aborted by the annotation `smendpoints.dev/abortRevision`. For"
        " this the operator creates one more alarm, and triggers it on request.",
    )
    max_error_rate_percent: float | None = Field(
        None,
        description="Limit for the 5xx responses of the new fleet, in percent of its requests within one minute. Above"
        " it, AWS rolls back. The operator creates and deletes the alarm. If unset, there is no such limit.",
        gt=0,
        le=100,
    )
    max_latency_milliseconds: int | None = Field(
        None,
        description="Limit for the mean model latency of the new fleet within one minute, in milliseconds. Above it,"
        " AWS rolls back. The operator creates and deletes the alarm. If unset, there is no such limit.",
        ge=1,
        le=60000,
    )


class Rollout(ApiModel):
    """How an update replaces the running instances."""

    strategy: Strategy = Field("AllAtOnce", description="How traffic is shifted to the new fleet.")
    step_percent: int | None = Field(
        None,
        description="Size of the canary, step or batch, in percent of the capacity: 1 to 50 with `Canary`, 10 to 50"
        " with `Linear`, 5 to 50 with `Rolling`. If unset, `stepInstances` applies: these strategies need exactly one"
        " of both. Not allowed with `AllAtOnce`.",
        ge=1,
        le=50,
    )
    step_instances: int | None = Field(
        None,
        description="Size of the canary, step or batch, as a number of instances: at most half of each variant's"
        " instances. If unset, `stepPercent` applies: these strategies need exactly one of both. Not allowed with"
        " `AllAtOnce`.",
        ge=1,
        le=500,
    )
    step_wait_seconds: int = Field(
        0,
        description="Baking period: how long AWS monitors the alarms after each traffic shift or batch, in seconds.",
        ge=0,
        le=3600,
    )
    termination_wait_seconds: int = Field(
        0,
        description="How long the old fleet is kept after all traffic was shifted, in seconds. AWS can still roll back"
        " to it in this time. Must be 0 with `Rolling`.",
        ge=0,
        le=3600,
    )
    timeout_seconds: int | None = Field(
        None,
        description="Maximum duration of the whole rollout, in seconds. A rollout that takes longer fails. Must be"
        " longer than all baking periods and `terminationWaitSeconds` together. If unset, AWS's default applies.",
        ge=600,
        le=28800,
    )
    rollback: Rollback | None = Field(
        None,
        description="Limits and alarms that cause AWS to roll back. If unset, there are none. Instances that fail to"
        " start always cause a rollback.",
    )
    analysis: Analysis | None = Field(
        None,
        description="Compares the new fleet with the old one during the baking periods of a `Canary` or `Linear`"
        " rollout, and rolls back if the new one is worse. For fixed limits use `rollback`. If unset, nothing is"
        " compared.",
    )
