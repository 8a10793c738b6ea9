"""`python -m smtraining pack`: anybody's fitted estimator becomes an artifact."""

import csv
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC

from sminference.artifact import load
from sminference.explain import ExplainOptions
from sminference.manifest import ArtifactError
from smtraining.__main__ import main
from smtraining.pack import Facts, pack
from smtraining.verify import Effort

Caplog = pytest.LogCaptureFixture
CANCER = load_breast_cancer()
FITTED_SCALER = StandardScaler().fit(np.zeros((2, 4)))


def table(path: Path, X: Any, names: Any, labels: Any = None) -> Path:
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*names, *(["label"] if labels is not None else [])])
        for i, row in enumerate(X):
            writer.writerow([*row.tolist(), *([labels[i]] if labels is not None else [])])
    return path


def run(folder: Path, estimator: Any, data: Path, *options: str) -> Result:
    (folder / "own.pkl").write_bytes(pickle.dumps(estimator))
    command = ["pack", str(folder / "own.pkl"), "--name", "own", "--data", str(data), "--trust-pickle"]
    return CliRunner().invoke(main, [*command, "--output", str(folder / "out"), "--verify-rows", "500", *options])


def test_a_forest_of_many_features_is_packed_calibrated_and_explained(tmp_path: Path) -> None:
    X, y = CANCER.data, CANCER.target
    estimator = RandomForestClassifier(30, random_state=0).fit(X[::2], y[::2])
    data = table(tmp_path / "d.csv", X[1::2], CANCER.feature_names, y[1::2])
    result = run(tmp_path, estimator, data, "--label-column", "label", "--classes", "malignant, benign")
    assert result.exit_code == 0, result.output
    model = load(tmp_path / "out")
    assert model.classes == ("malignant", "benign")
    assert model.predictor.method == "hybrid"
    assert np.array_equal(model.predict_proba(X), estimator.predict_proba(X))
    (answer,) = model.explain(X[:1], model.predict_proba(X[:1]), ExplainOptions())
    assert answer["prediction_set"]["classes"] == ["malignant"]
    assert abs(answer["prediction_set"]["measured_coverage"] - 0.9) < 0.05
    assert model.description["metrics"]["sample"]["accuracy"] > 0.9
    assert model.description["metrics"]["sample"]["rows"] == len(X[1::2])


def test_labels_may_be_written_as_class_names(tmp_path: Path) -> None:
    X, y = load_iris(return_X_y=True)
    names = ["setosa", "versicolor", "virginica"]
    data = table(tmp_path / "d.csv", X, "abcd", [names[k] for k in y])
    estimator = GradientBoostingClassifier(n_estimators=5, random_state=0).fit(X, y)
    result = run(tmp_path, estimator, data, "--label-column", "label", "--classes", ",".join(names))
    assert result.exit_code == 0, result.output
    assert load(tmp_path / "out").description["metrics"]["sample"]["accuracy"] > 0.95


def test_a_pipeline_and_a_regressor_are_packed_without_labels(tmp_path: Path) -> None:
    X, y = load_iris(return_X_y=True)
    data = table(tmp_path / "d.csv", X, "abcd")
    assert run(tmp_path, make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y), data).exit_code == 0
    assert load(tmp_path / "out").predictor.method == "scikit-learn"
    X, y = load_diabetes(return_X_y=True)
    data = table(tmp_path / "d.csv", X, list("abcdefghij"))
    assert run(tmp_path, RandomForestRegressor(5).fit(X, y), data).exit_code == 0
    assert load(tmp_path / "out").outputs == "values"


def test_packing_a_pickle_asks_for_trust_first(tmp_path: Path) -> None:
    (tmp_path / "own.pkl").write_bytes(b"anything")
    data = table(tmp_path / "d.csv", np.zeros((1, 1)), "a")
    result = CliRunner().invoke(main, ["pack", str(tmp_path / "own.pkl"), "--name", "own", "--data", str(data)])
    assert result.exit_code == 2
    assert "add --trust-pickle if you know who made it" in result.output


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty; expected a header of feature names, then rows of numbers"),
        ("a,b,c,d\n", "has a header and no rows"),
        ("a,b,c,d\n1,2,3\n", "line 2: expected 4 fields, got 3"),
        ("a,b,c,d\n1,2,3,4\n1,x,3,4\n", "line 3, column 'b': expected a finite number, got 'x'"),
        ("a,b,c,d\n1,2,nan,4\n", "line 2, column 'c': expected a finite number, got 'nan'"),
        ("a,b,c\n1,2,3\n", "the estimator takes 4 features, the table has 3"),
    ],
)
def test_a_wrong_table_is_refused_with_the_place(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(content)
    X, y = load_iris(return_X_y=True)
    result = run(tmp_path, RandomForestClassifier(2).fit(X, y), tmp_path / "d.csv")
    assert result.exit_code == 1
    assert message in result.output.replace("\n", " ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("estimator", "options", "message"),
    [
        (RandomForestClassifier(), [], "that does not say how many features it takes (n_features_in_); call fit"),
        (
            None,
            ["--classes", "one,two"],
            "the estimator has 3 classes (0, 1, 2), 2 names were given",
        ),
        (None, ["--label-column=colour"], "has no column 'colour'; it has a, b, c, d, label"),
        ({"a": 1}, [], "must hold a fitted scikit-learn estimator, got dict"),
        (FunctionTransformer(print), [], "asks for builtins.print"),
        (FITTED_SCALER, [], "holds a StandardScaler, which has no predict"),
    ],
    ids=["not fitted", "class names", "label column", "a dictionary", "a function", "a transformer"],
)
def test_what_does_not_fit_is_refused(estimator: Any, options: list[str], message: str, tmp_path: Path) -> None:
    X, y = load_iris(return_X_y=True)
    data = table(tmp_path / "d.csv", X, "abcd", y)
    fitted = RandomForestClassifier(2).fit(X, y)
    result = run(tmp_path, fitted if estimator is None else estimator, data, "--label-column", "label", *options)
    assert result.exit_code == 1
    assert message in result.output


def frame(X: Any) -> Any:
    return pd.DataFrame(X, columns=list("abcd"))


def test_an_estimator_fitted_to_a_data_frame_serves_arrays(tmp_path: Path) -> None:
    X, y = load_iris(return_X_y=True)
    estimator = make_pipeline(StandardScaler(), LogisticRegression()).fit(frame(X), y)
    result = run(tmp_path, estimator, table(tmp_path / "d.csv", X, "abcd"))
    assert result.exit_code == 0, result.output
    model = load(tmp_path / "out")
    assert np.array_equal(model.predict_proba(X), estimator.predict_proba(frame(X)))


def test_an_estimator_that_needs_a_data_frame_is_refused(tmp_path: Path) -> None:
    X, y = load_iris(return_X_y=True)
    columns = ColumnTransformer([("scale", StandardScaler(), ["a", "b"])])
    result = run(tmp_path, make_pipeline(columns, GaussianNB()).fit(frame(X), y), table(tmp_path / "d.csv", X, "abcd"))
    assert result.exit_code == 1
    assert "can't predict from rows of 4 numbers" in result.output


def test_an_unknown_label_is_named(tmp_path: Path) -> None:
    X, y = load_iris(return_X_y=True)
    data = table(tmp_path / "d.csv", X, "abcd", ["tulip"] * len(y))
    result = run(tmp_path, RandomForestClassifier(2).fit(X, y), data, "--label-column", "label")
    assert "label 'tulip' is not one of the classes of the estimator; it has 0, 1, 2" in result.output


SPELLINGS = {
    "booleans as 0 and 1": (bool, lambda k: k),
    "booleans as a spreadsheet has them": (bool, lambda k: "TRUE" if k else "FALSE"),
    "whole numbers with a point": (int, float),
    "numbers without one": (float, int),
    "as they are": (bool, bool),
}


@pytest.mark.parametrize(("kind", "spelled"), SPELLINGS.values(), ids=SPELLINGS)
def test_labels_are_the_classes_however_numbers_are_written(
    kind: type, spelled: Callable[[int], Any], tmp_path: Path
) -> None:
    X, y = CANCER.data, CANCER.target
    estimator = RandomForestClassifier(5, random_state=0).fit(X[::2], y[::2].astype(kind))
    data = table(tmp_path / "d.csv", X[1::2], CANCER.feature_names, [spelled(int(k)) for k in y[1::2]])
    result = run(tmp_path, estimator, data, "--label-column", "label")
    assert result.exit_code == 0, result.output
    expected = float((estimator.predict(X[1::2]) == y[1::2].astype(kind)).mean())
    assert load(tmp_path / "out").description["metrics"]["sample"]["accuracy"] == expected


def test_a_label_that_means_two_classes_is_refused(tmp_path: Path) -> None:
    X, y = CANCER.data, CANCER.target
    data = table(tmp_path / "d.csv", X, CANCER.feature_names, y)
    estimator = RandomForestClassifier(2).fit(X, y)
    result = run(tmp_path, estimator, data, "--label-column", "label", "--classes", "1,0")
    assert result.exit_code == 1
    assert "is a class of the estimator and the name of another of its classes" in result.output


def test_labels_of_a_regressor_measure_it_and_are_said_to_calibrate_nothing(tmp_path: Path, caplog: Caplog) -> None:
    X, y = load_diabetes(return_X_y=True)
    estimator = RandomForestRegressor(5, random_state=0).fit(X[::2], y[::2])
    data = table(tmp_path / "d.csv", X[1::2], list("abcdefghij"), y[1::2])
    result = run(tmp_path, estimator, data, "--label-column", "label")
    assert result.exit_code == 0, result.output
    assert "a RandomForestRegressor has no classes: the labels measure its errors and calibrate nothing" in caplog.text
    found = load(tmp_path / "out").description["metrics"]["sample"]
    assert found["r2"] == pytest.approx(estimator.score(X[1::2], y[1::2]))
    assert found["mean_absolute_error"] == pytest.approx(np.abs(estimator.predict(X[1::2]) - y[1::2]).mean())
    refused = run(tmp_path, estimator, data, "--label-column", "label", "--classes", "a,b")
    assert refused.exit_code == 1
    assert "the estimator, a RandomForestRegressor, has no classes to give names to" in refused.output


def test_labels_of_a_regressor_are_numbers(tmp_path: Path) -> None:
    X, y = load_diabetes(return_X_y=True)
    data = table(tmp_path / "d.csv", X, list("abcdefghij"), ["high"] * len(X))
    result = run(tmp_path, RandomForestRegressor(2).fit(X, y), data, "--label-column", "label")
    assert result.exit_code == 1
    assert "label 'high' is no finite number" in result.output


def test_a_classifier_without_probabilities_is_measured_and_what_it_lacks_is_said(
    tmp_path: Path, caplog: Caplog
) -> None:
    X, y = load_iris(return_X_y=True)
    estimator = LinearSVC().fit(X, y)
    result = run(tmp_path, estimator, table(tmp_path / "d.csv", X, "abcd", y), "--label-column", "label")
    assert result.exit_code == 0, result.output
    assert "a LinearSVC has no probabilities" in caplog.text
    assert load(tmp_path / "out").description["metrics"]["sample"]["accuracy"] == estimator.score(X, y)


def test_too_few_labelled_rows_are_said(tmp_path: Path, caplog: Caplog) -> None:
    X, y = load_iris(return_X_y=True)
    data = table(tmp_path / "d.csv", X[::10], "abcd", y[::10])
    result = run(tmp_path, GaussianNB().fit(X, y), data, "--label-column", "label")
    assert result.exit_code == 0, result.output
    assert "15 labelled rows are too few to calibrate prediction sets; give 20 or more" in caplog.text


def test_a_fast_way_that_differs_stops_the_packing(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = load_iris(return_X_y=True)
    monkeypatch.setattr("sminference.predictors.walk.rounded", lambda x: x)  # as converters that forget float32 do
    facts = Facts("forest", list("abcd"), list("xyz"), "MIT")
    with pytest.raises(ArtifactError, match=r"for \[.*\] the row walk answers \[.*\], scikit-learn \["):
        pack(RandomForestClassifier(30, random_state=0).fit(X, y), facts, X, Effort(1_000, 2_000))


def test_the_manifest_never_holds_what_json_can_not(tmp_path: Path) -> None:
    X, y = load_iris(return_X_y=True)
    data = table(tmp_path / "d.csv", X, "abcd", y)
    assert run(tmp_path, RandomForestClassifier(5).fit(X, y), data, "--label-column", "label").exit_code == 0
    json.loads((tmp_path / "out" / "manifest.json").read_text(), parse_constant=pytest.fail)
