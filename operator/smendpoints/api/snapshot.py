"""The autoscaling that an update takes off, as it stands in the status until it is known that nobody needs it any more.

Not here: how it is taken and put back, see `domain.plan.snapshot`.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from smendpoints.api.base import ApiModel, Name, StatusModel

_NOT_SET = ("AlarmName", "AlarmActions")  # they follow from where the alarm stands
Dimension = Literal["sagemaker:variant:DesiredInstanceCount", "sagemaker:variant:DesiredProvisionedConcurrency"]


class AlarmSnapshot(ApiModel):
    """A CloudWatch alarm that triggers a step scaling policy."""

    name: str = Field(description="Name of the alarm.", max_length=255)
    settings: dict[str, Any] = Field(
        description="Metric, periods and threshold of the alarm, as in the API call PutMetricAlarm."
    )


class PolicySnapshot(StatusModel):
    """A scaling policy."""

    name: str = Field(description="Name of the policy.", max_length=256)
    type: Literal["TargetTrackingScaling", "StepScaling"] = Field(description="Type of the policy.")
    configuration: dict[str, Any] = Field(
        description="Configuration of the policy, as in the API call PutScalingPolicy."
    )
    alarms: list[AlarmSnapshot] = Field(
        default_factory=list,
        description="Alarms of a step scaling policy. AWS creates those of target tracking itself.",
    )


class ScheduleSnapshot(ApiModel):
    """A scheduled action."""

    name: str = Field(description="Name of the scheduled action.", max_length=256)
    schedule: str = Field(description="Schedule: `cron(...)`, `rate(...)` or `at(...)`.")
    time_zone: str | None = Field(None, description="Time zone of the schedule. If unset, UTC.")
    start_time: str | None = Field(None, description="When the schedule begins.")
    end_time: str | None = Field(None, description="When the schedule ends.")
    min_capacity: int | None = Field(None, description="Minimum capacity that it sets.")
    max_capacity: int | None = Field(None, description="Maximum capacity that it sets.")


class AutoscalingSnapshot(StatusModel):
    """The autoscaling of a variant before the rollout."""

    variant: Name = Field(description="Name of the variant.")
    dimension: Dimension = Field(description="What is scaled.")
    min_capacity: int = Field(description="Minimum capacity.", ge=0)
    max_capacity: int = Field(description="Maximum capacity.", ge=0)
    suspended: bool = Field(default=False, description="Whether scaling was paused.")
    policies: list[PolicySnapshot] = Field(default_factory=list, description="Scaling policies of the variant.")
    schedules: list[ScheduleSnapshot] = Field(default_factory=list, description="Scheduled actions of the variant.")


def of_calls(text: Any) -> Iterator[dict[str, Any]]:
    """The snapshot in a text of the releases before, which kept the calls that put it back; none of another text."""
    try:
        kept = json.loads(text)
        calls = [(str(verb), dict(params)) for verb, _, params in kept["calls"]]
        bounds = next(params for verb, params in calls if verb == "REGISTER_TARGET")
        found = {
            "variant": str(bounds["ResourceId"]).rpartition("/")[2],
            "dimension": bounds["ScalableDimension"],
            "minCapacity": bounds["MinCapacity"],
            "maxCapacity": bounds["MaxCapacity"],
            "suspended": "SuspendedState" in bounds,
            "policies": [
                policy_of(params, _alarms_of(params["PolicyName"], calls))
                for verb, params in calls
                if verb == "PUT_POLICY"
            ],
            "schedules": [schedule_of(params) for verb, params in calls if verb == "PUT_SCHEDULE"],
        }
        yield AutoscalingSnapshot.model_validate(found).to_json()
    except (ValueError, TypeError, KeyError, StopIteration, RecursionError):
        return


def _alarms_of(policy: str, calls: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    return [
        {"name": alarm["AlarmName"], "settings": {key: alarm[key] for key in alarm if key not in _NOT_SET}}
        for verb, alarm in calls
        if verb == "PUT_ALARM" and any(each["policyARN"][1] == policy for each in alarm["AlarmActions"])
    ]


def policy_of(found: Mapping[str, Any], alarms: list[dict[str, Any]]) -> dict[str, Any]:
    """The fields of a `PolicySnapshot`, from a policy as AWS has it."""
    kind = found["PolicyType"]
    configuration = found.get(f"{kind}PolicyConfiguration")
    return {"name": found["PolicyName"], "type": kind, "configuration": configuration, "alarms": alarms}


def schedule_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a `ScheduleSnapshot`, from a scheduled action as AWS has it."""
    bounds = found.get("ScalableTargetAction") or {}
    return {
        "name": found["ScheduledActionName"],
        "schedule": found["Schedule"],
        "timeZone": found.get("Timezone"),
        "startTime": found.get("StartTime"),
        "endTime": found.get("EndTime"),
        "minCapacity": bounds.get("MinCapacity"),
        "maxCapacity": bounds.get("MaxCapacity"),
    }
