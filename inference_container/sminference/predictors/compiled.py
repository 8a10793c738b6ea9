"""scikit-learn's compiled trees, made of arrays that were checked. No pickle is read for them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sminference.predictors.trees import Floats, Trees, probabilities

_NO_CHILD, _NO_FEATURE = -1, -2


class CompiledTrees:
    """One tree after the other through compiled code, without the dispatch of a task per tree: for many rows."""

    method = "compiled trees"

    def __init__(self, trees: Trees) -> None:
        self._trees = trees
        ends = [*trees.root[1:].tolist(), len(trees.feature)]
        self._compiled = [
            (compiled_tree(trees, start, end), column)
            for start, end, column in zip(trees.root.tolist(), ends, trees.column.tolist(), strict=True)
        ]

    def __call__(self, X: Floats) -> Floats:
        trees = self._trees
        x = np.ascontiguousarray(X, dtype=np.float32)
        raw: Floats = np.tile(trees.initial, (len(x), 1))
        for tree, column in self._compiled:
            if trees.aggregate == "mean":
                raw += tree.predict(x).reshape(raw.shape)
            else:
                raw[:, column] += tree.predict(x).reshape(len(x))
        return probabilities(trees, raw)


def compiled_tree(trees: Trees, start: int, end: int) -> Any:
    """The tree of the nodes from `start` to `end`, its root first. Needs scikit-learn."""
    pairs = trees.child.reshape(-1, 2)[start:end].astype(np.int64) - start
    leaf = pairs[:, 0] == np.arange(end - start)
    return build_tree(
        n_features=trees.n_features,
        classes=np.array([trees.value.shape[1]]),
        depth=trees.depth,
        values=trees.value[start:end, None, :],
        left_child=np.where(leaf, _NO_CHILD, pairs[:, 0]),
        right_child=np.where(leaf, _NO_CHILD, pairs[:, 1]),
        feature=np.where(leaf, _NO_FEATURE, trees.feature[start:end]),
        threshold=trees.threshold[start:end],
        weighted_n_node_samples=trees.cover[start:end],
    )


def build_tree(n_features: int, classes: NDArray[Any], depth: int, values: Floats, **columns: NDArray[Any]) -> Any:
    """A `Tree` of scikit-learn from columns of its nodes, which the caller has checked: its code trusts every index.

    `classes` holds the number of classes of each output, `values` has shape (nodes, outputs, most classes).
    """
    from sklearn.tree._tree import NODE_DTYPE, Tree  # noqa: PLC0415 - only models that need scikit-learn pay for it

    nodes = np.zeros(len(values), dtype=NODE_DTYPE)
    for name, column in columns.items():
        nodes[name] = column
    tree = Tree(n_features, np.asarray(classes, dtype=np.intp), len(classes))
    tree.__setstate__(
        {
            "max_depth": depth,
            "node_count": len(nodes),
            "nodes": nodes,
            "values": np.ascontiguousarray(values, dtype=np.float64),
        }
    )
    return tree
