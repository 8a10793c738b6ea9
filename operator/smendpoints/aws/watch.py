"""The watch: a few paginated listings per place and period, for all objects together.

It says what to look at, never what is true: what did not move needs no Describe. 1,000 endpoints at rest cost ten
ListEndpoints calls a period; the audit, which sees hands on autoscaling, configs and models, comes every minute.
"""

import json
import logging
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from smendpoints.aws.clients import Clients
from smendpoints.domain.desired.names import content_hash
from smendpoints.domain.desired.ownership import PREFIX
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.reasons import Reason

logger = logging.getLogger(__name__)

T = TypeVar("T")
NEVER = float("-inf")
_SHARED_FAILURE = 1.0
_VARIANT = re.compile(r"endpoint/([^/]+)/variant/.+")
_LISTS = (
    ("describe_scalable_targets", "ScalableTargets"),
    ("describe_scaling_policies", "ScalingPolicies"),
    ("describe_scheduled_actions", "ScheduledActions"),
)


@dataclass(frozen=True)
class Summary:
    """One entry of ListEndpoints, with fingerprints of its autoscaling and tags as the last audit found them."""

    arn: str
    status: str
    modified_at: datetime
    scaling: str | None = None
    tags: str | None = None


class Listing(Generic[T]):
    """Something that is listed now and then; threads that ask at once share one listing, or one failure to list."""

    def __init__(self, fetch: Callable[[], T], empty: T, clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._failed: tuple[float, ReconcileError] | None = None
        self.begun = NEVER
        self.failing_since: float | None = None
        self.value = empty

    def get(self, max_age: float, since: float = NEVER) -> T:
        """The listing, at most `max_age` seconds old and begun after `since`.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        asked = self._clock()
        with self._lock:
            if self.begun < max(asked - max_age, since):
                self._list()
            return self.value

    def _list(self) -> None:
        begun = self._clock()
        if self._failed is not None and begun - self._failed[0] < _SHARED_FAILURE:
            raise replace(self._failed[1])
        try:
            self.value = self._fetch()
        except ReconcileError as failure:
            self._failed = (self._clock(), failure)
            self.failing_since = begun if self.failing_since is None else self.failing_since
            raise
        self.begun, self._failed, self.failing_since = begun, None, None


class Watch:
    """The endpoints of one place, their autoscaling, and the configs and models there are."""

    def __init__(self, clients: Clients, clock: Callable[[], float] = time.monotonic) -> None:
        self._clients = clients
        self._clock = clock
        self._tags_denied = False
        self.endpoints: Listing[dict[str, Summary]] = Listing(self._list_endpoints, {}, clock)
        self.scaling: Listing[dict[str, str]] = Listing(self._list_scaling, {}, clock)
        self.tags: Listing[dict[str, str]] = Listing(self._list_tags, {}, clock)
        self.contents: Listing[frozenset[str]] = Listing(self._list_contents, frozenset(), clock)

    def blind_seconds(self) -> float:
        """For how long endpoints could not be listed; 0 while they can."""
        since = self.endpoints.failing_since
        return 0.0 if since is None else self._clock() - since

    def peek(self, name: str) -> Summary | None:
        """What the last listings said, however old; costs nothing."""
        found = self.endpoints.value.get(name.lower())
        if found is None:
            return None
        scaling, tags = self.scaling.value.get(name), self.tags.value.get(found.arn.lower())
        return Summary(found.arn, found.status, found.modified_at, scaling, tags)

    def look(self, name: str, *, max_age: float, since: float = NEVER) -> Summary | None:
        """What a listing says that is at most `max_age` seconds old and was begun after `since`.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        self.endpoints.get(max_age, since)
        return self.peek(name)

    def missing(self, names: frozenset[str], since: float) -> frozenset[str]:
        """Which of these configs and models the last audit did not find; none if it began before `since`."""
        return names - self.contents.value if self.contents.begun > since else frozenset()

    def audit(self, max_age: float) -> None:
        """List what hands in AWS may have changed besides endpoints.

        Raises:
            ReconcileError: AWS could not be asked.
        """
        self.scaling.get(max_age)
        self.contents.get(max_age)
        self.tags.get(max_age)

    def _list_endpoints(self) -> dict[str, Summary]:
        return {
            # Endpoint names are unique whatever their case.
            entry["EndpointName"].lower(): Summary(
                entry["EndpointArn"], entry["EndpointStatus"], entry["LastModifiedTime"]
            )
            for entry in self._clients.all("sagemaker", "list_endpoints", "Endpoints", 100)
        }

    def _list_scaling(self) -> dict[str, str]:
        found: dict[str, list[Any]] = {}
        for operation, key in _LISTS:
            for entry in self._clients.all("application-autoscaling", operation, key, 50, ServiceNamespace="sagemaker"):
                match = _VARIANT.fullmatch(entry["ResourceId"])
                if match is not None:
                    found.setdefault(match[1], []).append(json.loads(json.dumps(entry, default=str)))
        return {name: content_hash(entries) for name, entries in found.items()}

    def _list_tags(self) -> dict[str, str]:
        if self._tags_denied:
            return {}
        try:
            found = self._clients.all(
                "resourcegroupstaggingapi",
                "get_resources",
                "ResourceTagMappingList",
                100,
                ResourceTypeFilters=["sagemaker:endpoint"],
                TagFilters=[{"Key": f"{PREFIX}cluster"}],
            )
        except ReconcileError as failure:
            if failure.reason is not Reason.ACCESS_DENIED:
                raise
            logger.warning("tags changed by hand are seen late, without tag:GetResources: %s", failure)
            self._tags_denied = True
            return {}
        return {
            each["ResourceARN"].lower(): content_hash({tag["Key"]: tag["Value"] for tag in each["Tags"]})
            for each in found
        }

    def _list_contents(self) -> frozenset[str]:
        configs = self._clients.all("sagemaker", "list_endpoint_configs", "EndpointConfigs", 100)
        models = self._clients.all("sagemaker", "list_models", "Models", 100)
        return frozenset(each["EndpointConfigName"] for each in configs) | {each["ModelName"] for each in models}
