"""What Application Auto Scaling remembers. State only."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from smsandbox.aws.core.timeline import Event

INSTANCES = "sagemaker:variant:DesiredInstanceCount"
CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"
COPIES = "sagemaker:inference-component:DesiredCopyCount"


class TargetKey(NamedTuple):
    """Which scalable target: where, and what of which resource."""

    account: str
    region: str
    resource_id: str
    dimension: str

    @property
    def words(self) -> str:
        """The key as AWS's messages spell it."""
        return f"service namespace: sagemaker, resource ID: {self.resource_id}, scalable dimension: {self.dimension}"


@dataclass
class Policy:
    """A scaling policy. `high` and `low` name the alarms that Application Auto Scaling made for it."""

    name: str
    arn: str
    kind: str
    config: dict[str, Any]
    created: float
    high: str | None = None
    low: str | None = None
    # The cooldown in force: since when (epoch seconds, the end of the activity) and from which capacity it went.
    out_ended: float = -math.inf
    out_from: int = 0
    in_ended: float = -math.inf

    @property
    def is_tracking(self) -> bool:
        return self.kind == "TargetTrackingScaling"

    @property
    def alarms(self) -> list[str]:
        return [name for name in (self.high, self.low) if name]

    @property
    def out_cooldown(self) -> float:
        """AWS seconds."""
        return float(self.config.get("ScaleOutCooldown" if self.is_tracking else "Cooldown", 300))

    @property
    def in_cooldown(self) -> float:
        """AWS seconds."""
        return float(self.config.get("ScaleInCooldown" if self.is_tracking else "Cooldown", 300))


@dataclass
class Schedule:
    """A scheduled action."""

    name: str
    arn: str
    expression: str
    timezone: str | None
    start: datetime | None
    end: datetime | None
    action: dict[str, int]
    created: float
    event: Event | None = None


@dataclass
class Target:
    """A scalable target with all that hangs on it."""

    key: TargetKey
    arn: str
    minimum: int
    maximum: int
    role_arn: str
    created: float
    suspended: dict[str, bool]
    tags: dict[str, str] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    busy: Activity | None = None


@dataclass
class Activity:
    """A scaling activity, or (with `not_scaled`) the reason why there was none."""

    id: str
    key: TargetKey
    description: str
    cause: str
    started: float
    status: str = "InProgress"
    message: str | None = None
    ended: float | None = None
    not_scaled: dict[str, Any] | None = None
    before: int | None = None
    goal: int | None = None
