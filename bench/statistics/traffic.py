"""Requests and their outcomes by chance, for many runs at once: arrays of the shape (runs, looks)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smendpoints.statistics.counts import Counts

SHARES = {
    "50:50": (0.5,),
    "90:10": (0.1,),
    "1 to 50 %": (0.01, 0.1, 0.25, 0.5),
}
"""The challenger's share; several: one after the other, in periods of equal length, while the rates of both rise and
fall."""


@dataclass(frozen=True)
class Traffic:
    """Rates are the control's; the challenger's are `difference` higher in every batch."""

    rate: float
    difference: float
    batch: int
    looks: int
    shares: tuple[float, ...] = (0.5,)

    @property
    def periods(self) -> npt.NDArray[np.int64]:
        return np.arange(self.looks) * len(self.shares) // self.looks

    def draw(self, runs: int, rng: np.random.Generator) -> tuple[Counts, Counts]:
        share = np.array(self.shares)[self.periods]
        wave = 1 + 0.5 * np.sin(2 * np.pi * np.arange(self.looks) / self.looks) if len(self.shares) > 1 else 1.0
        rate = np.broadcast_to(np.minimum(self.rate * wave, 1 - self.difference), self.looks)
        m = rng.binomial(self.batch, share, (runs, self.looks))
        n = self.batch - m
        return Counts(n, rng.binomial(n, rate)), Counts(m, rng.binomial(m, rate + self.difference))
