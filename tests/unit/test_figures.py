"""What the benches make of what they measured."""

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from smsandbox.testing.figures import burst, growth, histogram_quantile, quantile

SPANS = st.lists(st.floats(0, 1000), min_size=1, max_size=200)


def test_a_quantile_is_one_of_the_values() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [quantile(values, share) for share in (0.0, 0.5, 0.99, 1.0)] == [1, 50, 99, 100]
    assert quantile([3.0, 1.0], 0.99) == 3.0, "of few it is the worst"
    assert quantile([], 0.5) is None


@given(SPANS, st.floats(0.01, 1))
def test_a_quantile_is_the_least_that_so_many_do_not_exceed(values: list[float], share: float) -> None:
    found = quantile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values) + 1e-9


def test_a_burst_is_the_most_within_a_stretch_wherever_it_begins() -> None:
    assert burst([0.0, 0.9, 1.1, 1.8, 5.0]) == 3, "0.9 to 1.8, across a full second"
    assert burst([]) == 0


@given(SPANS)
def test_a_burst_is_what_a_look_at_each_stretch_finds(times: list[float]) -> None:
    assert burst(times, 2.0) == max(sum(first <= each <= first + 2.0 for each in times) for first in times)


def test_the_quantile_of_a_histogram_is_that_of_prometheus() -> None:
    buckets = {0.1: 50.0, 1.0: 90.0, 5.0: 100.0, math.inf: 100.0}
    assert histogram_quantile(buckets, 0.5) == 0.1
    assert math.isclose(histogram_quantile(buckets, 0.7) or 0, 0.1 + 0.9 * 20 / 40)
    assert math.isclose(histogram_quantile(buckets, 0.95) or 0, 3.0)


def test_beyond_the_last_bound_of_a_histogram_nothing_is_known() -> None:
    assert histogram_quantile({1.0: 1.0, math.inf: 100.0}, 0.99) == math.inf
    assert histogram_quantile({1.0: 0.0, math.inf: 0.0}, 0.5) is None
    assert histogram_quantile({}, 0.5) is None


def samples(value: float, per_hour: float, noise: float, seed: int = 1) -> list[tuple[float, float]]:
    chance = random.Random(seed)
    return [(10.0 * n, value + per_hour * n / 360 + chance.uniform(-noise, noise)) for n in range(180)]


def test_what_stays_does_not_grow_whatever_its_peaks() -> None:
    calm = [(when, value + (50 if place % 20 == 0 else 0)) for place, (when, value) in enumerate(samples(100, 0, 2))]
    found = growth(calm)
    assert found is not None
    assert not found.grows(1.0)
    assert abs(found.median - 100) < 2


def test_what_leaks_grows() -> None:
    found = growth(samples(100, 20, 2))
    assert found is not None
    assert found.grows(3.0)
    assert 7 < found.gain < 9, "0.4 hours of 20 an hour: the warm-up is not looked at"
    assert not found.grows(10.0), "more is tolerated"


def test_what_grows_at_its_start_alone_has_warmed_up() -> None:
    start = [(10.0 * n, min(100.0, 60.0 + 2 * n)) for n in range(180)]
    found = growth(start)
    assert found is not None
    assert not found.grows(0.0)


def test_of_a_few_samples_nothing_is_said() -> None:
    assert growth([(0.0, 1.0)] * 5) is None
    assert growth([]) is None
