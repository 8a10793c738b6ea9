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


def _moment(field: str, expression: str, now: datetime, *, past: bool) -> datetime:
    """When the schedule said something last, or says something next."""
    try:
        schedule = croniter(expression, now)
        moment: datetime = schedule.get_prev(datetime) if past else schedule.get_next(datetime)
        return moment
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
    return _moment("start", hours.start, local, past=True) > _moment("stop", hours.stop, local, past=True)


def next_change(spec: SageMakerEndpointSpec, now: datetime) -> datetime | None:
    """When `start` or `stop` says something next; None without office hours.

    Raises:
        AwsFailure: the schedule cannot be read (`INVALID`).
    """
    hours = spec.office_hours
    if hours is None or spec.desired_state == "Stopped":
        return None
    local = now.astimezone(_zone(hours))
    return min(_moment("start", hours.start, local, past=False), _moment("stop", hours.stop, local, past=False))
