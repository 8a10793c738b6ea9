"""Two rates compared: an exact e-process for each limit of their difference.

A block of n requests of the control and m of the challenger is one bet. With rates θ of both on the border of the
null hypothesis (θ_B = θ_A + δ), each outcome y ∈ {0, 1} multiplies the evidence by 1 + c·(y - θ) of its variant,
where n·c_A + m·c_B = 0. Under rates p_A, p_B its expected value is (1 + c_A(p_A-θ_A))^n (1 + c_B(p_B-θ_B))^m ≤ (1 +
(n·c_A(p_A-θ_A) + m·c_B(p_B-θ_B))/(n+m))^(n+m), as a geometric mean is no larger than an arithmetic one, and the
bracket is 1 + m·c_B((p_B-p_A) - δ)/(n+m), at most 1 where c_B > 0 and p_B - p_A ≤ δ. Nothing in it is asymptotic, and
the rates may be others in each block: only the difference is tested. Within a block they are taken as constant.
The c are those of a likelihood ratio against the null's reverse information projection.

Papers: R. J. Turner, A. Ly, P. Grünwald, "Generic E-variables for exact sequential k-sample tests that allow for
optional stopping" (2021, arXiv:2106.02693); R. J. Turner, P. Grünwald, "Exact anytime-valid confidence intervals for
contingency tables and beyond" (2023, arXiv:2203.09785). The rates on the border: O. Miettinen, M. Nurminen,
"Comparative analysis of two rates" (1985).
"""

import math

import numpy as np
import numpy.typing as npt

from smendpoints.statistics.blocks import Blocks
from smendpoints.statistics.counts import Array, Counts, both_read
from smendpoints.statistics.mixture import SIZES, Side, checked, mixed

_LARGEST_BET = 0.95  # of what would lose everything at one outcome
_GUESSES = (
    np.sin((np.arange(6) + 0.5) * np.pi / 12) ** 2
)  # of a rate that nothing is known of: even in the arcsine's scale
_INSIDE = 1e-9  # how near to 0 and 1 a rate on the border may come


def log_evidence(
    control: Counts,
    challenger: Counts,
    *,
    null: npt.ArrayLike,
    side: Side,
    horizon: float,
    periods: npt.ArrayLike | None = None,
) -> Array:
    """The logarithm of the evidence against a limit of the difference of rates, after each batch.

    ABOVE tests "challenger - control ≤ null", BELOW "≥ null". It may be looked at after every batch; the null is
    rejected at level alpha from the first time on at which it reaches log(1/alpha): take the running maximum.

    Args:
        control: of shape (..., batches); what is missing on one side counts on neither.
        challenger: of the same shape.
        null: differences of rates between -1 and 1 (0.01 is one percentage point), of any shape (...nulls).
        side: where the alternative lies.
        horizon: requests of both variants together at which the test shall be most sensitive; valid whatever it is.
        periods: (batches,), a number that changes whenever the weights do.

    Returns: of shape (...nulls, ..., batches).
    Raises ValueError for a null outside of (-1, 1), for shapes that do not fit, and for a horizon that is not positive.
    """
    limits = np.asarray(null, float)
    if np.any(np.abs(limits) >= 1):
        raise ValueError("a difference of two rates is tested between -1 and 1")
    control, challenger = both_read(control, challenger)
    shape = control.requests.shape
    n, m, x, y = (
        each.reshape(math.prod(shape[:-1]), shape[-1])
        for each in (control.requests, challenger.requests, control.events, challenger.events)
    )
    blocks = Blocks.of(n, m, periods)
    evidence = _evidence(
        (blocks.control, blocks.challenger, blocks.sum(x), blocks.sum(y)),
        limits.reshape(-1, 1, 1),
        side * SIZES / np.sqrt(checked(horizon)),
    )
    return blocks.at_looks(evidence, 0.0).reshape(*limits.shape, *shape)


def _evidence(block: tuple[Array, Array, Array, Array], null: Array, effects: Array) -> Array:
    """After each block, of shape (nulls, R, blocks); `effects` in standard deviations of the difference for one
    request of each pair.
    """
    past = [np.cumsum(each, axis=-1) - each for each in block]
    theta = on_the_border(past[0], past[1], past[2], past[3], null)
    bets = _bet(block, theta, theta + null, effects)
    if bets.shape[-2]:
        first = tuple(each[:, :1] for each in block)
        low, high = np.maximum(0.0, -null), np.minimum(1.0, 1.0 - null)
        guesses = [
            _bet(first, low + (high - low) * guess, null + low + (high - low) * guess, effects) for guess in _GUESSES
        ]
        bets[..., :1, :] = np.logaddexp.reduce(guesses, axis=0) - np.log(len(guesses))
    return mixed(np.cumsum(bets, axis=-2))


def _bet(block: tuple[Array, ...], theta: Array, other: Array, effects: Array) -> Array:
    """What each block multiplies the evidence by, as a logarithm, for each size of effect: (nulls, R, blocks,
    sizes).
    """
    n, m, x, y = (each[..., None] for each in block)
    theta, other = theta[..., None], other[..., None]
    played = n * m > 0
    n_, m_ = np.where(played, n, 1.0), np.where(played, m, 1.0)
    variance = theta * (1 - theta) / n_ + other * (1 - other) / m_
    effect = effects * np.sqrt(variance * (n_ + m_))
    a, b = -effect / (n_ * variance), effect / (m_ * variance)
    stake = np.maximum(np.maximum(a * theta, -a * (1 - theta)), np.maximum(b * other, -b * (1 - other)))
    scale = np.minimum(1.0, _LARGEST_BET / stake)
    a, b = a * scale, b * scale
    won = (
        x * np.log1p(a * (1 - theta))
        + (n - x) * np.log1p(-a * theta)
        + y * np.log1p(b * (1 - other))
        + (m - y) * np.log1p(-b * other)
    )
    return np.where(played, won, 0.0)


def on_the_border(n: Array, m: Array, x: Array, y: Array, null: Array) -> Array:
    """The control's likeliest rate if the challenger's is `null` higher, from x of n and y of m events, and one
    request of each beside them.

    The root of a cubic (Miettinen and Nurminen 1985, appendix). Shapes are broadcast. It lies inside of (0, 1), as
    does the rate + null.
    """
    low, high = np.maximum(0.0, -null), np.minimum(1.0, 1.0 - null)
    middle = (low + high) / 2
    x, n, y, m = x + middle, n + 1, y + middle + null, m + 1
    total, events = n + m, x + y
    second = (m + 2 * n) * null - total - events
    first = (n * null - total - 2 * x) * null + events
    zeroth = x * null * (1 - null)
    shift = second / (3 * total)
    q = shift**3 - first * second / (6 * total**2) + zeroth / (2 * total)
    p = np.where(q < 0, -1.0, 1.0) * np.sqrt(np.maximum(shift**2 - first / (3 * total), 1e-300))
    angle = (np.pi + np.arccos(np.clip(q / p**3, -1.0, 1.0))) / 3
    inside = _INSIDE * (high - low)
    return np.asarray(np.clip(2 * p * np.cos(angle) - shift, low + inside, high - inside))
