"""Puts the parts of an explanation together, one dictionary per row."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sminference.explain.conformal import ConformalSets
from sminference.explain.disagreement import Disagreement
from sminference.explain.shapley import ShapleyValues
from sminference.manifest import Manifest
from sminference.predictors.trees import Floats, Trees

PARTS = ("set", "disagreement", "shap")


@dataclass(frozen=True)
class ExplainOptions:
    """Which parts are wanted, and the confidence level of the prediction set; `parse` checks what a client wrote."""

    parts: frozenset[str] = frozenset(PARTS)
    level: float | None = None

    @classmethod
    def parse(cls, parts: Iterable[str] = (), level: str | None = None) -> "ExplainOptions":
        """Options from text; no parts means all of them. Raises ValueError with a sentence for the client."""
        wanted = frozenset(parts) or frozenset(PARTS)
        if unknown := sorted(wanted - set(PARTS)):
            raise ValueError(f"explain: unknown part {unknown[0]!r}; write any of {', '.join(PARTS)}")
        if level is None:
            return cls(wanted)
        try:
            number = float(level)
        except ValueError:
            number = 0.0
        if not 0 < number < 1:
            raise ValueError(f"explain: level must be a number between 0 and 1 such as 0.9, got {level!r}")
        return cls(wanted, number)


@dataclass(frozen=True)
class Explainer:
    """Explains rows of one model; a part that the model can't give is answered by {"unavailable": why}.

    Its tables are made at the first row that asks, so that requests without explanations pay nothing.
    """

    estimator: str
    feature_names: tuple[str, ...]
    classes: tuple[str, ...]
    conformal: ConformalSets
    trees: Trees | None
    measured_disagreement: dict[str, Any]

    @classmethod
    def of(cls, manifest: Manifest, trees: Trees | None) -> "Explainer":
        """The explainer of the model that `manifest` describes; `trees` where it is made of some."""
        return cls(
            estimator=manifest.estimator.rpartition(".")[2],
            feature_names=manifest.feature_names,
            classes=manifest.classes,
            conformal=ConformalSets.from_manifest(manifest.conformal),
            trees=trees,
            measured_disagreement=manifest.disagreement,
        )

    def __call__(self, X: Floats, proba: Floats, options: ExplainOptions) -> list[dict[str, Any]]:
        """One explanation per row of X. Raises ValueError, for the client, when the level was not calibrated."""
        rows: list[dict[str, Any]] = [{} for _ in range(len(X))]
        if "set" in options.parts:
            _add(rows, "prediction_set", self.conformal(proba, self.classes, options.level))
        if "disagreement" in options.parts:
            _add(rows, "tree_disagreement", self._disagreement(X))
        if "shap" in options.parts:
            _add(rows, "shap", self._shap(X))
        return rows

    def _disagreement(self, X: Floats) -> list[dict[str, Any]]:
        if self.trees is None or self.trees.aggregate != "mean":
            return [{"unavailable": f"only the trees of a forest vote; this is {self.estimator}"}] * len(X)
        return Disagreement(self.trees, self.measured_disagreement)(X, self.classes)

    def _shap(self, X: Floats) -> list[dict[str, Any]]:
        if self._shapley is None:
            why = f"Shapley values are computed for forests and gradient boosting of trees; this is {self.estimator}"
            return [{"unavailable": why}] * len(X)
        columns = self.classes if self._shapley.trees.n_columns > 1 else self.classes[1:]
        common = {
            "method": "exact Shapley values, path-dependent on training cover",
            "link": self._shapley.link,
            "base_values": dict(zip(columns, self._shapley.base.tolist(), strict=True)),
        }
        return [
            common
            | {
                "values": {
                    name: dict(zip(self.feature_names, shares, strict=True))
                    for name, shares in zip(columns, row, strict=True)
                }
            }
            for row in self._shapley(X).tolist()
        ]

    @cached_property
    def _shapley(self) -> ShapleyValues | None:
        return None if self.trees is None else ShapleyValues(self.trees)


def _add(rows: list[dict[str, Any]], key: str, values: Iterable[dict[str, Any]]) -> None:
    for row, value in zip(rows, values, strict=True):
        row[key] = value
