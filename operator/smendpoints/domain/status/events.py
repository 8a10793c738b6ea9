"""Kubernetes Events: one for each transition of the status. Not here: who posts them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from smendpoints.api.status import Condition, Failure, OfficeHoursStatus, SageMakerEndpointStatus
from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.domain.observed.observed import Observed
from smendpoints.domain.plan.actions import Action
from smendpoints.domain.plan.analysis import forewarning
from smendpoints.domain.plan.judging import told_of
from smendpoints.domain.plan.verdict import Plan
from smendpoints.domain.plan.words import IN_PLACE, describe
from smendpoints.domain.reasons import AS_IT_SHOULD, Reason
from smendpoints.domain.status import conditions
from smendpoints.domain.status.monitoring import MONITORING
from smendpoints.domain.status.scaling import ACTIVE
from smendpoints.domain.status.supplies import LAUNCH_BLOCKED, SOURCE_CHANGED

_ACTIONS = {
    "RolloutStep": "RollOut",
    Reason.UPDATING: "RollOut",
    Reason.ROLLING_BACK: "RollOut",
    Reason.UPDATE_FAILED: "RollOut",
    Reason.JUDGED: "RollOut",
    Reason.FEW_REQUESTS: "RollOut",
    Reason.CREATING: "Create",
    Reason.RECREATING: "Create",
    Reason.CREATE_FAILED: "Create",
    Reason.SCALING: "ChangeInPlace",
    Reason.SHIFTING: "ChangeInPlace",
    Reason.IN_PLACE: "ChangeInPlace",
    Reason.DRIFT_FOUND: "LookForDrift",
    Reason.ADOPTED: "Adopt",
    Reason.STOPPING: "Stop",
    Reason.STOPPED: "Stop",
    Reason.DELETING: "Finalize",
    Reason.DELETED: "Finalize",
    Reason.RETAINING: "Finalize",
    Reason.RETAINED: "Finalize",
    Reason.DELETION_SUSPENDED: "Finalize",
    Reason.PREFLIGHT_INCOMPLETE: "CheckBeforeLaunch",
}
_LONGEST = 1024  # of an Event's message: the rest is cut off where it is posted


@dataclass(frozen=True)
class Event:
    """A Kubernetes Event to send."""

    warning: bool
    reason: str
    message: str

    @property
    def action(self) -> str:
        """What the operator was doing, for programs."""
        return _ACTIONS.get(self.reason, "Reconcile")


def events(old: SageMakerEndpointStatus, new: SageMakerEndpointStatus) -> tuple[Event, ...]:
    """One event for each transition: a new reason of Ready, a new drift, hours that are over, a step of a rollout."""
    found = []
    before, after = conditions.find(old.conditions, "Ready"), conditions.find(new.conditions, "Ready")
    changed = before is None or after is None or (before.status, before.reason) != (after.status, after.reason)
    if after is not None and (changed or _is_next_rollout(after.reason, old.rollout, new.rollout)):
        warning = conditions.is_true(new.conditions, "Stalled") or after.reason not in AS_IT_SHOULD
        found.append(Event(warning, after.reason, _with_log(after.message, new.failure if warning else None)))
    drifted = conditions.find(new.conditions, "Drifted")
    if drifted is not None and drifted.status == "True" and not conditions.is_true(old.conditions, "Drifted"):
        found.append(Event(warning=True, reason=drifted.reason, message=drifted.message))
    found += _beside_ready(old.conditions, new.conditions)
    if after is not None and _is_outside(new.office_hours, old.office_hours):
        found.append(Event(warning=True, reason=Reason.OUTSIDE_HOURS, message=after.message))
    if after is not None and _is_new_step(old.rollout, new.rollout):
        found.append(Event(warning=False, reason="RolloutStep", message=after.message))
    return (*found, *_of_analysis(old.rollout, new.rollout))


def _beside_ready(old: list[Condition], new: list[Condition]) -> Iterator[Event]:
    """What has gone wrong beside the endpoint itself."""
    for kind, reasons in ((MONITORING, None), (ACTIVE, {Reason.AUTOSCALING_FAILED})):
        now, before = conditions.find(new, kind), conditions.find(old, kind)
        tells = now is not None and now.status == "False" and (reasons is None or now.reason in reasons)
        if now is not None and tells and (before is None or before.reason != now.reason):
            yield Event(warning=True, reason=now.reason, message=now.message)
    for kind in (LAUNCH_BLOCKED, SOURCE_CHANGED):
        lacking = conditions.find(new, kind)
        if lacking is not None and conditions.find(old, kind) is None:
            yield Event(warning=True, reason=lacking.reason, message=lacking.message)


def _of_analysis(old: RolloutStatus | None, new: RolloutStatus | None) -> tuple[Event, ...]:
    """One Event for each verdict on an attempt, and beforehand one for what it cannot see."""
    if new is None or new.analysis is None:
        return ()
    now = new.analysis
    same = old is not None and (old.attempt, old.started_at) == (new.attempt, new.started_at)
    before = old.analysis if same and old is not None else None
    if before is None:
        told = now.message if forewarning(now) or now.requests_per_minute is None else ""
        return (Event(warning=True, reason=Reason.FEW_REQUESTS, message=told),) if told else ()
    if now.verdict in {"Hold", before.verdict}:
        return ()
    message = f"{new.config_name}: {told_of(now)}"
    return (Event(warning=now.verdict != "Ship", reason=Reason.JUDGED, message=message),)


def _is_next_rollout(reason: str, old: RolloutStatus | None, new: RolloutStatus | None) -> bool:
    """Whether one rollout follows another at once, as of an edit that waited: the reason of Ready stays the same."""
    return reason == Reason.UPDATING and old is not None and new is not None and old.attempt != new.attempt


def _is_outside(now: OfficeHoursStatus | None, before: OfficeHoursStatus | None) -> bool:
    """Whether it runs outside of its office hours from now on, or until another time than was told before."""
    if now is None or not now.outside:
        return False
    return before is None or not before.outside or before.stops_at != now.stops_at


def _with_log(message: str, failure: Failure | None) -> str:
    """The message, and as much of the log's end as there is room for; what to do next is never cut off."""
    hint = (failure.hint if failure is not None else None) or ""
    if hint and message.endswith(hint) and len(message) > _LONGEST:
        message = f"{message[: _LONGEST - len(hint) - 3]}…; {hint}"
    if failure is not None and failure.log_tail:
        message = f"{message}; the container's log ends: {' | '.join(failure.log_tail[-5:])}"
    return message


def changed_in_place(
    old: SageMakerEndpointStatus, todo: Plan, made: Iterable[Action], observed: Observed
) -> tuple[Event, ...]:
    """One Event for all bounds, policies, schedules, alarms and tags that were changed.

    Adopting tells of its own, and what a new endpoint gets as it comes into service is no change.
    """
    past, now = old.rollout, todo.rollout
    arrived = past is not None and now is not None and (past.phase, now.phase) == ("InProgress", "Succeeded")
    created = old.endpoint is not None and old.endpoint.status == "Creating"  # also where the answer to that was lost
    first = created or (arrived and past is not None and past.from_config_name is None)
    if todo.verdict.reason is Reason.ADOPTED or first:
        return ()
    words = describe((action for action in made if action.verb in IN_PLACE), observed)
    if not words:
        return ()
    how = "restored" if todo.drift else "for the new revision" if arrived else "changed in place"
    return (Event(warning=False, reason=Reason.IN_PLACE, message=f"{how}: {'; '.join(words)}"),)


def _is_new_step(old: RolloutStatus | None, new: RolloutStatus | None) -> bool:
    """Whether traffic has moved, or AWS gone on. Launching and going back are told as reasons of Ready."""
    if new is None or new.stage in {"Launching", "RollingBack"} or (new.stage is None and new.aws_message is None):
        return False
    words = new.stage is None and (old is None or old.aws_message != new.aws_message)
    seen = (old.config_name, old.stage, old.traffic_percent) if old is not None else None
    return words or seen != (new.config_name, new.stage, new.traffic_percent)
