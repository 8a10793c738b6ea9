"""The status that a test's sight of AWS leads to."""

from datetime import UTC, datetime
from typing import Any

from smendpoints.api.status import Cost, SageMakerEndpointStatus
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status.status import report

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "https://runtime/endpoints/default-iris/invocations"
B = {"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}}
SCALED = {"variant": {"scaling": {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}}}
PING = "The primary container for production variant primary did not pass the ping health check."
THROTTLED = ReconcileError(Kind.RETRY, Reason.THROTTLED, "ThrottlingException: Rate exceeded", "create_model")
DENIED = ReconcileError(Kind.BLOCKED, Reason.ACCESS_DENIED, "AccessDeniedException: no", "put_scaling_policy")


def told(
    seen: Any,
    failure: ReconcileError | None = None,
    *,
    applied: bool = False,
    log_tail: list[str] | None = None,
    cost: Cost | None = None,
    retry_at: datetime | None = None,
) -> SageMakerEndpointStatus:
    """What the user is told after a reconcile that saw this, was refused so, and looked into this log."""
    return report(
        seen.resource,
        seen.desired,
        seen.observed,
        seen.plan(),
        failure,
        applied=applied,
        url=URL,
        log_tail=log_tail or [],
        cost=cost,
        retry_at=retry_at,
        fingerprint=None,
        now=NOW,
    )
