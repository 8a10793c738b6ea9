"""What a controller is told by the operator's configuration."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ControllerSettings:
    """Intervals are in seconds."""

    cluster_id: str
    region: str
    execution_role_arn: str | None = None
    poll_seconds: float = 15.0
