"""Measures how often the interval of tree disagreement holds the true probability.

The true probability of a real flower is unknown. So rows are drawn from a known distribution like the training data: a
Gaussian per class, with the class's mean and covariance. A forest is fitted to each draw, and asked about fresh rows.
Only probabilities between 0.1 % and 99.9 % count: nearly all others get the interval [0, 0] or [1, 1] by any method.
"""

from typing import Any

import numpy as np
from scipy.stats import multivariate_normal
from sklearn.base import clone

from sminference.explain.disagreement import LEVEL, intervals
from sminference.predictors.extract import extract
from sminference.predictors.trees import Floats
from smtraining.calibrate import Labels

_TEST_ROWS = 300
_CERTAIN = 0.001


def measure(estimator: Any, X: Floats, y: Labels, draws: int, seed: int) -> dict[str, Any]:
    """What the manifest says about disagreement: coverage and mean width over `draws` forests; {} without draws."""
    if not draws or getattr(extract(estimator), "aggregate", None) != "mean":
        return {}
    rng = np.random.default_rng(seed)
    classes = np.unique(y)
    share = np.array([(y == k).mean() for k in classes])
    ridge = 1e-6 * np.eye(X.shape[1])
    gaussians = [multivariate_normal(X[y == k].mean(axis=0), np.cov(X[y == k].T) + ridge) for k in classes]

    def draw(count: int) -> tuple[Floats, Labels]:
        labels = rng.choice(len(classes), count, p=share)
        return np.stack([np.atleast_1d(gaussians[k].rvs(random_state=rng)) for k in labels]), labels

    covered: list[bool] = []
    width: list[float] = []
    for _ in range(draws):
        forest = clone(estimator).fit(*draw(len(X)))
        trees = extract(forest)
        rows, _ = draw(_TEST_ROWS)
        density = np.stack(
            [weight * gaussian.pdf(rows) for weight, gaussian in zip(share, gaussians, strict=True)], axis=1
        )
        truth = density / density.sum(axis=1, keepdims=True)
        if trees is None or trees.n_columns != truth.shape[1]:
            continue  # a draw without one of the classes
        lower, upper = intervals(trees, rows)
        in_doubt = (truth > _CERTAIN) & (truth < 1 - _CERTAIN)
        covered += ((lower <= truth) & (truth <= upper))[in_doubt].tolist()
        width.append(float((upper - lower).mean()))
    if not covered:
        return {}
    return {
        "level": LEVEL,
        "measured_coverage": float(np.mean(covered)),
        "mean_width": float(np.mean(width)),
        "measured_by": (
            f"{len(width)} forests fitted to draws from one Gaussian per class, {_TEST_ROWS} rows each, "
            f"probabilities between {_CERTAIN:g} and {1 - _CERTAIN:g}"
        ),
    }
