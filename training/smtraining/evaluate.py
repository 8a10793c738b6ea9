"""Repeats the recipe over random splits: what one test set of 30 rows can't tell."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sminference.explain.conformal import prediction_sets
from sminference.predictors.trees import Floats
from smtraining.calibrate import LEVELS, Coverage, Labels, coverage, held_out, thresholds
from smtraining.data import Dataset, split
from smtraining.metrics import scores
from smtraining.models import MODELS


@dataclass(frozen=True)
class Repeated:
    """Held-out predictions of all splits together, and the coverage of sets calibrated within each split."""

    splits: int
    proba: Floats
    y: Labels
    coverage: dict[float, Coverage]

    def describe(self) -> dict[str, Any]:
        """For the manifest's metrics."""
        return {"splits": self.splits, **scores(self.proba, self.y)}


def repeat(name: str, dataset: Dataset, splits: int, seed: int) -> Repeated | None:
    """Fit the model called `name` on `splits` random divisions; None when that is 0."""
    if not splits:
        return None
    proba, labels = [], []
    members: dict[float, list[Any]] = {level: [] for level in LEVELS}
    for i in range(splits):
        parts = split(dataset, seed + 1 + i)
        estimator = MODELS[name](seed).fit(parts.X_train, parts.y_train)
        chosen = thresholds(held_out(estimator, parts.X_train, parts.y_train, seed))
        proba.append(estimator.predict_proba(parts.X_test))
        labels.append(parts.y_test)
        for level, threshold in chosen.items():
            members[level].append(prediction_sets(proba[-1], threshold))
    y = np.concatenate(labels)
    measured = {level: coverage(np.concatenate(sets), y) for level, sets in members.items()}
    return Repeated(splits, np.concatenate(proba), y, measured)
