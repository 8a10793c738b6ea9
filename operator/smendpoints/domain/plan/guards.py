"""The rollback alarms of a rollout under way: out-of-band changes of them are put right, as AWS goes on without."""

from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.desired.scaling import UNNAMED
from smendpoints.domain.observed.diff import covers
from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.input import Input


def is_guarded(resource: SageMakerEndpoint, desired: Desired, endpoint: ObservedEndpoint) -> bool:
    """Whether AWS is at work on this very attempt, which the operator's own alarms are to undo."""
    rollout = resource.status.rollout
    return (
        bool(desired.rollback_alarms)
        and endpoint.status == "Updating"
        and endpoint.pending_config == desired.config_name
        and rollout is not None
        and rollout.phase == "InProgress"
        and rollout.attempt == desired.attempt()
    )


def restore_guards(given: Input, endpoint: ObservedEndpoint) -> tuple[Action, ...]:
    """The calls that put lost or changed alarms back."""
    if not is_guarded(given.resource, given.desired, endpoint):
        return ()
    return tuple(
        Action(Verb.PUT_ALARM, alarm["AlarmName"], alarm)
        for alarm in given.desired.rollback_alarms
        if not covers(alarm, given.observed.alarms.get(alarm["AlarmName"]), UNNAMED)
    )
