"""An account that shows what a sight shows, and what a reconcile asked it about one endpoint."""

# ruff: noqa: ARG002 - a stand-in takes what the real one takes

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smendpoints.controller.memory import Seen
from smendpoints.controller.observe import Glance
from smendpoints.domain.desired.ownership import Owner
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.observed import OwnedResources, OwnMonitoring, Recalled
from smendpoints.domain.plan.alarms import Ownership
from smendpoints.domain.reasons import Reason
from smsandbox.testing.one_account import OneAccount
from smsandbox.testing.specs import STEPS

B = {"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}}
STEP_SCALED = {"variant": {"scaling": {"minCapacity": 1, "maxCapacity": 5, "stepScaling": [STEPS]}}}
DONE = {"phase": "Succeeded"}
LISTED = Glance(summary=None, since_written=False, absent=False)


@dataclass
class AskedAws(OneAccount):
    """Shows what a sight shows, and remembers what it was asked; what is listed costs nothing and is not remembered."""

    seen: Any
    asked: list[str] = field(default_factory=list)
    seen_at: float = 1.0
    blind: float = 0.0
    denies_models: bool = False
    ids: set[str] = field(default_factory=set)
    listed: Any = "as listed"
    models: Mapping[str, Any] = field(default_factory=dict)

    def endpoint(self, name: str, tags: Mapping[str, str] | None = None, described: Any = None) -> Any:
        if described is None:
            self.asked.append("endpoint" if tags is None else "endpoint without its tags")
        elif tags is None:
            self.asked.append("its tags")
        return self.seen.observed.endpoint

    def config(self, name: str) -> Any:
        self.asked.append("the wanted config" if name == self.seen.desired.config_name else "the live config")
        return self.seen.observed.live_config

    def model(self, name: str) -> Any:
        if self.denies_models:
            raise ReconcileError(Kind.BLOCKED, Reason.ACCESS_DENIED, "no")
        self.asked.append("a model")
        return self.models.get(name, {"ModelName": name})

    def targets(self, ids: list[str], *, bare: bool = False) -> Any:
        self.asked.append("targets alone" if bare else "targets")
        self.ids = set(ids)
        return self.seen.observed.targets

    def listed_targets(self, name: str, since: float) -> Any:
        return None if since == math.inf else self.listed

    def alarms(self, prefix: str) -> Any:
        self.asked.append("alarms")
        return self.seen.observed.alarms

    def alarm_owners(self, endpoint: str, owner: Owner) -> Ownership:
        self.asked.append("whose alarms")
        return Ownership(ours={"ours": "arn"}, nobodys={"nobodys": "arn"})

    def owned_resources(self, endpoint: str, owner: Owner, *, alarms: bool, listed: bool = False) -> OwnedResources:
        self.asked.append(f"what is owned{', alarms too' if alarms else ''}{', as listed' if listed else ''}")
        return OwnedResources()

    def owned(self, endpoint: str, owner: Owner, *, has_dashboard: bool) -> OwnMonitoring:
        self.asked.append("monitoring and its dashboard" if has_dashboard else "monitoring")
        return OwnMonitoring({"watching": "arn"})

    def unowned(self, endpoint: str, config_name: str) -> tuple[str, ...]:
        self.asked.append("what is nobody's")
        return ("arn",)

    def missing(self, names: frozenset[str], since: float) -> frozenset[str]:
        return names

    def look(self, name: str, *, max_age: float) -> None:
        self.asked.append("the lists")

    def blind_seconds(self) -> float:
        return self.blind

    def peek(self, name: str) -> Any:
        return "as listed"

    def current(self, name: str, since: float) -> bool:
        return since == 7.0

    def absent(self, name: str, since: float) -> bool:
        return since == 7.0

    def recall(self, name: str, summary: Any, tagged_since: float, scaled_since: float) -> Any:
        return (
            None
            if summary == "out of date"
            else Recalled(self.seen.observed.endpoint, self.seen.observed.targets, described=True)
        )


def swept(seen: Any) -> Seen:
    """The memory of an object whose garbage was collected, and whose tags are right."""
    made = Seen()
    made.settled(None, seen.desired, seen.resource.spec.revision_history_limit)
    return made
