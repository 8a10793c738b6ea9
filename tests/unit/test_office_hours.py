"""Office hours: whether the endpoint shall run at a moment, and when that changes next."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smendpoints.domain.desired.office_hours import Schedule, schedule_of
from smendpoints.domain.errors import Kind, ReconcileError

WORKDAYS = {"start": "0 8 * * 1-5", "stop": "0 18 * * 1-5"}
BERLIN = {**WORKDAYS, "timeZone": "Europe/Berlin"}

MOMENTS: dict[str, tuple[dict[str, str], str, bool, str]] = {
    # hours, now, whether it runs, when that changes
    "before it opens": (WORKDAYS, "2026-11-23T07:59:59Z", False, "2026-11-23T08:00:00Z"),
    "at the second that it opens": (WORKDAYS, "2026-11-23T08:00:00Z", True, "2026-11-23T18:00:00Z"),
    "in the middle of a second after": (WORKDAYS, "2026-11-23T08:00:00.500000Z", True, "2026-11-23T18:00:00Z"),
    "at noon": (WORKDAYS, "2026-11-23T12:00:00Z", True, "2026-11-23T18:00:00Z"),
    "at the second that it closes": (WORKDAYS, "2026-11-23T18:00:00Z", False, "2026-11-24T08:00:00Z"),
    "over the weekend": (WORKDAYS, "2026-11-22T12:00:00Z", False, "2026-11-23T08:00:00Z"),
    "on Friday night": (WORKDAYS, "2026-11-27T18:00:01Z", False, "2026-11-30T08:00:00Z"),
    "in Berlin's winter": (BERLIN, "2026-11-23T07:00:00Z", True, "2026-11-23T17:00:00Z"),
    "in Berlin's summer": (BERLIN, "2026-07-20T06:00:00Z", True, "2026-07-20T16:00:00Z"),
    "over the night that summer begins": (BERLIN, "2026-03-27T20:00:00Z", False, "2026-03-30T06:00:00Z"),
    "over the night that summer ends": (BERLIN, "2026-10-23T20:00:00Z", False, "2026-10-26T07:00:00Z"),
    "started in the hour that comes twice, in its second half": (
        {"start": "30 2 * * *", "stop": "0 18 * * *", "timeZone": "Europe/Berlin"},
        "2026-10-25T01:00:00Z",
        True,
        "2026-10-25T17:00:00Z",
    ),
    "stopped in the hour that comes twice, in its second half": (
        {"start": "0 8 * * *", "stop": "30 2 * * *", "timeZone": "Europe/Berlin"},
        "2026-10-25T01:00:00Z",
        False,
        "2026-10-25T07:00:00Z",
    ),
    "before it starts in the hour that never comes": (
        {"start": "30 2 * * *", "stop": "0 18 * * *", "timeZone": "Europe/Berlin"},
        "2026-03-29T00:59:59Z",
        False,
        "2026-03-29T01:00:00Z",
    ),
    "by night, for those who work then": (
        {"start": "0 22 * * *", "stop": "0 6 * * *"},
        "2026-11-23T01:00:00Z",
        True,
        "2026-11-23T06:00:00Z",
    ),
}


def spec(resource: Callable[..., Any], hours: dict[str, str], **more: Any) -> Any:
    return resource({"officeHours": hours, **more}).spec


@pytest.mark.parametrize(("hours", "now", "runs", "then"), MOMENTS.values(), ids=MOMENTS.keys())
def test_the_endpoint(resource: Callable[..., Any], hours: dict[str, str], now: str, runs: bool, then: str) -> None:
    moment = datetime.fromisoformat(now)
    assert schedule_of(spec(resource, hours), moment) == Schedule(runs, datetime.fromisoformat(then))


def test_without_hours_it_runs_and_nothing_changes(resource: Callable[..., Any]) -> None:
    moment = datetime.fromisoformat("2026-11-23T12:00:00Z")
    assert schedule_of(resource().spec, moment) == Schedule(running=True, changes_at=None)


def test_stopped_is_stopped_at_all_hours(resource: Callable[..., Any]) -> None:
    stopped = spec(resource, WORKDAYS, desiredState="Stopped")
    moment = datetime.fromisoformat("2026-11-23T12:00:00Z")
    assert schedule_of(stopped, moment) == Schedule(running=False, changes_at=None)


REFUSED = {
    "a zone that there is not": ({**WORKDAYS, "timeZone": "Europe/Atlantis"}, "officeHours.timeZone"),
    "a part of the world for a zone": ({**WORKDAYS, "timeZone": "Europe"}, "officeHours.timeZone"),
    "a minute at random": ({**WORKDAYS, "start": "R 8 * * *"}, "officeHours.start"),
    "an hour that there is not": ({**WORKDAYS, "start": "0 25 * * *"}, "officeHours.start"),
    "a word": ({**WORKDAYS, "stop": "in the evening at six"}, "officeHours.stop"),
    "a day that never comes": ({**WORKDAYS, "start": "0 8 31 2 *"}, "officeHours.start"),
}


@pytest.mark.parametrize(("hours", "field"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_said_what_to_write_instead_of(resource: Callable[..., Any], hours: dict[str, str], field: str) -> None:
    with pytest.raises(ReconcileError, match="such as") as refused:
        schedule_of(spec(resource, hours), datetime.fromisoformat("2026-11-23T12:00:00Z"))
    assert refused.value.kind is Kind.INVALID
    assert field in str(refused.value)


@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.timezones()),  # noqa: DTZ001
    opens=st.integers(0, 23),
    closes=st.integers(0, 23),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
)
def test_between_two_changes_nothing_changes(
    resource: Callable[..., Any], now: datetime, opens: int, closes: int, zone: str
) -> None:
    hours = spec(resource, {"start": f"30 {opens} * * *", "stop": f"0 {closes} * * *", "timeZone": zone})
    at_first = schedule_of(hours, now)
    then = at_first.changes_at
    assert then is not None
    assert then > now
    between = now + (then - now) / 2
    if between.replace(microsecond=0) > now:
        assert schedule_of(hours, between).running is at_first.running
