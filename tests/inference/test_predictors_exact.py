"""Every way to predict gives the bits of scikit-learn's own predict_proba."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.svm import LinearSVC

from sminference.model import Model
from sminference.predictors import cells
from sminference.predictors.choice import choose_unchecked
from sminference.predictors.compiled import CompiledTrees
from sminference.predictors.extract import extract
from sminference.predictors.hybrid import Hybrid
from sminference.predictors.probe import random_rows, threshold_rows
from sminference.predictors.trees import Trees, from_npz
from sminference.predictors.walk import LevelWalk, RowWalk
from smtraining.train import Trained


def trees_of(estimator: Any) -> Trees:
    trees = extract(estimator)
    assert trees is not None
    return from_npz(trees.to_npz())


@pytest.mark.parametrize("name", ["random-forest", "gradient-boosting"])
def test_300_000_random_and_10_000_threshold_rows_have_the_bits_of_scikit_learn(
    name: str, trained: Callable[[str], Trained], model: Callable[[str], Model]
) -> None:
    estimator = trained(name).estimator
    trees = trees_of(estimator)
    X = np.concatenate([threshold_rows(trees, 10_000, seed=11), random_rows(trees, 300_000, seed=12)])
    expected = estimator.predict_proba(X)
    assert model(name).predictor.method == "cell table"
    assert model(name).predict_proba(X).tobytes() == expected.tobytes()
    assert np.array_equal(LevelWalk(trees)(X[:20_000]), expected[:20_000])
    assert np.array_equal(RowWalk(trees)(X[:2_000]), expected[:2_000])
    assert np.array_equal(Hybrid(trees)(X[:20_000]), expected[:20_000])
    singles = np.concatenate([model(name).predict_proba(X[i : i + 1]) for i in range(12_000)])
    assert np.array_equal(singles, expected[:12_000])
    assert np.array_equal(model(name).predict(X), estimator.predict(X))


def test_threshold_rows_stand_at_the_thresholds_and_one_float_beside_them(trained: Callable[[str], Trained]) -> None:
    trees = trees_of(trained("random-forest").estimator)
    rows = threshold_rows(trees, 10_000, seed=11)
    inner = trees.child[::2] != np.arange(len(trees.feature))
    for feature in range(4):
        cuts = np.unique(trees.threshold[inner & (trees.feature == feature)])
        for near in (cuts, np.nextafter(cuts, np.inf), np.nextafter(cuts, -np.inf)):
            assert np.isin(near, rows[:, feature]).mean() > 0.9
    proba = trained("random-forest").estimator.predict_proba
    moved = rows.copy()
    moved[:, :] = np.nextafter(rows.astype(np.float32), np.float32(np.inf))
    assert (proba(rows) != proba(moved)).any(), "a neighbouring float must make a difference somewhere"


DATA: dict[str, Callable[..., Any]] = {
    "iris": load_iris,
    "wine": load_wine,
    "breast cancer": load_breast_cancer,
    "digits": load_digits,
}
ESTIMATORS: dict[str, Any] = {
    "forest": RandomForestClassifier(40, random_state=1),
    "balanced shallow forest": RandomForestClassifier(60, max_depth=3, class_weight="balanced", random_state=2),
    "extra trees": ExtraTreesClassifier(40, random_state=3),
    "forest of one tree": RandomForestClassifier(1, random_state=4),
    "stumps": RandomForestClassifier(30, max_depth=1, bootstrap=False, random_state=5),
    "boosting": GradientBoostingClassifier(n_estimators=12, random_state=6),
    "boosting from zero": GradientBoostingClassifier(n_estimators=12, init="zero", subsample=0.5, random_state=7),
}


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_other_data_and_estimators_have_the_bits_of_scikit_learn(data: str, name: str) -> None:
    X, y = DATA[data](return_X_y=True)
    estimator = ESTIMATORS[name].fit(X[::2], y[::2])
    trees = trees_of(estimator)
    rows = np.concatenate([threshold_rows(trees, 300, seed=1), random_rows(trees, 300, seed=2), X[:200]])
    expected = estimator.predict_proba(rows)
    ways: list[Any] = [LevelWalk(trees), RowWalk(trees), Hybrid(trees), CompiledTrees(trees), cells.build(trees)]
    for way in filter(None, ways):
        assert np.array_equal(way(rows), expected), way.method
        assert np.array_equal(way(rows[:1]), expected[:1]), way.method
        assert np.array_equal(way(rows[:5]), expected[:5]), way.method


def test_three_string_labels_and_two_columns_are_no_special_case() -> None:
    X, y = load_iris(return_X_y=True)
    names = np.array(["c", "a", "b"])[y]
    estimator = RandomForestClassifier(20, random_state=0).fit(X[:, 2:], names)
    manifest, chosen = choose_unchecked(estimator)
    assert manifest.classes == ("a", "b", "c")
    assert chosen.predictor.method == "cell table"
    assert np.array_equal(chosen.predictor(X[:, 2:]), estimator.predict_proba(X[:, 2:]))


def test_a_trunk_without_splits_is_predicted() -> None:
    X, y = load_iris(return_X_y=True)
    estimator = RandomForestClassifier(5, max_depth=1, min_samples_split=1000, random_state=0).fit(X, y)
    _, chosen = choose_unchecked(estimator)
    assert np.array_equal(chosen.predictor(X), estimator.predict_proba(X))


@pytest.mark.parametrize(
    "estimator",
    [
        HistGradientBoostingClassifier(max_iter=3),
        GradientBoostingClassifier(n_estimators=3, init=RandomForestClassifier(3)),
        GradientBoostingClassifier(n_estimators=3, loss="exponential"),
    ],
    ids=["histogram boosting", "boosting on a forest", "exponential loss"],
)
def test_estimators_whose_sum_is_not_known_are_left_to_scikit_learn(estimator: Any) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    estimator.fit(X, y)
    assert extract(estimator) is None
    _, chosen = choose_unchecked(estimator)
    assert chosen.predictor.method == "scikit-learn"
    assert np.array_equal(chosen.predictor(X), estimator.predict_proba(X))


def test_a_forest_for_two_targets_is_left_to_scikit_learn() -> None:
    X, y = load_iris(return_X_y=True)
    assert extract(RandomForestClassifier(3).fit(X, np.stack([y, y], axis=1))) is None


def test_a_table_that_takes_too_much_memory_or_time_is_not_built(
    trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    assert cells.build(trees_of(RandomForestClassifier(20, random_state=0).fit(X, y))) is None
    trees = trees_of(trained("random-forest").estimator)
    assert cells.build(trees) is not None
    monkeypatch.setattr(cells, "MAX_ADDITIONS", 1_000_000)
    assert cells.build(trees) is None


def test_a_fast_way_that_differs_from_scikit_learn_is_not_taken(
    trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    estimator = trained("random-forest").estimator
    trees = trees_of(estimator)
    np.copyto(trees.threshold, np.nextafter(trees.threshold, -np.inf), where=np.isfinite(trees.threshold))
    monkeypatch.setattr("sminference.predictors.choice.extract", lambda _: trees)
    _, chosen = choose_unchecked(estimator)
    assert chosen.predictor.method == "scikit-learn"
    assert chosen.trees is None
    assert "differs from scikit-learn" in caplog.text


def test_a_regressor_answers_values_and_a_classifier_without_probabilities_class_indices() -> None:
    X, y = load_iris(return_X_y=True)
    regressor = RandomForestRegressor(5, random_state=0).fit(X, y)
    manifest, chosen = choose_unchecked(regressor)
    assert manifest.outputs == "values"
    assert np.array_equal(chosen.predictor(X)[:, 0], regressor.predict(X))
    names = np.array(["c", "a", "b"])[y]
    classifier = LinearSVC(random_state=0).fit(X, names)
    manifest, chosen = choose_unchecked(classifier)
    assert manifest.outputs == "labels"
    assert [manifest.classes[int(k)] for k in chosen.predictor(X)[:, 0]] == classifier.predict(X).tolist()


def test_large_blocks_are_cut_without_a_seam(
    trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    trees = trees_of(trained("gradient-boosting").estimator)
    X = random_rows(trees, 100, seed=5)
    whole = LevelWalk(trees)(X)
    monkeypatch.setattr("sminference.predictors.walk._BLOCK", 7 * len(trees.root))
    assert np.array_equal(LevelWalk(trees)(X), whole)


@pytest.mark.parametrize("name", ["random-forest", "gradient-boosting"])
def test_threads_do_not_disturb_each_other(name: str, trained: Callable[[str], Trained]) -> None:
    estimator = trained(name).estimator
    trees = trees_of(estimator)
    X = random_rows(trees, 400, seed=9)
    expected = estimator.predict_proba(X)
    for way in (cells.build(trees), Hybrid(trees)):
        assert way is not None
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda i, way=way: way(X[i : i + 1 + i % 90]), range(300)))
        assert all(np.array_equal(answer, expected[i : i + 1 + i % 90]) for i, answer in enumerate(answers))
