"""Inputs that would show a wrong way to walk trees: random ones, and ones at and next to every threshold."""

import numpy as np
from numpy.typing import NDArray

from sminference.predictors.trees import Floats, Trees


def random_rows(trees: Trees, count: int, seed: int) -> Floats:
    """`count` rows, uniform over the thresholds' range and a tenth of it beyond, shape (count, features)."""
    lower, upper = _range(trees)
    margin = 0.1 * (upper - lower) + 1e-3
    rows: Floats = np.random.default_rng(seed).uniform(lower - margin, upper + margin, (count, trees.n_features))
    return rows


def threshold_rows(trees: Trees, count: int, seed: int) -> Floats:
    """`count` random rows with one feature at a threshold, or the next float64 or float32 below or above it."""
    rng = np.random.default_rng(seed)
    rows = random_rows(trees, count, seed)
    inner = np.flatnonzero(_asks(trees))
    if not len(inner):
        return rows
    chosen = inner[np.arange(count) % len(inner)] if count >= len(inner) else rng.choice(inner, count, replace=False)
    cut = trees.threshold[chosen]
    single = cut.astype(np.float32)
    up, down = np.float32(np.inf), np.float32(-np.inf)
    near = np.stack(
        [
            cut,
            np.nextafter(cut, np.inf),
            np.nextafter(cut, -np.inf),
            single.astype(np.float64),
            np.nextafter(single, up).astype(np.float64),
            np.nextafter(single, down).astype(np.float64),
        ]
    )
    rows[np.arange(count), trees.feature[chosen]] = near[rng.integers(0, len(near), count), np.arange(count)]
    return rows


def _range(trees: Trees) -> tuple[Floats, Floats]:
    inner = _asks(trees)
    lower, upper = np.full(trees.n_features, np.inf), np.full(trees.n_features, -np.inf)
    np.minimum.at(lower, trees.feature[inner], trees.threshold[inner])
    np.maximum.at(upper, trees.feature[inner], trees.threshold[inner])
    unused = lower > upper
    lower[unused], upper[unused] = 0.0, 1.0
    return lower, upper


def _asks(trees: Trees) -> NDArray[np.bool_]:
    """The nodes that compare with a number. Others are leaves, or tell missing values, which never come, from all."""
    asks: NDArray[np.bool_] = (trees.child[::2] != np.arange(len(trees.feature))) & np.isfinite(trees.threshold)
    return asks
