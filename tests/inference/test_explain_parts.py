"""The parts of an explanation as a client gets them."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from sminference.explain import PARTS, ExplainOptions
from sminference.explain.conformal import calibrate, prediction_sets
from sminference.explain.explainer import Explainer
from sminference.explain.shapley import ShapleyValues
from sminference.model import Model
from sminference.predictors.choice import choose_unchecked
from smtraining.train import Trained

ROWS = np.array([[5.1, 3.5, 1.4, 0.2], [6.0, 2.7, 5.1, 1.6], [6.3, 3.3, 6.0, 2.5]])


def test_a_forest_answers_all_parts_for_each_row(model: Callable[[str], Model]) -> None:
    forest = model("random-forest")
    proba = forest.predict_proba(ROWS)
    answers = forest.explain(ROWS, proba, ExplainOptions())
    json.dumps(answers, allow_nan=False)
    assert [sorted(answer) for answer in answers] == [["prediction_set", "shap", "tree_disagreement"]] * 3
    for answer, row in zip(answers, proba, strict=True):
        shap = answer["shap"]
        assert shap["link"] == "identity"
        for name, probability in zip(forest.classes, row, strict=True):
            assert set(shap["values"][name]) == set(forest.feature_names)
            assert abs(shap["base_values"][name] + sum(shap["values"][name].values()) - probability) < 1e-12
            low, high = answer["tree_disagreement"]["intervals"][name]
            assert 0 <= low <= high <= 1
        assert "not a confidence interval" in answer["tree_disagreement"]["method"]
        assert 0 < answer["tree_disagreement"]["measured_coverage"] < 1
    assert answers[0]["prediction_set"]["classes"] == ["setosa"]
    assert answers[0]["prediction_set"]["level"] == 0.9
    assert 0.5 < answers[0]["prediction_set"]["measured_coverage"] <= 1


def test_boosting_explains_raw_scores_whose_softmax_is_the_prediction(model: Callable[[str], Model]) -> None:
    boosting = model("gradient-boosting")
    proba = boosting.predict_proba(ROWS)
    for answer, row in zip(boosting.explain(ROWS, proba, ExplainOptions()), proba, strict=True):
        shap = answer["shap"]
        assert shap["link"] == "softmax"
        raw = np.array([shap["base_values"][c] + sum(shap["values"][c].values()) for c in boosting.classes])
        assert np.allclose(np.exp(raw) / np.exp(raw).sum(), row, rtol=0, atol=1e-12)
        assert "only the trees of a forest vote" in answer["tree_disagreement"]["unavailable"]


def test_boosting_with_two_classes_explains_the_second_one() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    manifest, chosen = choose_unchecked(GradientBoostingClassifier(n_estimators=5, random_state=0).fit(X, y))
    proba = chosen.predictor(X[:3])
    answers = Explainer.of(manifest, chosen.trees)(X[:3], proba, ExplainOptions(frozenset({"shap"})))
    for answer, row in zip(answers, proba, strict=True):
        assert answer["shap"]["link"] == "logistic"
        raw = answer["shap"]["base_values"]["1"] + sum(answer["shap"]["values"]["1"].values())
        assert abs(1 / (1 + np.exp(-raw)) - row[1]) < 1e-12


def test_what_another_estimator_can_not_give_is_said() -> None:
    X, y = load_iris(return_X_y=True)
    manifest, chosen = choose_unchecked(LogisticRegression(max_iter=1000).fit(X, y))
    (answer,) = Explainer.of(manifest, chosen.trees)(X[:1], chosen.predictor(X[:1]), ExplainOptions())
    assert answer == {
        "prediction_set": {"unavailable": "the artifact holds no conformal calibration"},
        "tree_disagreement": {"unavailable": "only the trees of a forest vote; this is LogisticRegression"},
        "shap": {
            "unavailable": "Shapley values are computed for forests and gradient boosting of trees; "
            "this is LogisticRegression"
        },
    }


@pytest.mark.parametrize("part", PARTS)
def test_only_the_parts_asked_for_are_answered(part: str, model: Callable[[str], Model]) -> None:
    forest = model("random-forest")
    (answer,) = forest.explain(ROWS[:1], forest.predict_proba(ROWS[:1]), ExplainOptions.parse([part]))
    assert len(answer) == 1


def test_no_table_is_made_before_somebody_asks(
    model_dir: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sminference.artifact import load

    monkeypatch.setattr(ShapleyValues, "__call__", lambda *_: pytest.fail("computed"))
    monkeypatch.setattr("sminference.explain.shapley._paths", lambda *_: pytest.fail("tables made"))
    forest = load(model_dir("random-forest"))
    proba = forest.predict_proba(ROWS)
    forest.explain(ROWS, proba, ExplainOptions.parse(["set", "disagreement"]))


def test_the_level_asked_for_is_the_one_answered(model: Callable[[str], Model]) -> None:
    forest = model("random-forest")
    proba = forest.predict_proba(ROWS)
    levels = [
        forest.explain(ROWS, proba, ExplainOptions.parse(["set"], level))[1]["prediction_set"]
        for level in ("0.9", "0.95")
    ]
    assert [answer["level"] for answer in levels] == [0.9, 0.95]
    assert set(levels[0]["classes"]) <= set(levels[1]["classes"])


@pytest.mark.parametrize(
    ("parts", "level", "message"),
    [
        (["reason"], None, "unknown part 'reason'; write any of set, disagreement, shap"),
        ([], "high", "level must be a number between 0 and 1 such as 0.9, got 'high'"),
        ([], "1", "level must be a number between 0 and 1 such as 0.9, got '1'"),
        ([], "nan", "level must be a number between 0 and 1 such as 0.9, got 'nan'"),
    ],
)
def test_wrong_options_are_refused_with_what_to_write(parts: list[str], level: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ExplainOptions.parse(parts, level)


def test_a_level_that_was_not_calibrated_is_refused_with_those_that_were(model: Callable[[str], Model]) -> None:
    forest = model("random-forest")
    with pytest.raises(ValueError, match=r"level 0.8 was not calibrated; write one of 0.9, 0.95"):
        forest.explain(ROWS, forest.predict_proba(ROWS), ExplainOptions.parse(["set"], "0.8"))


def test_a_threshold_is_the_smallest_that_covers_enough_of_the_scores() -> None:
    proba = np.stack([1 - np.arange(1, 100) / 100, np.arange(1, 100) / 100], axis=1)
    threshold = calibrate(proba, np.zeros(99, dtype=np.intp), 0.9)
    assert threshold == pytest.approx(0.9)  # the 90th of 99 scores 0.01, 0.02, ...
    assert prediction_sets(np.array([[0.95, 0.05], [0.5, 0.5]]), 0.9).tolist() == [[True, False], [True, True]]


def test_too_few_rows_put_every_label_into_the_set() -> None:
    proba = np.array([[0.9, 0.1]] * 5)
    assert calibrate(proba, np.zeros(5, dtype=np.intp), 0.9) == 1.0
    assert prediction_sets(proba, 1.0).all()


def test_sets_reach_their_level_on_exchangeable_rows() -> None:
    """Over 400 divisions of rows whose probabilities are right, coverage is the nominal one within four errors."""
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(400):
        proba = rng.dirichlet([0.5, 0.5, 0.5], 200)
        y = (rng.random(200)[:, None] > proba.cumsum(axis=1)).sum(axis=1).astype(np.intp)
        members = prediction_sets(proba[100:], calibrate(proba[:100], y[:100], 0.9))
        covered.append(members[np.arange(100), y[100:]].mean())
    assert abs(np.mean(covered) - 0.9) < 4 * np.std(covered) / 20 + 1 / 101


def test_the_report_of_training_says_how_coverage_was_measured(trained: Callable[[str], Trained]) -> None:
    repeated = trained("random-forest").repeated
    assert repeated is not None
    assert repeated.coverage[0.95].rows == 30 * repeated.splits
    assert repeated.coverage[0.95].covered >= repeated.coverage[0.9].covered
