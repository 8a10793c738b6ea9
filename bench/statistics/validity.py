"""How often a comparison of two equals is decided, with a look after every batch: never more often than alpha."""

from collections.abc import Callable, Iterator

import numpy as np
from bench.statistics.traffic import SHARES, Traffic

from smendpoints.statistics import means, proportions, split
from smendpoints.statistics.counts import Counts, Flags, Sums
from smendpoints.statistics.mixture import Side, threshold

ALPHA, SPLIT_ALPHA = 0.05, 0.001
RATES = (0.0001, 0.001, 0.01, 0.05, 0.2, 0.5)
LOOKS = {1: 1000, 100: 300, 10_000: 60}
"""By size of a batch."""
CHUNK = 2000
Found = Callable[[Counts, Counts, Traffic], Flags]


def rows(runs: int, rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    """For each rate, size of batches and split: verdicts at a difference of 0 and of half the rate, peeking with a
    z-test, and the split's.
    """
    for rate in RATES:
        for batch, looks in LOOKS.items():
            for name, shares in SHARES.items():
                equal = Traffic(rate, 0.0, batch, looks, shares)
                shifted = Traffic(rate, rate / 2, batch, looks, shares)
                false = _often(equal, runs, rng, _left_out, _peeking, _broken)
                (other,) = _often(shifted, runs, rng, _left_out)
                yield (
                    f"{rate:.2%}",
                    f"{batch:,}",
                    f"{looks:,}",
                    name,
                    f"{false[0]:.2%}",
                    f"{other:.2%}",
                    f"{false[2]:.3%}",
                    f"{false[1]:.1%}",
                )


def _often(traffic: Traffic, runs: int, rng: np.random.Generator, *found: Found) -> list[float]:
    """The share of runs in which each was found, on the same draws."""
    number = np.zeros(len(found))
    for start in range(0, runs, CHUNK):
        control, challenger = traffic.draw(min(CHUNK, runs - start), rng)
        number += [np.sum(each(control, challenger, traffic)) for each in found]
    return [float(each) for each in number / runs]


def _left_out(control: Counts, challenger: Counts, traffic: Traffic) -> Flags:
    """Whether the confidence sequence ever left out the true difference."""
    found = [
        proportions.log_evidence(
            control,
            challenger,
            null=traffic.difference,
            side=side,
            horizon=traffic.batch * traffic.looks / 2,
            periods=traffic.periods,
        ).max(axis=-1)
        for side in Side
    ]
    return np.asarray(np.maximum(*found) >= threshold(ALPHA / 2))


def _broken(control: Counts, challenger: Counts, traffic: Traffic) -> Flags:
    """Whether the split was ever called broken."""
    share = np.array(traffic.shares)[traffic.periods]
    requests = np.stack([control.requests, challenger.requests], axis=-2)
    evidence = split.log_evidence(requests, np.stack([1 - share, share]))
    return np.asarray(evidence.max(axis=-1) >= threshold(SPLIT_ALPHA))


def _peeking(control: Counts, challenger: Counts, traffic: Traffic) -> Flags:  # noqa: ARG001
    """Whether a two-sided z-test at alpha on all counts so far ever rejected, from ten events on."""
    n, x, m, y = (
        np.cumsum(each, axis=-1) for each in (control.requests, control.events, challenger.requests, challenger.events)
    )
    rate = (x + y) / np.maximum(n + m, 1)
    error = np.sqrt(rate * (1 - rate) * (1 / np.maximum(n, 1) + 1 / np.maximum(m, 1)))
    usable = (x + y >= 10) & (n + m - x - y >= 10) & (n > 0) & (m > 0)
    z = np.abs(y / np.maximum(m, 1) - x / np.maximum(n, 1)) / np.where(error > 0, error, 1.0)
    return np.asarray(((z > 1.959964) & usable).any(axis=-1))


def means_rows(runs: int, rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    """Of latencies, and of revenue of whom few spend anything, the asymptotic test: how often equals are told apart, by
    how skewed they are and how many values are waited for.
    """
    for buyers, spread in ((1.0, 0.5), (1.0, 1.0), (1.0, 1.5), (0.02, 0.5), (0.02, 1.0), (0.02, 1.5)):
        for burn_in in (20, means.BURN_IN, 500):
            wrong = 0
            for start in range(0, runs, CHUNK):
                size = min(CHUNK, runs - start)
                arms = [_measured(buyers, spread, size, rng) for _ in range(2)]
                horizon = float(arms[0].requests[0].sum())
                found = [
                    means.log_evidence(arms[0], arms[1], null=0.0, side=side, horizon=horizon, burn_in=burn_in)
                    for side in Side
                ]
                wrong += int((np.maximum(*found).max(axis=-1) >= threshold(ALPHA / 2)).sum())
            what = "log-normal" if buyers == 1 else f"{1 - buyers:.0%} zeros, else log-normal"
            yield f"{what}, sigma {spread}", str(burn_in), f"{wrong / runs:.2%}"


def _measured(buyers: float, spread: float, runs: int, rng: np.random.Generator, looks: int = 200) -> Sums:
    """Twenty requests a batch, or as many of which four spend anything."""
    batch = round(20 if buyers == 1 else 4 / buyers)
    values = rng.lognormal(3.0, spread, (runs, looks, batch))
    values = np.where(rng.random(values.shape) < buyers, values, 0.0) if buyers < 1 else values
    requests, spent = np.full((runs, looks), batch), (values > 0).sum(axis=-1)
    return Sums(requests, values.sum(axis=-1), (values**2).sum(axis=-1), spent)
