"""Batches put together into blocks, each of which compares the two variants at the same time.

A block is what one bet is made on. Within it both variants served side by side under the same weights, so neither the
hour of the day nor a change of the weights can look like a difference (Simpson's paradox). Where blocks end depends
on the numbers of requests alone, never on their outcomes: that keeps the tests valid. What came after the last end
counts from the next one on.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from smendpoints.statistics.counts import Array, Flags


@dataclass(frozen=True, eq=False)
class Blocks:
    """Blocks of R runs: requests of both variants, of shape (R, blocks), and where they end, of shape (R, batches)."""

    control: Array
    challenger: Array
    ends: Flags

    @classmethod
    def of(cls, control: Array, challenger: Array, periods: npt.ArrayLike | None = None, *, least: float = 1.0) -> Self:
        """Blocks of two variants' requests, both (R, batches).

        A block of n and m requests is long enough once n·m ≥ 2·M, where M = Σ n·m/(n+m) of all blocks before it:
        comparing within blocks costs about one request for each block, waiting for its end half a block, and both
        together are least there. No block has fewer than `least` requests of a variant, but for what a new period
        cuts off. `periods`: (batches,), a number for each batch that changes whenever the weights do; no block spans
        two of them.
        """
        runs, batches = control.shape
        period = np.zeros(batches) if periods is None else np.asarray(periods)
        if period.shape != (batches,):
            raise ValueError(f"periods has the shape {period.shape}, not {(batches,)}")
        ends = np.zeros((runs, batches), bool)
        closed, n, m = np.zeros(runs), np.zeros(runs), np.zeros(runs)
        for at in range(batches):
            n += control[:, at]
            m += challenger[:, at]
            if at + 1 < batches and period[at + 1] != period[at]:
                end = np.ones(runs, bool)
            else:
                end = (n * m >= 2 * closed) & (np.minimum(n, m) >= least)
            ends[:, at] = end
            if end.any():
                closed[end] += (n * m / np.maximum(n + m, 1))[end]
                n[end] = m[end] = 0.0
        return cls(_sum(control, ends), _sum(challenger, ends), ends)

    def sum(self, counts: Array) -> Array:
        """Counts of shape (R, batches) added up within blocks: (R, blocks)."""
        return _sum(counts, self.ends)

    def at_looks(self, values: Array, before: float) -> Array:
        """Of values after each block (..., R, blocks), what is known after each batch: (..., R, batches); `before`
        the first block's end.
        """
        index = np.cumsum(self.ends, axis=-1)
        first = np.full((*values.shape[:-1], 1), before)
        padded = np.concatenate([first, values], axis=-1)
        return np.take_along_axis(padded, np.broadcast_to(index, (*values.shape[:-1], index.shape[-1])), axis=-1)


def _sum(counts: Array, ends: Flags) -> Array:
    runs = len(counts)
    index: npt.NDArray[np.int64] = np.cumsum(ends, axis=-1) - ends
    width = int(index.max(initial=0)) + 2
    flat = (index + width * np.arange(runs)[:, None]).ravel()
    found = np.bincount(flat, weights=counts.ravel(), minlength=runs * width).reshape(runs, width)
    number = ends.sum(axis=-1)
    found[np.arange(width) >= number[:, None]] = 0.0  # what no end has closed yet
    return np.asarray(found[:, : int(number.max(initial=0))])
