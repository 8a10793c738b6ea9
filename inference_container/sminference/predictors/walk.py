"""Walks the trees: row by row in Python for a row or two, level by level in numpy for some dozens."""

import numpy as np
from numpy.typing import NDArray

from sminference.predictors.trees import Floats, Trees, probabilities, rounded

_BLOCK = 1 << 22  # pairs of row and tree held at once; bounds memory to some 100 MB


class RowWalk:
    """One row after the other through Python lists: no numpy call per node, so it wins for very few rows."""

    method = "row walk"

    def __init__(self, trees: Trees) -> None:
        leaf = trees.child[::2] == np.arange(len(trees.feature))
        self._trees = trees
        self._feature: list[int] = np.where(leaf, -1, trees.feature).tolist()
        self._threshold: list[float] = trees.threshold.tolist()
        self._left: list[int] = trees.child[::2].tolist()
        self._right: list[int] = trees.child[1::2].tolist()
        self._value: list[list[float]] = trees.value.tolist()
        self._roots = list(zip(trees.root.tolist(), trees.column.tolist(), strict=True))

    def __call__(self, X: Floats) -> Floats:
        return probabilities(self._trees, np.array([self._raw(row) for row in rounded(X).tolist()]))

    def _raw(self, row: list[float]) -> list[float]:
        feature, threshold, left, right, value = self._feature, self._threshold, self._left, self._right, self._value
        raw: list[float] = self._trees.initial.tolist()
        whole = self._trees.aggregate == "mean"
        for root, column in self._roots:
            node = root
            while (asked := feature[node]) >= 0:
                node = left[node] if row[asked] <= threshold[node] else right[node]
            if whole:
                for k, share in enumerate(value[node]):
                    raw[k] += share
            else:
                raw[column] += value[node][0]
        return raw


class LevelWalk:
    """All rows and trees one level down at a time."""

    method = "level walk"

    def __init__(self, trees: Trees) -> None:
        self._trees = trees
        _ = trees.steps, trees.depth  # made now, before workers are forked and share them

    def __call__(self, X: Floats) -> Floats:
        block = max(1, _BLOCK // len(self._trees.root))
        if len(X) <= block:
            return self._block(X)
        return np.concatenate([self._block(X[i : i + block]) for i in range(0, len(X), block)])

    def _block(self, X: Floats) -> Floats:
        trees = self._trees
        added = trees.value.take(leaves(trees, rounded(X)), axis=0)  # (trees, rows, K or 1)
        if trees.aggregate != "mean":
            stages = len(trees.root) // trees.n_columns
            added = added.reshape(stages, trees.n_columns, len(X)).transpose(0, 2, 1)
            added[0] += trees.initial
        return probabilities(trees, _sum_in_order(added))


def leaves(trees: Trees, x: Floats) -> NDArray[np.intp]:
    """The leaf that each row of x (as `rounded` gives it) reaches in each tree, shape (trees, rows)."""
    steps = trees.steps
    row = np.arange(len(x)) * x.shape[1]
    flat = np.ascontiguousarray(x).ravel()
    at = np.repeat(steps.root[:, None], len(x), axis=1)
    for _ in range(trees.depth):
        asked = steps.feature.take(at)
        asked += row
        at += flat.take(asked) > steps.threshold.take(at)
        at = steps.child.take(at)
    return at // 2


def _sum_in_order(terms: Floats) -> Floats:
    """Sums over the first axis from first to last; numpy may pair the terms where that axis is the only one."""
    if terms[0].size == 1:
        return np.ascontiguousarray(np.cumsum(terms, axis=0)[-1])
    return np.ascontiguousarray(np.add.reduce(np.ascontiguousarray(terms), axis=0))
