"""The exact e-process: its expected value by enumeration, its errors and its power by simulation."""

import itertools
import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import pytest

from smendpoints.statistics.blocks import Blocks
from smendpoints.statistics.counts import Array, Counts
from smendpoints.statistics.mixture import Side, threshold
from smendpoints.statistics.proportions import log_evidence, on_the_border


def counts(requests: Sequence[float], events: Array) -> Counts:
    return Counts(np.broadcast_to(np.array(requests, float), events.shape), events)


def binomial(number: int, rate: float) -> list[float]:
    return [math.comb(number, k) * rate**k * (1 - rate) ** (number - k) for k in range(number + 1)]


@pytest.mark.parametrize("null", [-0.3, 0.0, 0.02, 0.5])
@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("horizon", [4, 40, 4000])
@pytest.mark.parametrize(("n", "m"), [((2, 3, 2), (2, 1, 4)), ((5, 0, 3), (1, 2, 3)), ((1, 1, 1), (4, 4, 4))])
def test_its_expected_value_is_never_above_one_at_any_look_under_any_rates_of_the_null(
    null: float, side: Side, horizon: int, n: tuple[int, ...], m: tuple[int, ...]
) -> None:
    """All outcomes of three batches. Rates are others in each block, while the difference stays on the null's border or within."""
    ends = Blocks.of(np.array([n], float), np.array([m], float)).ends[0]
    block = np.cumsum(ends) - ends
    outcomes = np.array(list(itertools.product(*(range(k + 1) for k in (*n, *m)))), float)
    evidence = np.exp(
        log_evidence(counts(n, outcomes[:, :3]), counts(m, outcomes[:, 3:]), null=null, side=side, horizon=horizon)
    )
    rng = np.random.default_rng(4)
    low, high = max(0.0, -null), min(1.0, 1.0 - null)
    for case in range(12):
        inside = 0.0 if case % 2 else rng.uniform(0, 0.2)  # how far within the null
        control = (
            rng.uniform(low, high, 3)[block]
            if case % 3
            else np.full(3, rng.choice([low + 1e-4, high - 1e-4, 0.5 * (low + high)]))
        )
        challenger = np.clip(control + null - side * inside, 0, 1)
        tables = [binomial(k, rate) for k, rate in zip((*n, *m), (*control, *challenger), strict=True)]
        chance = np.array([math.prod(t) for t in itertools.product(*tables)])
        assert chance.sum() == pytest.approx(1.0)
        assert np.all(chance @ evidence <= 1 + 1e-9)


@pytest.mark.parametrize("rate", [0.0001, 0.01, 0.05, 0.5])
@pytest.mark.parametrize(("batch", "looks"), [(1, 400), (100, 100), (10_000, 30)])
@pytest.mark.parametrize("share", [0.5, 0.1])
def test_equals_are_told_apart_no_more_often_than_alpha_with_a_look_after_every_batch(
    rate: float, batch: int, looks: int, share: float
) -> None:
    rng, runs = np.random.default_rng(5), 1000
    m = rng.binomial(batch, share, (runs, looks))
    control, challenger = (Counts(k, rng.binomial(k, rate)) for k in (batch - m, m))
    wrong = sum(
        (
            log_evidence(control, challenger, null=0.0, side=side, horizon=batch * looks / 2).max(axis=-1)
            >= threshold(0.025)
        )
        for side in Side
    )
    assert np.mean(wrong > 0) <= 0.05


@pytest.mark.parametrize("margin", [0.005, -0.02])
def test_a_margin_is_crossed_no_more_often_than_alpha(margin: float) -> None:
    rng, runs, looks = np.random.default_rng(6), 2000, 60
    n = np.full((runs, looks), 200)
    control, challenger = Counts(n, rng.binomial(n, 0.03)), Counts(n, rng.binomial(n, 0.03 + margin))
    for side in Side:
        found = log_evidence(control, challenger, null=margin, side=side, horizon=10_000).max(axis=-1)
        assert np.mean(found >= threshold(0.05)) <= 0.05


def test_a_change_of_the_weights_while_rates_rise_is_no_difference() -> None:
    """Simpson's paradox: all the challenger's traffic comes while both are bad. What adds up all counts is wrong nearly always."""
    rng, runs = np.random.default_rng(7), 500
    rate, share = np.repeat([0.02, 0.06], 30), np.repeat([0.05, 0.5], 30)
    m = rng.binomial(300, share, (runs, 60))
    control, challenger = (Counts(k, rng.binomial(k, rate)) for k in (300 - m, m))
    found = log_evidence(control, challenger, null=0.0, side=Side.ABOVE, horizon=18_000, periods=np.repeat([0, 1], 30))
    assert np.mean(found.max(axis=-1) >= threshold(0.05)) <= 0.05
    n, x, m_, y = (
        each.sum(axis=-1) for each in (control.requests, control.events, challenger.requests, challenger.events)
    )
    pooled = (x + y) / (n + m_)
    z = (y / m_ - x / n) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m_))
    assert np.mean(z > 1.645) > 0.9


@pytest.mark.parametrize(("rate", "other"), [(0.05, 0.06), (0.05, 0.10), (0.5, 0.54)])
def test_eighty_percent_power_takes_at_most_1_7_times_the_requests_of_the_test_that_looks_once(
    rate: float, other: float
) -> None:
    pooled = (rate + other) / 2
    border = NormalDist().inv_cdf(0.975) * math.sqrt(4 * pooled * (1 - pooled))
    own = NormalDist().inv_cdf(0.8) * math.sqrt(2 * rate * (1 - rate) + 2 * other * (1 - other))
    once = ((border + own) / (other - rate)) ** 2
    rng, runs = np.random.default_rng(8), 1000
    batch = max(2, round(once / 200))
    m = rng.binomial(batch, 0.5, (runs, int(1.7 * once / batch)))
    control, challenger = Counts(batch - m, rng.binomial(batch - m, rate)), Counts(m, rng.binomial(m, other))
    found = log_evidence(control, challenger, null=0.0, side=Side.ABOVE, horizon=once)
    assert np.mean(found.max(axis=-1) >= threshold(0.025)) >= 0.8


def test_both_sides_are_one_another_with_the_variants_changed_over() -> None:
    rng = np.random.default_rng(9)
    n, m = rng.poisson(30, (2, 20)), rng.poisson(10, (2, 20))
    control, challenger = Counts(n, rng.binomial(n, 0.1)), Counts(m, rng.binomial(m, 0.2))
    one = log_evidence(control, challenger, null=0.04, side=Side.ABOVE, horizon=500)
    other = log_evidence(challenger, control, null=-0.04, side=Side.BELOW, horizon=500)
    np.testing.assert_allclose(one, other, atol=1e-9)


def test_it_falls_as_the_limit_rises() -> None:
    """So whatever is rejected below the truth is no surprise, and the rejected limits make an interval's end."""
    rng = np.random.default_rng(10)
    n = np.full((30, 40), 50)
    control, challenger = Counts(n, rng.binomial(n, 0.1)), Counts(n, rng.binomial(n, 0.15))
    found = log_evidence(control, challenger, null=np.linspace(-0.1, 0.15, 26), side=Side.ABOVE, horizon=4000)
    assert np.all(np.diff(found[:, :, -1], axis=0) < 1e-9)


def test_one_run_and_many_and_one_limit_and_many_give_the_same() -> None:
    rng = np.random.default_rng(11)
    n = rng.poisson(20, (2, 3, 15))
    control, challenger = Counts(n, rng.binomial(n, 0.3)), Counts(n, rng.binomial(n, 0.4))
    limits = np.array([[-0.1, 0.0], [0.05, 0.2]])
    found = log_evidence(control, challenger, null=limits, side=Side.ABOVE, horizon=300)
    assert found.shape == (2, 2, 2, 3, 15)
    alone = log_evidence(
        Counts(n[1, 2], control.events[1, 2]),
        Counts(n[1, 2], challenger.events[1, 2]),
        null=0.05,
        side=Side.ABOVE,
        horizon=300,
    )
    np.testing.assert_allclose(found[1, 0, 1, 2], alone)


def test_nothing_counted_is_no_evidence() -> None:
    empty = Counts(np.zeros(0), np.zeros(0))
    assert log_evidence(empty, empty, null=0.0, side=Side.ABOVE, horizon=10).shape == (0,)
    alone, none = Counts(np.full(5, 100), np.full(5, 50)), Counts(np.zeros(5), np.zeros(5))
    assert not log_evidence(alone, none, null=0.0, side=Side.BELOW, horizon=10).any()


@pytest.mark.parametrize("arguments", [{"null": 1.0}, {"null": -1.0}, {"horizon": 0}, {"horizon": math.inf}])
def test_what_cannot_be_tested_is_refused(arguments: dict[str, float]) -> None:
    some = Counts(np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match=r"."):
        log_evidence(some, some, side=Side.ABOVE, **{"null": 0.0, "horizon": 10.0, **arguments})


@pytest.mark.parametrize("null", [-0.9, -0.02, 0.0, 0.001, 0.3])
def test_the_rate_on_the_border_is_the_likeliest(null: float) -> None:
    rng = np.random.default_rng(12)
    low, high = max(0.0, -null), min(1.0, 1.0 - null)
    rates = np.linspace(low, high, 20_001)[1:-1]
    for _ in range(20):
        n, m = rng.integers(1, 5000, 2)
        x, y = rng.integers(0, n + 1), rng.integers(0, m + 1)
        found = on_the_border(*(np.array(float(k)) for k in (n, m, x, y)), np.array(null))  # type: ignore[call-arg]
        half = (low + high) / 2
        likely = (
            (x + half) * np.log(rates)
            + (n + 1 - x - half) * np.log1p(-rates)
            + (y + half + null) * np.log(rates + null)
            + (m + 1 - y - half - null) * np.log1p(-rates - null)
        )
        assert abs(found - rates[likely.argmax()]) < 2 * (high - low) / 20_000
