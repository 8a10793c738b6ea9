"""Office hours: whether an endpoint shall run now, and when that changes next."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter

from smendpoints.api.spec import OfficeHours, SageMakerEndpointSpec
from smendpoints.domain.errors import AwsFailure, Kind
from smendpoints.domain.reasons import Reason

_AND_NOW = timedelta(seconds=1)  # croniter looks for what is strictly before; a change at this very second has come


def _zone(hours: OfficeHours) -> ZoneInfo:
    try:
        return ZoneInfo(hours.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        message = (
            f"officeHours.timeZone: {hours.time_zone!r} is no time zone; write one of IANA's, such as Europe/Berlin"
        )
        raise AwsFailure(Kind.INVALID, Reason.INVALID_SPEC, message) from error


def _cron(field: str, expression: str, now: datetime) -> croniter:
    try:
        return croniter(expression, now)
    except (ValueError, KeyError) as error:
        message = f"officeHours.{field}: {expression!r} is no schedule of five fields, such as 0 8 * * 1-5: {error}"
        raise AwsFailure(Kind.INVALID, Reason.INVALID_SPEC, message) from error


def wants_running(spec: SageMakerEndpointSpec, now: datetime) -> bool:
    """Whether the endpoint shall run: what `start` or `stop` said last, unless `desiredState` is Stopped.

    Raises:
        AwsFailure: the schedule cannot be read (`INVALID`).
    """
    if spec.desired_state == "Stopped":
        return False
    hours = spec.office_hours
    if hours is None:
        return True
    local = now.astimezone(_zone(hours)) + _AND_NOW
    started = _cron("start", hours.start, local).get_prev(datetime)
    stopped = _cron("stop", hours.stop, local).get_prev(datetime)
    return bool(started > stopped)


def next_change(spec: SageMakerEndpointSpec, now: datetime) -> datetime | None:
    """When `start` or `stop` says something next; None without office hours.

    Raises:
        AwsFailure: the schedule cannot be read (`INVALID`).
    """
    hours = spec.office_hours
    if hours is None or spec.desired_state == "Stopped":
        return None
    local = now.astimezone(_zone(hours))
    changes = [_cron("start", hours.start, local), _cron("stop", hours.stop, local)]
    upcoming: list[datetime] = [change.get_next(datetime) for change in changes]
    return min(upcoming)
