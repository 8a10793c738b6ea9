"""Office hours on a live endpoint: it is stopped at a time that was told before, never right after an edit.

The status tells when it stops. A stop that it did not tell, of hours that are new or were edited, or of an override
that was taken away, comes a quarter of an hour later, with a warning. `desiredState: Stopped` needs none.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from smendpoints.api.group import KEEP_RUNNING_UNTIL
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import OfficeHoursStatus
from smendpoints.domain.desired.desired import Desired
from smendpoints.domain.desired.office_hours import Schedule
from smendpoints.domain.observed.observed import Observed, ObservedEndpoint
from smendpoints.domain.plan.input import Input
from smendpoints.domain.plan.verdict import Plan
from smendpoints.domain.reasons import Reason

WARNING = timedelta(minutes=15)
_LONGER = timedelta(hours=4)  # in the example of how to keep it on
_GOING = frozenset({"Deleting", "Failed"})


def as_announced(
    schedule: Schedule, endpoint: ObservedEndpoint | None, told: OfficeHoursStatus | None, now: datetime
) -> Schedule:
    """The schedule, but a live endpoint runs on until a stop that the status has told."""
    if schedule.hours is None or endpoint is None or endpoint.status in _GOING:
        return schedule
    same = told is not None and told.hours == schedule.hours
    stops_at = (told.stops_at if told is not None and same else None) or now + WARNING
    if schedule.running:  # edited right before it stops: the warning is as long
        ends = schedule.changes_at
        late = ends is not None and ends < stops_at <= now + WARNING
        return replace(schedule, changes_at=stops_at) if late else schedule
    if stops_at <= now:
        return schedule
    ends = min(stops_at, schedule.changes_at or stops_at)
    return replace(schedule, running=True, changes_at=ends, outside=True, look_at=None)


def input_of(
    resource: SageMakerEndpoint, desired: Desired, observed: Observed, schedule: Schedule, now: datetime
) -> Input:
    """What a plan is made from, with the schedule that holds for what was observed."""
    announced_first = as_announced(schedule, observed.endpoint, resource.status.office_hours, now)
    return Input(resource, desired, observed, announced_first, now)


def to_tell(schedule: Schedule, told: OfficeHoursStatus | None) -> OfficeHoursStatus | None:
    """What of the schedule is kept in the status."""
    if schedule.hours is None:
        return None
    if schedule.running:
        return OfficeHoursStatus(hours=schedule.hours, stops_at=schedule.changes_at, outside=schedule.outside)
    due = told.stops_at if told is not None and told.hours == schedule.hours else None  # until it is gone
    return OfficeHoursStatus(hours=schedule.hours, stops_at=due, starts_at=schedule.changes_at)


def announced(todo: Plan, given: Input) -> Plan:
    """The plan, with the time of the stop in its message: of one that is ready, or is about to be stopped."""
    schedule = given.schedule
    if given.observed.endpoint is None or schedule.hours is None or not schedule.running or not schedule.changes_at:
        return todo
    stops = f"stops at {schedule.changes_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if schedule.outside:
        later = (schedule.changes_at + _LONGER).astimezone(UTC)
        note = (
            f"outside of its office hours: {stops}; to keep it on, set the annotation {KEEP_RUNNING_UNTIL} to a later "
            f"time, such as {later:%Y-%m-%dT%H:%M:00Z}"
        )
    elif todo.verdict.reason is Reason.IN_SERVICE:
        note = stops
    else:
        return todo
    return replace(todo, verdict=replace(todo.verdict, message=f"{todo.verdict.message}; {note}"))
