"""Containers of ours behind each other, as the steps of a pipeline: what one answers is the request of the next."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.svm import LinearSVC

from sminference.artifact import load
from sminference.config import Settings, SettingsError
from sminference.hosting import load_model
from smtraining.archive import write
from smtraining.pack import Facts, pack
from smtraining.verify import Effort

ROWS = [[5.1, 3.5, 1.4, 0.2], [6.0, 2.9, 4.5, 1.5], [6.9, 3.1, 5.4, 2.1]]
PLAIN: dict[str, str] = {}
CHAINED = {"SMINFERENCE_NUMBERS_ONLY": "true", "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv"}
ACCEPTED = (None, "application/json", "text/csv; header=present", "application/x-npy", "application/jsonlines")


def packed(folder: Path, kind: type[BaseEstimator], width: int) -> Path:
    """The folder of an artifact of such an estimator, fitted to so many numbers a row."""
    X = np.random.default_rng(0).uniform(0, 1, (60, width))
    y = X[:, 0] if kind is LinearRegression else np.arange(60) % 3
    classes = () if kind is LinearRegression else ("a", "b", "c")
    facts = Facts("step", [f"x{i}" for i in range(width)], classes, "MIT")
    return write(pack(kind().fit(X, y), facts, X, Effort(100, 100)), folder).parent


@pytest.fixture(scope="module")
def step(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Artifacts of `packed`, each made once."""
    return cache(lambda kind, width: packed(tmp_path_factory.mktemp("step"), kind, width))


@pytest.fixture
def serving(make_client: Any) -> Callable[[Path, dict[str, str]], Any]:
    """The application over an artifact, with these variables of its environment."""

    def made(folder: Path, variables: dict[str, str]) -> Any:
        settings = Settings.from_environ({"SM_MODEL_DIR": str(folder), **variables})
        return make_client(settings, load_model(settings))

    return made


STEPS = {"probabilities": (LogisticRegression, 3), "labels": (LinearSVC, 1), "values": (LinearRegression, 1)}


@pytest.mark.parametrize(("kind", "columns"), STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("accept", ACCEPTED)
def test_what_a_container_answers_the_next_one_reads(
    serving: Any, step: Any, kind: type[BaseEstimator], columns: int, accept: str | None
) -> None:
    """SageMaker hands each container the client's Accept; the last one answers as ever."""
    headers = {} if accept is None else {"Accept": accept}
    before, after = load(step(kind, 4)), load(step(LogisticRegression, columns))
    between = serving(step(kind, 4), CHAINED)({"instances": ROWS}, headers=headers)
    assert between.status == 200, between.body
    last = serving(step(LogisticRegression, columns), PLAIN)
    answer = last(between.body, headers=headers, content_type=between.headers["content-type"])
    assert answer.status == 200, answer.body
    X = np.asarray(ROWS)
    numbers = before.predict_proba(X) if columns > 1 else np.asarray(before.predict(X), dtype=float)[:, None]
    if accept in {None, "application/json"}:
        found = [list(row["probabilities"].values()) for row in answer.json["predictions"]]
        assert found == after.predict_proba(numbers).tolist()


def test_without_the_setting_the_next_container_cannot_read_an_answer(serving: Any, model_dir: Any) -> None:
    """Names of classes are for people."""
    first = serving(model_dir("random-forest"), PLAIN)
    answer = first(first({"instances": ROWS}).body)
    assert answer.status == 400


@pytest.mark.parametrize("accept", [None, "", " ", "*/*"])
def test_the_default_is_what_a_request_gets_that_leaves_it_open(
    serving: Any, model_dir: Any, accept: str | None
) -> None:
    client = serving(model_dir("random-forest"), {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv; header=present"})
    reply = client({"instances": ROWS}, headers={} if accept is None else {"Accept": accept})
    assert reply.headers["content-type"] == "text/csv"
    assert reply.body.startswith(b"predicted_class,probability_setosa")
    assert client({"instances": ROWS}, headers={"Accept": "application/json"}).json["predictions"]


def test_a_step_before_the_last_leaves_explanations_to_it(serving: Any, model_dir: Any) -> None:
    """The header that asks for them reaches every container."""
    client = serving(model_dir("random-forest"), CHAINED)
    asked = {"X-Amzn-SageMaker-Enable-Explanations": "`true`", "Accept": "application/json"}
    reply = client({"instances": ROWS[:1]}, headers=asked)
    assert (reply.status, json.loads(reply.body)) == (200, {"instances": [[1.0, 0.0, 0.0]]})


def test_a_default_that_is_no_format_is_told() -> None:
    with pytest.raises(SettingsError, match=r"expected an Accept header of .*, got 'image/png'"):
        Settings.from_environ({"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "image/png"})
