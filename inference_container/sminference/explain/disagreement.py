"""How far a forest's trees disagree: quantiles of their own probabilities.

It is no confidence interval for the probability: the share of intervals that held the true one was measured in
training, is well below the nominal level, and stands beside every interval.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sminference.predictors.trees import Floats, Trees, rounded
from sminference.predictors.walk import leaves

METHOD = "tree disagreement: quantiles of the single trees' probabilities, not a confidence interval"
LEVEL = 0.95


@dataclass(frozen=True)
class Disagreement:
    """Intervals at nominal LEVEL; `measured` is what training measured about them, {} where it did not."""

    trees: Trees
    measured: dict[str, Any]

    def __call__(self, X: Floats, classes: tuple[str, ...]) -> list[dict[str, Any]]:
        lower, upper = intervals(self.trees, X)
        common = {"method": METHOD, "level": LEVEL, "measured_coverage": self.measured.get("measured_coverage")}
        return [
            {"intervals": {name: [low[k], high[k]] for k, name in enumerate(classes)}, **common}
            for low, high in zip(lower.tolist(), upper.tolist(), strict=True)
        ]


def intervals(trees: Trees, X: Floats, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Lower and upper ends, each of shape (rows, classes), of the middle `level` of a forest's trees."""
    votes = trees.value[leaves(trees, rounded(X))]
    lower, upper = np.quantile(votes, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return lower, upper
