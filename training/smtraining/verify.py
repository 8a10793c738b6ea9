"""Proves, before a model is packed, that its fast ways to predict give scikit-learn's bits."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sminference.manifest import ArtifactError
from sminference.predictors.cells import build
from sminference.predictors.choice import Predictor
from sminference.predictors.hybrid import Hybrid
from sminference.predictors.probe import random_rows, threshold_rows
from sminference.predictors.trees import Floats, Trees
from sminference.predictors.walk import LevelWalk, RowWalk

# The slow ways get fewer rows: what they share with the fast ones is the arrays, which all rows test.
_LEVEL_WALK_ROWS, _ROW_WALK_ROWS = 20_000, 2_000


@dataclass(frozen=True)
class Effort:
    """How many random rows, and how many at and next to thresholds, to compare."""

    random: int = 300_000
    threshold: int = 10_000


def verify(trees: Trees, estimator: Any, effort: Effort) -> list[str]:
    """The ways that were compared; raises ArtifactError at the first probability that differs in any bit."""
    X = np.concatenate([threshold_rows(trees, effort.threshold, seed=1), random_rows(trees, effort.random, seed=2)])
    expected = estimator.predict_proba(X)
    ways: list[tuple[Predictor, int]] = [
        (RowWalk(trees), _ROW_WALK_ROWS),
        (LevelWalk(trees), _LEVEL_WALK_ROWS),
        (Hybrid(trees), _LEVEL_WALK_ROWS),
    ]
    if table := build(trees):
        ways.append((table, len(X)))
    for way, rows in ways:
        _compare(way, X[:rows], expected[:rows])
    if table:
        for i in range(min(len(X), _ROW_WALK_ROWS)):  # single rows take a path of their own
            _compare(table, X[i : i + 1], expected[i : i + 1])
    return [way.method for way, _ in ways]


def _compare(way: Predictor, X: Floats, expected: Floats) -> None:
    found = way(X)
    wrong = (found != expected).any(axis=1)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ArtifactError(
            f"for {X[row].tolist()} the {way.method} answers {found[row].tolist()}, "
            f"scikit-learn {expected[row].tolist()}"
        )
