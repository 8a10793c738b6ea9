"""Shapley values are exact: they agree with their definition, with the shap package, and add up."""

from collections.abc import Callable
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier, RandomForestClassifier

from sminference.explain.shapley import ShapleyValues
from sminference.predictors.extract import extract
from sminference.predictors.probe import random_rows, threshold_rows
from sminference.predictors.trees import Floats, Trees, rounded
from smtraining.train import Trained

pytestmark = pytest.mark.filterwarnings("ignore")  # shap's own


def explained(estimator: Any) -> tuple[Trees, ShapleyValues]:
    trees = extract(estimator)
    assert trees is not None
    return trees, ShapleyValues(trees)


def raw_scores(estimator: Any, X: Floats) -> Floats:
    if isinstance(estimator, GradientBoostingClassifier):
        return np.asarray(estimator.decision_function(X)).reshape(len(X), -1)
    return np.asarray(estimator.predict_proba(X))


def expectation(trees: Trees, row: Floats, known: tuple[int, ...]) -> Floats:
    """The game's value by its definition: both ways at splits on unknown features, weighed by cover."""

    def value(node: int, column: int) -> Any:
        left, right = trees.child[2 * node : 2 * node + 2]
        if left == node:
            if trees.aggregate == "mean":
                return trees.value[node] / len(trees.root)
            return trees.value[node, 0] * np.eye(trees.n_columns)[column]
        asked = trees.feature[node]
        if asked in known:
            return value(left if row[asked] <= trees.threshold[node] else right, column)
        cover = trees.cover
        return (cover[left] * value(left, column) + cover[right] * value(right, column)) / cover[node]

    pairs = zip(trees.root, trees.column, strict=True)
    total: Floats = trees.initial + np.sum([value(root, column) for root, column in pairs], axis=0)
    return total


@pytest.mark.parametrize(
    "estimator",
    [RandomForestClassifier(6, random_state=0), GradientBoostingClassifier(n_estimators=6, random_state=0)],
    ids=["forest", "boosting"],
)
def test_they_equal_the_definition_over_all_subsets_of_features(estimator: Any) -> None:
    X, y = load_iris(return_X_y=True)
    trees, shapley = explained(estimator.fit(X, y))
    features = range(4)
    for row in rounded(X[::30]):
        expected = np.zeros((3, 4))
        for i in features:
            others = [j for j in features if j != i]
            for size in range(4):
                weight = factorial(size) * factorial(3 - size) / factorial(4)
                for known in combinations(others, size):
                    gain = expectation(trees, row, (*known, i)) - expectation(trees, row, known)
                    expected[:, i] += weight * gain
        assert np.allclose(shapley(row[None])[0], expected, rtol=0, atol=1e-12)
        assert np.allclose(shapley.base, expectation(trees, row, ()), rtol=0, atol=1e-12)


@pytest.mark.parametrize("load", [load_iris, load_breast_cancer, load_digits], ids=["iris", "breast cancer", "digits"])
@pytest.mark.parametrize("kind", [RandomForestClassifier, ExtraTreesClassifier])
def test_those_of_forests_equal_the_shap_package(load: Callable[..., Any], kind: Any) -> None:
    import shap

    X, y = load(return_X_y=True)
    estimator = kind(20, random_state=0).fit(X[::2], y[::2])
    _, shapley = explained(estimator)
    rows = X[1:40:2].astype(np.float32).astype(np.float64)
    reference = shap.TreeExplainer(estimator)
    expected = reference.shap_values(rows, check_additivity=False).transpose(0, 2, 1)
    assert np.abs(shapley(rows) - expected).max() < 1e-12
    assert np.abs(shapley.base - reference.expected_value).max() < 1e-12


def test_those_of_boosting_with_two_classes_equal_the_shap_package() -> None:
    import shap

    X, y = load_breast_cancer(return_X_y=True)
    estimator = GradientBoostingClassifier(n_estimators=30, random_state=0).fit(X, y)
    _, shapley = explained(estimator)
    rows = X[:30].astype(np.float32).astype(np.float64)
    reference = shap.TreeExplainer(estimator)
    assert np.abs(shapley(rows)[:, 0] - reference.shap_values(rows)).max() < 1e-12
    assert np.abs(shapley.base - np.ravel(reference.expected_value)).max() < 1e-12


def test_those_of_boosting_with_three_classes_equal_the_shap_package_class_by_class(
    trained: Callable[[str], Trained],
) -> None:
    """shap refuses the estimator, but takes the trees of one class at a time."""
    import shap

    result = trained("gradient-boosting")
    estimator, rows = result.estimator, rounded(result.split.X_test)
    with pytest.raises(Exception, match="only supported for binary"):
        shap.TreeExplainer(estimator)
    _, shapley = explained(estimator)
    values = shapley(rows)
    for k in range(3):
        stages = [
            {
                "children_left": tree.tree_.children_left,
                "children_right": tree.tree_.children_right,
                "children_default": tree.tree_.children_right.copy(),
                "features": tree.tree_.feature,
                "thresholds": tree.tree_.threshold,
                "values": tree.tree_.value[:, 0] * estimator.learning_rate,
                "node_sample_weight": tree.tree_.weighted_n_node_samples,
            }
            for tree in estimator.estimators_[:, k]
        ]
        expected = shap.TreeExplainer({"trees": stages}).shap_values(rows)
        assert np.abs(values[:, k] - expected).max() < 1e-10


@pytest.mark.parametrize("name", ["random-forest", "gradient-boosting"])
def test_base_and_values_add_up_to_the_raw_score_for_any_input(name: str, trained: Callable[[str], Trained]) -> None:
    estimator = trained(name).estimator
    trees, shapley = explained(estimator)
    rows = np.concatenate([threshold_rows(trees, 500, seed=1), random_rows(trees, 500, seed=2)])
    total = shapley.base + shapley(rows).sum(axis=2)
    assert np.abs(total - raw_scores(estimator, rows)).max() < 1e-12


def test_unused_features_get_exactly_nothing() -> None:
    X, y = load_iris(return_X_y=True)
    X = np.concatenate([X, np.zeros((len(X), 2))], axis=1)
    _, shapley = explained(RandomForestClassifier(10, random_state=0).fit(X, y))
    assert not shapley(X[:5])[:, :, 4:].any()


def test_blocks_leave_no_seam(trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch) -> None:
    trees, shapley = explained(trained("random-forest").estimator)
    rows = random_rows(trees, 50, seed=3)
    whole = shapley(rows)
    monkeypatch.setattr("sminference.explain.shapley._BLOCK", 1)
    assert np.allclose(ShapleyValues(trees)(rows), whole, rtol=0, atol=1e-14)


def test_samples_that_weigh_nothing_do_no_harm() -> None:
    X, y = load_iris(return_X_y=True)
    weights = np.where(np.arange(len(y)) % 3 == 0, 0.0, 1.0)
    estimator = RandomForestClassifier(10, random_state=0).fit(X, y, sample_weight=weights)
    _, shapley = explained(estimator)
    values = shapley(X)
    assert np.isfinite(values).all()
    assert np.abs(shapley.base + values.sum(axis=2) - estimator.predict_proba(X)).max() < 1e-12


def test_a_forest_without_splits_explains_with_its_base_alone() -> None:
    X, y = load_iris(return_X_y=True)
    estimator = RandomForestClassifier(5, min_samples_split=1000, random_state=0).fit(X, y)
    _, shapley = explained(estimator)
    assert not shapley(X[:3]).any()
    assert np.allclose(shapley.base, estimator.predict_proba(X[:1])[0], rtol=0, atol=1e-12)
