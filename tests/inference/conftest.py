"""Models that were really trained and packed, made once per test process and never changed by a test."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sminference.artifact import load
from sminference.model import Model
from smtraining.archive import write
from smtraining.data import iris
from smtraining.train import Trained, train
from smtraining.verify import Effort


@pytest.fixture(autouse=True)
def _numpys_chance() -> None:
    """Estimators fitted without a seed are the same in every run."""
    np.random.seed(0)  # noqa: NPY002 - scikit-learn's own default


@pytest.fixture(scope="session")
def trained() -> Callable[[str], Trained]:
    """The iris model of a name ("random-forest", "gradient-boosting"), with what training measured."""
    return cache(lambda name: train(name, iris(), seed=42, splits=1, effort=Effort(random=2_000, threshold=1_000)))


@pytest.fixture(scope="session")
def model_dir(trained: Callable[[str], Trained], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of that model's artifact: manifest.json, model.pkl, trees.npz and model.tar.gz. Copy it to change it."""

    @cache
    def folder(name: str) -> Path:
        return write(trained(name).files, tmp_path_factory.mktemp(name)).parent

    return folder


@pytest.fixture(scope="session")
def model(model_dir: Callable[[str], Path]) -> Callable[[str], Model]:
    """That model as the container loads it."""
    return cache(lambda name: load(model_dir(name)))
