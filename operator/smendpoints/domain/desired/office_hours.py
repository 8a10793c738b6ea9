"""Office hours: whether an endpoint shall run now, and when that changes next.

A schedule speaks of the clock on the wall, and means what Debian's cron does: what it says of an hour that comes twice
counts once, and what falls into an hour that the clock leaves out comes when it goes on. Not here: that a live endpoint
is not stopped without a warning, which is `plan.hours`'.
"""

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from smendpoints.api.group import KEEP_RUNNING_UNTIL
from smendpoints.api.spec import OfficeHours, SageMakerEndpointSpec
from smendpoints.domain.desired.names import content_hash
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason

_SET_BACK = timedelta(hours=3)  # no clock was ever set back further
_LOOK_BEFORE = timedelta(hours=1)
_SHOWN = 64


@dataclass(frozen=True)
class Schedule:
    """What is asked for at this time.

    Args:
        running: whether the endpoint shall run now.
        changes_at: when that changes next; None: never.
        hours: names the office hours and the override; None without office hours, or while all is stopped by hand.
        outside: whether it runs although the office is closed: kept on, or warned of its stop.
        look_at: when there is something to tell before that: an hour before a start, whether it can succeed.
        problem: why the hours cannot be read, while that does not matter yet.
    """

    running: bool
    changes_at: datetime | None = None
    hours: str | None = None
    outside: bool = False
    look_at: datetime | None = None
    problem: str | None = None


def schedule_of(spec: SageMakerEndpointSpec, now: datetime, keep: str | None = None) -> Schedule:
    """It runs if `start` came after `stop` last, unless `desiredState` is Stopped; without office hours always.

    `keep` is the value of the annotation that keeps it running until then.

    Raises:
        ReconcileError: the schedule, or the annotation, cannot be read (`INVALID`).
    """
    hours = spec.office_hours
    if spec.desired_state == "Stopped":
        return Schedule(running=False, problem=_problem(hours, now) if hours is not None else None)
    if hours is None:
        return Schedule(running=True)
    until = _until(keep, now) if keep is not None else None
    found = _by_hours(hours, now)
    name = content_hash([hours.to_json(), until.isoformat() if until is not None else None])
    if until is not None and now < until:
        then = _by_hours(hours, until)
        ends = then.changes_at if then.running else until.astimezone(_zone(hours))
        closes = found.changes_at if found.running and found.changes_at != ends else None
        return Schedule(True, ends, name, outside=not found.running, look_at=closes)
    starts = found.changes_at
    early = starts - _LOOK_BEFORE if starts is not None and not found.running else None
    look_at = early if early is not None and early > now else None
    return Schedule(found.running, starts, name, look_at=look_at)


def _by_hours(hours: OfficeHours, now: datetime) -> Schedule:
    zone = _zone(hours)
    started, stopped = (_moment(field, said, now, zone, past=True) for field, said in _expressions(hours))
    changes_at = min(_moment(field, said, now, zone, past=False) for field, said in _expressions(hours))
    return Schedule(started > stopped, changes_at)


def _expressions(hours: OfficeHours) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("start", hours.start), ("stop", hours.stop)


def _problem(hours: OfficeHours, now: datetime) -> str | None:
    try:
        _by_hours(hours, now)
    except ReconcileError as error:
        return str(error)
    return None


def _refused(message: str) -> ReconcileError:
    return ReconcileError(Kind.INVALID, Reason.INVALID_SPEC, message)


def _zone(hours: OfficeHours) -> ZoneInfo:
    try:
        return ZoneInfo(hours.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # `Europe` is a directory
        raise _refused(
            f"officeHours.timeZone: {hours.time_zone!r} is no time zone; write one of IANA's, such as Europe/Berlin"
        ) from error


def _moment(field: str, said: str, now: datetime, zone: ZoneInfo, *, past: bool) -> datetime:
    """When the schedule said something last, now included, or says something next."""
    begin = (now + _SET_BACK if past else now - _SET_BACK).astimezone(zone)
    for instant in _cron(field, said, begin, reverse=past):
        if (instant <= now) if past else (instant > now):
            return instant
    raise _refused(f"officeHours.{field}: {said!r} never comes; write days that there are, such as 0 8 * * 1-5")


def _cron(field: str, said: str, begin: datetime, *, reverse: bool) -> CronSim:
    expression = said.replace("?", "*")
    try:
        return CronSim(expression, begin, reverse=reverse)
    except CronSimError as error:
        problem = "never comes" if _in_another_month(expression, begin) else f"cannot be read ({error})"
        raise _refused(
            f"officeHours.{field}: {said!r} {problem}; write minute, hour, day, month and weekday, such as 0 8 * * 1-5"
        ) from error


def _in_another_month(expression: str, begin: datetime) -> bool:
    """Whether it could be read if its days were of another month: so of the 30th of February."""
    minute, hour, day, month, weekday = [*expression.split(), *" " * 5][:5]
    try:
        CronSim(f"{minute} {hour} {day} * {weekday}", begin)
        CronSim(f"{minute} {hour} 1 {month} {weekday}", begin)
    except CronSimError:
        return False
    return True


def _until(said: str, now: datetime) -> datetime:
    found: datetime | None = None
    with contextlib.suppress(ValueError):
        found = datetime.fromisoformat(said.strip())
    if found is None or found.tzinfo is None:
        day = f"{now + timedelta(days=1):%Y-%m-%d}"
        raise _refused(
            f"annotation {KEEP_RUNNING_UNTIL}: {said[:_SHOWN]!r} is not a time with its offset; write it as "
            f"{day}T20:00:00Z or {day}T20:00:00+01:00; nothing is started or stopped meanwhile"
        )
    return found.astimezone(UTC)
