"""What to tell of a failure: the verdict that it means, its hint and its next try. Pure functions."""

from dataclasses import replace
from datetime import datetime

from smendpoints.api.group import RETRY
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import Failure
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.plan.judging import condemns
from smendpoints.domain.plan.undone import cause
from smendpoints.domain.plan.verdict import Plan, Verdict, at, reconciling, stalled
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status import conditions

_AGAIN = f"set the annotation {RETRY} to a new value to try this revision again"
_HINTS = {
    Reason.CREATE_FAILED: f"fix the spec and apply it again, or, if the cause was elsewhere, {_AGAIN}",
    Reason.UPDATE_FAILED: f"fix the spec and apply it again, or, if the cause was elsewhere, {_AGAIN}",
    Reason.CAPACITY_SHORTAGE: "name further instance types in spec.variants[].instance.pools, or wait",
}
# What ends these wakes the object: it is not asked about now and then.
_WOKEN = frozenset({Reason.NAME_TAKEN, Reason.POLICY_VIOLATION, Reason.POLICY_UNKNOWN})


def with_retry(failure: ReconcileError, retry_at: datetime | None) -> str:
    """A refusal for people, with the next try of what a person may put right in AWS meanwhile."""
    if retry_at is None or failure.kind is not Kind.BLOCKED or failure.reason in _WOKEN:
        return str(failure)
    return f"{failure}; trying again at {at(retry_at)}"


def advised(verdict: Verdict) -> Verdict:
    """A verdict whose message ends with what to do next: it is all that some people see."""
    hint = _HINTS.get(verdict.reason)
    waits = verdict.reconciling and verdict.reason is not Reason.CAPACITY_SHORTAGE  # it is tried again by itself
    return verdict if hint is None or waits else replace(verdict, message=f"{verdict.message.rstrip('.')}; {hint}")


def verdict_of(
    failure: ReconcileError, resource: SageMakerEndpoint, planned: Verdict, retry_at: datetime | None
) -> Verdict | None:
    """What a failed call means for the whole; None where what was said before still stands."""
    if failure.kind in {Kind.INVALID, Kind.BLOCKED}:
        return stalled(failure.reason, with_retry(failure, retry_at))
    if failure.kind is Kind.EXISTS and planned.reconciling:
        return planned  # whose it is the next look says: most likely a call of ours whose answer was lost
    status = resource.status
    spoken = status.observed_generation == resource.metadata.generation
    if spoken and planned.ready and conditions.is_true(status.conditions, "Ready"):
        return None
    return reconciling(failure.reason, str(failure))


def failure_of(
    resource: SageMakerEndpoint, plan: Plan, failure: ReconcileError | None, log_tail: list[str] | None
) -> Failure | None:
    """Why the endpoint failed last, with the tail of the log and the hint; that of before while nothing is known."""
    old = resource.status.failure
    if failure is not None:
        if failure.kind in {Kind.INVALID, Kind.BLOCKED}:
            return Failure(reason=str(failure)[:1024])
        return old
    if plan.verdict.reason not in _HINTS:
        return None if plan.verdict.ready else old
    rollout = plan.rollout
    reason = (cause(rollout) if rollout is not None else None) or plan.verdict.message
    kept = old.log_tail if old is not None and old.reason == reason[:1024] else []
    tail = [] if log_tail is None else log_tail or kept
    analysis = rollout.analysis if rollout is not None else None
    compared = analysis.metrics if analysis is not None and condemns(analysis) else None
    return Failure(reason=reason[:1024], log_tail=tail, hint=_HINTS[plan.verdict.reason], compared=compared)
