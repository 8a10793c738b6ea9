"""How a reconcile comes by what AWS shows: from the look just taken, from the shared listings, or by a look of its own.

What the calls of a look are is `observe`'s; what follows from it is decided elsewhere.
"""

from collections.abc import Callable
from datetime import datetime

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.controller.judging import with_analysis
from smendpoints.controller.memory import Look, Memory
from smendpoints.controller.observe import Glance, observe, recall, recalled
from smendpoints.controller.ports import Aws
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.desired.office_hours import Schedule
from smendpoints.domain.observed.observed import Observed, ObservedEndpoint
from smendpoints.domain.plan.actions import Verb
from smendpoints.domain.plan.hours import input_of
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.plan import plan
from smendpoints.domain.plan.verdict import Plan

_BELIEVED = 10.0  # seconds: a write of the status, and a turn in a busy queue
_LISTED = 600.0  # seconds: an audit of 1,000 endpoints; one that cannot be read any more is not believed for ever
_DELETES = frozenset({Verb.DELETE_ENDPOINT, Verb.DELETE_CONFIG, Verb.DELETE_MODEL})


def look(
    account: Aws,
    resource: SageMakerEndpoint,
    desired: Desired,
    shown: Glance,
    schedule: Schedule,
    memory: Memory,
    now: datetime,
    monotonic: Callable[[], float],
) -> Input:
    """The input of the plan: of what was just observed where that will do, else of what is asked for now.

    Raises:
        ReconcileError: AWS could not be asked.
    """
    seen, purpose = memory.seen, (account.place, resource.asked(), schedule.running, desired)

    def input_with(observed: Observed) -> Input:
        return input_of(resource, desired, observed, schedule, now)

    def just_observed() -> Input | None:
        last = seen.look
        if last is None or last.purpose != purpose or shown.summary != seen.summary:
            return None
        given = input_with(last.observed)
        return given if monotonic() - last.at <= _BELIEVED and _may_act_on(given) else None

    def closely(described: ObservedEndpoint | None) -> Input:
        observed = observe(
            account,
            resource,
            desired,
            shown,
            seen,
            running=schedule.running,
            listed_since=max(seen.scaling_at, monotonic() - _LISTED),
            described=described,
        )
        given = input_with(with_analysis(account, resource, desired, observed, now))
        seen.look = Look(purpose, given.observed, monotonic())
        return given

    def as_listed() -> Input:
        found = recall(account, resource, desired, shown, seen)
        given = input_with(recalled(account, desired, found, seen)) if found is not None else None
        if given is not None and _is_done(plan(given)):
            return given
        return closely(found.endpoint if found is not None and found.described else None)

    given = just_observed() or as_listed()
    seen.observed(shown.summary, desired, given.observed)
    return given


def _may_act_on(given: Input) -> bool:
    """Whether what follows from a look may be done some seconds after it.

    Not what takes something away for good, nor takes over what was another's.
    """
    endpoint = given.observed.endpoint
    if endpoint is not None and not given.desired.owner.owns(endpoint.tags):
        return False
    return not any(action.verb in _DELETES for action in plan(given).actions)


def _is_done(todo: Plan) -> bool:
    """Whether all is as wanted."""
    return todo.verdict.ready and not todo.actions and not todo.drift
