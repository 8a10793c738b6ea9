"""What the audit keeps of what it lists: autoscaling and tags by endpoint, configs and models by name."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import Any

from smendpoints.aws.calls.pages import Entry, Query
from smendpoints.aws.listed.audit import Part
from smendpoints.aws.listed.contents import Contents
from smendpoints.aws.listed.summary import Summary, monitoring_fingerprint, scaling_fingerprint, tags_fingerprint
from smendpoints.domain.desired import names
from smendpoints.domain.desired.ownership import PREFIX
from smendpoints.domain.observed.monitoring import ListedDashboard, ListedMonitoring
from smendpoints.domain.observed.observed import ObservedTarget
from smendpoints.domain.observed.parsing import parse_target

_VARIANT = re.compile(r"endpoint/([^/]+)/variant/.+")
_OURS = re.compile(rf".+-[0-9a-f]{{{names.HASH_LENGTH}}}")
_SAGEMAKER = {"ServiceNamespace": "sagemaker"}
_SCALING = tuple(
    Query("application-autoscaling", operation, key, size, _SAGEMAKER)
    for operation, key, size in (
        ("describe_scalable_targets", "ScalableTargets", 50),
        ("describe_scaling_policies", "ScalingPolicies", 10),
        ("describe_scheduled_actions", "ScheduledActions", 50),
    )
)
_TAGS = Query(
    "resourcegroupstaggingapi",
    "get_resources",
    "ResourceTagMappingList",
    100,
    {"ResourceTypeFilters": ["sagemaker:endpoint"], "TagFilters": [{"Key": f"{PREFIX}cluster"}]},
)
_CONFIGS = Query("sagemaker", "list_endpoint_configs", "EndpointConfigs", 100)
_MODELS = Query("sagemaker", "list_models", "Models", 100)
_ALARMS = Query("cloudwatch", "describe_alarms", "MetricAlarms", 100, {"AlarmNamePrefix": names.MONITORING})


@dataclass(frozen=True)
class Scaling:
    """The autoscaling of one endpoint."""

    fingerprint: str
    targets: tuple[ObservedTarget, ...] = field(hash=False)


@dataclass(frozen=True)
class Tagged:
    """The tags of one endpoint."""

    fingerprint: str
    tags: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True)
class Monitored:
    """The alarms and the dashboard of one endpoint's `spec.monitoring`."""

    fingerprint: str
    listed: ListedMonitoring = field(hash=False)


class _Scaling:
    def __init__(self) -> None:
        self._found: defaultdict[str, list[tuple[str, Entry]]] = defaultdict(list)

    def take(self, query: Query, entries: Iterable[Entry]) -> None:
        for entry in entries:
            match = _VARIANT.fullmatch(entry["ResourceId"])
            if match is not None:
                self._found[match[1].lower()].append((query.key, entry))

    def made(self) -> Mapping[str, Scaling]:
        return {name: Scaling(scaling_fingerprint(each), _targets(each)) for name, each in self._found.items()}


class _Tags:
    def __init__(self) -> None:
        self._found: dict[str, Tagged] = {}

    def take(self, _: Query, entries: Iterable[Entry]) -> None:
        for entry in entries:
            tags = {tag["Key"]: tag["Value"] for tag in entry["Tags"]}
            self._found[entry["ResourceARN"].lower()] = Tagged(tags_fingerprint(tags), tags)

    def made(self) -> Mapping[str, Tagged]:
        return self._found


class _Contents:
    def __init__(self) -> None:
        self._found = Contents()

    def take(self, query: Query, entries: Iterable[Entry]) -> None:
        model = query is _MODELS
        name, arn = ("ModelName", "ModelArn") if model else ("EndpointConfigName", "EndpointConfigArn")
        for entry in entries:
            if _OURS.fullmatch(entry[name]):
                self._found.put(entry[name], entry[arn], model=model)

    def made(self) -> Contents:
        return self._found


class _Monitoring:
    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._alarms: defaultdict[str, dict[str, Entry]] = defaultdict(dict)
        self._dashboards: dict[str, ListedDashboard] = {}

    def take(self, query: Query, entries: Iterable[Entry]) -> None:
        for entry in entries:
            if query is _ALARMS:
                name = names.monitored_endpoint(entry["AlarmName"])
                if name is not None:
                    self._alarms[name.lower()][entry["AlarmName"]] = entry
            else:
                modified = entry["LastModified"].astimezone(UTC).isoformat()
                endpoint = entry["DashboardName"].removeprefix(self._prefix)
                self._dashboards[endpoint.lower()] = ListedDashboard(modified, entry.get("Size", 0))

    def made(self) -> Mapping[str, Monitored]:
        found = {
            name: ListedMonitoring(self._alarms.get(name, {}), self._dashboards.get(name))
            for name in {*self._alarms, *self._dashboards}
        }
        return {name: Monitored(monitoring_fingerprint(each), each) for name, each in found.items()}


def _targets(found: list[tuple[str, Entry]]) -> tuple[ObservedTarget, ...]:
    def of(kind: str, target: Entry) -> list[Entry]:
        which = target["ResourceId"], target["ScalableDimension"]
        return [each for key, each in found if key == kind and (each["ResourceId"], each["ScalableDimension"]) == which]

    targets = [entry for kind, entry in found if kind == "ScalableTargets"]
    return tuple(
        parse_target(target, of("ScalingPolicies", target), of("ScheduledActions", target)) for target in targets
    )


class Lists:
    """The lists of one place's audit, and what they say of one endpoint. `since` is an instant of the audit's clock."""

    def __init__(self, region: str) -> None:
        self.scaling: Part[Mapping[str, Scaling]] = Part(_SCALING, _Scaling)
        self.contents: Part[Contents] = Part([_CONFIGS, _MODELS], _Contents)
        self.tags: Part[Mapping[str, Tagged]] = Part([_TAGS], _Tags, optional=True)  # needs tag:GetResources
        prefix = names.dashboard_prefix(region)
        dashboards = Query("cloudwatch", "list_dashboards", "DashboardEntries", 0, {"DashboardNamePrefix": prefix})
        self.monitoring: Part[Mapping[str, Monitored]] = Part(
            [_ALARMS, dashboards], lambda: _Monitoring(prefix), optional=True, wanted=False
        )
        self.parts: tuple[Part[Any], ...] = (self.scaling, self.contents, self.tags, self.monitoring)

    def targets_of(self, name: str, since: float) -> tuple[ObservedTarget, ...] | None:
        """The endpoint's autoscaling, if it was listed after `since`."""
        if self.scaling.begun <= since:
            return None
        found = self.scaling.value.get(name.lower())
        return found.targets if found is not None else ()

    def tags_of(self, arn: str, since: float) -> Mapping[str, str] | None:
        """The endpoint's tags, if they were listed after `since`."""
        found = self.tags.value.get(arn.lower()) if self.tags.begun > since else None
        return found.tags if found is not None else None

    def monitoring_of(self, name: str, since: float) -> ListedMonitoring | None:
        """The endpoint's alarms and dashboard of `spec.monitoring`, if they were listed after `since`."""
        if self.monitoring.denied or self.monitoring.begun <= since:
            return None
        found = self.monitoring.value.get(name.lower())
        return found.listed if found is not None else ListedMonitoring()

    def told(self, name: str, entry: Summary) -> Summary:
        """A listed endpoint, its name in lower case, with the fingerprints of these lists."""
        scaled, tagged = self.scaling.value.get(name), self.tags.value.get(entry.arn.lower())
        watched = self.monitoring.value.get(name)
        return replace(
            entry,
            scaling=scaled.fingerprint if scaled is not None else None,
            tags=tagged.fingerprint if tagged is not None else None,
            monitoring=watched.fingerprint if watched is not None else None,
        )
