"""When an object is reconciled again after a plan was applied, and what of AWS wakes it before."""

from datetime import datetime, timedelta

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.controller.observe import Glance
from smendpoints.controller.result import NEVER, Awaits
from smendpoints.domain.desired.office_hours import Schedule
from smendpoints.domain.plan.actions import Verb
from smendpoints.domain.plan.judging import is_decided, last_look
from smendpoints.domain.plan.verdict import Plan, Requeue

_LOOK_WHILE_BAKING = 60.0  # a bake takes up to an hour; that AWS goes back within it is seen that late at the most
_LOST_SIGHT = 600.0  # what listings never show is looked at that late at the most


def when(
    resource: SageMakerEndpoint,
    todo: Plan,
    status: str | None,
    poll_seconds: float,
    now: datetime,
    *,
    analysis_period: float = _LOOK_WHILE_BAKING,
) -> tuple[float, Awaits]:
    """Seconds, and what is awaited; `status` is what the endpoint is in, or was just told to go into.

    `analysis_period`: how often CloudWatch has more of a rollout that is judged.
    """
    match todo.requeue:
        case Requeue.NOW:
            return 0.0, Awaits.NOTHING
        case Requeue.STEADY:
            return NEVER, Awaits.NOTHING
        case Requeue.POLL if status == "Deleting":
            return _LOST_SIGHT, Awaits.GONE
        case Requeue.POLL:
            if any(action.verb is Verb.SET_ALARM for action in todo.actions):
                return poll_seconds, Awaits.CHANGE  # CloudWatch may have taken it back by then
            steps = status == "Updating" and _has_steps(resource)
            return _next_step(todo, poll_seconds, now, analysis_period) if steps else _LOST_SIGHT, Awaits.CHANGE
        case seconds:
            return seconds, Awaits.NOTHING


def sooner(after: float, shown: Glance, poll_seconds: float) -> float:
    """The wait, but a short one where what woke the object was listed before AWS was last changed for it.

    What that listing showed may be the last that there is to see, so that no later one wakes the object.
    """
    return after if shown.since_written else min(after, poll_seconds)


def within_hours(after: float, schedule: Schedule, now: datetime) -> float:
    """The wait, but not beyond the next end or beginning of office hours: then something else is asked for."""
    moments = [moment for moment in (schedule.changes_at, schedule.look_at) if moment is not None]
    return min([after, *(max(1.0, (moment - now).total_seconds() + 1) for moment in moments)])


def moment(now: datetime, after: float) -> datetime | None:
    """When that many seconds are over; None for never."""
    return now + timedelta(seconds=round(after)) if after < NEVER else None


def _has_steps(resource: SageMakerEndpoint) -> bool:
    """Whether AWS tells how far it is within one status, and alarms are to be seen to meanwhile."""
    rollout = resource.spec.rollout
    return rollout.strategy != "AllAtOnce" or rollout.termination_wait_seconds > 0 or rollout.rollback is not None


def _next_step(todo: Plan, poll_seconds: float, now: datetime, analysis_period: float) -> float:
    until = todo.rollout.baking_until if todo.rollout is not None else None
    analysis = todo.rollout.analysis if todo.rollout is not None else None
    if until is None or until <= now:
        return poll_seconds
    after = min(_LOOK_WHILE_BAKING, max(poll_seconds, (until - now).total_seconds()))
    if analysis is None or is_decided(analysis) or not analysis.steps:
        return after
    left = (last_look(analysis.steps[-1]) - now).total_seconds()
    looks = [after, analysis_period, *([left] if left > 0 else [])]
    return max(poll_seconds, min(looks))
