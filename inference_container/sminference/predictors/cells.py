"""A table of all answers: thresholds cut the inputs into cells, and within a cell a tree model is constant.

Models of few features have few enough cells (iris: 557,568 for the forest) to hold every answer in memory. A prediction
is then one binary search per feature and one look-up, whatever the number of trees.
"""

import math
from bisect import bisect_left
from typing import Any

import numpy as np

from sminference.predictors.trees import Floats, Trees, probabilities, rounded

MAX_BYTES = 32 << 20  # of a table, shared by workers that are forked after loading
MAX_ADDITIONS = 300_000_000  # to build one: cells times trees, about a second
_FEW_ROWS = 4


class CellTable:
    """Looks predictions up. Build it with `build`; it costs some 0.2 s for iris."""

    method = "cell table"

    def __init__(self, edges: dict[int, Floats], answers: Floats) -> None:
        """`edges`: the sorted thresholds of each feature that has any; `answers`: per cell, last feature fastest."""
        sizes = [len(edge) + 1 for edge in edges.values()]
        strides = [math.prod(sizes[i + 1 :]) for i in range(len(sizes))]
        self._searched = [(i, edge, stride) for (i, edge), stride in zip(edges.items(), strides, strict=True)]
        self._lists = [(i, edge.tolist(), stride) for i, edge, stride in self._searched]
        self._answers = answers

    def __call__(self, X: Floats) -> Floats:
        if len(X) <= _FEW_ROWS:
            rows = X.astype(np.float32).tolist()
            cells = [sum([bisect_left(edge, row[i]) * stride for i, edge, stride in self._lists]) for row in rows]
            return self._answers[cells]
        x = rounded(X)
        cell = np.zeros(len(x), dtype=np.intp)
        for i, edge, stride in self._searched:
            cell += edge.searchsorted(x[:, i]) * stride
        return self._answers.take(cell, axis=0)


def build(trees: Trees) -> CellTable | None:
    """The table; None when it would take more than MAX_BYTES of memory, or MAX_ADDITIONS to build."""
    inner = trees.child[::2] != np.arange(len(trees.feature))
    edges = {int(i): np.unique(trees.threshold[inner & (trees.feature == i)]) for i in np.unique(trees.feature[inner])}
    cells = math.prod(len(edge) + 1 for edge in edges.values())
    if cells * max(trees.n_columns, 2) * 8 > MAX_BYTES or cells * len(trees.root) > MAX_ADDITIONS:
        return None
    return CellTable(edges, probabilities(trees, _raw_scores(trees, edges)))


def _raw_scores(trees: Trees, edges: dict[int, Floats]) -> Floats:
    """Raw scores of every cell, shape (cells, K): tree by tree, each leaf adds its value to the cells that reach it."""
    sizes = [len(edge) + 1 for edge in edges.values()]
    raw = np.empty((trees.n_columns, *sizes))
    raw[...] = trees.initial.reshape(-1, *[1] * len(sizes))
    axis = {feature: i for i, feature in enumerate(edges)}
    position = np.zeros(len(trees.feature), dtype=np.intp)  # of a node's threshold among its feature's
    for feature, edge in edges.items():
        nodes = np.flatnonzero(trees.feature == feature)
        position[nodes] = edge.searchsorted(trees.threshold[nodes])
    for root, column in zip(trees.root.tolist(), trees.column.tolist(), strict=True):
        pending = [(root, tuple((0, size) for size in sizes))]
        while pending:
            node, box = pending.pop()
            left, right = trees.child[2 * node : 2 * node + 2].tolist()
            if left == node:
                _add(raw, trees, node, column, box)
                continue
            asked, cut = axis[int(trees.feature[node])], int(position[node]) + 1
            low, high = box[asked]
            for child, side in ((left, (low, min(high, cut))), (right, (max(low, cut), high))):
                if side[0] < side[1]:
                    pending.append((child, (*box[:asked], side, *box[asked + 1 :])))
    return np.ascontiguousarray(raw.reshape(trees.n_columns, -1).T)


def _add(raw: Floats, trees: Trees, node: int, column: int, box: tuple[tuple[int, int], ...]) -> None:
    region: tuple[Any, ...] = tuple(slice(low, high) for low, high in box)
    if trees.aggregate != "mean":
        raw[(column, *region)] += trees.value[node, 0]
        return
    for k in np.flatnonzero(trees.value[node]):  # adding 0.0 to a sum that starts at 0.0 changes nothing
        raw[(k, *region)] += trees.value[node, k]
