"""`spec.monitoring` and `status.monitoring`: CloudWatch alarms that tell people, and a dashboard, of one endpoint.

Not here: the alarms that undo a rollout (`rollout.rollback`), and those that scale.
"""

from typing import Annotated, Literal

from pydantic import Field

from smendpoints.api.base import SET, ApiModel, StatusModel

TOPIC_ARN = r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$"
METRIC_NAMESPACE = r"^[A-Za-z0-9._/#][A-Za-z0-9._/#-]*$"
TopicARN = Annotated[str, Field(pattern=TOPIC_ARN, max_length=2048)]
AlarmKind = Literal["Errors", "Latency", "Capacity", "Idle", "Backlog"]
ListedKind = Annotated[AlarmKind, Field(description="What the alarm watches.")]


class Monitoring(ApiModel):
    """CloudWatch alarms and a dashboard of the endpoint. They change in place and undo no rollout."""

    topic_arns: list[TopicARN] = Field(
        default_factory=list,
        description="SNS topics that are told when an alarm fires and when it is over, in the endpoint's region; no"
        " topic is told if unset.",
        max_length=5,
        json_schema_extra=SET,
    )
    alarms: list[ListedKind] | None = Field(
        None,
        description="Which alarms there are; all that apply to the endpoint if unset, none if empty.",
        max_length=5,
        json_schema_extra=SET,
    )
    max_error_rate_percent: float = Field(
        5, description="Share of 5xx answers of a variant above which `Errors` fires.", gt=0, le=100
    )
    max_latency_milliseconds: int = Field(
        5000, description="99th percentile of a variant's model latency above which `Latency` fires.", ge=1, le=3600000
    )
    sustained_minutes: int = Field(
        5, description="How many minutes in a row `Errors` and `Latency` need to fire.", ge=1, le=60
    )
    at_maximum_minutes: int = Field(
        15,
        description="How many minutes in a row a variant has all the instances that `scaling.maxCapacity` allows, or"
        " more requests than its scaling can keep to, before `Capacity` fires.",
        ge=5,
        le=1440,
    )
    idle_days: int = Field(7, description="How many days without a request `Idle` needs to fire.", ge=1, le=7)
    max_backlog_seconds: int = Field(
        900, description="Age of the oldest asynchronous request above which `Backlog` fires.", ge=60, le=21600
    )
    dashboard: bool = Field(True, description="Whether there is a dashboard.")
    container_metrics_namespace: str | None = Field(
        None,
        description="CloudWatch namespace in which the containers publish metrics by `Model`, `Version` and `Variant`,"
        " as this project's does: the dashboard then compares the models by them; it does not if unset.",
        pattern=METRIC_NAMESPACE,
        max_length=255,
    )


class MonitoringStatus(StatusModel):
    """The alarms and the dashboard in CloudWatch."""

    alarms: list[str] = Field(default_factory=list, description="Names of the alarms.", max_length=64)
    firing: list[str] = Field(
        default_factory=list,
        description="Those of the alarms that were in ALARM when the operator listed them last, which may be minutes"
        " ago.",
        max_length=64,
    )
    dashboard: str | None = Field(None, description="Name of the dashboard.", max_length=255)
    dashboard_url: str | None = Field(None, description="The dashboard in AWS's console.", max_length=1024)
    applied: str | None = Field(
        None, description="Hash of what was put into CloudWatch last: what differs since then is drift.", max_length=64
    )
