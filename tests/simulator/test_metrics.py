"""The metric store and metric math, by example and by property. No AWS, no clock but a number."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsandbox.aws.cloudwatch.metric_math import MetricMathError, evaluate, names_in
from smsandbox.aws.cloudwatch.metric_store import KEEP_SECONDS, MetricStore, StatisticSet, metric_id, percentile_of

ERRORS = metric_id("1", "r", "shop", "Errors", {"Zone": "a"})
samples = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=50)

thousandths = st.integers(0, 10_000_000).map(lambda number: number / 1000)


def store(scale: float = 1.0) -> MetricStore:
    world: Any = SimpleNamespace(settings=SimpleNamespace(time_scale=scale))
    return MetricStore(world)


def statistics(values: list[float]) -> StatisticSet:
    made = StatisticSet()
    for value in values:
        made.add(value)
    return made


@given(samples)
def test_statistics_are_those_of_the_samples(values: list[float]) -> None:
    found = statistics(values)
    assert found.statistic("Sum") == pytest.approx(sum(values))
    assert found.statistic("SampleCount") == len(values)
    assert (found.statistic("Minimum"), found.statistic("Maximum")) == (min(values), max(values))


@given(samples, st.floats(0.1, 100))
def test_a_percentile_is_a_sample_to_one_percent(values: list[float], percent: float) -> None:
    found = statistics(values).percentile(percent)
    rank = sorted(values)[max(0, -int(-len(values) * percent // 100) - 1)]
    assert found == pytest.approx(rank, rel=0.01, abs=1e-9)


@given(samples, samples)
def test_merging_two_sets_is_having_sampled_both(first: list[float], second: list[float]) -> None:
    merged = statistics(first)
    merged.merge(statistics(second))
    whole = statistics(first + second)
    assert merged.total == pytest.approx(whole.total)
    assert (merged.count, merged.minimum, merged.maximum) == (whole.count, whole.minimum, whole.maximum)
    assert merged.histogram == whole.histogram


@given(st.lists(thousandths, min_size=1, max_size=60), st.sampled_from([1.0, 10.0, 60.0, 300.0]))
def test_no_sample_is_lost_or_doubled_by_periods_in_whatever_order_they_come(times: list[float], period: float) -> None:
    made = store()
    for at in times:
        made.put(ERRORS, 1.0, at)
    bins = made.bins(ERRORS, 0, 10_001, period)
    assert sum(one.count for one in bins.values()) == len(times)
    assert set(bins) == {int(int(at) // period) for at in times}


def test_an_idle_period_is_zero_only_while_the_series_is_alive() -> None:
    made = store()
    series = made.open(ERRORS)
    series.live_from(90.0)
    made.put(ERRORS, 5.0, 130.0)
    series.live_until(310.0)
    sums = {number: one.total for number, one in made.bins(ERRORS, 0, 600, 60).items()}
    assert sums == {2: 5.0, 3: 0.0, 4: 0.0}


def test_old_samples_become_minutes_and_are_forgotten_at_last() -> None:
    made = store()
    for at in range(0, 40_000, 10):
        made.put(ERRORS, 1.0, float(at))
    series = made.series(ERRORS)
    assert series is not None
    assert series.buckets[0][0] >= 40_000 - KEEP_SECONDS - 6000
    assert len(series.buckets) < 1000
    hour = made.bins(ERRORS, 36_000, 39_600, 60)
    assert sum(one.count for one in hour.values()) == 360


def test_the_finest_time_follows_the_scale() -> None:
    assert store(1).quantum == 1.0
    assert store(60).quantum == pytest.approx(10 / 60)
    assert store(100_000).quantum == 0.02


@pytest.mark.parametrize("name", ["p101", "p", "Median", "px", ""])
def test_what_is_no_statistic_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="must be SampleCount"):
        percentile_of(name)


SERIES = {"a": {1: 10.0, 2: 20.0, 3: 30.0}, "b": {1: 2.0, 3: 0.0}}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a + 1", {1: 11.0, 2: 21.0, 3: 31.0}),
        ("a / b", {1: 5.0}),
        ("100 * b / a", {1: 20.0, 3: 0.0}),
        ("-a", {1: -10.0, 2: -20.0, 3: -30.0}),
        ("a ^ 2", {1: 100.0, 2: 400.0, 3: 900.0}),
        ("FILL(b, 0)", {1: 2.0, 2: 0.0, 3: 0.0}),
        ("FILL(b, REPEAT)", {1: 2.0, 2: 2.0, 3: 0.0}),
        ("SUM(METRICS())", {1: 12.0, 2: 20.0, 3: 30.0}),
        ("MAX([a, b])", {1: 10.0, 2: 20.0, 3: 30.0}),
        ("AVG([a, b])", {1: 6.0, 2: 20.0, 3: 15.0}),
        ("a - MIN(a)", {1: 0.0, 2: 10.0, 3: 20.0}),
        ("IF(a > 15, a, 0)", {1: 0.0, 2: 20.0, 3: 30.0}),
        ("IF(a > 15 && a < 25, 1)", {2: 1.0}),
        ("a >= 20 || b == 2", {1: 1.0, 3: 1.0}),
        ("SUM(a) / PERIOD(a)", {1: 1.0, 2: 1.0, 3: 1.0}),
        ("RATE(a)", {2: 10 / 60, 3: 10 / 60}),
        ("RUNNING_SUM(a)", {1: 10.0, 2: 30.0, 3: 60.0}),
        ("CEIL(a / 20)", {1: 1.0, 2: 1.0, 3: 2.0}),
        ("ABS(0 - b)", {1: 2.0, 3: 0.0}),
    ],
)
def test_metric_math_by_example(expression: str, expected: dict[int, float]) -> None:
    series = SERIES if "METRICS" in expression else {name: SERIES[name] for name in names_in(expression)}
    assert evaluate(expression, series, 60.0, range(1, 4)) == pytest.approx(expected)


@pytest.mark.parametrize(
    "expression",
    ["a +", "unknown + 1", "SEARCH('x')", "[a, b]", "[a] + 1", "a.b", "IF(a)", "__import__('os')", "a if b else a"],
)
def test_metric_math_that_cannot_be_read_is_refused(expression: str) -> None:
    with pytest.raises(MetricMathError):
        evaluate(expression, SERIES, 60.0, range(1, 4))
