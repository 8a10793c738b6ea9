"""What was counted of an experiment, period by period, put together into few batches.

Of two weeks there are 20,160 minutes; batches grow with what came before, so that there are some hundreds. Where one
ends depends on the numbers of requests alone, never on what became of them: that keeps the tests valid, whenever one
looks, and a process that starts again puts together the same ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from smendpoints.api.experiment_status import TrafficStep
from smendpoints.domain.experiment.metrics import Pair, Value
from smendpoints.domain.observed.samples import Series

GROWTH = 0.02
"""A batch is whole once it has this share of the requests before it."""


@dataclass(frozen=True)
class Plan:
    """What is counted: of each arm its requests, and the pair of each metric, by name."""

    invocations: Mapping[str, Series]
    pairs: Mapping[str, Mapping[str, Pair]]  # metric -> arm -> counts

    def lacks(self, value: Value) -> bool:
        """Whether something of a period is missing that AWS publishes wherever there are requests."""
        return any(pair.lacks(value) for arms in self.pairs.values() for pair in arms.values())


@dataclass
class Batch:
    """Requests of each arm, and requests, events and sums of each metric and arm; None: something was missing."""

    step: int
    requests: dict[str, float]
    counts: dict[tuple[str, str], tuple[float, ...] | None]

    def total(self) -> float:
        """Requests of all arms."""
        return sum(self.requests.values())

    def add(self, other: "Batch") -> None:
        """The other follows right after this one."""
        for arm, number in other.requests.items():
            self.requests[arm] += number
        for key, more in other.counts.items():
            mine = self.counts[key]
            self.counts[key] = None if mine is None or more is None else tuple(map(sum, zip(mine, more, strict=True)))


@dataclass
class Tally:
    """All whole batches of an experiment, and the one that is not whole yet.

    `until` is the number of the first period that was not read; None: none was. `published`: the events, by metric and
    arm, of which something is known.
    """

    plan: Plan
    until: int | None = None
    batches: list[Batch] = field(default_factory=list)
    published: set[tuple[str, str]] = field(default_factory=set)
    _open: Batch | None = None
    _before: float = 0.0
    _closed: dict[str, float] = field(default_factory=dict)  # requests of each arm in the whole batches

    def count(self, step: int, value: Value) -> None:
        """One period within a step of the weights."""
        if self._open is not None and self._open.step != step:
            self._close(self._open)
        batch = self._read(step, value)
        if self._open is None:
            self._open = batch
        else:
            self._open.add(batch)
        if self._open.total() >= GROWTH * self._before:
            self._close(self._open)

    def _close(self, batch: Batch) -> None:
        """One without requests tells nothing, and is no batch."""
        if batch.total() > 0:
            self.batches.append(batch)
            self._before += batch.total()
            for arm, number in batch.requests.items():
                self._closed[arm] = self._closed.get(arm, 0.0) + number
        self._open = None

    def _read(self, step: int, value: Value) -> Batch:
        requests = {arm: float(round(value(series) or 0.0)) for arm, series in self.plan.invocations.items()}
        counts: dict[tuple[str, str], tuple[float, ...] | None] = {}
        for metric, arms in self.plan.pairs.items():
            for arm, pair in arms.items():
                counts[metric, arm] = pair.counted(value)
                if pair.always or value(pair.events) is not None:
                    self.published.add((metric, arm))
        return Batch(step, requests, counts)

    def requests(self) -> dict[str, int]:
        """Requests of each arm so far."""
        newest = self._open.requests if self._open is not None else {}
        return {arm: int(self._closed.get(arm, 0.0) + newest.get(arm, 0.0)) for arm in self.plan.invocations}


def step_at(steps: Sequence[TrafficStep], at: float, seconds: int) -> int | None:
    """The step within which a whole period of so many seconds lies; None: the traffic was being moved."""
    for number, step in enumerate(steps):
        if step.counts_from is None or at < step.counts_from.timestamp():
            continue
        if step.counts_until is None or at + seconds <= step.counts_until.timestamp():
            return number
    return None
