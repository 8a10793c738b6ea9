"""What a controller is told by the operator's configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ControllerSettings:
    """Intervals are in seconds."""

    cluster_id: str
    region: str
    execution_role_arn: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    retains: bool = False
    """Whether an object that says nothing leaves in AWS what it made."""
    poll_seconds: float = 15.0
