"""Means: the asymptotic test keeps its error on skewed latencies, sees what is there, and knows no units."""

import numpy as np
import pytest

from smendpoints.statistics.counts import Array, Sums
from smendpoints.statistics.means import BURN_IN, log_evidence, variance
from smendpoints.statistics.mixture import Side, threshold


def latencies(
    rng: np.random.Generator, runs: int, looks: int, batch: int, spread: float = 1.0, scale: float = 20.0
) -> Sums:
    values = scale * rng.lognormal(0.0, spread, (runs, looks, batch))
    return Sums(np.full((runs, looks), batch), values.sum(axis=-1), (values**2).sum(axis=-1))


@pytest.mark.parametrize("spread", [0.5, 1.0])
def test_equals_are_told_apart_no_more_often_than_alpha(spread: float) -> None:
    rng = np.random.default_rng(1)
    one, other = latencies(rng, 600, 100, 20, spread), latencies(rng, 600, 100, 20, spread)
    wrong = [
        log_evidence(one, other, null=0.0, side=side, horizon=2000).max(axis=-1) >= threshold(0.025) for side in Side
    ]
    assert np.mean(np.logical_or(*wrong)) <= 0.05


def revenue(rng: np.random.Generator, runs: int, looks: int, batch: int, buyers: float, spread: float) -> Sums:
    """What visitors spend: most of them nothing."""
    spent = rng.lognormal(3.0, spread, (runs, looks, batch))
    values = np.where(rng.random(spent.shape) < buyers, spent, 0.0)
    return Sums(np.full((runs, looks), batch), values.sum(axis=-1), (values**2).sum(axis=-1), (values > 0).sum(axis=-1))


@pytest.mark.parametrize(("buyers", "spread"), [(0.02, 0.5), (0.02, 1.0), (0.1, 1.0)])
def test_equals_of_whom_few_buy_are_told_apart_no_more_often_than_alpha(buyers: float, spread: float) -> None:
    rng = np.random.default_rng(7)
    one, other = (revenue(rng, 500, 80, 200, buyers, spread) for _ in range(2))
    found = [log_evidence(one, other, null=0.0, side=side, horizon=30_000) for side in Side]
    wrong = [each.max(axis=-1) >= threshold(0.025) for each in found]
    assert np.mean(np.logical_or(*wrong)) <= 0.05
    bought = np.minimum(one.measured.cumsum(axis=-1), other.measured.cumsum(axis=-1))
    assert not any(each[bought < BURN_IN].any() for each in found), "nothing is said before a hundred of each bought"
    assert all(each[bought >= BURN_IN].any() for each in found)


def test_a_difference_is_seen_and_a_margin_above_it_is_not_crossed() -> None:
    rng = np.random.default_rng(2)
    one, other = latencies(rng, 300, 100, 20, 0.5), latencies(rng, 300, 100, 20, 0.5, 22.0)
    mean = np.exp(0.125) * 2  # of the difference, in milliseconds
    seen = log_evidence(one, other, null=0.0, side=Side.ABOVE, horizon=2000).max(axis=-1) >= threshold(0.025)
    assert seen.mean() > 0.9
    over = log_evidence(one, other, null=mean, side=Side.ABOVE, horizon=2000).max(axis=-1) >= threshold(0.025)
    assert over.mean() <= 0.025


def test_the_unit_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    one, other = latencies(rng, 2, 30, 20), latencies(rng, 2, 30, 20)

    def thousandfold(arm: Sums) -> Sums:
        return Sums(arm.requests, arm.total * 1000, arm.squares * 1e6)

    first = log_evidence(one, other, null=0.5, side=Side.BELOW, horizon=500)
    second = log_evidence(thousandfold(one), thousandfold(other), null=500, side=Side.BELOW, horizon=500)
    np.testing.assert_allclose(first, second, rtol=1e-6)


def test_nothing_is_concluded_before_the_burn_in_nor_from_what_never_varies() -> None:
    rng = np.random.default_rng(4)
    one, other = latencies(rng, 1, 30, 10), latencies(rng, 1, 30, 10, scale=400.0)
    found = log_evidence(one, other, null=0.0, side=Side.ABOVE, horizon=100, burn_in=100)[0]
    assert not found[:9].any()
    assert found[-1] > threshold(0.001)
    constant = Sums(np.full(30, 10), np.full(30, 50), np.full(30, 250))
    np.testing.assert_allclose(log_evidence(constant, constant, null=1.0, side=Side.BELOW, horizon=100), 0, atol=1e-12)


def test_a_variance_is_that_of_its_values() -> None:
    values: Array = np.random.default_rng(5).normal(3, 2, 50)
    found = variance(np.array(50.0), np.array(values.sum()), np.array((values**2).sum()))
    assert found == pytest.approx(values.var(ddof=1))
    assert variance(np.array(1.0), np.array(4.0), np.array(16.0)) == 0
