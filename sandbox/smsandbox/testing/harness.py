"""The operator from its work queue on, against the simulator, in one process and in virtual time.

Not here: kopf, threads and a Kubernetes API server. Objects live in `api_server`, with the rules of the real one as far
as they matter; what the real ones do is for the integration tests.
"""

import contextlib
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from smendpoints.api.policy import SageMakerEndpointPolicy
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import Condition
from smendpoints.aws.account import Account, Accounts
from smendpoints.aws.calls.clients import Place
from smendpoints.aws.listed.watch import Cadence
from smendpoints.controller.experiments import Experiments
from smendpoints.controller.ports import Aws
from smendpoints.controller.reconcile import Controller
from smendpoints.controller.settings import ControllerSettings
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.plan.actions import Action, PolicyARN, Verb
from smendpoints.domain.status.events import Event
from smendpoints.work.backlog import Backlog
from smendpoints.work.experimenter import Experimenter
from smendpoints.work.reconciler import Reconciler
from smendpoints.work.watching import Watcher
from smendpoints.work.workqueue import WorkQueue
from smsandbox.testing import specs
from smsandbox.testing.api_server import ApiServer, Killed, Stored
from smsandbox.testing.virtual_aws import VirtualAws, unseen
from smsandbox.world import REGION

__all__ = ["Harness", "Killed"]
_POLL = 5.0
_SLOTS = 1000  # all that are due have their turn in one tick


class Harness(VirtualAws):
    """An operator, an AWS and their objects, in virtual time."""

    def __init__(
        self,
        *,
        seed: int = 0,
        settings: Mapping[str, Any] | None = None,
        by_wire: bool = False,
        audit_seconds: float = 60.0,
    ) -> None:
        """`audit_seconds`: how often is listed what hands may have changed; rarely is quicker where hours pass."""
        super().__init__(seed=seed, settings=settings, by_wire=by_wire)
        self.api = ApiServer(self._stamp)
        self.experiments = ApiServer(self._stamp, new={"observedGeneration": -1})
        self.policies: dict[str, dict[str, Any]] | None = {}
        self.labels: dict[str, dict[str, str]] = {"default": {}}
        self.violations: list[str] = []
        self.witnesses: list[Callable[[], None]] = []  # called after each tick
        self.kill_after: int | None = None
        self.fail_over_after: int | None = None
        self.failovers = 0
        self._on_the_wire: Callable[[], None] | None = None
        self.at = ""
        self.applied = 0
        self.price_table = True  # counts from the next restart on
        self.operator_settings = ControllerSettings("cluster-1", REGION, poll_seconds=_POLL)  # likewise
        self.cadence = Cadence(_POLL, 30.0, audit_seconds)  # counts from the next start of the process
        self.restart()

    def _stamp(self) -> str:
        return datetime.fromtimestamp(self.clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def restart(self) -> None:
        """A new operator process: it remembers nothing."""
        self.accounts = Accounts(self.connections, self.clock.now, self.cadence, price_table=self.price_table)
        self.controller = Controller(
            self.operator_settings,
            self._account,
            now=lambda: datetime.fromtimestamp(self.clock.now(), UTC),
            monotonic=self.clock.now,
        )
        self.reconciler = Reconciler(self.controller, self.api, self.clock.now)
        self.backlog = Backlog(self.controller.tenancy, WorkQueue(_SLOTS, object_seconds=1.0))
        self.watcher = Watcher(
            self.accounts, self.backlog.places, self.backlog.awaited, self._moved, clock=self.clock.now
        )
        looking = Experiments(
            self._account,
            self.controller.tenancy,
            self.backlog,
            now=lambda: datetime.fromtimestamp(self.clock.now(), UTC),
        )
        self.experimenter = Experimenter(self.controller.tenancy, self.experiments, looking)
        self._known: set[str] = set()

    def _moved(self, place: Place, endpoints: Collection[str] | None) -> None:
        self.backlog.moved(place, endpoints, self.clock.now())

    def _account(self, place: Place) -> Aws:
        return _Watched(self.accounts(place), self)

    def about_to(self, action: Action) -> None:
        """What is in use may not be deleted, nor may anything be made that the status does not speak of yet."""
        self.applied += 1
        status = self.objects[self.at].body["status"]
        if not action.verb.removes and status.get("createdInAWS") is not True:
            self.violations.append(f"{action} for {self.at}, whose status says that nothing is made")
        if action.verb not in {Verb.DELETE_CONFIG, Verb.DELETE_MODEL}:
            return
        with unseen(self):
            if action.target in self.in_use():
                self.violations.append(f"{action} is in use")

    def has_done(self, action: Action) -> None:
        """The process may be killed right after the n-th change in AWS, before anything else happens."""
        del action
        if self.kill_after is not None:
            self.kill_after -= 1
            if self.kill_after < 0:
                self.kill_after = None
                raise Killed

    def sends(self, action: Action, send: Callable[[], None]) -> None:
        """The lease may end while the n-th change is on the wire: AWS gets it once another process is at work."""
        self.about_to(action)
        if self.fail_over_after is not None:
            self.fail_over_after -= 1
            if self.fail_over_after < 0:
                self.fail_over_after, self._on_the_wire = None, send
                self.failovers += 1
                raise Killed
        send()

    # the API server's side

    @property
    def objects(self) -> dict[str, Stored]:
        """The objects as the API server has them."""
        return self.api.objects

    @property
    def events(self) -> list[Event]:
        """The Kubernetes Events so far."""
        return self.api.events

    @property
    def writes(self) -> int:
        """How many statuses were written."""
        return self.api.writes

    @writes.setter
    def writes(self, number: int) -> None:
        self.api.writes = number

    @property
    def kill_before_write(self) -> int | None:
        """The process is killed before the n-th write of a status from now."""
        return self.api.kill_before_write

    @kill_before_write.setter
    def kill_before_write(self, number: int | None) -> None:
        self.api.kill_before_write = number

    def policy(self, name: str, spec: Mapping[str, Any] | None) -> None:
        """Create or replace a policy for all namespaces, unless its spec selects some; None deletes it."""
        self.policies = {key: value for key, value in (self.policies or {}).items() if key != name}
        if spec is not None:
            self.policies[name] = {"metadata": {"name": name}, "spec": {"namespaceSelector": {}, **spec}}

    def apply(self, name: str, spec: Mapping[str, Any]) -> None:
        """Create the object, or replace its spec; `namespace/name` is one of another namespace than `default`."""
        self.api.apply(name, spec)

    def annotate(self, name: str, annotations: Mapping[str, str]) -> None:
        """Set annotations."""
        self.api.annotate(name, annotations)

    def delete(self, name: str) -> None:
        """Mark the object as being deleted."""
        self.api.delete(name)

    def set_status(self, name: str, status: Mapping[str, Any]) -> None:
        """Replace the status, as whoever may write it can."""
        self.api.put(name, {**self.objects[name].body, "status": dict(status)})

    def lose_sight_of(self, name: str) -> None:
        """The object is in a namespace that this operator does not serve, or in another cluster."""
        del self.api.objects[name]

    def resource(self, name: str) -> SageMakerEndpoint:
        """The object as it stands."""
        return SageMakerEndpoint.parse(self.objects[name].body)

    def condition(self, name: str, kind: str) -> Condition | None:
        """A condition of the object."""
        return next((each for each in self.resource(name).status.conditions if each.type == kind), None)

    # time

    def tick(self) -> None:
        """What the operator's shell does all the time: hand on what is new, list AWS, reconcile what is due."""
        late, self._on_the_wire = self._on_the_wire, None
        try:
            self._tell()
            self.watcher.catch_up()
            due = []
            while (tracked := self.backlog.begin(self.clock.now())) is not None:
                due.append(tracked)
            for tracked in due:
                self.at = self.api.name_of(tracked.uid) or ""
                self.backlog.settle(tracked, self.reconciler.reconcile(tracked), self.clock.now())
            self.experimenter.step()
        except Killed:
            self.restart()
        if late is not None:
            with contextlib.suppress(ReconcileError):  # nobody is there to hear it
                late()
        for witness in self.witnesses:
            witness()

    def _tell(self) -> None:
        """What the watches of the API server bring."""
        tenancy, now = self.controller.tenancy, self.clock.now()
        policies = self.policies
        tenancy.set_policies(
            [SageMakerEndpointPolicy.parse(each) for each in policies.values()] if policies is not None else None,
            None if policies is not None else "sagemakerendpointpolicies cannot be listed: forbidden",
        )
        tenancy.set_namespaces(self.labels)
        self.experimenter.see([each.body for each in self.experiments.objects.values()])
        there = {each.body["metadata"]["uid"] for each in self.objects.values()}
        for uid in self._known - there:
            self.backlog.forget(uid, now)
        self._known = there
        for each in self.objects.values():
            self.backlog.see(each.body, now)

    def settle_told(self, name: str, reason: str, limit: float = 7200.0) -> None:
        """Let time pass until the object's `Ready` has this reason.

        Raises:
            AssertionError: it has not after `limit` seconds.
        """
        until = self.clock.now() + limit
        while (told := self.condition(name, "Ready")) is None or told.reason != reason:
            if self.clock.now() >= until:
                raise AssertionError(f"{name} does not tell {reason}: {told}")
            self.tick()
            self.world.advance(5.0)

    def run(self, seconds: float, tick: float = 5.0) -> None:
        """Let time pass, in AWS and in the operator."""
        until = self.clock.now() + seconds
        while self.clock.now() < until:
            self.tick()
            self.world.advance(tick)
        self.tick()

    def settle(self, name: str, limit: float = 7200.0) -> SageMakerEndpoint:
        """Let time pass until the object is ready, stalled or gone.

        Raises:
            AssertionError: it is none of them after `limit` seconds.
        """
        until = self.clock.now() + limit
        while self.clock.now() < until:
            self.tick()
            if name not in self.objects:
                raise AssertionError(f"{name} is gone")
            resource = self.resource(name)
            conditions = {each.type: each.status for each in resource.status.conditions}
            current = resource.status.observed_generation == resource.metadata.generation
            if current and (conditions.get("Ready") == "True" or conditions.get("Stalled") == "True"):
                return resource
            self.world.advance(5.0)
        raise AssertionError(f"{name} does not settle: {self.resource(name).status.to_json()}")

    def ready(self, **changes: Any) -> None:
        """Bring `iris` into service: the spec of tests, with changes.

        Raises:
            AssertionError: it is not ready.
        """
        self.apply("iris", specs.spec(**changes))
        self.settle("iris")
        condition = self.condition("iris", "Ready")
        assert condition is not None, "no condition Ready"
        assert condition.status == "True", condition.message

    def settle_gone(self, name: str, limit: float = 7200.0) -> None:
        """Let time pass until the object is gone."""
        until = self.clock.now() + limit
        while name in self.objects:
            if self.clock.now() >= until:
                raise AssertionError(f"{name} does not go: {self.resource(name).status.to_json()}")
            self.tick()
            self.world.advance(5.0)


class _Watched:
    """An account whose changes the harness is told of."""

    def __init__(self, account: Account, harness: Harness) -> None:
        self._account = account
        self._harness = harness
        self.place = account.place
        self.watch = account.watch
        self.observe = account.observe
        self.prices = account.prices
        self.preflight = account.preflight
        self.monitoring = account.monitoring
        self.datapoints = account.datapoints
        self.summaries = account.summaries
        self.own_account = account.own_account
        self.invocations_url = account.invocations_url
        self.log_tail = account.log_tail

    def apply(
        self, action: Action, policies: dict[PolicyARN, str], *, adopts: bool = False, namespace: str | None = None
    ) -> None:
        """As an account does."""
        call = partial(self._account.apply, action, policies, adopts=adopts, namespace=namespace)
        self._harness.sends(action, call)
        self._harness.has_done(action)
