"""Statistics of the training data that production is compared with."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sminference.predictors.trees import Floats


def baseline(
    X: Floats, feature_names: Sequence[str], predicted: NDArray[np.intp] | None = None, classes: Sequence[str] = ()
) -> dict[str, Any]:
    """Per feature, of the values that are there, mean, std, min, max and `deciles` (11 values, min to max).

    The share of each predicted class, too.
    """
    found: dict[str, Any] = {
        "rows": len(X),
        "features": {
            name: {
                "mean": float(column.mean()),
                "std": float(column.std()),
                "min": float(column.min()),
                "max": float(column.max()),
                "deciles": np.quantile(column, np.linspace(0, 1, 11)).tolist(),
            }
            for name, column in ((name, each[~np.isnan(each)]) for name, each in zip(feature_names, X.T, strict=True))
        },
    }
    if predicted is not None:
        found["classes"] = {name: float((predicted == k).mean()) for k, name in enumerate(classes)}
    return found
