"""The Playground over every kind of model that our container serves: the container's own application answers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier, RandomForestRegressor
from sklearn.svm import LinearSVC

from smclient.console.playground.description import description_of
from smclient.console.playground.outcome import Outcome, outcome
from smclient.console.playground.uploads import Rows
from sminference.artifact import load
from sminference.asked import describes, explanation
from sminference.config import Settings
from sminference.served import Served
from smtraining.pack import Facts, pack
from smtraining.verify import Effort

X, Y = load_iris(return_X_y=True)
TWO = Y < 2


@pytest.fixture
def answered(tmp_path: Path) -> Callable[..., Outcome]:
    """What the Playground shows of the first row, or of some, by a fitted estimator with such classes."""

    def of(estimator: Any, classes: tuple[str, ...], count: int = 1) -> Outcome:
        facts = Facts("it", ["a", "b", "c", "d"], classes, "MIT")
        for name, content in pack(estimator, facts, X[TWO], Effort(100, 100)).items():
            (tmp_path / name).write_bytes(content)
        served = Served(load(tmp_path), Settings())
        assert describes("describe=true")
        description = description_of(json.loads(json.dumps(served.describe())))
        assert description is not None
        assert description.has_form
        asked = explanation({}, f"explain={','.join(description.explained)}")
        rows = Rows(tuple(tuple(row) for row in X[:count].tolist()))
        body = served.answer(rows.body(), "application/json", "application/json", asked).body
        return outcome(
            body, content_type="application/json", variant="v", seconds=0.0, rows=rows.rows, description=description
        )

    return of


def test_a_regressor_answers_a_value_and_says_what_cannot_be_explained(answered: Callable[..., Outcome]) -> None:
    estimator = RandomForestRegressor(5, random_state=0).fit(X, Y)
    found = answered(estimator, ())
    assert found.first is not None
    assert found.first.value == estimator.predict(X[:1])[0]
    assert "RandomForestRegressor" in found.first.missing["shap"]
    assert found.explained is None
    assert answered(estimator, (), 3).summary is None


def test_a_classifier_without_probabilities_answers_a_class(answered: Callable[..., Outcome]) -> None:
    found = answered(LinearSVC(random_state=0).fit(X, np.array(["z", "x", "y"])[Y]), ("x", "y", "z"))
    assert found.first is not None
    assert (found.first.said, found.first.probabilities) == ("z", {})


def test_both_classes_of_boosting_are_explained(answered: Callable[..., Outcome]) -> None:
    found = answered(GradientBoostingClassifier(n_estimators=5, random_state=0).fit(X[TWO], Y[TWO]), ("no", "yes"), 3)
    assert found.found is not None
    assert found.summary is not None
    assert found.summarized == "no"
    for row in found.found.rows:
        assert row.contributions is not None
        base, shares = row.contributions.of("yes") or (0.0, {})
        share = 1 / (1 + np.exp(-(base + sum(shares.values()))))
        assert share == pytest.approx(row.probabilities["yes"])
        other, negatives = row.contributions.of("no") or (0.0, {})
        assert other == -base
        assert sum(negatives.values()) == pytest.approx(-sum(shares.values()))
