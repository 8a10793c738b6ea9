"""Takes the trees out of a fitted scikit-learn estimator. The only module that knows its attributes."""

from typing import Any

import numpy as np

from sminference.manifest import PICKLE
from sminference.predictors.trees import Aggregate, Trees, checked


def extract(estimator: Any) -> Trees | None:
    """The estimator's trees; None when its predict_proba is not known to be a plain sum over trees."""
    name = f"{type(estimator).__module__}.{type(estimator).__qualname__}"
    if name in {"sklearn.ensemble._forest.RandomForestClassifier", "sklearn.ensemble._forest.ExtraTreesClassifier"}:
        if estimator.n_outputs_ != 1:
            return None
        trees = [tree.tree_ for tree in estimator.estimators_]
        values = [tree.value[:, 0, :] for tree in trees]
        return _flatten(estimator, "mean", trees, values, np.zeros(len(trees)), np.zeros(values[0].shape[1]))
    if name == "sklearn.ensemble._gb.GradientBoostingClassifier":
        constant_start = estimator.init_ == "zero" or (
            type(estimator.init_).__module__ == "sklearn.dummy" and estimator.init_.strategy == "prior"
        )
        if estimator.loss != "log_loss" or not constant_start:
            return None
        stages, columns = estimator.estimators_.shape
        initial = estimator._raw_predict_init(np.zeros((1, estimator.n_features_in_), dtype=np.float32))[0]  # noqa: SLF001
        trees = [tree.tree_ for tree in estimator.estimators_.ravel()]
        values = [estimator.learning_rate * tree.value[:, 0, :] for tree in trees]
        aggregate: Aggregate = "softmax" if columns > 1 else "expit"
        return _flatten(estimator, aggregate, trees, values, np.tile(np.arange(columns), stages), initial)
    return None


def _flatten(
    estimator: Any, aggregate: Aggregate, trees: list[Any], values: list[Any], column: Any, initial: Any
) -> Trees:
    sizes = np.array([tree.node_count for tree in trees])
    offset = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    shift = np.repeat(offset, sizes)
    own = np.arange(sizes.sum())
    left = np.concatenate([tree.children_left for tree in trees])
    right = np.concatenate([tree.children_right for tree in trees])
    leaf = left == -1
    child = np.stack([np.where(leaf, own, left + shift), np.where(leaf, own, right + shift)], axis=1)
    found = Trees(
        aggregate=aggregate,
        n_features=int(estimator.n_features_in_),
        feature=np.where(leaf, 0, np.concatenate([tree.feature for tree in trees])).astype(np.int32),
        threshold=np.where(leaf, np.inf, np.concatenate([tree.threshold for tree in trees])),
        child=child.astype(np.int32).ravel(),
        root=offset.astype(np.int32),
        column=np.asarray(column, dtype=np.int32),
        value=np.ascontiguousarray(np.concatenate(values), dtype=np.float64),
        cover=np.concatenate([tree.weighted_n_node_samples for tree in trees]),
        initial=np.asarray(initial, dtype=np.float64),
    )
    return checked(found, PICKLE)
