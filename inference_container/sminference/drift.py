"""How far the inputs of a model have moved from its training data: the population stability index of every feature.

The index compares shares per bin, the bins being tenths of the training data. By common use below 0.1 means no change
and above 0.25 a large one. Few rows give a large index by chance: below 200 nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

_BINS = 10
_MIN_ROWS = 200
# An empty bin would make the index infinite.
_SMALLEST_SHARE = 1e-4


@dataclass(frozen=True)
class Drift:
    """Bins of each feature: `edges` between them, and the share of the training data that is in each."""

    features: tuple[str, ...] = ()
    edges: tuple[NDArray[np.float64], ...] = ()
    expected: tuple[NDArray[np.float64], ...] = ()

    @classmethod
    def from_baseline(cls, baseline: Mapping[str, Any], features: Sequence[str]) -> Drift:
        """From the baseline of an artifact; an empty one, which never has anything to say, where a feature has none."""
        known = baseline.get("features", {})
        if any(len(known.get(name, {}).get("deciles", ())) != _BINS + 1 for name in features):
            return cls()
        edges, expected = [], []
        for name in features:
            deciles = np.asarray(known[name]["deciles"], dtype=np.float64)
            inner = np.unique(deciles[1:-1])
            # The rank of an edge: the middle of its run where deciles are equal, as discrete features have them.
            ranks = (np.searchsorted(deciles, inner) + np.searchsorted(deciles, inner, side="right") - 1) / 2
            edges.append(inner)
            expected.append(np.diff([0, *ranks, _BINS]) / _BINS)
        return cls(tuple(features), tuple(edges), tuple(expected))

    def nothing(self) -> Counts:
        return np.zeros((len(self.features), _BINS), dtype=np.int64)

    def count(self, rows: NDArray[np.float64]) -> Counts:
        """Twice the rows per feature and bin: a value on an edge counts once on each side of it.

        One that is missing counts nowhere.
        """
        counts, missing = self.nothing(), bool(np.isnan(rows).any())
        for feature, edges in enumerate(self.edges):
            values = rows[:, feature]
            values = values[~np.isnan(values)] if missing else values
            for side in ("left", "right"):
                bins = np.searchsorted(edges, values, side=side)
                counts[feature] += np.bincount(bins, minlength=_BINS)
        return counts

    def index(self, counts: Counts) -> dict[str, float]:
        """The population stability index by feature; those of too few values are left out."""
        if not self.features:
            return {}
        found = {}
        for name, seen, expected in zip(self.features, counts, self.expected, strict=True):
            if seen.sum() < 2 * _MIN_ROWS:
                continue
            share = np.maximum(seen[: len(expected)] / seen.sum(), _SMALLEST_SHARE)
            wanted = np.maximum(expected, _SMALLEST_SHARE)
            found[name] = float(((share - wanted) * np.log(share / wanted)).sum())
        return found
