"""The differences that the evidence leaves possible: a confidence sequence, and the estimate within it.

It is the set of limits that neither one-sided test has rejected so far, each at alpha/2: the chance that it ever
leaves out the true difference is at most alpha, at all looks together. It only shrinks. Where the difference itself
changes on the way it may become empty (lower > upper).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smendpoints.statistics import means, proportions
from smendpoints.statistics.blocks import Blocks
from smendpoints.statistics.counts import Array, Counts, Flags, Sums, both_read
from smendpoints.statistics.means import variance
from smendpoints.statistics.mixture import Side, threshold

_FINER = np.linspace(0, 1, 18)[1:-1]  # within a step of the grid, twice, for the last bounds


@dataclass(frozen=True, eq=False)
class Sequence:
    """After each batch, all of shape (batches,): differences challenger - control, as rates or in the measure's unit.

    estimate: weighted over blocks as Mantel and Haenszel do (Greenland and Robins 1985), so that no change of the
        weights shows as a difference; NaN before the first block.
    lower, upper: the confidence sequence; -1 and 1 (means: infinite) while nothing is excluded.
    """

    estimate: Array
    lower: Array
    upper: Array


def log_evidence(
    control: Counts | Sums,
    challenger: Counts | Sums,
    *,
    null: npt.ArrayLike,
    side: Side,
    horizon: float,
    periods: npt.ArrayLike | None = None,
) -> Array:
    """`proportions.log_evidence` of counts, `means.log_evidence` of sums. Raises ValueError for one of each."""
    if isinstance(control, Counts) and isinstance(challenger, Counts):
        return proportions.log_evidence(control, challenger, null=null, side=side, horizon=horizon, periods=periods)
    if isinstance(control, Sums) and isinstance(challenger, Sums):
        return means.log_evidence(control, challenger, null=null, side=side, horizon=horizon, periods=periods)
    raise ValueError("counts can't be compared with sums")


def sequence(
    control: Counts | Sums,
    challenger: Counts | Sums,
    *,
    alpha: float,
    horizon: float,
    periods: npt.ArrayLike | None = None,
    points: int = 101,
) -> Sequence:
    """The confidence sequence at 1 - alpha of one run, whose arrays have the shape (batches,).

    Bounds lie on a grid of so many `points` around the last estimate, never inside of the exact ones; the last ones
    are sought within its step. The other arguments and the errors are those of `log_evidence`.
    """
    if control.requests.ndim != 1:
        raise ValueError(f"one run of shape (batches,) is needed, not {control.requests.shape}")
    enough = threshold(alpha / 2)
    estimate, error = _estimate(control, challenger, periods)
    exact = isinstance(control, Counts)

    def rejected(limits: Array, side: Side) -> Flags:
        found = log_evidence(control, challenger, null=side * limits, side=side, horizon=horizon, periods=periods)
        return np.asarray(np.maximum.accumulate(found, axis=-1) >= enough)

    def bound(side: Side) -> Array:
        """After each batch the largest limit that is rejected with all below it; BELOW is ABOVE with the signs turned
        round.
        """
        last = estimate[-1] if len(estimate) and np.isfinite(estimate[-1]) else 0.0
        grid = _grid(side * float(last), error, points, exact=exact)
        number = np.logical_and.accumulate(rejected(grid, side), axis=0).sum(axis=0)
        known = np.concatenate([[-1.0 if exact else -np.inf], grid])[number]
        if len(known) and 0 < number[-1] < len(grid):
            low, high = grid[number[-1] - 1], grid[number[-1]]
            for _ in range(2):
                within = low + (high - low) * _FINER
                edges = np.concatenate([[low], within, [high]])
                at = int(np.logical_and.accumulate(rejected(within, side)[:, -1]).sum())
                low, high = edges[at], edges[at + 1]
            known[-1] = low
        return np.asarray(side * known)

    return Sequence(estimate, lower=bound(Side.ABOVE), upper=bound(Side.BELOW))


def _grid(centre: float, error: float, points: int, *, exact: bool) -> Array:
    """Limits around the estimate: dense at a few standard errors, coarse far away; of rates within (-1, 1)."""
    scale = error if error > 0 else 1e-3
    reach = np.arcsinh((2.0 if exact else 1e6 * scale) / scale)
    grid = centre + scale * np.sinh(np.linspace(-reach, reach, points))
    return np.asarray(grid[np.abs(grid) < 1] if exact else grid)


def _estimate(control: Counts | Sums, challenger: Counts | Sums, periods: npt.ArrayLike | None) -> tuple[Array, float]:
    """After each batch, and the standard error after the last."""
    control, challenger = both_read(control, challenger)
    blocks = Blocks.of(control.requests[None], challenger.requests[None], periods)
    n, m = blocks.control, blocks.challenger
    weight = n * m / np.maximum(n + m, 1)
    totals = [blocks.sum(each.total[None]) for each in (control, challenger)]
    difference = totals[1] / np.maximum(m, 1) - totals[0] / np.maximum(n, 1)
    served = np.cumsum(weight, axis=-1)
    mean = np.cumsum(weight * difference, axis=-1) / np.where(served > 0, served, np.nan)
    noise = 0.0
    for each in (control, challenger):
        requests, total, squares = (np.asarray(of.sum()) for of in (each.requests, each.total, each.squares))
        noise += float(variance(requests, total, squares)) / max(float(requests), 1.0)
    return blocks.at_looks(mean, np.nan)[0], noise**0.5
