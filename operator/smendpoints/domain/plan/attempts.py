"""Attempts to bring a config into service: whether one was made, how a failed one is remembered, when it is made again.

The status knows the last one; AWS forgets which config failed.
"""

from datetime import timedelta

from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.judging import closed
from smendpoints.domain.plan.progress import NOTHING_UNDER_WAY

_FIRST_RETRY = timedelta(seconds=60)
_NEVER_MADE = frozenset({"Blocked", "Superseded"})
_LONGEST_RETRY = timedelta(minutes=30)


def moved_since(past: RolloutStatus, endpoint: ObservedEndpoint) -> bool:
    """Whether the endpoint was changed since the attempt was decided."""
    return past.endpoint_modified_at is None or endpoint.modified_at > past.endpoint_modified_at


def was_made(past: RolloutStatus, endpoint: ObservedEndpoint) -> bool:
    """Whether AWS was asked for it. One that was about to be made was if AWS gives another reason than it did then."""
    reason = endpoint.failure_reason
    return past.phase == "InProgress" or (past.phase == "Pending" and reason is not None and reason != past.message)


def retry_after(given: Input) -> timedelta:
    """How long to wait after a failure before the same config is tried again: longer each time.

    The failure itself may still stand in the history as the attempt that it ended.
    """
    failed = 0
    for revision in given.recorded.history:
        if revision.config_name != given.desired.config_name or revision.outcome == "Deployed":
            break
        failed += revision.outcome not in _NEVER_MADE
    return min(_FIRST_RETRY * (1 << min(max(0, failed - 1), 10)), _LONGEST_RETRY)


def recorded_attempt(given: Input, config: str) -> RolloutStatus:
    """The attempt at a config that the status knows, or, where it knows another or none, one of now."""
    past = given.recorded.rollout
    if past is not None and past.config_name == config:
        return past
    return RolloutStatus(config_name=config, attempt=given.desired.attempt(), phase="InProgress", started_at=given.now)


def failed_attempt(given: Input, endpoint: ObservedEndpoint, reason: str) -> RolloutStatus:
    """The attempt at the desired config, as failed."""
    attempt = recorded_attempt(given, given.desired.config_name)
    return attempt.model_copy(
        update={
            "analysis": closed(attempt.analysis),
            "phase": "Failed",
            **NOTHING_UNDER_WAY,
            "message": reason,
            "endpoint_modified_at": endpoint.modified_at,
        }
    )
