"""When a schedule expression fires: at(...), rate(...), cron(...). Pure functions over epoch seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterError, croniter

if TYPE_CHECKING:
    from collections.abc import Mapping

_AT = re.compile(r"at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?)\)")
_RATE = re.compile(r"rate\((\d+) (minute|minutes|hour|hours|day|days)\)")
_CRON = re.compile(r"cron\(([^()]+)\)")
_UNIT_SECONDS: Mapping[str, float] = {"minute": 60.0, "hour": 3600.0, "day": 86400.0}
FORMS = "at(yyyy-mm-ddThh:mm:ss), rate(value unit) or cron(Minutes Hours Day-of-month Month Day-of-week Year)"


class ScheduleError(ValueError):
    """The expression, or its time zone, can't be read."""


def zone(name: str | None) -> ZoneInfo:
    """The time zone of that IANA name, UTC when none is given."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ScheduleError(f"Timezone {name} is not a canonical name of the IANA time zone database.") from error


def next_fire(expression: str, timezone: str | None, after: float, begun: float, scale: float = 1.0) -> float | None:
    """The first instant later than `after` at which the schedule fires; None when there is none any more.

    A rate counts from `begun` and is a wait, so `scale` AWS seconds of it pass in one real second; dates are dates.
    """
    if match := _AT.fullmatch(expression):
        local = datetime.fromisoformat(match[1]).replace(tzinfo=zone(timezone))
        return local.timestamp() if local.timestamp() > after else None
    if match := _RATE.fullmatch(expression):
        count, unit = int(match[1]), match[2]
        if count == 0 or (count == 1) == unit.endswith("s"):
            raise ScheduleError(f"The rate {expression} needs a positive value, and a unit in its number.")
        every = count * _UNIT_SECONDS[unit.rstrip("s")] / scale
        return begun + (int((after - begun) / every) + 1) * every if after >= begun else begun + every
    if match := _CRON.fullmatch(expression):
        return _next_cron(match[1], zone(timezone), after)
    raise ScheduleError(f"Schedule expression {expression} is not valid: write {FORMS}.")


def _next_cron(fields: str, where: ZoneInfo, after: float) -> float | None:
    parts = fields.split()
    if len(parts) != 6:
        raise ScheduleError(f"A cron expression has six fields, not {len(parts)}: write {FORMS}.")
    minutes, hours, day, month, weekday, year = parts
    if "?" not in {day, weekday} and "*" not in {day, weekday}:
        raise ScheduleError("One of day-of-month and day-of-week of a cron expression must be ?.")
    # croniter counts weekdays from 0 = Sunday, AWS from 1; seconds and years follow the five classic fields.
    unix = " ".join([minutes, hours, day.replace("?", "*"), month, _unix_weekdays(weekday), "0", year])
    try:
        iterator = croniter(unix, datetime.fromtimestamp(after, UTC).astimezone(where), max_years_between_matches=100)
        found: datetime = iterator.get_next(datetime)
    except CroniterError as error:
        if "failed to find next date" in str(error):
            return None
        raise ScheduleError(f"The cron expression {fields} is not valid: {error}") from error
    return found.timestamp()


def _unix_weekdays(field: str) -> str:
    if field in {"?", "*"}:
        return "*"
    shifted = re.sub(r"(?<![#/\d])([1-7])(?=$|[-,#/L])", lambda match: str(int(match[1]) - 1), field)
    return re.sub(r"(\d)L", r"L\1", shifted)


def window_opens(start: datetime | None, now: float) -> float:
    """From when on a schedule may fire: its StartTime, or now."""
    return max(now, (start - timedelta(microseconds=1)).timestamp()) if start else now
