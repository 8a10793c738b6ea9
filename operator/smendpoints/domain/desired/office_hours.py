"""Office hours: whether an endpoint shall run now, and when that changes next.

A schedule speaks of the clock on the wall. Where that shows an hour twice, the first counts, and only that; what falls
into an hour that it leaves out comes when it goes on. (croniter itself loses what the first of two such hours said.)
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter

from smendpoints.api.spec import OfficeHours, SageMakerEndpointSpec
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason

_SECOND = timedelta(seconds=1)
_SET_BACK = timedelta(hours=3)  # no clock was ever set back further
_AT_RANDOM = re.compile(r"(?i)(^|[ ,])[rh]($|[ ,(/])")  # croniter would draw R again each time


def _zone(hours: OfficeHours) -> ZoneInfo:
    try:
        return ZoneInfo(hours.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # `Europe` is a folder
        message = (
            f"officeHours.timeZone: {hours.time_zone!r} is no time zone; write one of IANA's, such as Europe/Berlin"
        )
        raise ReconcileError(Kind.INVALID, Reason.INVALID_SPEC, message) from error


def _instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """When the clock on the wall shows this first; or, where it leaves this out, when it goes on."""
    instant, other = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if instant <= other:
        return instant
    while instant - other > _SECOND:  # the clock is set forward between the two
        between = (other + (instant - other) / 2).replace(microsecond=0)
        if between.astimezone(zone).utcoffset() == instant.astimezone(zone).utcoffset():
            instant = between
        else:
            other = between
    return instant


def _moment(field: str, expression: str, now: datetime, zone: ZoneInfo, *, past: bool) -> datetime:
    """When the schedule said something last, now included, or says something next."""
    wall = now.astimezone(zone).replace(tzinfo=None)
    try:
        if _AT_RANDOM.search(expression):
            raise ValueError("R and H stand for no certain time")
        schedule = croniter(expression, wall + _SET_BACK if past else wall - _SET_BACK)
        while True:
            instant = _instant(schedule.get_prev(datetime) if past else schedule.get_next(datetime), zone)
            if (instant <= now) if past else (instant > now):
                return instant.astimezone(zone)
    except (ValueError, KeyError) as error:
        message = f"officeHours.{field}: {expression!r} is no schedule of five fields, such as 0 8 * * 1-5: {error}"
        raise ReconcileError(Kind.INVALID, Reason.INVALID_SPEC, message) from error


@dataclass(frozen=True)
class Schedule:
    """What the spec says of the time: whether the endpoint shall run now, and when that changes next (None: never)."""

    running: bool
    changes_at: datetime | None = None


def schedule_of(spec: SageMakerEndpointSpec, now: datetime) -> Schedule:
    """It runs if `start` came after `stop` last, unless `desiredState` is Stopped; without office hours always.

    Raises:
        ReconcileError: the schedule cannot be read (`INVALID`).
    """
    if spec.desired_state == "Stopped":
        return Schedule(running=False)
    hours = spec.office_hours
    if hours is None:
        return Schedule(running=True)
    zone = _zone(hours)
    started, stopped = (_moment(field, said, now, zone, past=True) for field, said in _expressions(hours))
    changes_at = min(_moment(field, said, now, zone, past=False) for field, said in _expressions(hours))
    return Schedule(started > stopped, changes_at)


def _expressions(hours: OfficeHours) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("start", hours.start), ("stop", hours.stop)
