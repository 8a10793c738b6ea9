"""`pack --missing-values`: a model that takes missing values can be asked with them, and no other."""

import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from sklearn.datasets import load_iris
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sminference.artifact import load
from sminference.config import Settings
from sminference.drift import Drift
from sminference.errors import RequestError
from sminference.manifest import MANIFEST, ArtifactError
from sminference.served import Served
from smtraining.__main__ import main

X, Y = load_iris(return_X_y=True)
GAPS = np.where(np.random.default_rng(0).random(X.shape) < 0.2, np.nan, X)
ASKED = np.array([[5.1, np.nan, 1.4, 0.2], [np.nan, np.nan, np.nan, np.nan], [6.9, 3.1, 5.4, 2.1]])
ESTIMATORS = {
    "a forest": RandomForestClassifier(10, random_state=0),
    "histogram boosting": HistGradientBoostingClassifier(max_iter=5, random_state=0),
    "a pipeline with an imputer": make_pipeline(SimpleImputer(), LogisticRegression(max_iter=500)),
    "a regressor": HistGradientBoostingRegressor(max_iter=5, random_state=0),
}


def packed(folder: Path, estimator: Any, *options: str, rows: Any = GAPS) -> Result:
    """What `pack` says; the artifact is in `out`. A value that is missing is an empty cell."""
    (folder / "own.pkl").write_bytes(pickle.dumps(estimator))
    cells = ["a,b,c,d", *(",".join("" if np.isnan(x) else repr(float(x)) for x in row) for row in rows)]
    (folder / "d.csv").write_text("\n".join(cells))
    command = ["pack", str(folder / "own.pkl"), "--name", "own", "--data", str(folder / "d.csv"), "--trust-pickle"]
    return CliRunner().invoke(main, [*command, "--output", str(folder / "out"), "--verify-rows", "200", *options])


def npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def bodies(rows: Any) -> dict[str, bytes]:
    """Rows in every format, as clients write what is missing."""
    nulls = [[None if np.isnan(x) else x for x in row] for row in rows.tolist()]
    return {
        "application/json": json.dumps({"instances": nulls}).encode(),
        "application/jsonlines": "\n".join(map(json.dumps, nulls)).encode(),
        "text/csv": "\n".join(",".join("" if x is None else repr(x) for x in row) for row in nulls).encode(),
        "text/csv; header=present": b"a,b,c,d\n"
        + "\n".join(",".join(map(repr, row)) for row in rows.tolist()).encode(),
        "application/x-npy": npy(rows),
    }


@pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)
def test_it_answers_what_scikit_learn_does_in_every_format(estimator: Any, tmp_path: Path) -> None:
    estimator.fit(GAPS, Y)
    result = packed(tmp_path, estimator, "--missing-values")
    assert result.exit_code == 0, result.output
    served = Served(load(tmp_path / "out"), Settings())
    is_regressor = served.model.outputs == "values"
    expected = estimator.predict(ASKED) if is_regressor else estimator.predict_proba(ASKED)
    for kind, body in bodies(ASKED).items():
        found = np.load(io.BytesIO(served.answer(body, kind, "application/x-npy").body))
        assert np.allclose(found, expected, rtol=0, atol=1e-12), kind
    json.loads((tmp_path / "out" / MANIFEST).read_text(), parse_constant=pytest.fail)


def test_without_the_option_nothing_is_missing(tmp_path: Path) -> None:
    estimator = ESTIMATORS["a forest"].fit(GAPS, Y)
    result = packed(tmp_path, estimator)
    assert result.exit_code == 1
    assert "with --missing-values that is a missing value" in result.output
    assert packed(tmp_path, estimator, rows=X).exit_code == 0
    served = Served(load(tmp_path / "out"), Settings())
    for kind, body in bodies(ASKED).items():
        with pytest.raises(RequestError, match=r"expected a (finite )?number"):
            served.answer(body, kind, None)


def test_an_estimator_that_takes_none_is_refused_with_the_feature(tmp_path: Path) -> None:
    result = packed(tmp_path, LogisticRegression(max_iter=500).fit(X, Y), "--missing-values", rows=X)
    assert result.exit_code == 1
    assert "the estimator takes no missing value in feature 'a'" in result.output


def test_a_feature_without_any_value_is_named(tmp_path: Path) -> None:
    rows = np.column_stack([X[:, :3], np.full(len(X), np.nan)])
    result = packed(tmp_path, ESTIMATORS["histogram boosting"].fit(GAPS, Y), "--missing-values", rows=rows)
    assert result.exit_code == 1
    assert "feature 'd' has no value in any row" in result.output


def test_what_is_no_number_is_refused_as_ever(tmp_path: Path) -> None:
    assert packed(tmp_path, ESTIMATORS["histogram boosting"].fit(GAPS, Y), "--missing-values").exit_code == 0
    served = Served(load(tmp_path / "out"), Settings())
    for kind, body in {
        "application/json": b"[[1, true, null, 2]]",
        "application/jsonlines": b'[1, "", null, 2]',
        "text/csv": b"1,x,,2",
        "application/x-npy": npy(np.array([[1.0, np.inf, np.nan, 2.0]])),
    }.items():
        with pytest.raises(RequestError, match=r"expected a (finite )?number"):
            served.answer(body, kind, None)


def test_missing_values_are_in_no_bin_of_the_drift(tmp_path: Path) -> None:
    assert packed(tmp_path, ESTIMATORS["histogram boosting"].fit(GAPS, Y), "--missing-values").exit_code == 0
    model = load(tmp_path / "out")
    drift = Drift.from_baseline(model.baseline, model.feature_names)
    rows = np.vstack([GAPS] * 3)
    rows[:, 1] = np.nan
    counts = drift.count(rows)
    assert counts.sum(axis=1).tolist() == (2 * (~np.isnan(rows)).sum(axis=0)).tolist()
    found = drift.index(counts)
    assert set(found) == {"a", "c", "d"}
    assert max(found.values()) < 0.1


def test_a_manifest_without_the_word_has_golden_rows_without_gaps(tmp_path: Path) -> None:
    assert packed(tmp_path, ESTIMATORS["histogram boosting"].fit(GAPS, Y), "--missing-values").exit_code == 0
    path = tmp_path / "out" / MANIFEST
    document = json.loads(path.read_text())
    assert any(None in row for row in document["golden"]["rows"])
    path.write_text(json.dumps(document | {"missing_values": False}))
    with pytest.raises(ArtifactError, match=r"golden.rows must hold rows of 4 finite numbers"):
        load(tmp_path / "out")
    path.write_text(json.dumps(document | {"missing_values": "yes"}))
    with pytest.raises(ArtifactError, match="missing_values must be true or false, got 'yes'"):
        load(tmp_path / "out")
