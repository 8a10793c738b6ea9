"""Aborting a rollout under way: the operator sets off an alarm of its own that the attempt carries from its start.

AWS takes no alarm once a rollout has begun, and a state that is set by hand holds only until the alarm is evaluated: so
it is set again at each look until AWS goes back. Not here: who wants it, beyond the annotation.
"""

from collections.abc import Mapping
from typing import Any

from smendpoints.api.group import ABORT_REVISION
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.domain.desired.rollout import abort_alarm
from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.plan.actions import Action, Verb

_LONGEST_REASON = 1023
CANNOT_BE_ABORTED = (
    "it cannot be aborted, as it began without spec.rollout.rollback.onRequest and AWS takes no alarm later: what "
    "follows waits for its end"
)


def carried_alarm(resource: SageMakerEndpoint, endpoint: ObservedEndpoint) -> str | None:
    """The alarm that aborts what AWS is at work on; None where it is at work on no attempt that carries one."""
    rollout = resource.status.rollout
    if endpoint.status != "Updating" or rollout is None or rollout.phase != "InProgress":
        return None
    return rollout.abort_alarm if endpoint.pending_config == rollout.config_name else None


def quiet(alarm: str) -> Action:
    """The alarm says OK: before the update, as one that fires ends it at once."""
    return _set(alarm, "OK", "a rollout is about to begin")


def fire(endpoint: str, rollout: RolloutStatus, alarms: Mapping[str, Any], why: str) -> tuple[Action, ...]:
    """The calls that make AWS undo the attempt, to be made again until it does; none if it carries no alarm.

    `alarms` are those that are there: one that was deleted is made again. `why` is for people.
    """
    if rollout.abort_alarm is None:
        return ()
    request = abort_alarm(endpoint, rollout.config_name)
    lost = rollout.abort_alarm not in alarms
    put = (Action(Verb.PUT_ALARM, rollout.abort_alarm, request),) if lost else ()
    return (*put, _set(rollout.abort_alarm, "ALARM", why))


def is_asked(resource: SageMakerEndpoint, rollout: RolloutStatus | None) -> bool:
    """Whether the annotation names the newest revision, and that is this attempt: a later one it does not touch."""
    said = resource.metadata.annotations.get(ABORT_REVISION)
    newest = next(iter(resource.status.history), None)
    return (
        said is not None
        and rollout is not None
        and newest is not None
        and newest.config_name == rollout.config_name
        and said.strip() == str(newest.revision)
    )


def _set(alarm: str, state: str, why: str) -> Action:
    params = {"AlarmName": alarm, "StateValue": state, "StateReason": f"smendpoints: {why}"[:_LONGEST_REASON]}
    return Action(Verb.SET_ALARM, alarm, params)
