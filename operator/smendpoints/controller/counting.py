"""What the process counts of an experiment: CloudWatch's whole periods, in order, and what is judged of them.

All of it may be lost: a process that starts again reads it once more. Not here: which experiments there are, and what
follows from what was counted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from smendpoints.api.experiment import SageMakerExperiment
from smendpoints.api.experiment_status import TrafficStep
from smendpoints.aws.calls.clients import Place
from smendpoints.controller.outcomes import Outcomes
from smendpoints.controller.ports import Aws
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.experiment.judging import Judged, judge
from smendpoints.domain.experiment.metrics import counted, invocations, pair_of, series_of
from smendpoints.domain.experiment.scene import Looked
from smendpoints.domain.experiment.tally import Plan, Tally, step_at
from smendpoints.domain.observed.samples import Readings, Series

LATE = 10
"""What is missing in spite of requests is waited for until it is so many periods old."""
_SETTLING = 1  # periods that may be read already, and yet change
_FAILURES = 3  # looks in a row that fail before anybody is told


@dataclass
class Kept:
    """What the process keeps of one experiment: all may be lost."""

    tally: Tally
    outcomes: Outcomes = field(default_factory=Outcomes)
    judged: dict[str, Judged] = field(default_factory=dict)
    seen: tuple[object, ...] = ()  # what was judged
    asked_until: int = 0  # the first period that was not asked for, whether it could be read or not
    failures: int = 0
    looked: Looked | None = None


@dataclass(frozen=True)
class Running:
    """An experiment that is looked at, and where."""

    experiment: SageMakerExperiment
    place: Place
    endpoint: str
    kept: Kept

    def since(self, period: int) -> int:
        """The number of the period from which on it has to be read."""
        if self.kept.tally.until is not None:
            return self.kept.tally.until
        return min(int(each.counts_from.timestamp()) // period for each in self.steps() if each.counts_from)

    def steps(self) -> list[TrafficStep]:
        """The steps of the traffic so far."""
        return self.experiment.status.steps


class Counting:
    """Counts what CloudWatch has of running experiments; each look is taken in one thread."""

    def __init__(self, accounts: Callable[[Place], Aws], now: Callable[[], datetime], period: int) -> None:
        """`period`: of CloudWatch, in seconds."""
        self._accounts = accounts
        self._now = now
        self._period = period

    def read(self, running: Running) -> None:
        """CloudWatch is asked by the first of those that want the same period, for all of them."""
        kept, since, now = running.kept, running.since(self._period), self._now()
        datapoints = self._accounts(running.place).datapoints
        until = datapoints.settled(now) - _SETTLING
        if since >= until or kept.asked_until >= until:
            return
        kept.asked_until = until
        wanted = frozenset(series_of(running.experiment.spec, running.endpoint))
        try:
            readings = datapoints.read(wanted, since, now)
        except ReconcileError as failure:
            self._unread(kept, str(failure), now=failure.kind is Kind.BLOCKED)
            return
        if readings.unread:
            self._unread(kept, f"CloudWatch tells nothing of {min(each.metric for each in readings.unread)}", now=False)
            return
        kept.outcomes.read(running.experiment, self._accounts(running.place).summaries)
        self._count(running, readings, until)

    @staticmethod
    def _unread(kept: Kept, why: str, *, now: bool) -> None:
        kept.failures += 1
        kept.looked = Looked(unread=why) if now or kept.failures >= _FAILURES else None

    def _count(self, running: Running, readings: Readings, until: int) -> None:
        """Each whole period, in order, up to one of which something is still to come."""
        kept, tally = running.kept, running.kept.tally
        newest = self._now().timestamp() // self._period
        for number in range(running.since(self._period), until):
            step = step_at(running.steps(), number * self._period, self._period)

            def value(series: Series, number: int = number) -> float | None:
                return readings.points[series].get(number)

            if step is not None:
                if tally.plan.lacks(value) and newest - number < LATE:
                    break
                tally.count(step, value)
            tally.until = number + 1
        kept.failures = 0
        kept.looked = self._judged(running)

    def _judged(self, running: Running) -> Looked:
        kept, experiment = running.kept, running.experiment
        spec, status = experiment.spec, experiment.status
        elapsed = (self._now() - (status.started_at or self._now())).total_seconds()
        over = elapsed >= spec.duration.max_minutes * 60
        active = [each.variant for each in status.challengers if each.ended_at is None]
        tally, outcomes = kept.tally, kept.outcomes
        seen = len(tally.batches), outcomes.seen(), frozenset(active)
        if seen != kept.seen or over:
            weights = [step.weights for step in status.steps]
            kept.judged = {
                name: judge(spec, tally, weights, name, elapsed, outcomes=outcomes.tallies) for name in active
            }
            kept.seen = seen
        until = datetime.fromtimestamp(tally.until * self._period, UTC) if tally.until is not None else None
        return Looked(kept.judged, tally.requests(), until, outcomes.unread, outcomes.until(), outcomes.notes)


def begun(experiment: SageMakerExperiment, endpoint: str) -> Kept:
    """Nothing was counted yet."""
    spec = experiment.spec
    arms = spec.arms()
    plan = Plan(
        {arm: invocations(endpoint, arm) for arm in arms},
        {metric.name: {arm: pair_of(metric, endpoint, arm) for arm in arms} for metric in counted(spec)},
    )
    return Kept(Tally(plan))
