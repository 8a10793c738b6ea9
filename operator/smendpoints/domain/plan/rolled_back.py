"""The rules for an attempt that AWS rolled back.

After a failed update AWS is InService with the old config, and forgets which config failed: the status knows. The old
config keeps serving; the same config is not tried again, unless AWS says that the fault was its own.
"""

from dataclasses import replace
from datetime import timedelta

from smendpoints.api.status_rollout import RolloutStatus, UndoneBy
from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.plan.abort import is_asked
from smendpoints.domain.plan.attempts import failed_attempt, moved_since, retry_after, was_made
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.judging import afresh, condemns
from smendpoints.domain.plan.meanwhile import Meanwhile, meanwhile
from smendpoints.domain.plan.undone import how_undone
from smendpoints.domain.plan.verdict import Plan, Requeue, later, reconciling, stalled
from smendpoints.domain.plan.wording import (
    NO_REASON,
    WENT_BACK,
    may_try_again,
    names_missing_config,
    undone_by_alarm,
)
from smendpoints.domain.reasons import Reason


def rolled_back_for_now(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """AWS lacked capacity, or the fault was its own: tried again after a while."""
    failed = _failed(given, endpoint)
    reason = _reason(failed)
    if failed is None or not may_try_again(reason):
        return None
    wait = retry_after(given) - (given.now - (failed.endpoint_modified_at or endpoint.modified_at))
    if wait <= timedelta(0):
        pending = failed.model_copy(
            update={
                "phase": "Pending",
                "started_at": given.now,
                "endpoint_modified_at": endpoint.modified_at,
                "analysis": afresh(failed.analysis),
            }
        )
        message = f"trying {given.desired.config_name} again"
        return Plan(reconciling(Reason.UPDATING, message), requeue=Requeue.NOW, rollout=pending)
    beside = meanwhile(given, endpoint)
    message = beside.told_waiting(beside.told(f"{endpoint.config_name} still serving: {reason}", endpoint))
    verdict, requeue = later(Reason.UPDATE_FAILED, message, wait, given.now)
    return _still_serving(beside, Plan(verdict, requeue=requeue, rollout=failed))


def rolled_back_for_good(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """Only another spec helps."""
    failed = _failed(given, endpoint)
    if failed is None:
        return None
    reason = _reason(failed)
    what, why = how_undone(failed) or ("failed", reason)
    message = f"{given.desired.config_name} {what}, {endpoint.config_name} still serving: {why}"
    if endpoint.config_name is not None and names_missing_config(reason, endpoint.config_name):
        message += (
            "; the config in service was deleted in AWS, and nothing but the spec that it was made for brings it back: "
            "apply that, wait until it is Ready, then apply the new one"
        )
    beside = meanwhile(given, endpoint)
    verdict = stalled(Reason.UPDATE_FAILED, beside.told_waiting(beside.told(message, endpoint)))
    return _still_serving(beside, Plan(verdict, requeue=Requeue.STEADY, rollout=failed))


def _still_serving(beside: Meanwhile, told: Plan) -> Plan:
    """The plan, with what changes in place while the old config serves."""
    todo = replace(told, actions=beside.calls, turns=beside.turns, apart=True)
    if beside.in_place:
        return replace(todo, requeue=Requeue.POLL, endpoint_status="Updating")
    if beside.turns.begins:
        return replace(todo, requeue=Requeue.POLL)
    if beside.turns.taken_back and told.requeue is Requeue.STEADY:
        return replace(todo, requeue=max(1.0, beside.turns.wait.total_seconds()))
    return todo


def _reason(failed: RolloutStatus | None) -> str:
    return (failed.message if failed is not None else None) or NO_REASON


def _failed(given: Input, endpoint: ObservedEndpoint) -> RolloutStatus | None:
    """This attempt, if it failed: the status says so already, or AWS is back from it with another config in service."""
    past = given.recorded.rollout
    if past is None or not given.attempt_recorded:
        return None
    if past.phase == "Failed":
        return past
    if not was_made(past, endpoint) or not moved_since(past, endpoint):
        return None
    failed = failed_attempt(given, endpoint, endpoint.failure_reason or WENT_BACK)
    return failed.model_copy(update={"undone_by": _undone_by(given, failed)})


def _undone_by(given: Input, failed: RolloutStatus) -> UndoneBy | None:
    """What set off the alarm that AWS speaks of; None where it went back by itself.

    Where AWS's reason is gone already, what the operator did to undo it is the reason.
    """
    unexplained, by_alarm = failed.message == WENT_BACK, undone_by_alarm(failed.message or "")
    if not (unexplained or by_alarm):
        return None
    if failed.analysis is not None and condemns(failed.analysis):
        return "Analysis"
    if failed.abort_alarm is not None and is_asked(given.resource, failed):
        return "Request"
    return "Alarm" if by_alarm else None
