"""A summary of outcomes, put together into batches as what CloudWatch counted is. Pure."""

from collections.abc import Sequence

from smendpoints.api.experiment_status import TrafficStep
from smendpoints.domain.experiment.metrics import Pair
from smendpoints.domain.experiment.outcomes import SECONDS, Summary
from smendpoints.domain.experiment.tally import Plan, Tally, step_at
from smendpoints.domain.observed.samples import Series

_REQUESTS, _EVENTS = "requests", "events"


def tally_of(summary: Summary, arms: Sequence[str], steps: Sequence[TrafficStep]) -> Tally:
    """All whole minutes within a step of the weights, in order."""
    requests, events = ({arm: _series(what, arm) for arm in arms} for what in (_REQUESTS, _EVENTS))
    pairs = {summary.metric: {arm: Pair(requests[arm], events[arm]) for arm in arms}}
    tally = Tally(Plan(requests, pairs))
    known = [summary.arms.get(arm, {}) for arm in arms]
    for minute in sorted({minute for each in known for minute in each if minute < summary.until}):
        step = step_at(steps, minute * SECONDS, SECONDS)
        if step is None:
            continue
        values: dict[Series, float] = {}
        for arm, each in zip(arms, known, strict=True):
            of, among = each.get(minute, (0, 0))
            values |= {requests[arm]: float(of), events[arm]: float(among)}
        tally.count(step, values.get)
    tally.until = summary.until
    return tally


def _series(what: str, arm: str) -> Series:
    return Series("outcomes", what, (("VariantName", arm),), "Sum")
