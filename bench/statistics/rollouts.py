"""From the edit to the verdict: the rule of `spec.rollout.analysis` beside a threshold alarm, in the same canaries.

An hour's canary of a tenth of the traffic, one variant, errors and slow requests judged at 95 %. Launching and the
warm-up take so long for all; then a minute is judged once it is settled, two minutes after its end. The alarm is that
of `maxErrorRatePercent`: the mean of one minute of the new fleet above the limit, evaluated at the end of the minute.
"""

from collections.abc import Iterator

import numpy as np

from smendpoints.statistics import proportions
from smendpoints.statistics.counts import Counts
from smendpoints.statistics.mixture import Side, threshold

BASE, LIMIT, SHARE, MINUTES, METRICS, ALPHA = 0.005, 0.01, 0.1, 60, 2, 0.05
BEFORE, SETTLED = 6, 2  # minutes: 4 to launch and shift, the warm-up, the rest of a minute; until a minute is read
LOOSE = 0.05
PLANTED = (0.0, 0.005, 0.01, 0.02, 0.05)
MARGINS = (0.001, 0.005)
A_MINUTE = (300, 3000)


def rows(runs: int, rng: np.random.Generator) -> Iterator[tuple[str, ...]]:
    """For each difference and traffic: how many canaries are undone, and the minutes since the edit (half; 90 %)."""
    level = threshold(ALPHA / 2 / METRICS)
    for planted in PLANTED:
        for a_minute in A_MINUTE:
            new = rng.binomial(a_minute, SHARE, (runs, MINUTES))
            old = a_minute - new
            counts = Counts(old, rng.binomial(old, BASE)), Counts(new, rng.binomial(new, BASE + planted))
            alarms = [_told(counts[1].events > limit * new, 0) for limit in (LIMIT, LOOSE)]
            evidence = proportions.log_evidence(*counts, null=MARGINS, side=Side.ABOVE, horizon=a_minute * MINUTES)
            judged = [_told(each >= level, SETTLED) for each in evidence]
            yield f"{100 * planted:g} points", f"{a_minute:,}", *judged, *alarms


def _told(fired: np.ndarray, late: int) -> str:
    hit = fired.any(axis=-1)
    if not hit.any():
        return "none"
    minutes = fired.argmax(axis=-1)[hit] + 1 + BEFORE + late
    half, most = np.percentile(minutes, (50, 90))
    return f"{100 * hit.mean():.1f} %: {half:.0f} min ({most:.0f})"
