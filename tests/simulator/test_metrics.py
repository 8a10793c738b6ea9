"""The metric store and metric math, by example and by property. No AWS, no clock but a number."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsandbox.aws.cloudwatch.metric_math import MetricMathError, evaluate, names_in
from smsandbox.aws.cloudwatch.metric_store import KEEP_SECONDS, MetricStore, metric_id
from smsandbox.aws.cloudwatch.statistic_set import StatisticSet, statistic_of

ERRORS = metric_id("1", "r", "shop", "Errors", {"Zone": "a"})
samples = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=50)

thousandths = st.integers(0, 10_000_000).map(lambda number: number / 1000)


def store(scale: float = 1.0, *, lag: float = 0.0, now: float = 0.0) -> MetricStore:
    settings = SimpleNamespace(time_scale=scale, consistency=SimpleNamespace(metrics=lag))
    world: Any = SimpleNamespace(settings=settings, now=lambda: now)
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


@pytest.mark.parametrize(
    "name",
    ["p101", "p", "Median", "px", "", "TC", "TC()", "TC(:)", "TC(5)", "TC(10:5)", "TC(5:5)", "TC(10%:50)", "TM(:101%)",
     "PR(10%:90%)", "pr90", "tc101", "TM90", "tc(:5)", "TC(:5"],
)  # fmt: skip
def test_what_is_no_statistic_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="must be SampleCount"):
        statistic_of(name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("TC(:30)", 3.0),  # the upper bound counts, the lower does not
        ("TC(30:)", 7.0),
        ("TC(20:50)", 3.0),
        ("TC(1000:)", 0.0),
        ("PR(:30)", 30.0),
        ("PR(30:100)", 70.0),
        ("TS(80:)", 190.0),
        ("TM(20:50)", 40.0),
        ("TM(1000:)", None),
        ("WM(20:50)", 41.0),
        ("tc90", 9.0),
        ("TC(80%:)", 2.0),
        ("TC(:15%)", 1.5),  # half of a sample
        ("ts90", 450.0),
        ("tm90", 50.0),
        ("TM(20%:80%)", 55.0),
        ("IQM", 55.0),
        ("wm90", 54.0),
        ("WM(10%:90%)", 54.0),
        ("p90", 90.0),
    ],
)
def test_statistics_of_ten_samples_by_bounds(name: str, expected: float | None) -> None:
    found = statistics([10.0 * number for number in range(1, 11)]).statistic(name)
    assert found == (None if expected is None else pytest.approx(expected))


@given(samples, st.floats(0, 1e6))
def test_a_bound_parts_the_samples_and_a_rank_is_the_share_of_the_count(values: list[float], bound: float) -> None:
    found, at = statistics(values), f"{bound:.10f}"
    below, above, rank = (found.statistic(name) for name in (f"TC(:{at})", f"TC({at}:)", f"PR(:{at})"))
    assert below is not None
    assert above is not None
    assert rank is not None
    assert below + above == len(values)
    assert rank == pytest.approx(100 * below / len(values))


@given(samples, st.floats(0, 100))
def test_trimmed_counts_by_percent_are_that_part_of_the_samples(values: list[float], percent: float) -> None:
    found = statistics(values).statistic(f"TC(:{percent:.10f}%)") if percent > 0 else 0.0
    assert found == pytest.approx(len(values) * percent / 100, abs=1e-6)


def test_what_came_just_now_is_not_shown_before_its_time() -> None:
    times = (10.0, 70.0, 110.0, 130.0)
    made = store(lag=30.0, now=140.0)
    for at in times:
        made.put(ERRORS, 1.0, at)
    assert {number: one.count for number, one in made.bins(ERRORS, 0, 180, 60).items()} == {0: 1.0, 1: 1.0}


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
