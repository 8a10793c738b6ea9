"""A loaded model: what the server asks for predictions, explanations and its description."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sminference.explain import Explainer, ExplainOptions
from sminference.manifest import Outputs
from sminference.predictors.choice import Predictor
from sminference.predictors.trees import Floats


@dataclass(frozen=True)
class Model:
    """A model ready to serve; immutable, and safe to call from several threads.

    `version` is the short hash that names the artifact. `outputs` tells what `predict_proba` and `predict` answer:
    "probabilities" (both work), "labels" (a classifier without predict_proba) or "values" (a regressor): the last two
    have `predict` only. `decide` gives class indices for X where the most probable class is not always the one that the
    estimator predicts; None where it is. X is finite, but may hold NaN where there are `missing_values`. `input_limit`
    is the largest magnitude the model takes; scikit-learn refuses what is beyond. `baseline` holds statistics of the
    training features, {} where none were packed.
    """

    name: str
    version: str
    description: dict[str, Any]
    feature_names: tuple[str, ...]
    classes: tuple[str, ...]
    outputs: Outputs
    baseline: dict[str, Any]
    predictor: Predictor = field(repr=False)
    explainer: Explainer = field(repr=False)
    decide: Callable[[Floats], NDArray[np.intp]] | None = field(default=None, repr=False)
    missing_values: bool = False
    input_limit: float = float(np.finfo(np.float32).max)

    @property
    def n_features(self) -> int:
        return len(self.feature_names)

    def predict_proba(self, X: Floats) -> Floats:
        """Class probabilities, shape (rows, classes), to the bit scikit-learn's; X is (rows, n_features)."""
        if self.outputs != "probabilities":
            raise TypeError(f"{self.name} has no predict_proba; its outputs are {self.outputs}: call predict")
        return self.predictor(X)

    def predict(self, X: Floats) -> NDArray[Any]:
        """Class indices (a classifier) or values (a regressor), shape (rows,)."""
        if self.decide is not None:
            return self.decide(X)
        outputs = self.predictor(X)
        if self.outputs == "probabilities":
            winners: NDArray[np.intp] = outputs.argmax(axis=1)
            return winners
        return outputs[:, 0].astype(np.intp) if self.outputs == "labels" else outputs[:, 0]

    def explain(self, X: Floats, proba: Floats, options: ExplainOptions) -> Sequence[dict[str, Any]]:
        """One explanation per row, ready for JSON; `proba` is what predict_proba answered for X."""
        return self.explainer(X, proba, options)
