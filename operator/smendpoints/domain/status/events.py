"""Kubernetes Events: one for each transition of the status. Not here: who posts them."""

from dataclasses import dataclass

from smendpoints.api.status import OfficeHoursStatus, RolloutStatus, SageMakerEndpointStatus
from smendpoints.domain.reasons import AS_IT_SHOULD, Reason
from smendpoints.domain.status import conditions
from smendpoints.domain.status.supplies import LAUNCH_BLOCKED


@dataclass(frozen=True)
class Event:
    """A Kubernetes Event to send."""

    warning: bool
    reason: str
    message: str


def events(old: SageMakerEndpointStatus, new: SageMakerEndpointStatus) -> tuple[Event, ...]:
    """One event for each transition: a new reason of Ready, a new drift, hours that are over, a step of a rollout."""
    found = []
    before, after = conditions.find(old.conditions, "Ready"), conditions.find(new.conditions, "Ready")
    if after is not None and (before is None or (before.status, before.reason) != (after.status, after.reason)):
        warning = conditions.is_true(new.conditions, "Stalled") or after.reason not in AS_IT_SHOULD
        message = after.message
        if warning and new.failure is not None and new.failure.log_tail:
            message = f"{message}; the container's log ends: {' | '.join(new.failure.log_tail[-5:])}"
        found.append(Event(warning, after.reason, message[:1024]))
    drifted = conditions.find(new.conditions, "Drifted")
    if drifted is not None and drifted.status == "True" and not conditions.is_true(old.conditions, "Drifted"):
        found.append(Event(warning=True, reason=drifted.reason, message=drifted.message))
    scaling = conditions.find(new.conditions, "AutoscalingActive")
    if scaling is not None and scaling.reason == Reason.AUTOSCALING_FAILED:
        before = conditions.find(old.conditions, "AutoscalingActive")
        if before is None or before.reason != scaling.reason:
            found.append(Event(warning=True, reason=scaling.reason, message=scaling.message[:1024]))
    lacking = conditions.find(new.conditions, LAUNCH_BLOCKED)
    if lacking is not None and conditions.find(old.conditions, LAUNCH_BLOCKED) is None:
        found.append(Event(warning=True, reason=lacking.reason, message=lacking.message[:1024]))
    if after is not None and _is_outside(new.office_hours, old.office_hours):
        found.append(Event(warning=True, reason=Reason.OUTSIDE_HOURS, message=after.message[:1024]))
    if after is not None and _is_new_step(old.rollout, new.rollout):
        found.append(Event(warning=False, reason="RolloutStep", message=after.message[:1024]))
    return tuple(found)


def _is_outside(now: OfficeHoursStatus | None, before: OfficeHoursStatus | None) -> bool:
    """Whether it runs outside of its office hours from now on, or until another time than was told before."""
    if now is None or not now.outside:
        return False
    return before is None or not before.outside or before.stops_at != now.stops_at


def _is_new_step(old: RolloutStatus | None, new: RolloutStatus | None) -> bool:
    """Whether traffic has moved, or AWS gone on. Launching and going back are told as reasons of Ready."""
    if new is None or new.stage in {"Launching", "RollingBack"} or (new.stage is None and new.aws_message is None):
        return False
    words = new.stage is None and (old is None or old.aws_message != new.aws_message)
    seen = (old.config_name, old.stage, old.traffic_percent) if old is not None else None
    return words or seen != (new.config_name, new.stage, new.traffic_percent)
