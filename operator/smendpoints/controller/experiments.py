"""The controller of experiments: looks at what CloudWatch counted, for all of them at once, and finds what follows.

One look for each whole period, for all experiments of a place together. What was read is kept in memory; a process that
starts again reads all of it once more. Nothing is written here, neither to AWS nor to the API server.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from smendpoints.api.experiment import SageMakerExperiment
from smendpoints.api.experiment_status import TrafficStep
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.aws.clients import Place
from smendpoints.controller.outcomes import Outcomes
from smendpoints.controller.parsed import Parsed
from smendpoints.controller.ports import Aws, Endpoints
from smendpoints.controller.result import Result
from smendpoints.controller.tenancy import Tenancy
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.experiment.judging import Judged, judge
from smendpoints.domain.experiment.life import advance, runs
from smendpoints.domain.experiment.metrics import counted, invocations, pair_of, series_of
from smendpoints.domain.experiment.saying import events
from smendpoints.domain.experiment.scene import Looked, Scene
from smendpoints.domain.experiment.tally import Plan, Tally, step_at
from smendpoints.domain.observed.samples import Readings, Series

logger = logging.getLogger(__name__)
Body = Mapping[str, Any]
_Versions = tuple[str | None, int | None]
LATE = 10
"""What is missing in spite of requests is waited for until it is so many periods old."""
_SETTLING = 1  # periods that may be read already, and yet change
_FAILURES = 3  # looks in a row that fail before anybody is told


@dataclass
class _Kept:
    """What the process keeps of one experiment: all may be lost."""

    tally: Tally
    outcomes: Outcomes = field(default_factory=Outcomes)
    judged: dict[str, Judged] = field(default_factory=dict)
    seen: tuple[object, ...] = ()  # what was judged
    asked_until: int = 0  # the first period that was not asked for, whether it could be read or not
    failures: int = 0
    looked: Looked | None = None


@dataclass(frozen=True)
class _Running:
    """An experiment that is looked at, and where."""

    experiment: SageMakerExperiment
    place: Place
    endpoint: str
    kept: _Kept

    def since(self, period: int) -> int:
        """The number of the period from which on it has to be read."""
        if self.kept.tally.until is not None:
            return self.kept.tally.until
        return min(int(each.counts_from.timestamp()) // period for each in self.steps() if each.counts_from)

    def steps(self) -> list[TrafficStep]:
        """The steps of the traffic so far."""
        return self.experiment.status.steps


class Experiments:
    """All experiments, looked at by one thread."""

    def __init__(
        self,
        accounts: Callable[[Place], Aws],
        region: str,
        tenancy: Tenancy,
        endpoints: Endpoints,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        period: int = 60,
    ) -> None:
        self._accounts = accounts
        self._region = region
        self._tenancy = tenancy
        self._endpoints = endpoints
        self._now = now
        self._period = period
        self._kept: dict[str, _Kept] = {}
        self._parsed: Parsed[str, SageMakerExperiment] = Parsed()
        self._parsed_endpoints: Parsed[tuple[str, str], SageMakerEndpoint | None] = Parsed()
        self._settled: dict[str, _Versions] = {}  # of those that are over, what they were found to need nothing at

    def look(self, bodies: Iterable[Body]) -> None:
        """Read what was counted since the last look, where a whole period is over since then."""
        bodies = list(bodies)
        there = {body["metadata"]["uid"] for body in bodies}
        self._kept = {uid: kept for uid, kept in self._kept.items() if uid in there}
        self._settled = {uid: versions for uid, versions in self._settled.items() if uid in there}
        going_on = [body for body in bodies if body["metadata"]["uid"] not in self._settled]
        self._parsed.keep({body["metadata"]["uid"] for body in going_on})
        self._parsed_endpoints.keep({(body["metadata"]["namespace"], _endpoint_of(body)) for body in going_on})
        for body in bodies:
            running = self._running(body)
            if running is not None:
                self._read(running)

    def _running(self, body: Body) -> _Running | None:
        status = body.get("status") or {}
        if status.get("phase") != "Running" or body["metadata"].get("deletionTimestamp"):
            return None
        try:
            experiment = self._experiment(body)
            found = self._endpoint(experiment.metadata.namespace, experiment.spec.endpoint_ref.name)
        except ValidationError:
            return None  # told by `reconcile`
        if found is None or not runs(experiment):
            return None
        identity = self._tenancy.identity(found.metadata.uid)
        if identity is None or not identity.endpoint:
            return None
        place = Place(identity.region or self._region, identity.role)
        uid = experiment.metadata.uid
        if uid not in self._kept:
            self._kept[uid] = _Kept(Tally(_plan(experiment, identity.endpoint)))
        return _Running(experiment, place, identity.endpoint, self._kept[uid])

    def _read(self, running: _Running) -> None:
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
    def _unread(kept: _Kept, why: str, *, now: bool) -> None:
        kept.failures += 1
        kept.looked = Looked(unread=why) if now or kept.failures >= _FAILURES else None

    def _count(self, running: _Running, readings: Readings, until: int) -> None:
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

    def _judged(self, running: _Running) -> Looked:
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

    def reconcile(self, body: Body) -> Result:
        """What follows for one experiment now. Never raises: what goes wrong is told in the log, and tried again.

        One that is over depends on itself and its endpoint alone: until one of them changes, nothing is read of it.
        """
        uid, versions = body["metadata"]["uid"], self._versions(body)
        if versions is not None and self._settled.get(uid) == versions:
            return Result()
        result = self._reconcile(body)
        if versions is not None and result == Result():
            self._settled[uid] = versions
        return result

    def _experiment(self, body: Body) -> SageMakerExperiment:
        """The version of an experiment, parsed once."""
        meta = body["metadata"]
        return self._parsed.get(meta["uid"], meta.get("resourceVersion"), lambda: SageMakerExperiment.parse(body))

    def _endpoint(self, namespace: str, name: str) -> SageMakerEndpoint | None:
        """The newest version of an endpoint, parsed once; None if there is none. Raises ValidationError."""
        version = self._endpoints.version(namespace, name)

        def parse() -> SageMakerEndpoint | None:
            found = self._endpoints.read(namespace, name)
            return SageMakerEndpoint.parse(found) if found is not None else None

        return self._parsed_endpoints.get((namespace, name), version, parse)

    def _versions(self, body: Body) -> _Versions | None:
        """The versions of an experiment that is over, and of its endpoint; None of any other."""
        meta, status = body["metadata"], body.get("status") or {}
        if status.get("phase") != "Finished" or meta.get("deletionTimestamp"):
            return None
        return meta.get("resourceVersion"), self._endpoints.version(meta["namespace"], _endpoint_of(body))

    def _reconcile(self, body: Body) -> Result:
        try:
            experiment = self._experiment(body)
        except ValidationError as error:
            logger.warning("this operator cannot read the experiment: operator and CRD differ in version: %s", error)
            return Result()
        meta, name = experiment.metadata, experiment.spec.endpoint_ref.name
        kept = self._kept.get(meta.uid)
        looked = kept.looked if kept is not None else None
        if kept is not None:
            kept.looked = None
        try:
            endpoint = self._endpoint(meta.namespace, name)
        except ValidationError:  # told of the endpoint itself
            return Result()
        owner = self._tenancy.traffic_owner(meta.namespace, name)
        rival = owner.name if owner is not None and owner.uid != meta.uid else None
        scene = Scene(experiment, endpoint, rival, looked, self._now().replace(microsecond=0), self._period)
        following = advance(scene)
        changed = following.status != experiment.status
        return Result(
            following.status.to_json() if changed else None,
            events(experiment.status, following.status) if changed else (),
            finalized=following.finalized,
        )


def _endpoint_of(body: Body) -> str:
    return str(body["spec"]["endpointRef"]["name"])


def _plan(experiment: SageMakerExperiment, endpoint: str) -> Plan:
    spec = experiment.spec
    return Plan(
        {arm: invocations(endpoint, arm) for arm in spec.arms()},
        {metric.name: {arm: pair_of(metric, endpoint, arm) for arm in spec.arms()} for metric in counted(spec)},
    )
