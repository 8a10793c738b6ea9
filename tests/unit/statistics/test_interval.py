"""The confidence sequence: it holds the truth, only shrinks, and ends where the tests do."""

import numpy as np
import pytest

from smendpoints.statistics.counts import Counts, Sums
from smendpoints.statistics.interval import log_evidence, sequence
from smendpoints.statistics.mixture import Side, threshold


def drawn(
    rng: np.random.Generator, rate: float, other: float, looks: int = 40, batch: int = 100
) -> tuple[Counts, Counts]:
    m = rng.binomial(batch, 0.5, looks)
    return Counts(batch - m, rng.binomial(batch - m, rate)), Counts(m, rng.binomial(m, other))


@pytest.mark.parametrize(("rate", "other"), [(0.001, 0.004), (0.05, 0.05), (0.5, 0.42), (0.0, 1.0)])
def test_the_true_difference_is_left_out_at_any_look_no_more_often_than_alpha(rate: float, other: float) -> None:
    rng = np.random.default_rng(1)
    out = 0
    for _ in range(40):
        found = sequence(*drawn(rng, rate, other, looks=25), alpha=0.1, horizon=2000)
        out += bool(np.any(found.lower > other - rate) or np.any(found.upper < other - rate))
        assert np.all(np.diff(found.lower) >= -1e-9)
        assert np.all(np.diff(found.upper) <= 1e-9)
    assert out <= 4


def test_the_last_bounds_are_where_the_tests_reach_their_level() -> None:
    control, challenger = drawn(np.random.default_rng(2), 0.1, 0.14, looks=60)
    found = sequence(control, challenger, alpha=0.05, horizon=6000)
    lower, upper = found.lower[-1], found.upper[-1]
    assert -1 < lower < found.estimate[-1] < upper < 1
    for bound, side in ((lower, Side.ABOVE), (upper, Side.BELOW)):
        evidence = log_evidence(control, challenger, null=[bound, bound + side * 2e-4], side=side, horizon=6000).max(
            axis=-1
        )
        assert evidence[0] >= threshold(0.025) > evidence[1]


def test_the_last_bounds_take_no_fine_grid() -> None:
    for seed, rate, other in ((4, 0.002, 0.004), (5, 0.3, 0.3)):
        control, challenger = drawn(np.random.default_rng(seed), rate, other, looks=60)
        few, many = (sequence(control, challenger, alpha=0.05, horizon=6000, points=points) for points in (31, 301))
        width = many.upper[-1] - many.lower[-1]
        assert abs(few.lower[-1] - many.lower[-1]) < 0.01 * width
        assert abs(few.upper[-1] - many.upper[-1]) < 0.01 * width


def test_the_estimate_is_not_moved_by_weights_that_change_while_rates_do() -> None:
    """All counts together would say nearly two points."""
    rng = np.random.default_rng(3)
    rate, share = np.repeat([0.02, 0.06], 30), np.repeat([0.05, 0.5], 30)
    m = rng.binomial(3000, share)
    control, challenger = (Counts(k, rng.binomial(k, rate)) for k in (3000 - m, m))
    periods = np.repeat([0, 1], 30)
    found = sequence(control, challenger, alpha=0.05, horizon=180_000, periods=periods)
    assert abs(found.estimate[-1]) < 0.003
    assert found.lower[-1] <= 0 <= found.upper[-1]
    assert challenger.events.sum() / m.sum() - control.events.sum() / (3000 - m).sum() > 0.015


def test_of_means_it_is_in_their_unit() -> None:
    rng = np.random.default_rng(4)

    def arm(scale: float) -> Sums:
        values = scale * rng.lognormal(0, 0.5, (80, 50))
        return Sums(np.full(80, 50), values.sum(axis=-1), (values**2).sum(axis=-1))

    found = sequence(arm(100.0), arm(120.0), alpha=0.05, horizon=8000)
    true = 20 * np.exp(0.125)
    assert found.lower[0] == -np.inf
    assert found.upper[0] == np.inf
    assert 0 < found.lower[-1] < true < found.upper[-1] < 2 * true


def test_before_anything_is_counted_everything_is_possible() -> None:
    none = Counts(np.zeros(3), np.zeros(3))
    found = sequence(none, none, alpha=0.05, horizon=10)
    assert np.isnan(found.estimate).all()
    assert found.lower.tolist() == [-1] * 3
    assert found.upper.tolist() == [1] * 3
    empty = Counts(np.zeros(0), np.zeros(0))
    assert sequence(empty, empty, alpha=0.05, horizon=10).lower.shape == (0,)


def test_many_runs_and_two_kinds_are_refused() -> None:
    counts = Counts(np.ones((2, 2)), np.ones((2, 2)))
    with pytest.raises(ValueError, match="one run"):
        sequence(counts, counts, alpha=0.05, horizon=10)
    one = Counts(np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match="compared with sums"):
        sequence(one, Sums(np.ones(2), np.ones(2), np.ones(2)), alpha=0.05, horizon=10)
