"""Measures of what a model answers against labels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, log_loss

from smendpoints.statistics.answers import reliability as in_bins
from smendpoints.statistics.models import calibration_error as calibration_error_of_bins
from sminference.predictors.trees import Floats


def scores(proba: Floats, y: NDArray[np.intp], predicted: NDArray[np.intp] | None = None) -> dict[str, Any]:
    """Accuracy, log loss (natural logarithm), Brier score, calibration error, confusion (true classes in rows).

    `predicted` are class indices; without them the most probable classes count as predicted.
    """
    labels = np.arange(proba.shape[1])
    chosen = proba.argmax(axis=1) if predicted is None else predicted
    return {
        "rows": len(y),
        "accuracy": float((chosen == y).mean()),
        "log_loss": float(log_loss(y, proba, labels=labels)),
        "brier": float(((proba - np.eye(len(labels))[y]) ** 2).sum(axis=1).mean()),
        "calibration_error": calibration_error(proba, y),
        "confusion": confusion_matrix(y, chosen, labels=labels).tolist(),
    }


def errors(predicted: Floats, y: Floats) -> dict[str, Any]:
    """Mean absolute error, root of the mean squared one, and R2 (None where all labels are equal) of a regressor."""
    squared = float(((predicted - y) ** 2).mean())
    variance = float(y.var())
    return {
        "rows": len(y),
        "mean_absolute_error": float(np.abs(predicted - y).mean()),
        "root_mean_squared_error": squared**0.5,
        "r2": 1 - squared / variance if variance else None,
    }


def reliability(proba: Floats, y: NDArray[np.intp]) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Mean probability of the predicted class, its observed frequency, and rows, for each of ten bins that has rows."""
    bins = in_bins(proba.max(axis=1), np.ones(len(y), bool), proba.argmax(axis=1) == y)
    used = bins.known > 0
    counts = bins.known[used]
    return bins.known_confidence[used] / counts, bins.right[used] / counts, counts.astype(np.intp)


def calibration_error(proba: Floats, y: NDArray[np.intp]) -> float:
    """Expected calibration error of the predicted class: the mean distance of the bins above, weighed by rows."""
    mean, observed, counts = reliability(proba, y)
    return calibration_error_of_bins(counts, mean * counts, observed * counts) or 0.0
