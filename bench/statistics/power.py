"""How many requests a verdict takes with a chance of 80 %, beside tests that may look once, and beside the normal
mixture.
"""

import math
from collections.abc import Callable, Iterator
from statistics import NormalDist

import numpy as np
from bench.statistics.traffic import Traffic
from scipy import stats

from smendpoints.statistics import planning, proportions
from smendpoints.statistics.counts import Array, Counts
from smendpoints.statistics.mixture import Side, threshold

LEVEL, POWER = 0.025, 0.8
CASES = (
    (0.05, 0.06, 0.5),
    (0.05, 0.075, 0.5),
    (0.05, 0.10, 0.5),
    (0.05, 0.075, 0.1),
    (0.20, 0.23, 0.5),
    (0.20, 0.30, 0.5),
    (0.50, 0.53, 0.5),
    (0.50, 0.60, 0.5),
    (0.50, 0.55, 0.1),
)
RARE = ((0.0001, 0.0003), (0.001, 0.002), (0.001, 0.005), (0.01, 0.015), (0.01, 0.02))
CHUNK = 500


def fixed(rate: float, other: float, share: float) -> float:
    """Requests of both variants that a one-sided z-test at the level needs for its power."""
    n, m = 1 - share, share
    pooled = n * rate + m * other
    border = NormalDist().inv_cdf(1 - LEVEL) * math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    own = NormalDist().inv_cdf(POWER) * math.sqrt(rate * (1 - rate) / n + other * (1 - other) / m)
    return ((border + own) / (other - rate)) ** 2


def conditional(rate: float, other: float) -> float:
    """Requests that the exact test of rare events needs, half of them each: of all events, how many are the
    challenger's (binomial).
    """
    low, high = 1.0, 1e9

    def power(requests: float) -> float:
        mean = requests / 2 * (rate + other)
        events = np.arange(int(stats.poisson.ppf(1e-9, mean)), int(stats.poisson.ppf(1 - 1e-9, mean)) + 1)
        critical = stats.binom.isf(LEVEL, events, 0.5) + 1
        return float(stats.poisson.pmf(events, mean) @ stats.binom.sf(critical - 1, events, other / (rate + other)))

    while high / low > 1.001:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if power(middle) >= POWER else (middle, high)
    return high


def rows(runs: int, rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    """Rates from 5 % on: requests of the z-test; what ours takes, tuned to them, to four times and to sixteen times
    as many; the normal mixture.
    """
    for rate, other, share in CASES:
        once = fixed(rate, other, share)
        batch = max(1, round(once / 200))
        draws = [_draws(rate, other, share, batch, int(2.6 * once / batch), runs, rng)]
        ours = [_ratio(draws, batch, once, _ours(once * times)) for times in (1, 4, 16)]
        normal = _ratio(draws, batch, once, _normal(rate, other, once))
        yield (
            f"{rate:.0%} → {other:.1%}",
            f"{1 - share:.0%}:{share:.0%}",
            f"{once:,.0f}",
            *(f"{each:.2f}" for each in ours),
            f"{normal:.2f}",
        )


def rare_rows(runs: int, rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    """Rare events, beside the exact test that may look once."""
    for rate, other in RARE:
        once = conditional(rate, other)
        batch = max(1, round(once / 200))
        draws = [_draws(rate, other, 0.5, batch, int(3 * once / batch), runs, rng)]
        yield (
            f"{rate:.2%} → {other:.2%}",
            f"{once:,.0f}",
            f"{once / 2 * (rate + other):.0f}",
            f"{_ratio(draws, batch, once, _ours(once)):.2f}",
        )


def planned_rows(runs: int, rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    """What planning says can be seen, and how often it is."""
    for a_minute, minutes, rate, share in (
        (3, 30, 0.01, 0.5),
        (10, 30, 0.01, 0.5),
        (100, 30, 0.01, 0.5),
        (100, 60, 0.01, 0.1),
        (1000, 60, 0.001, 0.5),
        (1000, 60, 0.05, 0.1),
        (10, 60, 0.3, 0.5),
    ):
        requests = a_minute * minutes
        seen = planning.smallest_difference(requests, rate, share=share)
        if seen is None:
            yield f"{a_minute}", f"{minutes}", f"{rate:.1%}", f"{share:.0%}", "none", ""
            continue
        found = _draws(rate, rate + seen, share, a_minute, minutes, runs, rng)
        hits = sum(int((_ours(requests)(*each).max(axis=-1) >= threshold(LEVEL)).sum()) for each in found)
        yield (
            f"{a_minute}",
            f"{minutes}",
            f"{rate:.1%}",
            f"{share:.0%}",
            f"{100 * seen:.2f} points",
            f"{hits / runs:.0%}",
        )


Evidence = Callable[[Counts, Counts], Array]


def _draws(
    rate: float, other: float, share: float, batch: int, looks: int, runs: int, rng: np.random.Generator
) -> list[tuple[Counts, Counts]]:
    traffic = Traffic(rate, other - rate, batch, looks, (share,))
    return [traffic.draw(min(CHUNK, runs - start), rng) for start in range(0, runs, CHUNK)]


def _ratio(draws: list[list[tuple[Counts, Counts]]], batch: int, once: float, evidence: Evidence) -> float:
    """The requests by which 80 % of the runs were decided, over those of the test that looks once."""
    first = []
    for control, challenger in (each for some in draws for each in some):
        reached = evidence(control, challenger) >= threshold(LEVEL)
        first.append(np.where(reached.any(axis=-1), reached.argmax(axis=-1) + 1.0, np.inf))
    return float(np.quantile(np.concatenate(first), POWER, method="higher")) * batch / once


def _ours(horizon: float) -> Evidence:
    return lambda control, challenger: proportions.log_evidence(
        control, challenger, null=0.0, side=Side.ABOVE, horizon=horizon
    )


def _normal(rate: float, other: float, once: float) -> Evidence:
    """Robbins' normal mixture with the true variances, tuned to the horizon; of both sides, as half of alpha goes to
    each.
    """

    def evidence(control: Counts, challenger: Counts) -> Array:
        n, x, m, y = (
            np.cumsum(each, axis=-1)
            for each in (control.requests, control.events, challenger.requests, challenger.events)
        )
        n, m = np.maximum(n, 1), np.maximum(m, 1)
        information = 1 / (rate * (1 - rate) / n + other * (1 - other) / m)
        tuned = 0.12 * once * float(information[0, -1]) / float(n[0, -1] + m[0, -1])
        z = information * (y / m - x / n)
        two_sided = z**2 / (2 * (information + tuned)) - 0.5 * np.log((information + tuned) / tuned)
        return np.asarray(np.where(z > 0, two_sided + math.log(2), 0.0))  # log(1/(2 level)) becomes log(1/level)

    return evidence
