"""The plan of a reconcile, once it is known whose the alarms are that it would touch."""

from collections.abc import Callable
from dataclasses import replace

from smendpoints.controller.ports import Aws
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.plan import alarms
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.verdict import Plan
from smendpoints.domain.reasons import Reason


def plan_with_own_alarms(
    account: Aws, given: Input, plan: Callable[[Input], Plan]
) -> tuple[Plan, ReconcileError | None]:
    """The plan for what was seen, leaving alarms of others alone; and why it cannot be carried out, if it cannot."""
    desired, observed = given.desired, given.observed
    todo = plan(given)
    arns = {name: observed.alarms[name]["AlarmArn"] for name in alarms.touched(todo) if name in observed.alarms}
    try:
        tags = {name: account.observe.alarm_tags(observed.alarms[name], desired.owner) for name in sorted(arns)}
    except ReconcileError as failure:
        return todo, failure
    found = alarms.sort(desired.owner, arns, tags)
    if found.others:
        todo = plan(replace(given, observed=alarms.without(observed, found.others)))
        taken = sorted(alarms.put((*todo.actions, *todo.otherwise)) & found.others.keys())
        if taken:
            message = (
                f"the alarm {taken[0]} exists in CloudWatch and belongs to another object; delete it, or recreate this "
                "object with another spec.endpointName"
            )
            return todo, ReconcileError(Kind.BLOCKED, Reason.NAME_CONFLICT, message)
    return alarms.with_tags(todo, desired, found.nobodys), None
