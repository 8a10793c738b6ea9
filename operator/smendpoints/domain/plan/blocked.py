"""What is done of a plan for a new revision that is blocked: pre-flight or AWS says that something is missing.

Not here: one that a policy does not allow, see `held_back`.
"""

from dataclasses import replace

from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.verdict import Plan, stalled

_BLOCKS = frozenset({Kind.BLOCKED, Kind.INVALID})


def before_rollout(todo: Plan, given: Input, refused: ReconcileError | None) -> Plan | None:
    """What changes in place before an attempt that is blocked, or was when it was tried last; None: nothing does.

    A change that leaves the endpoint busy waits until the status says that the attempt is not being made: what comes of
    the change would else be taken for what came of the attempt.
    """
    endpoint = given.observed.endpoint
    blocks = refused is not None and refused.kind in _BLOCKS
    if endpoint is None or todo.announces is None or not (blocks or given.attempt_blocked):
        return None
    past = given.recorded.rollout
    pending = past is not None and past.phase == "Pending" and given.attempt_recorded
    beside = todo.meanwhile
    if pending:
        beside = replace(beside, turns=replace(beside.turns, next=None))
    if not beside.calls:
        return None
    message = refused.message if refused is not None else todo.verdict.message
    reason = refused.reason if refused is not None else todo.verdict.reason
    return Plan(
        stalled(reason, beside.told(message, endpoint)),
        beside.calls,
        rollout=past,
        endpoint_status="Updating" if beside.in_place else None,
        meanwhile=beside,
        turns=beside.turns,
        apart=True,
    )
