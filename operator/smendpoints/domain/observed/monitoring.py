"""What CloudWatch has of an endpoint's `spec.monitoring`. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from smendpoints.domain.observed.observed import Json

JUDGED_BY = (
    "Namespace",
    "MetricName",
    "Dimensions",
    "Statistic",
    "ExtendedStatistic",
    "Metrics",
    "Period",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
)
"""The members of an alarm that say when it fires."""


@dataclass(frozen=True)
class ObservedDashboard:
    """A dashboard as GetDashboard shows it, with its tags; `body` is None where it is no JSON object."""

    name: str
    arn: str
    body: Json | None = field(hash=False)
    tags: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True)
class ListedDashboard:
    """A dashboard as ListDashboards shows it: changed, one of these is another."""

    modified_at: str
    size: int


@dataclass(frozen=True)
class ListedMonitoring:
    """What the shared listings show: the alarms by name, and the dashboard, if there is one."""

    alarms: Mapping[str, Json] = field(default_factory=dict, hash=False)
    dashboard: ListedDashboard | None = None


def firing(alarms: Mapping[str, Json]) -> tuple[str, ...]:
    """Those of the alarms that are in ALARM."""
    return tuple(sorted(name for name, alarm in alarms.items() if alarm.get("StateValue") == "ALARM"))
