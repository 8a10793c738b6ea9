"""The estimators that can be trained, by the name their artifact carries."""

from collections.abc import Callable, Mapping
from typing import Any

from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

RANDOM_FOREST = "random-forest"
GRADIENT_BOOSTING = "gradient-boosting"

MODELS: Mapping[str, Callable[[int], Any]] = {
    RANDOM_FOREST: lambda seed: RandomForestClassifier(n_estimators=100, random_state=seed),
    GRADIENT_BOOSTING: lambda seed: GradientBoostingClassifier(n_estimators=100, random_state=seed),
}

# Random splits that are measured unless told otherwise. Calibrating boosting takes five more fits per split.
COVERAGE_SPLITS: Mapping[str, int] = {RANDOM_FOREST: 10, GRADIENT_BOOSTING: 5}
