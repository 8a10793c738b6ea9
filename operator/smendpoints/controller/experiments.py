"""The controller of experiments: looks at what CloudWatch counted, for all of them at once, and finds what follows.

One look for each whole period, for all experiments of a place together. What was read is kept in memory; a process that
starts again reads all of it once more. Nothing is written here, neither to AWS nor to the API server.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from pydantic import ValidationError

from smendpoints.api.experiment import SageMakerExperiment
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.aws.calls.clients import Place
from smendpoints.controller.counting import Counting, Kept, Running, begun
from smendpoints.controller.parsed import Parsed
from smendpoints.controller.ports import Aws
from smendpoints.controller.result import Result
from smendpoints.controller.tenancy import Tenancy
from smendpoints.domain.experiment.arms import is_another
from smendpoints.domain.experiment.life import advance, runs
from smendpoints.domain.experiment.saying import events
from smendpoints.domain.experiment.scene import Scene

logger = logging.getLogger(__name__)
Body = Mapping[str, Any]
_Versions = tuple[str | None, int | None]


class Endpoints(Protocol):
    """The SageMakerEndpoints as the process knows them, from any thread."""

    def read(self, namespace: str, name: str) -> Mapping[str, Any] | None:
        """The newest version of the object that is so called; None if there is none."""

    def version(self, namespace: str, name: str) -> int | None:
        """The version that `read` reads, at no cost."""


class Experiments:
    """All experiments, looked at by one thread."""

    def __init__(
        self,
        accounts: Callable[[Place], Aws],
        tenancy: Tenancy,
        endpoints: Endpoints,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        period: int = 60,
    ) -> None:
        self._counting = Counting(accounts, now, period)
        self._tenancy = tenancy
        self._endpoints = endpoints
        self._now = now
        self._period = period
        self._kept: dict[str, Kept] = {}
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
            try:
                running = self._running(body)
                if running is not None:
                    self._counting.read(running)
            except Exception:
                logger.exception("experiment %s: internal error", body["metadata"]["name"])  # the others go on

    def _running(self, body: Body) -> Running | None:
        status = body.get("status") or {}
        if status.get("phase") != "Running" or body["metadata"].get("deletionTimestamp"):
            return None
        try:
            experiment = self._experiment(body)
            found = self._endpoint(experiment.metadata.namespace, experiment.spec.endpoint_ref.name)
        except ValidationError:
            return None  # told by `reconcile`
        if found is None or not runs(experiment) or is_another(found, experiment.status.endpoint_uid):
            return None
        identity = self._tenancy.identity(found.metadata.uid)
        if identity is None:
            return None
        place = Place(identity.region, identity.role)
        uid = experiment.metadata.uid
        if uid not in self._kept:
            self._kept[uid] = begun(experiment, identity.endpoint)
        return Running(experiment, place, identity.endpoint, self._kept[uid])

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
