"""What the listings say of one endpoint, and fingerprints of it that mean the same in each process and release."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

from smendpoints.domain.desired.names import content_hash
from smendpoints.domain.observed.monitoring import JUDGED_BY, ListedMonitoring, firing

# What an operator would put right if it changed. Not here: ARNs of targets, times of creation, roles, forecasts, and
# the alarms of target tracking, which AWS replaces as it likes.
_MEANT = {
    "ScalableTargets": ("ResourceId", "ScalableDimension", "MinCapacity", "MaxCapacity", "SuspendedState"),
    "ScalingPolicies": (
        "ResourceId",
        "ScalableDimension",
        "PolicyName",
        "PolicyARN",
        "PolicyType",
        "StepScalingPolicyConfiguration",
        "TargetTrackingScalingPolicyConfiguration",
    ),
    "MetricAlarms": ("ActionsEnabled", "AlarmActions", "OKActions", *JUDGED_BY),
    "ScheduledActions": (
        "ResourceId",
        "ScalableDimension",
        "ScheduledActionName",
        "Schedule",
        "Timezone",
        "StartTime",
        "EndTime",
        "ScalableTargetAction",
    ),
}


@dataclass(frozen=True)
class Summary:
    """One entry of ListEndpoints, with fingerprints of autoscaling, tags and monitoring as the last audit found them.

    `name` is as it was given when the endpoint was created.
    """

    arn: str
    status: str
    modified_at: datetime
    scaling: str | None = None
    tags: str | None = None
    name: str = ""
    monitoring: str | None = None

    def audited(self, entry: Self) -> Self:
        """Another entry of the endpoint, with the fingerprints of this one."""
        return replace(entry, scaling=self.scaling, tags=self.tags, monitoring=self.monitoring)

    def fingerprint(self) -> str:
        """Ten hex digits; equal as long as all that the listings say of the endpoint is."""
        modified = _plain(self.modified_at)
        monitoring = [self.monitoring] if self.monitoring is not None else []
        return content_hash([self.arn.lower(), self.status, modified, self.scaling or "", self.tags or "", *monitoring])


# What is told of a name that no endpoint has.
ABSENT = Summary("", "", datetime.fromtimestamp(0, UTC))


def scaling_fingerprint(entries: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """Of an endpoint's scalable targets, policies and schedules, each with the name of the list that it is from."""
    return content_hash(sorted(content_hash([kind, _meant(kind, entry)]) for kind, entry in entries))


def monitoring_fingerprint(listed: ListedMonitoring) -> str:
    """Of the alarms, whether they fire, and of when the dashboard was changed."""
    fires = frozenset(firing(listed.alarms))
    alarms = {name: [_meant("MetricAlarms", each), name in fires] for name, each in listed.alarms.items()}
    dashboard = listed.dashboard
    return content_hash({"alarms": alarms, "dashboard": [dashboard.modified_at, dashboard.size] if dashboard else []})


def tags_fingerprint(tags: Mapping[str, str]) -> str:
    """Of an endpoint's tags; AWS's own, which nobody can change, are left out."""
    return content_hash({key: value for key, value in tags.items() if not key.startswith("aws:")})


def _meant(kind: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    meant = {key: _plain(entry[key]) for key in _MEANT[kind] if entry.get(key) is not None}
    if entry.get("PolicyType") == "StepScaling":  # whose alarm is ours: that it is gone is seen here alone
        meant["Alarms"] = sorted(alarm["AlarmName"] for alarm in entry.get("Alarms") or ())
    return meant


def _plain(value: Any) -> Any:
    """The value as JSON: instants in UTC, numbers alike whether whole or not; no list's order means anything here."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds")
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return sorted((_plain(each) for each in value), key=lambda each: json.dumps(each, sort_keys=True))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return value
