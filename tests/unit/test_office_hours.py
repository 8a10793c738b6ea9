"""Office hours: whether the endpoint shall run at a moment, and when that changes next."""

from collections.abc import Callable
from datetime import UTC, datetime
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
    found = schedule_of(spec(resource, hours), moment)
    assert (found.running, found.changes_at) == (runs, datetime.fromisoformat(then))


def test_without_hours_it_runs_and_nothing_changes(resource: Callable[..., Any]) -> None:
    moment = datetime.fromisoformat("2026-11-23T12:00:00Z")
    assert schedule_of(resource().spec, moment) == Schedule(running=True, changes_at=None)


def test_stopped_is_stopped_at_all_hours(resource: Callable[..., Any]) -> None:
    stopped = spec(resource, WORKDAYS, desiredState="Stopped")
    moment = datetime.fromisoformat("2026-11-23T12:00:00Z")
    assert schedule_of(stopped, moment) == Schedule(running=False, changes_at=None)
    wrong = schedule_of(spec(resource, {**WORKDAYS, "timeZone": "Europe/Atlantis"}, desiredState="Stopped"), moment)
    assert not wrong.running
    assert wrong.problem is not None
    assert wrong.problem.startswith("officeHours.timeZone: 'Europe/Atlantis' is no time zone")


def test_an_hour_before_it_starts_it_is_looked_at(resource: Callable[..., Any]) -> None:
    def looks(now: str) -> datetime | None:
        return schedule_of(spec(resource, WORKDAYS), datetime.fromisoformat(now)).look_at

    assert looks("2026-11-23T19:00:00Z") == datetime.fromisoformat("2026-11-24T07:00:00Z")
    assert looks("2026-11-24T07:00:00Z") is None
    assert looks("2026-11-23T12:00:00Z") is None, "it runs"


REFUSED = {
    "a zone that there is not": ({**WORKDAYS, "timeZone": "Europe/Atlantis"}, "officeHours.timeZone"),
    "a part of the world for a zone": ({**WORKDAYS, "timeZone": "Europe"}, "officeHours.timeZone"),
    "a minute at random": ({**WORKDAYS, "start": "R 8 * * *"}, "officeHours.start"),
    "an hour that there is not": ({**WORKDAYS, "start": "0 25 * * *"}, "officeHours.start"),
    "a word": ({**WORKDAYS, "stop": "in the evening at six"}, "officeHours.stop"),
    "a word of five parts": ({**WORKDAYS, "stop": "at six in the evening"}, "officeHours.stop"),
    "a range that ends before it begins": ({**WORKDAYS, "stop": "0 18 * * 5-1"}, "officeHours.stop"),
}
NEVER = ["0 8 31 2 *", "0 8 30 2 *", "0 8 31 4,6 *", "0 8 31 SEP,NOV *", "0 8 31 2 ?"]


@pytest.mark.parametrize(("hours", "field"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_said_what_to_write_instead_of(resource: Callable[..., Any], hours: dict[str, str], field: str) -> None:
    with pytest.raises(ReconcileError, match="such as") as refused:
        schedule_of(spec(resource, hours), datetime.fromisoformat("2026-11-23T12:00:00Z"))
    assert refused.value.kind is Kind.INVALID
    assert field in str(refused.value)


@pytest.mark.parametrize("said", NEVER)
@pytest.mark.parametrize("field", ["start", "stop"])
def test_a_day_that_never_comes_is_told_as_such(resource: Callable[..., Any], said: str, field: str) -> None:
    with pytest.raises(ReconcileError, match=rf"officeHours\.{field}: .* never comes; write .*such as"):
        schedule_of(spec(resource, {**WORKDAYS, field: said}), datetime.fromisoformat("2026-11-23T12:00:00Z"))


def test_a_leap_day_comes(resource: Callable[..., Any]) -> None:
    hours = spec(resource, {"start": "0 8 29 2 *", "stop": "0 9 29 2 *"})
    found = schedule_of(hours, datetime.fromisoformat("2026-11-23T12:00:00Z"))
    assert found.changes_at == datetime.fromisoformat("2028-02-29T08:00:00Z")


KEPT: dict[str, tuple[str, str, bool, str]] = {
    # now, kept until, whether it runs, when that changes
    "over an evening": ("2026-11-23T19:00:00Z", "2026-11-23T21:00:00Z", True, "2026-11-23T21:00:00Z"),
    "into the next day": ("2026-11-23T12:00:00Z", "2026-11-24T12:00:00Z", True, "2026-11-24T18:00:00Z"),
    "over its stop": ("2026-11-23T12:00:00Z", "2026-11-23T20:00:00+01:00", True, "2026-11-23T19:00:00Z"),
    "until before its stop": ("2026-11-23T12:00:00Z", "2026-11-23T15:00:00Z", True, "2026-11-23T18:00:00Z"),
    "no longer": ("2026-11-23T19:00:00Z", "2026-11-23T18:59:59Z", False, "2026-11-24T08:00:00Z"),
    "until this very moment": ("2026-11-23T19:00:00Z", "2026-11-23T19:00:00Z", False, "2026-11-24T08:00:00Z"),
}


@pytest.mark.parametrize(("now", "until", "runs", "then"), KEPT.values(), ids=KEPT.keys())
def test_kept_on(resource: Callable[..., Any], now: str, until: str, runs: bool, then: str) -> None:
    found = schedule_of(spec(resource, WORKDAYS), datetime.fromisoformat(now), until)
    assert (found.running, found.changes_at) == (runs, datetime.fromisoformat(then))


def test_what_is_kept_on_outside_of_its_hours_says_so_and_is_looked_at_when_they_end(
    resource: Callable[..., Any],
) -> None:
    def kept(now: str, until: str) -> Schedule:
        return schedule_of(spec(resource, WORKDAYS), datetime.fromisoformat(now), until)

    evening = kept("2026-11-23T19:00:00Z", "2026-11-23T21:00:00Z")
    assert (evening.outside, evening.look_at) == (True, None)
    over = kept("2026-11-23T12:00:00Z", "2026-11-23T20:00:00+01:00")
    assert (over.outside, over.look_at) == (False, datetime.fromisoformat("2026-11-23T18:00:00Z"))
    within = kept("2026-11-23T12:00:00Z", "2026-11-23T15:00:00Z")
    assert (within.outside, within.look_at) == (False, None)


@pytest.mark.parametrize("said", ["friday", "", "2026-11-27", "2026-11-27T20:00:00", "2026-13-01T00:00:00Z", "9" * 500])
def test_a_time_that_is_none_is_refused(resource: Callable[..., Any], said: str) -> None:
    with pytest.raises(ReconcileError, match=r"keepRunningUntil: .* is not a time with its offset"):
        schedule_of(spec(resource, WORKDAYS), datetime.fromisoformat("2026-11-23T12:00:00Z"), said)


def test_no_more_than_the_beginning_of_such_a_time_is_told(resource: Callable[..., Any]) -> None:
    with pytest.raises(ReconcileError) as caught:
        schedule_of(spec(resource, WORKDAYS), datetime.fromisoformat("2026-11-23T12:00:00Z"), "9" * 500)
    assert f"'{'9' * 64}'" in str(caught.value)


ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns"]


@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
    minute=st.sampled_from(["0", "30", "*/20", "15,45"]),
    hour=st.sampled_from(["1", "2", "3", "*", "*/6", "8-18"]),
    zone=st.sampled_from(ZONES),
)
def test_what_comes_next_is_then_what_came_last(
    resource: Callable[..., Any], now: datetime, minute: str, hour: str, zone: str
) -> None:
    hours = spec(resource, {"start": f"{minute} {hour} * * *", "stop": "0 0 1 1 *", "timeZone": zone})
    then = schedule_of(hours, now).changes_at
    assert then is not None
    assert schedule_of(hours, then).running or then.month == 1
    assert schedule_of(hours, then).changes_at != then


@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.timezones()),  # noqa: DTZ001
    opens=st.integers(0, 23),
    closes=st.integers(0, 23),
    zone=st.sampled_from(ZONES),
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


def test_days_that_never_come_are_told(resource: Callable[..., Any]) -> None:
    """The first or the 31st of a February, if it is a fifth Tuesday."""
    with pytest.raises(ReconcileError) as refused:
        schedule_of(spec(resource, {**WORKDAYS, "start": "0 8 */30 2 2#5"}), datetime(2026, 11, 23, tzinfo=UTC))
    assert refused.value.kind is Kind.INVALID
    told = "officeHours.start: '0 8 */30 2 2#5' never comes; write days that there are, such as 0 8 * * 1-5"
    assert str(refused.value) == told


@pytest.mark.parametrize(
    ("start", "problem"),
    [
        ("0 8 30 2 *", "never comes"),
        ("0 8 31 4,6 *", "never comes"),
        ("0 8 32 2 *", "cannot be read"),
        ("0 8 1 13 *", "cannot be read"),
        ("0 8 1 2 9", "cannot be read"),
        ("0 8 1 2", "cannot be read"),
    ],
)
def test_days_of_no_month_are_told_apart_from_what_cannot_be_read(
    resource: Callable[..., Any], start: str, problem: str
) -> None:
    hours = spec(resource, WORKDAYS)
    hours = hours.model_copy(update={"office_hours": hours.office_hours.model_copy(update={"start": start})})
    with pytest.raises(ReconcileError) as refused:
        schedule_of(hours, datetime(2026, 11, 23, tzinfo=UTC))
    assert str(refused.value).startswith(f"officeHours.start: {start!r} {problem}")
    assert str(refused.value).endswith("; write minute, hour, day, month and weekday, such as 0 8 * * 1-5")
