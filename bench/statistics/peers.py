"""False rollbacks under the same traffic: single samples against a limit, as Argo Rollouts and Flagger take them, and
a comparison.

Argo Rollouts: a measurement a minute; the analysis fails once more than `failureLimit` of them failed (default 0).
Flagger: a check a minute; the canary is rolled back once `threshold` checks failed in all (its examples have 5, with
a success rate of at least 99 %). An alarm of CloudWatch on one sample: the limit of our own `rollback`, as Argo with
a limit of 0.
"""

from collections.abc import Iterator

import numpy as np

from smendpoints.statistics import proportions
from smendpoints.statistics.counts import Array, Counts
from smendpoints.statistics.mixture import Side, threshold

LIMIT = 0.01
ALPHA = 0.05
MINUTES = 60
CASES = (
    ("a quiet hour, 0.2 % of errors", 0.002, 0.002),
    ("0.5 % of errors in both", 0.005, 0.005),
    ("0.8 % of errors in both", 0.008, 0.008),
    ("a bad hour: 2 % in both", 0.02, 0.02),
    ("0.5 points worse", 0.005, 0.010),
    ("1 point worse", 0.005, 0.015),
    ("2 points worse", 0.005, 0.025),
    ("5 points worse", 0.005, 0.055),
)


def rows(runs: int, rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    """For each case and rate of requests: the share of rollbacks by each rule within the hour, and the median minute
    of those.
    """
    for name, control, challenger in CASES:
        for a_minute in (30, 300):
            n = np.full((runs, MINUTES), a_minute)
            old, new = Counts(n, rng.binomial(n, control)), Counts(n, rng.binomial(n, challenger))
            failed = np.cumsum(new.events / new.requests > LIMIT, axis=-1)
            evidence = proportions.log_evidence(old, new, null=0.0, side=Side.ABOVE, horizon=2 * a_minute * MINUTES)
            rules = (failed > 0, failed > 3, failed >= 5, _peeking(old, new), evidence >= threshold(ALPHA / 2))
            yield name, str(a_minute), *(_told(each) for each in rules)


def _peeking(old: Counts, new: Counts) -> np.ndarray:
    """A one-sided z-test at alpha/2 on all so far, looked at each minute."""
    n, x, y = (np.cumsum(each, axis=-1) for each in (old.requests, old.events, new.events))
    rate = (x + y) / (2 * n)
    error = np.sqrt(rate * (1 - rate) * 2 / n)
    return np.asarray((y - x) / n / np.where(error > 0, error, np.inf) > 1.959964)


def _told(fired: np.ndarray) -> str:
    hit = fired.any(axis=-1)
    if not hit.any():
        return "0.0 %"
    minute: Array = fired.argmax(axis=-1)[hit] + 1.0
    return f"{100 * hit.mean():.1f} % ({np.median(minute):.0f} min)"
