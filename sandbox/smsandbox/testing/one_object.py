"""One object that is reconciled again and again by a controller, before an AWS that shows what a test sets."""

# ruff: noqa: ARG002 - a stand-in takes what the real one takes

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from smendpoints.api.policy import SageMakerEndpointPolicy
from smendpoints.aws.calls.clients import Place
from smendpoints.aws.listed.watch import Summary
from smendpoints.controller.memory import Memory, digest
from smendpoints.controller.reconcile import Controller
from smendpoints.controller.result import Result
from smendpoints.controller.settings import ControllerSettings
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.observed.cost import Price
from smendpoints.domain.observed.observed import OwnedResources
from smendpoints.domain.plan.actions import Action
from smendpoints.domain.plan.alarms import Ownership
from smendpoints.domain.tenancy.facts import facts_of
from smsandbox.testing.one_account import OneAccount

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HERE = Place("us-east-1")


@dataclass
class Aws(OneAccount):
    """Shows what a sight shows, and does what it is told unless it refuses; what it does is remembered."""

    seen: Any
    asked: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    place: Place = HERE
    modified_at: datetime = NOW - timedelta(minutes=10)
    seen_at: float = 1.0
    known: bool = True
    period: float = 60.0
    fails: Exception | None = None  # whatever is looked at
    lacks_before_launch: ReconcileError | None = None
    refuses: ReconcileError | None = None
    price: Price | None = None
    """Of an instance, once it was looked up."""
    looked_up: bool = False
    is_current: bool = True
    there: Mapping[str, Any] = field(default_factory=dict)
    """Alarms, all of one owner."""
    owner: Mapping[str, str] = field(default_factory=dict)

    @property
    def datapoints(self) -> Any:
        return self

    # the listings

    def peek(self, name: str) -> Summary | None:
        endpoint = self.seen.observed.endpoint
        return Summary("arn", endpoint.status, self.modified_at, name=name) if endpoint is not None else None

    def current(self, name: str, since: float) -> bool:
        return self.is_current

    def absent(self, name: str, since: float) -> bool:
        return self.seen.observed.endpoint is None

    def blind_seconds(self) -> float:
        return 0.0

    def missing(self, names: frozenset[str], since: float) -> frozenset[str]:
        return frozenset()

    def settled(self, name: str, since: float = 0.0) -> Summary | None:
        return self.peek(name)

    def monitors(self) -> None:
        self.asked.append("the lists of alarms")

    # looking closely

    def endpoint(self, name: str, tags: Mapping[str, str] | None = None, described: Any = None) -> Any:
        if self.fails is not None:
            raise self.fails
        self.asked.append("endpoint")
        return self.seen.observed.endpoint

    def config(self, name: str) -> Any:
        return self.seen.observed.live_config

    def model(self, name: str) -> Any:
        return None

    def recall(self, *_: Any) -> None:
        return None

    def targets(self, ids: list[str], *, bare: bool = False) -> Any:
        return self.seen.observed.targets

    def listed_targets(self, name: str, since: float) -> Any:
        return self.seen.observed.targets

    def alarms(self, prefix: str) -> Any:
        return self.there

    def alarm_tags(self, alarm: Any, owner: Any) -> Mapping[str, str]:
        return self.owner

    def owned_resources(self, *_: Any, **__: Any) -> OwnedResources:
        self.asked.append("what is owned")
        return OwnedResources()

    def unowned(self, *_: str) -> tuple[str, ...]:
        return ()

    def alarm_owners(self, *_: Any) -> Ownership:
        return Ownership({}, {})

    # what things cost, and what is there before a launch

    def of(self, instance_type: str) -> Price | None:
        return self.price if self.looked_up else None

    def look_up(self) -> bool:
        first, self.looked_up = not self.looked_up, True
        return first

    def check(self, launch: Any) -> tuple[str, ...]:
        self.asked.append("pre-flight")
        if self.lacks_before_launch is not None:
            raise self.lacks_before_launch
        return ()

    def lacks(self, supplies: Any) -> None:
        self.asked.append("supplies")

    def digests(self, images: Any) -> Any:
        return {}

    def stored(self, artifacts: Any) -> Any:
        return {}

    def explain(self, failure: ReconcileError, role: str | None) -> ReconcileError:
        return failure

    # the rest

    def apply(self, action: Action, policies: Any, *, adopts: bool = False, namespace: str | None = None) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.made.append(f"{action.verb.name}{', may take it over' if adopts else ''}")

    def own_account(self) -> str:
        return "123456789012"

    def invocations_url(self, endpoint: str) -> str:
        return f"https://runtime/{endpoint}"

    def log_tail(self, *_: Any) -> list[str]:
        return []


class One:
    """One object that is reconciled again and again; what is to be written of it is written."""

    def __init__(self, aws: Aws, status: Mapping[str, Any] | None = None, **wants: Any) -> None:
        self.aws, self.memory, self.time = aws, Memory(), 100.0
        self.void: str | None = None
        self.places: list[Place] = []
        settings = ControllerSettings("cluster-1", "us-east-1", poll_seconds=5.0)
        self.controller = Controller(
            settings,
            self._account,
            lambda: NOW + timedelta(seconds=self.time - 100),
            lambda: self.time,
            lambda _: self.void,
        )
        self.controller.tenancy.set_namespaces({"default": {}})
        self.controller.tenancy.set_policies([])
        metadata = {"name": "iris", "namespace": "default", "uid": "u", "generation": 1}
        spec = {**aws.seen.resource.spec.to_json(), **wants}
        self.body: dict[str, Any] = {"metadata": metadata, "spec": spec, "status": dict(status or {})}

    def _account(self, place: Place) -> Any:
        self.places.append(place)
        return self.aws

    def policy(self, **spec: Any) -> None:
        whole = {"metadata": {"name": "p"}, "spec": {"namespaceSelector": {}, **spec}}
        self.controller.tenancy.set_policies([SageMakerEndpointPolicy.parse(whole)])

    def go(self, seconds: float = 0.0) -> Result:
        self.time += seconds
        self.controller.tenancy.see(facts_of(self.body))
        self.aws.asked.clear()
        self.aws.made.clear()
        result = self.controller.reconcile(self.body, self.memory)
        if result.status is not None:
            self.body = {**self.body, "status": dict(result.status)}
        self.memory.told.status = digest(self.body["status"])
        return result

    @property
    def ready(self) -> tuple[str, str, str]:
        """What `Ready` says: its status, its reason and its message."""
        (told,) = [each for each in self.body["status"]["conditions"] if each["type"] == "Ready"]
        return told["status"], told["reason"], told["message"]

    def restart(self) -> None:
        """The process begins anew."""
        self.memory = Memory()
