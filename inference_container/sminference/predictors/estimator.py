"""Ways that ask scikit-learn itself."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sminference.manifest import PICKLE, ArtifactError, Outputs
from sminference.predictors.trees import Floats


class RefusedRowsError(ValueError):
    """The estimator takes numbers, but not these: a category that its encoder does not know, a negative count."""


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
            return np.ascontiguousarray(_ask(self.estimator.predict_proba, X), dtype=np.float64)
        answers = self.decide(X) if self._outputs == "labels" else np.asarray(_ask(self.estimator.predict, X))
        if answers.ndim > 1 and answers.shape[1] != 1:
            raise ArtifactError(
                f"{PICKLE} holds a {type(self.estimator).__name__} that answers {answers.shape[1]} values a row; "
                "write one model for each"
            )
        return answers.astype(np.float64).reshape(-1, 1)

    def decide(self, X: Floats) -> NDArray[np.intp]:
        """The index of the class that the classifier's own predict says, shape (rows,)."""
        order = np.argsort(self._classes)
        found: NDArray[np.intp] = order[np.searchsorted(self._classes, _ask(self.estimator.predict, X), sorter=order)]
        return found


def _ask(method: Callable[[Floats], Any], X: Floats) -> Any:
    try:
        return method(X)
    except ValueError as error:
        raise RefusedRowsError(str(error)) from error


def outputs_of(estimator: Any) -> Outputs:
    """What a fitted estimator can answer; raises ArtifactError when that is nothing, or more than one thing a row."""
    name = type(estimator).__name__
    if not hasattr(estimator, "predict"):
        raise ArtifactError(f"{PICKLE} holds a {name}, which has no predict")
    if not hasattr(estimator, "classes_"):
        return "values"
    classes = estimator.classes_
    if isinstance(classes, list) or np.ndim(classes) != 1:
        raise ArtifactError(f"{PICKLE} holds a {name} for several targets; write one model for each")
    if len(classes) < 2:
        raise ArtifactError(
            f"{PICKLE} holds a {name} that was trained with one class only ({classes[0]}); it needs two"
        )
    return "probabilities" if hasattr(estimator, "predict_proba") else "labels"
