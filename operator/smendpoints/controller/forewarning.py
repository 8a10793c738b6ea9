"""Of a stopped endpoint: whether it could start, found out while there is time to do something about it."""

from dataclasses import replace

from smendpoints.controller.memory import Memory
from smendpoints.controller.ports import Aws
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.plan.absent import created
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.verdict import Plan
from smendpoints.domain.preflight.launch import launch_of
from smendpoints.domain.reasons import Reason

_AGAIN = 1800.0  # seconds; what is missing is looked for again so often, as nothing in AWS tells that it came
_SOON = 300.0


def forewarned(account: Aws, given: Input, todo: Plan, memory: Memory) -> Plan:
    """The plan of a stopped endpoint, with what pre-flight finds of its start; another plan as it is.

    Scalable targets are not asked for: what is not launched takes them from nobody.
    """
    if todo.verdict.reason is not Reason.STOPPED or given.observed.endpoint is not None:
        return todo
    problem = given.schedule.problem
    launch = launch_of(given.desired, given.observed, created(given).actions, [])
    after = _AGAIN
    if problem is None and launch is not None:
        try:
            memory.note(account.preflight.check(replace(launch, targets=None)))
        except ReconcileError as failure:
            if failure.kind is Kind.RETRY:
                return replace(todo, requeue=_SOON)
            problem = str(failure)
    if problem is None:
        return todo
    message = f"{todo.verdict.message}; it could not start: {problem}"
    return replace(todo, verdict=replace(todo.verdict, reason=Reason.CANNOT_START, message=message), requeue=after)
