"""Estimators fitted without a seed are the same in every run."""

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _numpys_chance() -> None:
    np.random.seed(0)  # noqa: NPY002 - scikit-learn's own default
