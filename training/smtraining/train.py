"""Trains one model by the recipe and measures it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smtraining.data import Dataset, Split, split
from smtraining.models import MODELS
from smtraining.pack import Facts, pack

LICENCE = "Apache-2.0"


@dataclass(frozen=True)
class Trained:
    """A fitted estimator with its split and its metrics on the test part."""

    name: str
    estimator: Any
    split: Split
    metrics: dict[str, Any]
    files: dict[str, bytes]


def train(name: str, dataset: Dataset, seed: int) -> Trained:
    """Fit the model called `name`, measure it on the held-out part and pack it."""
    parts = split(dataset, seed)
    estimator = MODELS[name](seed).fit(parts.X_train, parts.y_train)
    metrics = {
        "accuracy": float(np.mean(estimator.predict(parts.X_test) == parts.y_test)),
        "test_rows": len(parts.y_test),
    }
    facts = Facts(
        name=name,
        feature_names=dataset.feature_names,
        classes=dataset.classes,
        licence=LICENCE,
        training_data=dataset.describe() | {"seed": seed},
        metrics=metrics,
        baseline=baseline(parts.X_train, dataset.feature_names),
    )
    return Trained(name, estimator, parts, metrics, pack(estimator, facts, parts.X_test))


def baseline(X: NDArray[np.float64], feature_names: tuple[str, ...]) -> dict[str, Any]:
    """Statistics of the training features that drift is measured against; `deciles` holds 11 values, min to max."""
    return {
        "rows": len(X),
        "features": {
            name: {
                "mean": float(column.mean()),
                "std": float(column.std()),
                "min": float(column.min()),
                "max": float(column.max()),
                "deciles": np.quantile(column, np.linspace(0, 1, 11)).tolist(),
            }
            for name, column in zip(feature_names, X.T, strict=True)
        },
    }
