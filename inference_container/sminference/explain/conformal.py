"""Conformal prediction sets: the labels that can't be ruled out at a confidence level.

The score of a label is one minus its probability (least ambiguous set-valued classifiers, LAC). Thresholds were
calibrated in training; serving costs one comparison per class.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ConformalSets:
    """`levels` maps a nominal level to {"threshold", "measured_coverage", "mean_size"}; empty where not calibrated."""

    method: str = ""
    levels: Mapping[float, Mapping[str, float]] = field(default_factory=dict)

    @classmethod
    def from_manifest(cls, document: Mapping[str, Any]) -> "ConformalSets":
        if not document:
            return cls()
        return cls(document["method"], {float(entry["level"]): entry for entry in document["levels"]})

    def __call__(
        self, proba: NDArray[np.float64], classes: tuple[str, ...], level: float | None = None
    ) -> list[dict[str, Any]]:
        """One set per row. Raises ValueError when the level was not calibrated."""
        if not self.levels:
            return [{"unavailable": "the artifact holds no conformal calibration"}] * len(proba)
        chosen = min(self.levels) if level is None else level
        if chosen not in self.levels:
            known = ", ".join(f"{known:g}" for known in sorted(self.levels))
            raise ValueError(f"explain: level {chosen:g} was not calibrated; write one of {known}")
        entry = self.levels[chosen]
        common = {"method": self.method, "level": chosen, "measured_coverage": entry["measured_coverage"]}
        members = prediction_sets(proba, entry["threshold"])
        return [{"classes": [classes[k] for k in np.flatnonzero(row)], **common} for row in members]


def calibrate(proba: NDArray[np.float64], y: NDArray[np.intp], level: float) -> float:
    """The threshold for scores at nominal coverage `level`, from held-out probabilities (n, classes) and class indices.

    It is the ceil((n + 1) level)-th smallest score; 1 (every label is in the set) when there are too few rows.
    """
    scores = np.sort(1.0 - proba[np.arange(len(y)), y])
    rank = int(np.ceil((len(scores) + 1) * level))
    return float(scores[rank - 1]) if rank <= len(scores) else 1.0


def prediction_sets(proba: NDArray[np.float64], threshold: float) -> NDArray[np.bool_]:
    """Which labels are in the set, shape (rows, classes)."""
    return 1.0 - proba <= threshold
