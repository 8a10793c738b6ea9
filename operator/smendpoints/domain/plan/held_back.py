"""What of a plan is done although a policy does not allow the object: what only takes away.

Stopping is, by hand or by office hours, and garbage collection, and lower counts; and weights, which only move traffic
between instances that run. Nothing else that runs is touched: no drift is corrected, no bounds change, no new revision
comes. Not here: deletion, which no policy holds back.
"""

from dataclasses import replace
from typing import Any

from smendpoints.domain.observed.observed import Observed
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.deletion import IN_PROGRESS
from smendpoints.domain.plan.in_place import describe_in_place, weights_and_capacities
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.snapshot import restoring_calls
from smendpoints.domain.plan.verdict import Plan, Requeue, Verdict
from smendpoints.domain.reasons import Reason

_BESIDE = frozenset({Verb.ADD_TAGS, Verb.DELETE_TAGS, Verb.REGISTER_TARGET})
_SHOWN = 3
_LONGEST = 2048


def held_back(todo: Plan, given: Input, reason: Reason, violations: tuple[str, ...]) -> Plan:
    """The plan without what the violations forbid, and with a verdict that tells them.

    `Ready` goes on telling whether the endpoint serves what the spec says; `Stalled` tells that nothing changes any
    more. What AWS is at work on, and what stands in the way besides, is told first.
    """
    if not violations or todo.verdict.reason is Reason.SUSPENDED:
        return todo
    observed, stopping = given.observed, not given.schedule.running
    if observed.endpoint is not None and observed.endpoint.status in IN_PROGRESS:  # it is waited for, whatever it is
        todo = replace(todo, actions=tuple(each for each in todo.actions if each.verb not in _BESIDE))
    corrects = bool(todo.drift and todo.actions)  # if only by taking away what an out-of-band change added
    writes = corrects or any(not _takes_away(action, observed, stopping=stopping) for action in todo.actions)
    attempts = not stopping and (
        isinstance(todo.requeue, int | float) or (todo.requeue is Requeue.NOW and not todo.actions)
    )
    forbidden = writes or attempts
    if not forbidden and (stopping or not todo.verdict.ready):
        return todo
    kept = "the endpoint stays as it is; " if observed.endpoint is not None else ""
    ready = todo.verdict.ready and not forbidden
    verdict = Verdict(reason, f"{kept}{nothing_changed(violations)}"[:_LONGEST], ready=ready, stalled=True)
    if not forbidden:
        return replace(todo, verdict=verdict)
    failed = todo.rollout if todo.rollout is not None and todo.rollout.phase == "Failed" else None
    restored = _restore_autoscaling(todo, observed) if failed is not None else ()
    moved = _traffic(todo) if not todo.drift else ()
    if moved and observed.endpoint is not None:
        words = "; ".join(describe_in_place(moved, observed.endpoint))
        message = f"changing in place: {words}; all else waits: {'; '.join(violations[:_SHOWN])}"
        verdict = replace(verdict, message=message[:_LONGEST])
    return Plan(
        verdict,
        (*restored, *moved),
        requeue=Requeue.POLL if moved else Requeue.STEADY,
        rollout=failed or given.recorded.rollout,
        drift=todo.drift,
        endpoint_status="Updating" if moved else None,
        turns=todo.turns,
        apart=bool(moved),
    )


def _traffic(todo: Plan) -> tuple[Action, ...]:
    """What of the plan does nothing but move traffic between instances that run: a variant can be drained."""
    calls = (*todo.actions, *todo.meanwhile.in_place)
    in_place = [each for each in calls if each.verb is Verb.SET_WEIGHTS_AND_CAPACITIES]
    return tuple(
        each
        for each in in_place[:1]
        if all(entry.keys() == {"VariantName", "DesiredWeight"} for entry in weights_and_capacities(each))
    )


def nothing_changed(violations: tuple[str, ...]) -> str:
    """What is told of violations, the first few of them."""
    return f"nothing is changed: {'; '.join(violations[:_SHOWN])}"[:_LONGEST]


def _restore_autoscaling(todo: Plan, observed: Observed) -> tuple[Action, ...]:
    """The autoscaling that the operator itself took off for an update that failed: the fleet scales as before."""
    if todo.rollout is None or observed.endpoint is None:
        return ()
    name = observed.endpoint.name
    remembered = {str(action) for each in todo.rollout.autoscaling_snapshot for action in restoring_calls(each, name)}
    return tuple(action for action in todo.actions if str(action) in remembered)


def _takes_away(action: Action, observed: Observed, *, stopping: bool) -> bool:
    """Whether afterwards there is less in AWS. An endpoint that goes without being stopped comes again otherwise."""
    if action.verb is Verb.DELETE_ENDPOINT:
        return stopping
    if action.verb is Verb.SET_ALARM:  # a rollout is undone; where one begins, other calls stand beside it
        return True
    if action.verb is Verb.SET_WEIGHTS_AND_CAPACITIES:
        entries: list[dict[str, Any]] = action.params["DesiredWeightsAndCapacities"]
        return all(_lowers(entry, observed) for entry in entries)
    return action.verb.removes and action.verb is not Verb.DELETE_TAGS


def _lowers(entry: dict[str, Any], observed: Observed) -> bool:
    shown = observed.endpoint.variant(entry["VariantName"]) if observed.endpoint is not None else None
    if entry.keys() != {"VariantName", "DesiredInstanceCount"} or shown is None or shown.desired_count is None:
        return False
    return bool(entry["DesiredInstanceCount"] < shown.desired_count)
