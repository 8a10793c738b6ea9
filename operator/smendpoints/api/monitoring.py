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
ListedKind = Annotated[AlarmKind, Field(description="What the alarm monitors.")]


class Monitoring(ApiModel):
    """CloudWatch alarms that notify people, and a dashboard. Edits are applied in place. They cause no rollback."""

    topic_arns: list[TopicARN] = Field(
        default_factory=list,
        description="ARNs of SNS topics, in the endpoint's region, that are notified when an alarm fires and when it is"
        " resolved, such as `arn:aws:sns:us-east-1:123456789012:oncall`. If unset, no topic is notified.",
        max_length=5,
        json_schema_extra=SET,
    )
    alarms: list[ListedKind] | None = Field(
        None,
        description="Which alarms are created. If unset, all that apply to the endpoint; if empty (`[]`), none.",
        max_length=5,
        json_schema_extra=SET,
    )
    max_error_rate_percent: float = Field(
        5,
        description="`Errors` fires if more than this percentage of a variant's responses are 5xx errors.",
        gt=0,
        le=100,
    )
    max_latency_milliseconds: int = Field(
        5000,
        description="`Latency` fires if the 99th percentile of a variant's model latency is above this, in"
        " milliseconds.",
        ge=1,
        le=3600000,
    )
    sustained_minutes: int = Field(
        5,
        description="For how many minutes in a row the limit must be exceeded before `Errors` or `Latency` fires.",
        ge=1,
        le=60,
    )
    at_maximum_minutes: int = Field(
        15,
        description="For how many minutes in a row a variant must run at `scaling.maxCapacity`, or its load must be"
        " above the scaling target, before `Capacity` fires.",
        ge=5,
        le=1440,
    )
    idle_days: int = Field(7, description="`Idle` fires after this number of days without a request.", ge=1, le=7)
    max_backlog_seconds: int = Field(
        900,
        description="`Backlog` fires if the oldest asynchronous request has waited longer than this, in seconds.",
        ge=60,
        le=21600,
    )
    dashboard: bool = Field(True, description="Whether a CloudWatch dashboard is created.")
    container_metrics_namespace: str | None = Field(
        None,
        description="CloudWatch namespace in which the containers publish metrics with the dimensions `Model`,"
        " `Version` and `Variant`; for this project's container, `smendpoints/inference`. The dashboard then also"
        " compares the models by these metrics. If unset, it does not.",
        pattern=METRIC_NAMESPACE,
        max_length=255,
    )


class MonitoringStatus(StatusModel):
    """The alarms and the dashboard in CloudWatch."""

    alarms: list[str] = Field(default_factory=list, description="Names of the alarms in CloudWatch.", max_length=64)
    firing: list[str] = Field(
        default_factory=list,
        description="Names of the alarms that were firing when the operator last checked, which may be some minutes"
        " ago.",
        max_length=64,
    )
    dashboard: str | None = Field(None, description="Name of the dashboard in CloudWatch.", max_length=255)
    dashboard_url: str | None = Field(None, description="Link to the dashboard in the AWS console.", max_length=1024)
    applied: str | None = Field(
        None, description="Hash of what the operator last wrote to CloudWatch, to detect drift.", max_length=64
    )
