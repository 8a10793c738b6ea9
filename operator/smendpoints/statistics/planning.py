"""What so many requests can show, told before they are spent.

Power is that of the mixture in the limit of many requests, where the evidence is a function of a Brownian motion with
a drift: the chance that it crosses its threshold by the horizon. It is computed by recursion over looks (P. Armitage,
C. K. McPherson, B. C. Rowe, "Repeated significance tests on accumulating data", JRSS A 1969). For few events (less
than ten or so in the whole) it is a guide only; docs/statistics.md has the power that was measured at what is planned
here.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from smendpoints.statistics.counts import Array
from smendpoints.statistics.mixture import SIZES, Side, mixed, threshold
from smendpoints.statistics.proportions import on_the_border

_LOOKS = np.geomspace(0.01, 1.0, 48)
_GRID = 400
_STRONGEST = 12.0  # standard errors at the horizon: nothing that one plans for is as plain


def smallest_difference(
    requests: float,
    rate: float,
    *,
    share: float = 0.5,
    level: float = 0.025,
    power: float = 0.8,
    margin: float = 0.0,
    side: Side = Side.ABOVE,
) -> float | None:
    """The smallest difference of rates (challenger - control) that a test of so many requests sees.

    Args:
        requests: of both variants together; also the test's horizon.
        rate: the control's, between 0 and 1.
        share: what part of the requests the challenger serves, within (0, 1).
        level: of the one-sided test: alpha/2, divided by the number of metrics where `verdict.Rules` does so.
        power: the chance to see it by then.
        margin: the null: a difference up to it need not be seen; in the same unit and direction, not negative.
        side: ABOVE for rises, BELOW for falls.

    Returns: a difference, positive or negative as `side` says; None if none that is possible could be seen.
    Raises ValueError for arguments outside of their bounds.
    """
    if not (requests > 0 and 0 <= rate <= 1 and 0 < share < 1 and margin >= 0):
        raise ValueError(
            f"no plan for {requests} requests at a rate of {rate}, a share of {share} and a margin of {margin}"
        )
    needed = standard_errors(level, power), NormalDist().inv_cdf(power)
    possible = 1 - rate if side == Side.ABOVE else rate

    def seen(difference: float) -> bool:
        return _least(needed, requests, rate, share, side * difference, side * margin) <= difference - margin

    low, high = margin, possible
    if high <= low or not seen(high):
        return None
    return side * _least_that(seen, low, high)


def requests_needed(
    difference: float,
    rate: float,
    *,
    share: float = 0.5,
    level: float = 0.025,
    power: float = 0.8,
    margin: float = 0.0,
) -> int | None:
    """How many requests of both variants show a difference of rates; the converse of `smallest_difference`.

    `difference` and `margin` (the null) have a sign. For non-inferiority ask for the difference that is hoped for: of
    errors, `difference=0, margin=0.01` is what shows that the challenger is not a point worse if it is no worse at
    all.

    Returns None if the difference lies on the null or the challenger's rate would be outside of [0, 1].
    Raises ValueError for arguments outside of their bounds.
    """
    if not (0 <= rate <= 1 and 0 < share < 1 and abs(margin) < 1):
        raise ValueError(f"no plan for a rate of {rate}, a share of {share} and a margin of {margin}")
    if difference == margin or not 0 <= rate + difference <= 1:
        return None
    needed = standard_errors(level, power), NormalDist().inv_cdf(power)
    many = 1e9
    return math.ceil(many * (_least(needed, many, rate, share, difference, margin) / abs(difference - margin)) ** 2)


def _least(
    needed: tuple[float, float], requests: float, rate: float, share: float, difference: float, null: float
) -> float:
    """How far from the null a difference has to be: up to the threshold by the variance on the null's border, beyond
    it by its own.
    """
    drift, quantile = needed
    n, m = requests * (1 - share), requests * share
    challenger = rate + difference
    n_, m_, x, y, border = (np.array(each) for each in (n, m, n * rate, m * challenger, null))
    theta = float(on_the_border(n_, m_, x, y, border))
    other = theta + null
    error = math.sqrt(theta * (1 - theta) / n + other * (1 - other) / m)
    own = math.sqrt(rate * (1 - rate) / n + challenger * (1 - challenger) / m)
    return (drift - quantile) * error + quantile * own


def standard_errors(level: float, power: float) -> float:
    """The drift, in standard errors at the horizon, that a one-sided test at `level` sees by then with the chance
    `power`.

    A test of fixed size needs z(1-level) + z(power). Raises ValueError for levels or powers outside of (0, 1).
    """
    if not 0 < power < 1:
        raise ValueError(f"a power is between 0 and 1, not {power}")
    x, density = _not_crossed(level)

    def enough(drift: float) -> bool:
        return 1 - float(np.sum(density * np.exp(drift * x - drift**2 / 2))) >= power

    return _least_that(enough, 0.0, _STRONGEST)


@lru_cache(maxsize=64)
def _not_crossed(level: float) -> tuple[Array, Array]:
    """Where a Brownian motion without a drift is at the horizon if it never crossed: places and masses. A drift only
    weighs them anew.
    """
    enough = threshold(level)
    x, mass, before = np.zeros(1), np.ones(1), 0.0
    for time in _LOOKS:
        edge = _edge(float(time), enough)
        wide = 7 * math.sqrt(time)
        edges = np.linspace(-wide, min(edge, _STRONGEST * time + wide), _GRID + 1)
        places = (edges[1:] + edges[:-1]) / 2
        step = time - before
        spread = np.exp(-((places[:, None] - x) ** 2) / (2 * step)) / math.sqrt(2 * math.pi * step)
        x, mass, before = places, spread @ mass * (edges[1] - edges[0]), float(time)
    return x, mass


def _edge(time: float, enough: float) -> float:
    """Where the motion has to be for the mixture to reach its threshold."""

    def crossed(place: float) -> bool:
        return float(mixed(SIZES * place - SIZES**2 * time / 2)) >= enough

    return _least_that(crossed, 0.0, 100.0)


def _least_that(does: Callable[[float], bool], low: float, high: float) -> float:
    """The least number that does, by bisection: all above it do, too, and `high` does."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if does(middle) else (middle, high)
    return high
