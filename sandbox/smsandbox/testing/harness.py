"""The operator's controller against the simulator, in one process and in virtual time: hours pass in milliseconds.

Not here: kopf and a Kubernetes API server. Objects live in a dictionary, with the API server's rules for generations;
what the real ones do is for the integration tests.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from smendpoints.api.policy import SageMakerEndpointPolicy
from smendpoints.api.resource import FINALIZER, SageMakerEndpoint
from smendpoints.api.status import Condition
from smendpoints.aws.account import Accounts
from smendpoints.aws.clients import Place
from smendpoints.controller.memory import Memory
from smendpoints.controller.reconcile import Controller
from smendpoints.controller.settings import ControllerSettings
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.plan.actions import Action, PolicyARN, Verb
from smendpoints.domain.status.status import Event
from smendpoints.domain.tenancy.facts import facts_of
from smsandbox.testing import specs
from smsandbox.testing.virtual_aws import VirtualAws
from smsandbox.world import REGION


class Killed(BaseException):
    """The operator's process was killed."""


@dataclass
class Cluster:
    """One object's place in the API server, and what the operator's process holds of it.

    `delayed_until` is when a deletion is tried next; like kopf's, it counts for one process and for what was asked.
    """

    body: dict[str, Any]
    delayed_until: float = float("-inf")
    memory: Memory = field(default_factory=Memory)


class Harness(VirtualAws):
    """An operator, an AWS and their objects, in virtual time."""

    def __init__(self, *, seed: int = 0, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(seed=seed, settings=settings)
        self.objects: dict[str, Cluster] = {}
        self.policies: dict[str, dict[str, Any]] | None = {}
        self.labels: dict[str, dict[str, str]] = {"default": {}}
        self.events: list[Event] = []
        self.violations: list[str] = []
        self.witnesses: list[Callable[[], None]] = []  # called after each tick
        self.price_table = True  # counts from the next restart on
        self.kill_after: int | None = None
        self.kill_before_write: int | None = None
        self.at = ""
        self.applied = 0
        self.writes = 0
        self.restart()

    def restart(self) -> None:
        """A new operator process: it remembers nothing."""
        accounts = Accounts(self.connections, self.clock.now, price_table=self.price_table)
        self.accounts = accounts
        self.controller = Controller(
            ControllerSettings("cluster-1", REGION, poll_seconds=15),
            accounts,
            now=lambda: datetime.fromtimestamp(self.clock.now(), UTC),
            monotonic=self.clock.now,
        )
        for each in self.objects.values():
            each.memory, each.delayed_until = Memory(), float("-inf")
        self._seen: set[str] = set()
        self._arm()

    def _arm(self) -> None:
        """Let the process be killed right after the n-th change in AWS, before anything else happens."""
        controller = self.controller
        make: Callable[..., Any] = self.accounts.__call__

        def killing(place: Place) -> Any:
            account = make(place)
            if not hasattr(account, "armed"):
                apply = account.apply

                def apply_then_die(action: Action, policies: dict[PolicyARN, str], **how: Any) -> None:
                    self._guard(action)
                    self.applied += 1
                    apply(action, policies, **how)
                    if self.kill_after is not None:
                        self.kill_after -= 1
                        if self.kill_after < 0:
                            self.kill_after = None
                            raise Killed

                account.apply = apply_then_die
                account.armed = True
            return account

        controller._accounts = killing  # noqa: SLF001 - the one place that is taken apart

    def _guard(self, action: Action) -> None:
        """What is in use may not be deleted, nor may anything be made that the status does not speak of yet."""
        status = self.objects[self.at].body["status"]
        if not action.verb.removes and status.get("createdInAWS") is not True:
            self.violations.append(f"{action} for {self.at}, whose status says that nothing is made")
        if action.verb not in {Verb.DELETE_CONFIG, Verb.DELETE_MODEL}:
            return
        faults = self.world.faults.rules()
        self.world.faults.remove()
        if action.target in self.in_use():
            self.violations.append(f"{action} is in use")
        for rule in faults:
            self.world.faults.add(rule)

    # the API server's side

    def policy(self, name: str, spec: Mapping[str, Any] | None) -> None:
        """Create or replace a policy for all namespaces, unless its spec selects some; None deletes it."""
        self.policies = {key: value for key, value in (self.policies or {}).items() if key != name}
        if spec is not None:
            self.policies[name] = {"metadata": {"name": name}, "spec": {"namespaceSelector": {}, **spec}}

    def apply(self, name: str, spec: Mapping[str, Any]) -> None:
        """Create the object, or replace its spec; the generation moves when the spec does.

        `namespace/name` is an object of another namespace than `default`.
        """
        existing = self.objects.get(name)
        if existing is None:
            stamp = datetime.fromtimestamp(self.clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            metadata = {
                "name": name.rpartition("/")[2],
                "namespace": name.rpartition("/")[0] or "default",
                "uid": f"uid-{name}",
                "creationTimestamp": stamp,
                "generation": 1,
                "finalizers": [FINALIZER],
            }
            status = {"observedGeneration": -1, "createdInAWS": False}
            self.objects[name] = Cluster({"metadata": metadata, "spec": dict(spec), "status": status})
        elif existing.body["spec"] != spec:
            generation = existing.body["metadata"]["generation"] + 1
            metadata = {**existing.body["metadata"], "generation": generation}
            existing.body = {**existing.body, "spec": dict(spec), "metadata": metadata}
            existing.delayed_until = float("-inf")

    def annotate(self, name: str, annotations: Mapping[str, str]) -> None:
        """Set annotations; the generation does not move."""
        each = self.objects[name]
        each.body = {**each.body, "metadata": {**each.body["metadata"], "annotations": dict(annotations)}}
        each.delayed_until = float("-inf")

    def delete(self, name: str) -> None:
        """Mark the object as being deleted."""
        each = self.objects[name]
        stamp = datetime.fromtimestamp(self.clock.now(), UTC).isoformat()
        each.body = {**each.body, "metadata": {**each.body["metadata"], "deletionTimestamp": stamp}}

    def lose_sight_of(self, name: str) -> None:
        """The object is in a namespace that this operator does not serve, or in another cluster: no reconciles."""
        del self.objects[name]

    def resource(self, name: str) -> SageMakerEndpoint:
        """The object as it stands."""
        return SageMakerEndpoint.parse(self.objects[name].body)

    def condition(self, name: str, kind: str) -> Condition | None:
        """A condition of the object."""
        return next((each for each in self.resource(name).status.conditions if each.type == kind), None)

    # time

    def tick(self) -> None:
        """What the operator's shell does at each tick: ask each object, and let it have its reconcile."""
        self._tell()
        idle = any(each.memory.watched for each in self.objects.values())
        for account in self.accounts.all() if idle else ():
            with contextlib.suppress(ReconcileError):
                account.watch.look("", max_age=29)
                account.watch.audit(59)
        for name in list(self.objects):
            self.at = name
            try:
                self._tick(name)
            except Killed:
                self.restart()
        for witness in self.witnesses:
            witness()

    def _tell(self) -> None:
        """What the shell's index and its watches tell the controller."""
        tenancy = self.controller.tenancy
        policies = self.policies
        tenancy.set_policies(
            [SageMakerEndpointPolicy.parse(each) for each in policies.values()] if policies is not None else None,
            None if policies is not None else "sagemakerendpointpolicies cannot be listed: forbidden",
        )
        tenancy.set_namespaces(self.labels)
        for uid in self._seen - {each.body["metadata"]["uid"] for each in self.objects.values()}:
            tenancy.forget(uid)
        self._seen = {each.body["metadata"]["uid"] for each in self.objects.values()}
        for each in self.objects.values():
            tenancy.see(facts_of(each.body))

    def _tick(self, name: str) -> None:
        each = self.objects[name]
        resource = self.resource(name)
        if resource.metadata.deletion_timestamp is not None:
            if self.clock.now() < each.delayed_until:
                return
            outcome = self.controller.finalize(resource, each.memory)
            each.delayed_until = self.clock.now() + outcome.requeue_after
            if outcome.gone:
                self.events += outcome.events
                del self.objects[name]
                return
        elif self.controller.due(resource, each.memory):
            outcome = self.controller.reconcile(resource, each.memory)
        else:
            return
        if outcome.status is not None and self.kill_before_write is not None:
            self.kill_before_write -= 1
            if self.kill_before_write < 0:
                self.kill_before_write = None
                raise Killed
        self.events += outcome.events
        if outcome.status is not None:
            self.writes += 1
            each.body = {**each.body, "status": outcome.status.to_json()}

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
