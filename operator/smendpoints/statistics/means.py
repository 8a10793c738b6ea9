"""Two means compared: an asymptotic e-process for each limit of their difference.

Each block gives a difference of means d with the variance V = s_A²/n + s_B²/m, where s² are estimated from the blocks
before it. For an effect ε over the null δ it adds ε(d - δ)/V - ε²/2V to the logarithm: the likelihood ratio of a
normal variable. That is an e-process in the limit of many requests before the first look, whatever the distribution
with a finite variance; for few requests of a skewed measure (latencies, revenue) it is not. So nothing is concluded
before each variant has `BURN_IN` requests whose measure is not zero: of a thousand visitors ten may buy. Where an
outcome is yes or no (slower than a limit or not), `proportions` is exact and to be preferred.

Paper: I. Waudby-Smith, D. Arbour, R. Sinha, E. H. Kennedy, A. Ramdas, "Time-uniform central limit theory and
asymptotic confidence sequences" (Annals of Statistics 2024, arXiv:2103.06476), with a mixture of a few effects in
place of their normal one.
"""

import math

import numpy as np
import numpy.typing as npt

from smendpoints.statistics.blocks import Blocks
from smendpoints.statistics.counts import Array, Sums, both_read
from smendpoints.statistics.mixture import SIZES, Side, checked, mixed

BURN_IN = 100
"""Requests of each variant whose measure is not zero before the first look: what "asymptotic" starts from."""


def log_evidence(
    control: Sums,
    challenger: Sums,
    *,
    null: npt.ArrayLike,
    side: Side,
    horizon: float,
    periods: npt.ArrayLike | None = None,
    burn_in: float = BURN_IN,
) -> Array:
    """The logarithm of the evidence against a limit of the difference of means, after each batch.

    As `proportions.log_evidence`, but `null` is any difference in the measure's unit, and the chance of a false
    rejection is at most alpha in the limit of a long `burn_in` (requests of each variant whose measure is not zero,
    before anything is concluded; they count from then on). A measure that never varies gives no evidence.

    Returns: of shape (...nulls, ..., batches).
    Raises ValueError for shapes that do not fit, and for a horizon that is not positive.
    """
    limits = np.asarray(null, float)
    control, challenger = both_read(control, challenger)
    shape = control.requests.shape
    a, b = (
        [each.reshape(math.prod(shape[:-1]), shape[-1]) for each in (arm.requests, arm.total, arm.squares)]
        for arm in (control, challenger)
    )
    blocks = Blocks.of(a[0], b[0], periods, least=burn_in)
    evidence = _evidence(
        [blocks.sum(each) for each in a],
        [blocks.sum(each) for each in b],
        limits.reshape(-1, 1, 1),
        side * SIZES / np.sqrt(checked(horizon)),
    )
    known = blocks.at_looks(evidence, 0.0).reshape(*limits.shape, *shape)
    # Fewer looks than there might be: that makes no test less valid.
    measured = np.minimum(*(np.cumsum(arm.measured, axis=-1) for arm in (control, challenger)))
    return np.asarray(np.where(measured >= burn_in, known, 0.0))


def variance(requests: Array, total: Array, squares: Array) -> Array:
    """The unbiased variance, zero where it needs more requests; shapes are broadcast."""
    spread = squares - total * total / np.maximum(requests, 1)
    return np.asarray(np.maximum(spread, 0.0) / np.maximum(requests - 1, 1))


def _evidence(a: list[Array], b: list[Array], null: Array, effects: Array) -> Array:
    n, m = a[0], b[0]
    noise = _so_far(a) / np.maximum(n, 1) + _so_far(b) / np.maximum(m, 1)
    played = (n * m > 0) & (noise > 0)
    noise = np.where(played, noise, 1.0)
    difference = b[1] / np.maximum(m, 1) - a[1] / np.maximum(n, 1) - null
    effect = effects * np.sqrt(noise * (n + m))[..., None]
    won = (effect * difference[..., None] - effect**2 / 2) / noise[..., None]
    return mixed(np.cumsum(np.where(played[..., None], won, 0.0), axis=-2))


def _so_far(arm: list[Array]) -> Array:
    """The variance of one request, from all blocks up to this one."""
    requests, total, squares = (np.cumsum(each, axis=-1) for each in arm)
    return variance(requests, total, squares)
