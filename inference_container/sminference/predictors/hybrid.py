"""Chooses a way by the number of rows, for tree models whose cells are too many for a table."""

from sminference.predictors.compiled import CompiledTrees
from sminference.predictors.trees import Floats, Trees
from sminference.predictors.walk import LevelWalk, RowWalk

_ROW_WALK_UP_TO = 128  # rows times trees
_LEVEL_WALK_UP_TO = 64  # rows


class Hybrid:
    """Walks the arrays for few rows, and has scikit-learn's compiled code walk them for many."""

    method = "hybrid"

    def __init__(self, trees: Trees) -> None:
        self._n_trees = len(trees.root)
        self._few = RowWalk(trees)
        self._some = LevelWalk(trees)
        self._many = CompiledTrees(trees)

    def __call__(self, X: Floats) -> Floats:
        if len(X) * self._n_trees <= _ROW_WALK_UP_TO:
            return self._few(X)
        return self._some(X) if len(X) <= _LEVEL_WALK_UP_TO else self._many(X)
