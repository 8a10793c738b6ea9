"""`python -m smtraining compare`: both models on the same rows, as text, as a page and as a picture."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.image import imread

from sminference.artifact import load
from smtraining.__main__ import main
from smtraining.metrics import calibration_error, scores


def test_both_models_are_compared_and_packed(tmp_path: Path) -> None:
    command = ["compare", "--splits", "1", "--verify-rows", "500", "--output", str(tmp_path)]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    report = (tmp_path / "report.txt").read_text()
    assert report in result.output
    for words in (
        "accuracy",
        "log loss",
        "calibration error",
        "coverage at 0.90",
        "Confusion of random-forest",
        "Confusion of gradient-boosting",
    ):
        assert words in report
    page = (tmp_path / "report.html").read_text()
    assert page.count("<svg") == 4, "classes, calibration, and the confusion of each"
    for manifest in ("random-forest", "gradient-boosting"):
        assert f"Confusion of {manifest}" in page
    image = imread(tmp_path / "report.png")
    assert image.shape[0] > 500
    assert image.std() > 0.05, "something is drawn"
    manifests = [
        json.loads((tmp_path / n / "manifest.json").read_text()) for n in ("random-forest", "gradient-boosting")
    ]
    assert manifests[0]["training_data"]["sha256"] == manifests[1]["training_data"]["sha256"]
    for manifest in manifests:
        assert f"{manifest['metrics']['repeated']['log_loss']:.4f}" in report
        assert load(tmp_path / manifest["name"]).name == manifest["name"]


def test_scores_of_known_probabilities() -> None:
    proba = np.array([[0.8, 0.2], [0.6, 0.4], [0.3, 0.7], [0.9, 0.1]])
    y = np.array([0, 1, 1, 0])
    found = scores(proba, y)
    assert found["accuracy"] == 0.75
    assert found["log_loss"] == pytest.approx(-np.log([0.8, 0.4, 0.7, 0.9]).mean())
    assert found["brier"] == pytest.approx((2 * np.array([0.2, 0.6, 0.3, 0.1]) ** 2).mean())
    assert found["confusion"] == [[2, 0], [1, 1]]


def test_calibration_error_of_sure_and_always_right_is_nothing_and_of_sure_and_always_wrong_is_all() -> None:
    proba = np.tile([1.0, 0.0], (10, 1))
    assert calibration_error(proba, np.zeros(10, dtype=np.intp)) == 0
    assert calibration_error(proba, np.ones(10, dtype=np.intp)) == 1
