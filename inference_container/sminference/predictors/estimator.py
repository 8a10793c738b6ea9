"""The way that works for every scikit-learn estimator: one call of its own predict_proba or predict."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sminference.manifest import Outputs


class EstimatorPredictor:
    """Asks the estimator itself, once per request."""

    method = "scikit-learn"

    def __init__(self, estimator: Any, outputs: Outputs) -> None:
        self._estimator = estimator
        self._outputs = outputs
        self._classes = np.asarray(getattr(estimator, "classes_", ()))

    def __call__(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._outputs == "probabilities":
            return np.ascontiguousarray(self._estimator.predict_proba(X), dtype=np.float64)
        answers = np.asarray(self._estimator.predict(X))
        if self._outputs == "labels":
            order = np.argsort(self._classes)
            answers = order[np.searchsorted(self._classes, answers, sorter=order)]
        return answers.astype(np.float64).reshape(-1, 1)


def outputs_of(estimator: Any) -> Outputs:
    """What a fitted estimator can answer."""
    if not hasattr(estimator, "classes_"):
        return "values"
    return "probabilities" if hasattr(estimator, "predict_proba") else "labels"
