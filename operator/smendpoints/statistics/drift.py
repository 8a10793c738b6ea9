"""How far what a model is asked has moved from what it was trained on: the population stability index, by feature.

Bins are tenths of the training data, made of the deciles that a packed model has. The inference container computes the
same index of what each of its processes saw (`sminference.drift`), and shares no code with this package, as its image
holds neither; a test compares the two. By common use below 0.1 means no change, and above 0.25 a large one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smendpoints.statistics.counts import Array

TENTHS = 10
LEAST_ROWS = 200
"""Below these the stability index says nothing: few rows give a large one by chance."""
SMALLEST_SHARE = 1e-4
"""In place of an empty bin, which would make the index infinite."""


@dataclass(frozen=True, eq=False)
class Bins:
    """Bins of a feature: the `edges` between them, rising, of shape (bins - 1,); `expected` of shape (bins,) is the
    share of the training data in each.
    """

    edges: Array
    expected: Array

    @classmethod
    def of_deciles(cls, deciles: Sequence[float]) -> "Bins | None":
        """From 11 values, smallest to largest; None where they are no deciles.

        Where deciles are equal, as discrete features have them, the bins are fewer; the rank of such an edge is the
        middle of its run.
        """
        found = np.asarray(deciles, float)
        if found.shape != (TENTHS + 1,) or not np.all(np.isfinite(found)) or np.any(np.diff(found) < 0):
            return None
        edges = np.unique(found[1:-1])
        ranks = (np.searchsorted(found, edges) + np.searchsorted(found, edges, side="right") - 1) / 2
        return cls(edges, np.diff([0, *ranks, TENTHS]) / TENTHS)

    def count(self, values: npt.ArrayLike) -> Array:
        """Values of shape (rows,) in each bin, of shape (bins,): one on an edge is half in each of its neighbours, and
        one that is missing (NaN) nowhere.
        """
        present = np.asarray(values, float)
        present = present[~np.isnan(present)]
        sides = [np.searchsorted(self.edges, present, side=side) for side in ("left", "right")]
        return np.asarray(sum(np.bincount(each, minlength=len(self.expected)) for each in sides) / 2.0)


def stability_index(seen: npt.ArrayLike, expected: npt.ArrayLike) -> float | None:
    """The population stability index of rows in bins against expected shares, both (bins,); None below `LEAST_ROWS`.

    Raises ValueError for different bins.
    """
    rows, wanted = np.asarray(seen, float), np.asarray(expected, float)
    if rows.shape != wanted.shape or rows.ndim != 1:
        raise ValueError(f"bins differ: {rows.shape} and {wanted.shape}")
    if rows.sum() < LEAST_ROWS:
        return None
    share = np.maximum(rows / rows.sum(), SMALLEST_SHARE)
    wanted = np.maximum(wanted, SMALLEST_SHARE)
    return float(np.sum((share - wanted) * np.log(share / wanted)))
