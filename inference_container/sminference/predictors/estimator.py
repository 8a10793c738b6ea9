"""Ways that ask scikit-learn itself."""

import warnings
from typing import Any

import numpy as np

from sminference.manifest import PICKLE, ArtifactError, Outputs
from sminference.predictors.trees import Floats


class EstimatorPredictor:
    """One call of the estimator's own predict_proba or predict: works for every scikit-learn estimator."""

    method = "scikit-learn"

    def __init__(self, estimator: Any, outputs: Outputs) -> None:
        # Rows come as arrays in the manifest's order of features; an estimator fitted to a data frame misses its names.
        warnings.filterwarnings("ignore", message="X does not have valid feature names", category=UserWarning)
        self.estimator = estimator
        self._outputs = outputs
        self._classes = np.asarray(getattr(estimator, "classes_", ()))

    def __call__(self, X: Floats) -> Floats:
        if self._outputs == "probabilities":
            return np.ascontiguousarray(self.estimator.predict_proba(X), dtype=np.float64)
        answers = np.asarray(self.estimator.predict(X))
        if self._outputs == "labels":
            order = np.argsort(self._classes)
            answers = order[np.searchsorted(self._classes, answers, sorter=order)]
        return answers.astype(np.float64).reshape(-1, 1)


class CompiledLoop:
    """A forest's compiled trees one after the other, without the dispatch of a task per tree."""

    method = "compiled loop"

    def __init__(self, forest: Any) -> None:
        self._trees = [tree.tree_ for tree in forest.estimators_]

    def __call__(self, X: Floats) -> Floats:
        x = np.ascontiguousarray(X, dtype=np.float32)
        proba: Floats = self._trees[0].predict(x)
        for tree in self._trees[1:]:
            proba += tree.predict(x)
        proba /= len(self._trees)
        return proba


def outputs_of(estimator: Any) -> Outputs:
    """What a fitted estimator can answer; raises ArtifactError when it predicts nothing."""
    if not hasattr(estimator, "predict"):
        raise ArtifactError(f"{PICKLE} holds a {type(estimator).__name__}, which has no predict")
    if not hasattr(estimator, "classes_"):
        return "values"
    return "probabilities" if hasattr(estimator, "predict_proba") else "labels"
