"""What a loaded model answers, by the kind of its outputs."""

import dataclasses
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestRegressor
from sklearn.svm import LinearSVC

from sminference.artifact import load
from sminference.model import Model
from smtraining.pack import Facts, pack
from smtraining.verify import Effort

X, Y = load_iris(return_X_y=True)


def packed(estimator: object, classes: tuple[str, ...], folder: Path) -> Model:
    facts = Facts("it", ["a", "b", "c", "d"], classes, "MIT")
    for name, content in pack(estimator, facts, X, Effort(100, 100)).items():
        (folder / name).write_bytes(content)
    return load(folder)


def test_a_regressor_has_values_and_no_probabilities(tmp_path: Path) -> None:
    estimator = RandomForestRegressor(5, random_state=0, n_jobs=2).fit(X, Y)
    model = packed(estimator, (), tmp_path)
    assert model.outputs == "values"
    assert np.array_equal(model.predict(X), estimator.predict(X))
    with pytest.raises(TypeError, match="has no predict_proba; its outputs are values: call predict"):
        model.predict_proba(X)


def test_a_classifier_without_probabilities_has_labels(tmp_path: Path) -> None:
    names = np.array(["z", "x", "y"])[Y]
    estimator = LinearSVC(random_state=0).fit(X, names)
    model = packed(estimator, ("x", "y", "z"), tmp_path)
    assert model.outputs == "labels"
    assert [model.classes[k] for k in model.predict(X)] == estimator.predict(X).tolist()


def test_a_model_can_not_be_changed(model: Callable[[str], Model]) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        model("random-forest").name = "other"  # type: ignore[misc]


def test_what_is_answered_is_the_callers_own(model: Callable[[str], Model]) -> None:
    """Changing an answer must not change the next one."""
    for rows in (X[:1], X[:3], X):
        first = model("random-forest").predict_proba(rows)
        kept = first.copy()
        first[:] = -1
        assert np.array_equal(model("random-forest").predict_proba(rows), kept)


def test_the_input_is_left_as_it_was(model: Callable[[str], Model]) -> None:
    rows = X.copy()
    model("gradient-boosting").predict_proba(rows)
    assert np.array_equal(rows, X)


def test_the_pickle_in_the_artifact_is_scikit_learns_own(model_dir: Callable[[str], Path]) -> None:
    estimator = pickle.loads((model_dir("random-forest") / "model.pkl").read_bytes())
    assert estimator.get_params()["n_estimators"] == 100
    assert estimator.get_params()["random_state"] == 42
