"""An AWS of nothing but lists, in the place of the operator's clients: each call is counted, and told when it was made.

Time is virtual. It pages as AWS does, with tokens that name the place in the order.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from smendpoints.aws.calls.clients import Place
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason

REGION = "us-east-1"
ARN = "arn:aws:sagemaker:us-east-1:123456789012"
EPOCH = datetime(2026, 11, 26, tzinfo=UTC)


def variant(name: str) -> str:
    """The resource id of an endpoint's only variant."""
    return f"endpoint/{name}/variant/primary"


@dataclass
class ListedAws:
    """`ahead` is by how many seconds AWS's clocks are before that of the operator; `takes` is how long a call takes."""

    place: Place = field(default_factory=lambda: Place(REGION))
    now: float = 0.0
    ahead: float = 0.0
    takes: float = 0.0
    endpoints: dict[str, dict[str, Any]] = field(default_factory=dict)
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    schedules: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    configs: list[str] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    fails: dict[str, ReconcileError] = field(default_factory=dict)
    made: list[tuple[float, str, Mapping[str, Any]]] = field(default_factory=list)

    def clock(self) -> float:
        """The operator's clock."""
        return self.now

    def time(self) -> datetime:
        """What AWS stamps with."""
        return EPOCH + timedelta(seconds=self.now + self.ahead)

    def create(self, name: str, status: str = "InService") -> None:
        """An endpoint with a config, a model, a target, a policy and tags."""
        self.endpoints[name] = {"created": self.time()}
        self.become(name, status)
        which = {"ServiceNamespace": "sagemaker", "ResourceId": variant(name), "ScalableDimension": "sagemaker:count"}
        self.targets[name] = {**which, "MinCapacity": 1, "MaxCapacity": 5, "CreationTime": self.time()}
        self.policies[name] = {
            **which,
            "PolicyName": "invocations",
            "PolicyARN": f"arn:policy/{name}",
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 70.0},
        }
        self.tags[name] = {"smendpoints.dev/cluster": "c", "team": "ml"}
        self.configs.append(f"{name}-0123456789")
        self.models.append(f"{name}-primary-0123456789")

    def become(self, name: str, status: str) -> None:
        """An endpoint is in a status from now on."""
        self.endpoints[name] |= {"status": status, "modified": self.time()}

    def vanish(self, name: str) -> None:
        """An endpoint is gone."""
        del self.endpoints[name]
        self.tags.pop(name, None)

    def fail(self, operation: str, reason: Reason = Reason.UNAVAILABLE, kind: Kind = Kind.RETRY) -> None:
        """All calls of an operation fail."""
        self.fails[operation] = ReconcileError(kind, reason, "no", operation)

    def count(self, since: float = float("-inf"), until: float = float("inf")) -> Counter[str]:
        """The calls by operation that were made in this time."""
        return Counter(operation for when, operation, _ in self.made if since <= when < until)

    def busiest(self, seconds: float, since: float) -> int:
        """The most calls in any stretch of so many seconds, of those made since then."""
        times = sorted(when for when, _, _ in self.made if when >= since)
        return max((sum(1 for each in times if start <= each < start + seconds) for start in times), default=0)

    def call(self, _: str, operation: str, **params: Any) -> dict[str, Any]:
        """What the operator asks for."""
        self.made.append((self.now, operation, params))
        self.now += self.takes
        if operation in self.fails:
            raise self.fails[operation]
        answer: dict[str, Any] = getattr(self, f"_{operation}")(params)
        return answer

    def _list_endpoints(self, params: Mapping[str, Any]) -> dict[str, Any]:
        after = params.get("LastModifiedTimeAfter")
        found = [
            {
                "EndpointName": name,
                "EndpointArn": f"{ARN}:endpoint/{name.lower()}",
                "EndpointStatus": each["status"],
                "CreationTime": each["created"],
                "LastModifiedTime": each["modified"],
            }
            for name, each in self.endpoints.items()
            if params.get("StatusEquals") in {None, each["status"]} and (after is None or each["modified"] > after)
        ]
        newest_first = params.get("SortOrder", "Descending") == "Descending"
        found.sort(key=lambda each: (each["CreationTime"], each["EndpointName"]), reverse=newest_first)
        return _page(found, "Endpoints", params, 100)

    def _describe_scalable_targets(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return _page(self.targets.values(), "ScalableTargets", params, 50)

    def _describe_scaling_policies(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return _page(self.policies.values(), "ScalingPolicies", params, 10)

    def _describe_scheduled_actions(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return _page(self.schedules.values(), "ScheduledActions", params, 50)

    def _list_endpoint_configs(self, params: Mapping[str, Any]) -> dict[str, Any]:
        kind = f"{ARN}:endpoint-config"
        found = [{"EndpointConfigName": name, "EndpointConfigArn": f"{kind}/{name}"} for name in self.configs]
        return _page(found, "EndpointConfigs", params, 100)

    def _list_models(self, params: Mapping[str, Any]) -> dict[str, Any]:
        found = [{"ModelName": name, "ModelArn": f"{ARN}:model/{name}"} for name in self.models]
        return _page(found, "Models", params, 100)

    def _get_resources(self, params: Mapping[str, Any]) -> dict[str, Any]:
        found = [
            {
                "ResourceARN": f"{ARN}:endpoint/{name.lower()}",
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
            for name, tags in self.tags.items()
        ]
        asked = {"NextToken": params.get("PaginationToken"), "MaxResults": params["ResourcesPerPage"]}
        answer = _page(found, "ResourceTagMappingList", asked, 100)
        return {
            "ResourceTagMappingList": answer["ResourceTagMappingList"],
            "PaginationToken": answer.get("NextToken", ""),
        }


def _page(found: Iterable[Any], key: str, params: Mapping[str, Any], most: int) -> dict[str, Any]:
    assert params["MaxResults"] <= most, f"{key}: AWS gives no more than {most} on a page"
    items, start = list(found), int(params.get("NextToken") or 0)
    end = start + params["MaxResults"]
    return {key: items[start:end], **({"NextToken": str(end)} if end < len(items) else {})}
