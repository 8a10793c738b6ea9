"""Anybody's estimators, packed and served: the classes that scikit-learn predicts, or a sentence that says why not."""

import csv
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from sklearn.svm import SVC

from sminference.artifact import Trust, load
from sminference.config import Settings
from sminference.errors import RequestError
from sminference.explain import ExplainOptions
from sminference.manifest import ArtifactError
from sminference.served import Served
from smtraining.__main__ import main

IRIS_X, IRIS_Y = load_iris(return_X_y=True)
CANCER_X, CANCER_Y = load_breast_cancer(return_X_y=True)
RARE_FIRST = FixedThresholdClassifier(LogisticRegression(max_iter=5000), threshold=0.05).fit(CANCER_X, 1 - CANCER_Y)


def packed(folder: Path, estimator: Any, X: Any, y: Any = None, *options: str) -> Result:
    names = [f"x{i}" for i in range(X.shape[1])]
    with (folder / "data.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(names + ["label"] * (y is not None))
        writer.writerows(row.tolist() + ([] if y is None else [y[i]]) for i, row in enumerate(X))
    (folder / "own.pkl").write_bytes(pickle.dumps(estimator))
    command = ["pack", str(folder / "own.pkl"), "--data", str(folder / "data.csv"), "--trust-pickle", *options]
    if "--name" not in options:
        command += ["--name", "own"]
    if y is not None:
        command += ["--label-column", "label"]
    return CliRunner().invoke(main, [*command, "--output", str(folder / "out"), "--verify-rows", "500"])


def refused(result: Result) -> str:
    """The sentence of a refusal, which is no traceback."""
    assert result.exit_code
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    return result.output


def served(folder: Path) -> Served:
    return Served(load(folder / "out"), Settings())


def ask(model: Served, X: Any, accept: str = "application/json", options: ExplainOptions | None = None) -> bytes:
    return model.answer(json.dumps(np.asarray(X).tolist()).encode(), "application/json", accept, options).body


@pytest.mark.filterwarnings("ignore:The `probability` parameter was deprecated:FutureWarning")
@pytest.mark.parametrize(
    ("estimator", "X", "y"),
    [
        (RARE_FIRST, CANCER_X, 1 - CANCER_Y),
        (SVC(probability=True, random_state=0), IRIS_X, IRIS_Y),
        (SGDClassifier(loss="log_loss", random_state=0), IRIS_X, IRIS_Y),
    ],
    ids=["a threshold", "a support vector machine", "probabilities that saturate"],
)
def test_the_predicted_class_is_the_one_that_scikit_learn_predicts(
    estimator: Any, X: Any, y: Any, tmp_path: Path
) -> None:
    if estimator is not RARE_FIRST:
        estimator.fit(X, y)
    assert (estimator.predict(X) != estimator.classes_[estimator.predict_proba(X).argmax(axis=1)]).any()
    result = packed(tmp_path, estimator, X[::4], y[::4])
    assert result.exit_code == 0, result.output
    model, expected = served(tmp_path), [str(label) for label in estimator.predict(X)]
    predictions = json.loads(ask(model, X))["predictions"]
    assert [row["predicted_class"] for row in predictions] == expected
    assert [list(row["probabilities"].values()) for row in predictions] == estimator.predict_proba(X).tolist()
    assert [json.loads(line) for line in ask(model, X, "application/jsonlines").splitlines()] == predictions
    assert [line.split(",")[0] for line in ask(model, X, "text/csv").decode().splitlines()] == expected
    explained = json.loads(ask(model, X[:50], options=ExplainOptions.parse(["set"])))["predictions"]
    assert [row["predicted_class"] for row in explained] == expected[:50]
    sample = json.loads((tmp_path / "out" / "manifest.json").read_text())["metrics"]["sample"]
    assert sample["accuracy"] == (estimator.predict(X[::4]) == y[::4]).mean()


def test_where_the_most_probable_class_is_the_predicted_one_nobody_is_asked_twice(tmp_path: Path) -> None:
    estimator = KNeighborsClassifier().fit(IRIS_X, IRIS_Y)
    assert packed(tmp_path, estimator, IRIS_X).exit_code == 0
    assert served(tmp_path).model.decide is None


def test_a_bare_pickle_predicts_as_scikit_learn_does(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(RARE_FIRST))
    model = Served(load(tmp_path, Trust(allow_pickle=True)), Settings())
    predictions = json.loads(ask(model, CANCER_X))["predictions"]
    assert [row["predicted_class"] for row in predictions] == [str(label) for label in RARE_FIRST.predict(CANCER_X)]


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (MultiOutputClassifier(LogisticRegression(max_iter=500)), "for several targets; write one model for each"),
        (RandomForestClassifier(2), "for several targets; write one model for each"),
        (LinearRegression(), "answers 2 values a row; write one model for each"),
    ],
)
def test_a_model_for_several_targets_is_refused_packed_and_bare(estimator: Any, message: str, tmp_path: Path) -> None:
    estimator.fit(IRIS_X, np.c_[IRIS_Y, IRIS_Y == 1])
    assert message in refused(packed(tmp_path, estimator, IRIS_X))
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "model.pkl").write_bytes(pickle.dumps(estimator))
    with pytest.raises(ArtifactError, match=message):
        load(tmp_path / "bare", Trust(allow_pickle=True))


@pytest.mark.parametrize(
    ("estimator", "y", "message"),
    [
        (RandomForestClassifier(2), np.zeros(150), "trained with one class only (0.0); it needs two"),
        (GridSearchCV(LogisticRegression(max_iter=500), {"C": [1]}, scoring="accuracy"), IRIS_Y, "its best_estimator_"),
        (
            make_pipeline(SelectKBest(k=2), LogisticRegression()),
            IRIS_Y,
            "(score_func of SelectKBest), set the parameter",
        ),
        (make_pipeline(FunctionTransformer(np.log1p), LogisticRegression()), IRIS_Y, "asks for numpy.log1p, which is"),
    ],
)
def test_what_can_not_be_served_is_refused_with_what_to_write(
    estimator: Any, y: Any, message: str, tmp_path: Path
) -> None:
    assert message in refused(packed(tmp_path, estimator.fit(IRIS_X, y), IRIS_X))


def test_a_selection_without_its_score_function_is_served(tmp_path: Path) -> None:
    estimator = make_pipeline(SelectKBest(k=2), LogisticRegression()).fit(IRIS_X, IRIS_Y)
    expected = estimator.predict_proba(IRIS_X)
    estimator[0].score_func = None
    assert packed(tmp_path, estimator, IRIS_X).exit_code == 0
    assert np.array_equal(served(tmp_path).model.predict_proba(IRIS_X), expected)


def test_a_forest_trained_with_missing_values_is_served_where_none_are_missing(tmp_path: Path) -> None:
    X = IRIS_X.copy()
    X[::7, 1] = np.nan
    estimator = RandomForestClassifier(30, random_state=0).fit(X, IRIS_Y)
    assert any(np.isinf(tree.tree_.threshold).any() for tree in estimator.estimators_)
    result = packed(tmp_path, estimator, IRIS_X)
    assert result.exit_code == 0, repr(result.exception)
    model = served(tmp_path).model
    assert model.predictor.method != "scikit-learn"
    assert np.array_equal(model.predict_proba(IRIS_X), estimator.predict_proba(IRIS_X))


def test_numbers_that_a_model_does_not_take_are_the_clients_fault(tmp_path: Path) -> None:
    estimator = make_pipeline(ColumnTransformer([("c", OneHotEncoder(), [0])]), LogisticRegression())
    assert packed(tmp_path, estimator.fit(IRIS_X, IRIS_Y), IRIS_X, IRIS_Y).exit_code == 0
    with pytest.raises(RequestError, match="rows: expected values that the model takes, got ") as caught:
        ask(served(tmp_path), [[9.9, 1, 1, 1]])
    assert caught.value.status == 400


def test_values_of_any_size_may_differ_in_their_last_bits_between_processors(tmp_path: Path) -> None:
    estimator = LinearRegression().fit(IRIS_X, IRIS_Y * 1e12)
    assert packed(tmp_path, estimator, IRIS_X).exit_code == 0
    path = tmp_path / "out" / "manifest.json"
    document = json.loads(path.read_text())
    first = document["golden"]["outputs"][-1]
    first[0] = float(np.nextafter(first[0], np.inf))
    path.write_text(json.dumps(document))
    load(tmp_path / "out")
    first[0] *= 1 + 1e-8
    path.write_text(json.dumps(document))
    with pytest.raises(ArtifactError, match="does not answer its golden rows"):
        load(tmp_path / "out")


def test_a_table_that_names_a_column_twice_is_refused(tmp_path: Path) -> None:
    estimator = LogisticRegression(max_iter=500).fit(IRIS_X, IRIS_Y)
    packed(tmp_path, estimator, IRIS_X)
    data = tmp_path / "data.csv"
    data.write_text(data.read_text().replace("x1", "x0"))
    command = ["pack", str(tmp_path / "own.pkl"), "--name", "own", "--data", str(data), "--trust-pickle"]
    assert "has two columns 'x0'; give each a name of its own" in refused(CliRunner().invoke(main, command))


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a b", "x" * 64, "-x"])
def test_a_name_that_is_no_name_of_a_folder_is_refused(name: str, tmp_path: Path) -> None:
    estimator = LogisticRegression(max_iter=500).fit(IRIS_X, IRIS_Y)
    assert "letters, digits, dots" in refused(
        packed(tmp_path, estimator, IRIS_X, None, f"--name={name}", "--name", name)
    )


@pytest.mark.parametrize("command", ["train", "compare"])
def test_a_folder_that_can_not_be_written_to_is_said(command: str) -> None:
    options = ["--output", "/proc/nowhere", "--splits", "1", "--verify-rows", "0"]
    assert "/proc/nowhere can't be written to: " in refused(CliRunner().invoke(main, [command, *options])).replace(
        "/proc/nowhere/random-forest", "/proc/nowhere"
    )
