"""A summary of outcomes, put together into batches as what CloudWatch counted is. Pure."""

from collections.abc import Sequence

from smendpoints.api.experiment_status import TrafficStep
from smendpoints.domain.experiment.metrics import Pair
from smendpoints.domain.experiment.outcomes import SECONDS, Minute, Summary
from smendpoints.domain.experiment.tally import Plan, Tally, step_at
from smendpoints.domain.observed.samples import Series

_COUNTS = ("requests", "events", "total", "squares")


def tally_of(summary: Summary, arms: Sequence[str], steps: Sequence[TrafficStep]) -> Tally:
    """All whole minutes within a step of the weights, in order."""
    series = {arm: tuple(_series(what, arm) for what in _COUNTS) for arm in arms}
    pairs = {
        arm: Pair(of, among, sums=tuple(sums) if summary.mean else ()) for arm, (of, among, *sums) in series.items()
    }
    tally = Tally(Plan({arm: each[0] for arm, each in series.items()}, {summary.metric: pairs}))
    known = [summary.arms.get(arm, {}) for arm in arms]
    for minute in sorted({minute for each in known for minute in each if minute < summary.until}):
        step = step_at(steps, minute * SECONDS, SECONDS)
        if step is None:
            continue
        values: dict[Series, float] = {}
        for arm, each in zip(arms, known, strict=True):
            found = each.get(minute, Minute())
            values |= {at: float(getattr(found, what)) for at, what in zip(series[arm], _COUNTS, strict=True)}
        tally.count(step, values.get)
    tally.until = summary.until
    return tally


def _series(what: str, arm: str) -> Series:
    return Series("outcomes", what, (("VariantName", arm),), "Sum")
