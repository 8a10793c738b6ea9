"""Conformal calibration: thresholds for prediction sets, and the coverage they reach on held-out rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from sminference.explain.conformal import calibrate, prediction_sets
from sminference.predictors.extract import extract
from sminference.predictors.trees import Floats, rounded
from sminference.predictors.walk import leaves

LEVELS = (0.90, 0.95)
_FOLDS = 5

Labels = NDArray[np.intp]


@dataclass(frozen=True)
class Held:
    """Probabilities, shape (rows, classes), for rows that the estimator was not fitted on, with their labels."""

    proba: Floats
    y: Labels
    method: str


def held_out(estimator: Any, X: Floats, y: Labels, seed: int) -> Held:
    """Out-of-bag probabilities of the training rows for a bootstrapped forest, else cross-validated ones."""
    if getattr(estimator, "bootstrap", False) and (trees := extract(estimator)) is not None:
        bags = estimator.estimators_samples_
        out = np.ones((len(X), len(bags)), dtype=bool)
        for tree, bag in enumerate(bags):
            out[bag, tree] = False
        rows = out.any(axis=1)
        votes = trees.value[leaves(trees, rounded(X)).T]
        proba = (votes * out[:, :, None]).sum(axis=1)[rows] / out.sum(axis=1)[rows, None]
        return Held(proba, y[rows], "out-of-bag conformal (LAC)")
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    proba = cross_val_predict(clone(estimator), X, y, cv=folds, method="predict_proba")
    return Held(proba, y, f"{_FOLDS}-fold cross-conformal (LAC)")


def thresholds(held: Held) -> dict[float, float]:
    """The threshold of each nominal level."""
    return {level: calibrate(held.proba, held.y, level) for level in LEVELS}


@dataclass(frozen=True)
class Coverage:
    """How the sets of one level did on rows nobody had seen: share that held the label, mean size, share empty."""

    covered: float
    size: float
    empty: float
    rows: int


def coverage(members: NDArray[np.bool_], y: Labels) -> Coverage:
    """Coverage of prediction sets, shape (rows, classes), for labels y."""
    sizes = members.sum(axis=1)
    held = members[np.arange(len(y)), y]
    return Coverage(float(held.mean()), float(sizes.mean()), float((sizes == 0).mean()), len(y))


def split_coverage(proba: Floats, y: Labels, repeats: int, seed: int) -> dict[float, Coverage]:
    """Coverage when a random half of the rows calibrates and the other half tests, over `repeats` divisions."""
    rng = np.random.default_rng(seed)
    members: dict[float, list[NDArray[np.bool_]]] = {level: [] for level in LEVELS}
    labels: list[Labels] = []
    for _ in range(repeats):
        order = rng.permutation(len(y))
        fit, test = order[: len(y) // 2], order[len(y) // 2 :]
        labels.append(y[test])
        for level in LEVELS:
            members[level].append(prediction_sets(proba[test], calibrate(proba[fit], y[fit], level)))
    return {level: coverage(np.concatenate(members[level]), np.concatenate(labels)) for level in LEVELS}


def document(method: str, chosen: dict[float, float], measured: dict[float, Coverage], how: str) -> dict[str, Any]:
    """What the manifest says about prediction sets; `measured` may be empty."""
    levels = []
    for level, threshold in sorted(chosen.items()):
        entry: dict[str, Any] = {"level": level, "threshold": threshold, "measured_coverage": None}
        if found := measured.get(level):
            entry |= {
                "measured_coverage": found.covered,
                "mean_size": found.size,
                "share_empty": found.empty,
                "held_out_rows": found.rows,
            }
        levels.append(entry)
    return {"method": method, "measured_by": how if measured else "not measured", "levels": levels}
