"""What a packed model says of its training data, and how far what it is asked lies from that. Pure.

Read from the manifest of its artifact: its features in their order, deciles of each, and the shares of the predicted
classes. Models that are packed otherwise say nothing, and have no drift.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from smclient.views.text import line
from smendpoints.statistics.counts import Array
from smendpoints.statistics.drift import Bins

SCHEMA = "smendpoints.dev/model/v1"
PREDICTED = "(predicted classes)"
"""Named as a feature in the drift of a model: its answers against those to the training data."""


@dataclass(frozen=True)
class Training:
    """A model's features in their order, bins of those that have deciles, and shares of the predicted classes.

    model, labels: its name and its classes, as the container names them in its metrics.
    """

    features: tuple[str, ...]
    bins: Mapping[str, Bins]
    classes: Mapping[str, float] = field(default_factory=dict)
    model: str = ""
    labels: tuple[str, ...] = ()

    @classmethod
    def parse(cls, manifest: bytes) -> "Training | None":
        """From `manifest.json`; None where it is no manifest of this project's, or says nothing of training."""
        try:
            whole = json.loads(manifest)
            baseline = whole["baseline"]
            if whole["schema"] != SCHEMA:
                return None
            names = tuple(str(each["name"]) for each in whole["features"])
            found = {name: Bins.of_deciles(_deciles(baseline["features"].get(name))) for name in names}
            model, labels = str(whole.get("name") or ""), tuple(map(str, whole.get("classes") or ()))
            shares = {line(name): float(share) for name, share in (baseline.get("classes") or {}).items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        bins = {line(name): each for name, each in found.items() if each is not None}
        sound = all(math.isfinite(share) and share >= 0 for share in shares.values())
        return cls(tuple(map(line, names)), bins, shares if sound else {}, model, labels) if bins else None


def _deciles(of: Mapping[str, Any] | None) -> Sequence[float]:
    return [float(each) for each in (of or {}).get("deciles") or ()]


@dataclass
class Inputs:
    """Rows in the bins of the training data; rows of another width count nowhere."""

    training: Training
    counts: dict[str, Array] = field(default_factory=dict)

    def add(self, rows: Sequence[Sequence[float]]) -> None:
        """Rows of numbers in the order of the features; NaN where a value is missing."""
        fitting = [row for row in rows if len(row) == len(self.training.features)]
        if not fitting:
            return
        for name, column in zip(self.training.features, np.array(fitting, float).T, strict=True):
            if name in self.training.bins:
                more = self.training.bins[name].count(column)
                self.counts[name] = self.counts[name] + more if name in self.counts else more

    def counted(self, predicted: Mapping[str, int]) -> tuple[dict[str, Array], dict[str, Array]]:
        """Rows by feature and bin, and the shares expected there; the predicted classes as one feature more."""
        expected = {name: self.training.bins[name].expected for name in self.counts}
        seen = dict(self.counts)
        names = [*dict.fromkeys([*self.training.classes, *predicted])]
        if self.training.classes and predicted:
            seen[PREDICTED] = np.array([predicted.get(name, 0) for name in names], float)
            expected[PREDICTED] = np.array([self.training.classes.get(name, 0.0) for name in names])
        return seen, expected
