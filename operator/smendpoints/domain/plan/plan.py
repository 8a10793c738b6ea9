"""The plan: from what the spec wants and what AWS says to the next calls. A pure function that never raises.

Small rules are asked in the order that stands here; the first that applies decides. So each counts on it that those
before it did not. One reconcile makes at most one change that leaves the endpoint busy; then AWS is looked at again.

    no endpoint ───> create ───> Creating ───> InService ───> in place: weights, counts, scaling, tags
                        ^            │             │  ^
                        └─ delete <─ Failed        │  └── Updating <── (memory first) new revision
                                                   └────> rolled back: stuck until the spec changes
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVarTuple

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.plan.absent import created, deletion_reported, stopped, suspended_without_endpoint
from smendpoints.domain.plan.actions import Verb
from smendpoints.domain.plan.busy import busy
from smendpoints.domain.plan.failed import failed_for_good, failed_for_now, failed_with_another_spec
from smendpoints.domain.plan.foreign import adoptable, adopted, adoption_forbidden, left_alone
from smendpoints.domain.plan.going_back import held
from smendpoints.domain.plan.hours import announced
from smendpoints.domain.plan.in_place import describe_known
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.live import broken, live
from smendpoints.domain.plan.meanwhile import meanwhile
from smendpoints.domain.plan.resting import being_deleted, to_be_stopped
from smendpoints.domain.plan.rolled_back import rolled_back_for_good, rolled_back_for_now
from smendpoints.domain.plan.rollout import rollback_reported, rolled_out, rollout_awaited, rollout_written_ahead
from smendpoints.domain.plan.verdict import Plan, Requeue, ready, suspended
from smendpoints.domain.plan.words import describe
from smendpoints.domain.reasons import Reason

Seen = TypeVarTuple("Seen")
_LONGEST = 2048
_COLLECTED = frozenset({Verb.DELETE_CONFIG, Verb.DELETE_MODEL})  # garbage is no change of what serves


def plan(given: Input) -> Plan:
    """What to do next, and what to tell meanwhile."""
    return announced(held(_next(given), given), given)


def _next(given: Input) -> Plan:
    endpoint = given.observed.endpoint
    if endpoint is None:
        return _first(ABSENT, given) or created(given)
    if not given.desired.owner.owns(endpoint.tags):
        return _first(FOREIGN, given, endpoint) or left_alone(given, endpoint)
    return _first(OURS, given, endpoint) or rollout_written_ahead(given, endpoint)


def _first(rules: Iterable[Callable[[*Seen], Plan | None]], *seen: *Seen) -> Plan | None:
    """The plan of the first rule that applies."""
    return next((todo for rule in rules if (todo := rule(*seen)) is not None), None)


def only_watched(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """`suspend` leaves it as it is; told is what would be done otherwise: an edit that waits, or drift."""
    if not given.spec.suspend:
        return None
    then = plan(replace(given, resource=_active(given)))
    would = _would(then, given, endpoint)
    message = f"suspended: the endpoint is {endpoint.status} and is only watched"
    if then.drift:
        message += f"; not corrected: {'; '.join(then.drift)}"
    elif would:
        message += f"; pending: {'; '.join(would)}"
    elif not then.verdict.ready:
        message += f"; {then.verdict.message}"
    verdict = ready if then.verdict.ready and not would else suspended
    told = verdict(Reason.SUSPENDED, message[:_LONGEST])
    return Plan(told, requeue=Requeue.STEADY, rollout=given.recorded.rollout, drift=then.drift)


def _active(given: Input) -> SageMakerEndpoint:
    """The object as if it were not suspended."""
    return given.resource.model_copy(update={"spec": given.spec.model_copy(update={"suspend": False})})


def adoption_previewed(given: Input, endpoint: ObservedEndpoint) -> Plan | None:
    """A dry run: with `suspend`, say what taking the endpoint over would change."""
    if not given.spec.suspend or not adoptable(given, endpoint):
        return None
    ours = replace(endpoint, tags={**endpoint.tags, **given.desired.owner.tags()})
    then = plan(replace(given, resource=_active(given), observed=replace(given.observed, endpoint=ours)))
    would = "; ".join(_would(then, given, ours)) or "change nothing"
    message = f"dry run, as the object is suspended: would take over {endpoint.name}, then {would}"
    return Plan(suspended(Reason.SUSPENDED, message[:_LONGEST]), requeue=Requeue.STEADY)


def _would(then: Plan, given: Input, endpoint: ObservedEndpoint) -> list[str]:
    """What a plan would change, for people; a new revision goes first, and all else of an edit with it."""
    made = [action for action in then.actions if action.verb not in _COLLECTED]
    if not then.changes:
        return list(describe(made, given.observed))
    beside = meanwhile(given, endpoint)
    words = (
        *describe_known(given.desired, endpoint),
        *describe((*made, *beside.scaling, *beside.tags), given.observed),
    )
    return list(dict.fromkeys((then.changes, *words)))


ABSENT: tuple[Callable[[Input], Plan | None], ...] = (
    suspended_without_endpoint,
    stopped,
    deletion_reported,
    # else it is created
)
FOREIGN: tuple[Callable[[Input, ObservedEndpoint], Plan | None], ...] = (
    adoption_forbidden,
    adoption_previewed,
    adopted,
    # else it is left_alone
)
OURS: tuple[Callable[[Input, ObservedEndpoint], Plan | None], ...] = (
    only_watched,  # suspend: nothing is done
    being_deleted,
    busy,  # from here on AWS takes changes
    to_be_stopped,  # from here on it shall run
    failed_with_another_spec,
    failed_for_now,
    failed_for_good,
    broken,
    live,  # from here on another config is in service than the desired one
    rolled_back_for_now,
    rolled_back_for_good,
    rollout_awaited,
    rollback_reported,
    rolled_out,
    # else it is rollout_written_ahead
)
