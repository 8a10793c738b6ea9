"""Exact Shapley values of tree models, in numpy, for any number of features.

The game is that of TreeSHAP (path-dependent): a tree's value for a set of known features is its expectation when every
split on an unknown feature is taken both ways, weighed by training cover. For one leaf that is a product over the
features on its path, each factor being 1 or 0 (known: the row does or does not pass) or its share of cover (unknown).
The Shapley value of a product game is the integral over t in [0, 1] of

    (o_i - z_i) * product over j != i of (z_j + (o_j - z_j) t)

with o the known and z the unknown factors: a polynomial in t, which Gauss-Legendre nodes integrate without error. A
row's values are the sum over all leaves, each times what the leaf adds to the raw score.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sminference.predictors.trees import Floats, Trees, rounded

_BLOCK = 1 << 18  # floats of one array held at once, of which there are some ten
_TABLE = 1 << 20  # floats of a table kept for short paths


@dataclass(frozen=True)
class ShapleyValues:
    """Shapley values of the raw score (forests: of the probability itself); tables are made at the first call."""

    trees: Trees

    @property
    def link(self) -> str:
        """What turns base value plus Shapley values into probabilities."""
        return {"mean": "identity", "softmax": "softmax", "expit": "logistic"}[self.trees.aggregate]

    @cached_property
    def base(self) -> Floats:
        """Expected raw score over the training data, shape (K,)."""
        paths = self._paths
        base: Floats = self.trees.initial + paths.share.prod(axis=1) @ paths.value
        return base

    def __call__(self, X: Floats) -> Floats:
        """Shapley values for X, shape (rows, K, features); with `base` they add up to the raw scores."""
        paths = self._paths
        block = max(1, _BLOCK // (paths.feature.size * len(paths.weights)))
        x = rounded(X)
        return np.concatenate([self._block(x[i : i + block]) for i in range(0, len(x), block)])

    def _block(self, x: Floats) -> Floats:
        paths = self._paths
        seen = x[:, paths.feature]
        passes = (seen > paths.lower) & (seen <= paths.upper)  # (rows, leaves, depth)
        if self._table is None:
            flat = _shares(paths, passes).reshape(len(x), -1)
        else:
            pattern = passes @ (1 << np.arange(passes.shape[2]))
            flat = self._table[pattern, np.arange(passes.shape[1])].reshape(len(x), -1)
        values = np.zeros((len(x), self.trees.n_columns, self.trees.n_features))
        for feature, entries, added in paths.by_feature:
            values[:, :, feature] = flat[:, entries] @ added
        return values

    @cached_property
    def _table(self) -> Floats | None:
        """Shares for every pattern of passing or not, (patterns, leaves, depth), where paths are short enough."""
        leaves, depth = self._paths.feature.shape
        if leaves * depth << depth > _TABLE:
            return None
        patterns = (np.arange(1 << depth)[:, None] >> np.arange(depth) & 1).astype(bool)
        return _shares(self._paths, np.repeat(patterns[:, None, :], leaves, axis=1))

    @cached_property
    def _paths(self) -> "_Paths":
        return _paths(self.trees)


@dataclass(frozen=True)
class _Paths:
    """For L leaves whose paths hold at most D features: the interval of each feature that leads there, padded to D.

    `feature`, `lower` (exclusive), `upper` (inclusive), `share`: (L, D); `value`: (L, K). `if_passes` and `if_not` hold
    the factor at each node of the integral, (nodes, L, D). `by_feature`: feature, positions in (L, D), values there.
    """

    feature: NDArray[np.intp]
    lower: Floats
    upper: Floats
    share: Floats
    value: Floats
    if_passes: Floats
    if_not: Floats
    weights: Floats
    by_feature: list[tuple[int, NDArray[np.intp], Floats]]


def _shares(paths: _Paths, passes: NDArray[np.bool_]) -> Floats:
    """Shapley values of the leaves' products, for rows that pass or don't: both of shape (rows, leaves, depth)."""
    shares = np.zeros(passes.shape)
    for known, unknown, weight in zip(paths.if_passes, paths.if_not, paths.weights, strict=True):
        factor = np.where(passes, known, unknown)
        whole = factor.prod(axis=2, keepdims=True)
        # A factor is 0 only where the share is 0 and the row does not pass: then gain, or the product, is 0 too.
        shares += weight * np.divide(whole, factor, out=np.zeros_like(factor), where=factor > 0)
    shares *= passes - paths.share
    return shares


_Path = dict[int, tuple[float, float, float]]  # feature: lower, upper, share


def _leaf_paths(trees: Trees) -> Iterator[tuple[int, int, _Path]]:
    """Every leaf of every tree, with the column it adds to and the path that leads there."""
    feature, threshold, cover = trees.feature.tolist(), trees.threshold.tolist(), trees.cover.tolist()
    child = trees.child.tolist()
    for root, column in zip(trees.root.tolist(), trees.column.tolist(), strict=True):
        pending: list[tuple[int, _Path]] = [(root, {})]
        while pending:
            node, path = pending.pop()
            left, right = child[2 * node], child[2 * node + 1]
            if left == node:
                yield node, column, path
                continue
            asked, cut = feature[node], threshold[node]
            lower, upper, share = path.get(asked, (-np.inf, np.inf, 1.0))
            share /= cover[node] or 1.0  # a node of samples that weigh nothing has shares of nothing
            pending.append((left, path | {asked: (lower, min(upper, cut), share * cover[left])}))
            pending.append((right, path | {asked: (max(lower, cut), upper, share * cover[right])}))


def _paths(trees: Trees) -> _Paths:
    found = list(_leaf_paths(trees))
    depth = max(1, *(len(path) for _, _, path in found))
    feature = np.zeros((len(found), depth), dtype=np.intp)
    lower, upper, share = (np.full(feature.shape, padding) for padding in (-np.inf, np.inf, 1.0))
    value = np.zeros((len(found), trees.n_columns))
    for i, (node, column, path) in enumerate(found):
        for j, asked in enumerate(path):
            feature[i, j] = asked
            lower[i, j], upper[i, j], share[i, j] = path[asked]
        if trees.aggregate == "mean":
            value[i] = trees.value[node] / len(trees.root)
        else:
            value[i, column] = trees.value[node, 0]
    real = np.arange(depth) < np.array([len(path) for _, _, path in found])[:, None]
    by_feature = []
    for asked in np.unique(feature[real]):
        entries = np.flatnonzero(real & (feature == asked))
        by_feature.append((int(asked), entries, value[entries // depth]))
    nodes, weights = np.polynomial.legendre.leggauss((depth + 1) // 2)
    t = ((nodes + 1) / 2)[:, None, None]
    known, unknown = share + (1 - share) * t, share * (1 - t)
    return _Paths(feature, lower, upper, share, value, known, unknown, weights / 2, by_feature)
