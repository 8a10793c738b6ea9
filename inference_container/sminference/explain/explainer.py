"""Puts the parts of an explanation together, one dictionary per row."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sminference.explain.conformal import ConformalSets

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
    """Explains rows of one model; a part that the model can't give is answered by {"unavailable": why}."""

    feature_names: tuple[str, ...]
    classes: tuple[str, ...]
    conformal: ConformalSets = field(default_factory=ConformalSets)

    def __call__(
        self, X: NDArray[np.float64], proba: NDArray[np.float64], options: ExplainOptions
    ) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = [{} for _ in range(len(X))]
        if "set" in options.parts:
            _add(rows, "prediction_set", self.conformal(proba, self.classes, options.level))
        return rows


def _add(rows: list[dict[str, Any]], key: str, values: Iterable[dict[str, Any]]) -> None:
    for row, value in zip(rows, values, strict=True):
        row[key] = value
