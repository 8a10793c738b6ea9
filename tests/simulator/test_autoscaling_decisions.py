"""How much capacity is asked for, and when schedules fire: pure functions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smsandbox.aws.autoscaling.decisions import clamp, step, step_errors, track
from smsandbox.aws.autoscaling.schedules import ScheduleError, next_fire

START = datetime(2026, 11, 22, 15, 0, tzinfo=UTC).timestamp()  # a Sunday


@given(st.integers(0, 100), st.floats(0, 1e4), st.floats(1, 1e3))
@example(0, 6.0, 5.0)
def test_tracking_gives_enough_capacity_and_not_one_too_many(capacity: int, value: float, target: float) -> None:
    wanted, units = track(capacity, value, target), max(capacity, 1)
    assert wanted * target >= units * value - 1e-6 * target
    assert wanted == 0 or (wanted - 1) * target < units * value + 1e-6 * target


@given(st.integers(0, 100), st.integers(0, 50), st.integers(0, 50))
def test_clamping_stays_within_the_bounds(capacity: int, least: int, more: int) -> None:
    assert least <= clamp(capacity, least, least + more) <= least + more


def policy(kind: str, *steps: tuple[float | None, float | None, int], **others: Any) -> dict[str, Any]:
    made = []
    for lower, upper, adjustment in steps:
        bounds = {"MetricIntervalLowerBound": lower, "MetricIntervalUpperBound": upper}
        made.append(
            {"ScalingAdjustment": adjustment, **{key: value for key, value in bounds.items() if value is not None}}
        )
    return {"AdjustmentType": kind, "StepAdjustments": made, **others}


@pytest.mark.parametrize(
    ("value", "expected"), [(50.0, 10), (59.9, 10), (60.0, 12), (69.9, 12), (70.0, 13), (49.9, None)]
)
def test_steps_above_the_threshold_hold_their_lower_bound(value: float, expected: int | None) -> None:
    steps = policy("ChangeInCapacity", (0, 10, 0), (10, 20, 2), (20, None, 3))
    assert step(10, value, 50.0, steps) == expected


@pytest.mark.parametrize(("value", "expected"), [(49.0, 9), (40.0, 8), (39.0, 8), (10.0, 8)])
def test_steps_below_the_threshold_hold_their_upper_bound(value: float, expected: int) -> None:
    assert step(10, value, 50.0, policy("ChangeInCapacity", (-10, 0, -1), (None, -10, -2))) == expected


@pytest.mark.parametrize(
    ("capacity", "percent", "magnitude", "expected"),
    [(10, 25, 0, 12), (3, 10, 0, 4), (10, -25, 0, 8), (3, -10, 0, 2), (10, 10, 3, 13), (10, -10, 3, 7), (0, 50, 2, 2)],
)
def test_percentages_are_cut_but_never_to_nothing(capacity: int, percent: int, magnitude: int, expected: int) -> None:
    steps = policy("PercentChangeInCapacity", (0, None, percent), MinAdjustmentMagnitude=magnitude)
    assert step(capacity, 60.0, 50.0, steps) == expected


def test_an_exact_capacity_is_taken_as_it_is() -> None:
    assert step(10, 60.0, 50.0, policy("ExactCapacity", (0, None, 4))) == 4


@pytest.mark.parametrize(
    ("steps", "wrong"),
    [
        ([(0, 10, 1), (10, None, 2)], False),
        ([(None, 0, -1), (0, None, 1)], False),
        ([(0, 10, 1), (9, None, 2)], True),
        ([(0, 10, 1), (11, None, 2)], True),
        ([(10, 0, 1)], True),
        ([(None, None, 1), (0, None, 1)], True),
    ],
)
def test_the_intervals_of_steps_must_join(steps: list[Any], wrong: bool) -> None:
    assert (step_errors(policy("ChangeInCapacity", *steps)["StepAdjustments"]) is not None) == wrong


@pytest.mark.parametrize(
    ("expression", "zone", "expected"),
    [
        ("at(2026-11-22T16:00:00)", None, "2026-11-22T16:00:00+00:00"),
        ("at(2026-11-22T16:30:00)", "Europe/Berlin", "2026-11-22T15:30:00+00:00"),
        ("at(2026-11-22T15:00:00)", None, None),
        ("rate(5 minutes)", None, "2026-11-22T15:05:00+00:00"),
        ("rate(1 day)", None, "2026-11-23T15:00:00+00:00"),
        ("cron(0 8 ? * MON-FRI *)", "America/New_York", "2026-11-23T13:00:00+00:00"),
        ("cron(0 8 ? * 2-6 *)", "UTC", "2026-11-23T08:00:00+00:00"),
        ("cron(0 8 ? * 1 *)", "UTC", "2026-11-29T08:00:00+00:00"),
        ("cron(0 8 L * ? *)", None, "2026-11-30T08:00:00+00:00"),
        ("cron(0 8 ? * 6L *)", None, "2026-11-27T08:00:00+00:00"),
        ("cron(0 8 ? * 2#2 *)", None, "2026-12-14T08:00:00+00:00"),
        ("cron(0/15 * * * ? *)", None, "2026-11-22T15:15:00+00:00"),
        ("cron(0 0 1 1 ? 2028)", None, "2028-01-01T00:00:00+00:00"),
        ("cron(0 0 1 1 ? 2025)", None, None),
    ],
)
def test_schedules_fire_when_they_say(expression: str, zone: str | None, expected: str | None) -> None:
    found = next_fire(expression, zone, START, START)
    assert (datetime.fromtimestamp(found, UTC).isoformat() if found else None) == expected


def test_daylight_saving_is_honoured() -> None:
    march = datetime(2027, 3, 27, 12, tzinfo=UTC).timestamp()
    found = next_fire("cron(30 9 * * ? *)", "Europe/Berlin", march, march)
    assert found is not None
    assert datetime.fromtimestamp(found, UTC).isoformat() == "2027-03-28T07:30:00+00:00"


def test_a_rate_is_a_wait_and_goes_with_the_scale_of_time() -> None:
    assert next_fire("rate(1 hour)", None, START, START, scale=60.0) == START + 60


@pytest.mark.parametrize(
    "expression",
    [
        "rate(0 minutes)",
        "rate(2 minute)",
        "rate(1 week)",
        "cron(0 8 * * *)",
        "cron(0 8 1 * 2 *)",
        "cron(99 8 * * ? *)",
        "at(soon)",
        "",
    ],
)
def test_schedules_that_make_no_sense_are_refused(expression: str) -> None:
    with pytest.raises(ScheduleError):
        next_fire(expression, None, START, START)
