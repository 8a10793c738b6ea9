"""How large an effect is bet on: a mixture of a few sizes, tuned to the number of requests after which an answer is
wanted.

Sizes are in standard errors of the difference at that horizon. The smallest is what a test of fixed size with 80 %
power would be planned for, and has most of the weight; each further one is twice as large and is seen four times as
early. The tuning changes how soon a difference is seen, never how often a verdict is wrong. A normal mixture (Robbins
1970) spends its weight around zero, on effects that nobody can see by then, and takes about a tenth more requests.
"""

import math
from enum import IntEnum

import numpy as np

from smendpoints.statistics.counts import Array

SIZES = np.array([2.5, 5.0, 10.0, 20.0, 40.0])
"""Effects in standard errors at the horizon, of shape (sizes,)."""
_DECAY = 0.25
WEIGHTS = _DECAY ** np.arange(len(SIZES)) / np.sum(_DECAY ** np.arange(len(SIZES)))
"""What part of the stake goes to each size; sums to 1."""


class Side(IntEnum):
    """The alternative of a one-sided test: the difference (challenger - control) is above, or below, what the null
    allows.
    """

    ABOVE = 1
    BELOW = -1


def mixed(bets: Array) -> Array:
    """The logarithm of the mixture, (...,), of logarithms for each size, (..., sizes)."""
    return np.asarray(np.logaddexp.reduce(bets + np.log(WEIGHTS), axis=-1))


def threshold(alpha: float) -> float:
    """The logarithm that a test at level `alpha` has to reach: log(1/alpha). Raises ValueError for a level outside of
    (0, 1).
    """
    if not 0 < alpha < 1:
        raise ValueError(f"a level is between 0 and 1, not {alpha}")
    return -math.log(alpha)


def checked(horizon: float) -> float:
    """The horizon in requests of both variants. Raises ValueError unless positive and finite."""
    if not 0 < horizon < math.inf:
        raise ValueError(f"the horizon is a positive number of requests, not {horizon}")
    return float(horizon)
