"""What planning promises is what simulation finds."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from smendpoints.statistics.counts import Counts
from smendpoints.statistics.mixture import SIZES, Side, mixed, threshold
from smendpoints.statistics.planning import requests_needed, smallest_difference, standard_errors
from smendpoints.statistics.proportions import log_evidence


@pytest.mark.parametrize("level", [0.025, 0.0125])
def test_the_drift_that_is_needed_crosses_with_the_power_that_was_asked_for(level: float) -> None:
    drift = standard_errors(level, 0.8)
    once = NormalDist().inv_cdf(1 - level) + NormalDist().inv_cdf(0.8)
    assert once < drift < 1.31 * once  # 1.7 times the requests
    rng, runs, steps = np.random.default_rng(1), 4000, 150
    motion = np.cumsum(drift / steps + rng.normal(0, 1 / math.sqrt(steps), (runs, steps)), axis=-1)
    time = np.arange(1, steps + 1) / steps
    crossed = np.array(
        [(mixed(SIZES * path[:, None] - SIZES**2 * time[:, None] / 2) >= threshold(level)).any() for path in motion]
    )
    assert crossed.mean() == pytest.approx(0.8, abs=0.025)


@pytest.mark.parametrize(
    ("requests", "rate", "share"), [(2000, 0.05, 0.5), (20_000, 0.001, 0.5), (4000, 0.3, 0.1), (3000, 0.95, 0.5)]
)
@pytest.mark.parametrize("side", list(Side))
def test_the_smallest_difference_is_seen_about_four_times_in_five(
    requests: int, rate: float, share: float, side: Side
) -> None:
    seen = smallest_difference(requests, rate, share=share, side=side)
    if seen is None:
        assert side == Side.BELOW
        assert rate == 0.001  # even none at all is no visible improvement on twenty events
        return
    assert (seen > 0) == (side == Side.ABOVE)
    rng, runs, looks = np.random.default_rng(2), 1500, 50
    m = rng.binomial(requests // looks, share, (runs, looks))
    n = requests // looks - m
    control, challenger = Counts(n, rng.binomial(n, rate)), Counts(m, rng.binomial(m, rate + seen))
    found = log_evidence(control, challenger, null=0.0, side=side, horizon=requests).max(axis=-1)
    assert 0.7 < np.mean(found >= threshold(0.025)) < 0.88


def test_few_requests_show_only_large_differences() -> None:
    """Three requests a minute, half an hour: it is told beforehand."""
    few = smallest_difference(3 * 30, 0.01)
    assert few is not None
    assert few > 0.12
    assert smallest_difference(6, 0.01) is None


def test_requests_and_differences_are_each_others_converse() -> None:
    for requests, rate, margin in ((5000, 0.02, 0.0), (5000, 0.02, 0.01), (800, 0.4, 0.0)):
        seen = smallest_difference(requests, rate, margin=margin)
        assert seen is not None
        needed = requests_needed(seen, rate, margin=margin)
        assert needed == pytest.approx(requests, rel=0.02)


def test_non_inferiority_of_equals_needs_what_a_difference_of_its_margin_does_about() -> None:
    needed = requests_needed(0.0, 0.02, margin=0.01)
    other = requests_needed(0.01, 0.02)
    assert needed is not None
    assert other is not None
    assert 0.5 < needed / other < 2


def test_what_nothing_can_show_is_none_and_what_makes_no_sense_is_refused() -> None:
    assert requests_needed(0.0, 0.1) is None
    assert requests_needed(0.95, 0.1) is None
    for arguments in ((0, 0.1), (10, 1.5)):
        with pytest.raises(ValueError, match="no plan"):
            smallest_difference(*arguments)
    with pytest.raises(ValueError, match="no plan"):
        requests_needed(0.1, 0.1, share=1.0)
    with pytest.raises(ValueError, match="power"):
        standard_errors(0.025, 1.0)
