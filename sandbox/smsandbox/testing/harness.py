"""The operator's controller against the simulator, in one process and in virtual time: hours pass in milliseconds.

Not here: kopf and a Kubernetes API server. Objects live in a dictionary, with the API server's rules for generations;
what the real ones do is for the integration tests.
"""

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.endpoint

from smendpoints.api.resource import FINALIZER, SageMakerEndpoint
from smendpoints.api.status import Condition
from smendpoints.aws.account import Accounts
from smendpoints.aws.clients import Clients, Place
from smendpoints.controller.memory import Memory
from smendpoints.controller.reconcile import Controller
from smendpoints.controller.settings import ControllerSettings
from smendpoints.domain.actions import Action, PolicyARN, Verb
from smendpoints.domain.errors import AwsFailure
from smendpoints.domain.status import Event
from smsandbox.assets import BUCKET, ROLE
from smsandbox.aws import moto_backend
from smsandbox.aws.assembly import assemble
from smsandbox.aws.clock import VirtualClock
from smsandbox.aws.images import push
from smsandbox.aws.inprocess import attach
from smsandbox.aws.settings import Settings
from smsandbox.testing.specs import ARTIFACTS, ECHO_IMAGE
from smsandbox.world import REGION

MINUTES = {"create": 240.0, "update": 240.0, "weights": 60.0, "delete": 60.0, "container_start": 30.0, "fail": 60.0}

BRISK = {"durations": {"create": 60.0, "update": 60.0, "weights": 20.0, "delete": 20.0, "container_start": 5.0}}


class Killed(BaseException):
    """The operator's process was killed."""


@dataclass
class Cluster:
    """One object's place in the API server, and what the operator's process holds of it."""

    body: dict[str, Any]
    memory: Memory = field(default_factory=Memory)


class Harness:
    """An operator, an AWS and their objects, in virtual time."""

    def __init__(self, *, seed: int = 0, settings: Mapping[str, Any] | None = None) -> None:
        os.environ.setdefault("AWS_ACCESS_KEY_ID", "harness")
        os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "harness")
        moto_backend.reset()  # moto keeps one state for the whole process
        self.clock = VirtualClock()
        chosen = Settings(seed=seed, containers=False).changed({"durations": MINUTES, **(settings or {})})
        self.simulator = assemble(settings=chosen, clock=self.clock)
        self.world = self.simulator.world
        self.session = boto3.Session(region_name=REGION)
        attach(self.session, self.simulator.gateway)
        self._clients = {Place(REGION): Clients(Place(REGION), 10, lambda _: self.session, "standard")}
        self.objects: dict[str, Cluster] = {}
        self.events: list[Event] = []
        self.violations: list[str] = []
        self.kill_after: int | None = None
        self.kill_before_write: int | None = None
        self.acts = 0
        self.writes = 0
        # botocore backs off between its attempts: that, too, is virtual time
        botocore.endpoint.time = SimpleNamespace(sleep=self.clock.advance)  # type: ignore[attr-defined]
        self._prepare()
        self.restart()

    def client(self, service: str) -> Any:
        """A boto3 client of this AWS."""
        return self._clients[Place(REGION)](service)

    def _prepare(self) -> None:
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.client("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)
        self.client("s3").create_bucket(Bucket=BUCKET)
        for uri in ARTIFACTS:
            key = uri.removeprefix(f"s3://{BUCKET}/")
            self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=key.encode())
        push(self.client("ecr"), ECHO_IMAGE, "echo")

    def restart(self) -> None:
        """A new operator process: it remembers nothing."""
        accounts = Accounts(lambda place: self._clients[place], self.clock.now)
        self.accounts = accounts
        self.controller = Controller(
            ControllerSettings("cluster-1", REGION, poll_seconds=15),
            accounts,
            now=lambda: datetime.fromtimestamp(self.clock.now(), UTC),
            monotonic=self.clock.now,
        )
        for each in self.objects.values():
            each.memory = Memory()
        self._arm()

    def _arm(self) -> None:
        """Let the process be killed right after the n-th change in AWS, before anything else happens."""
        controller = self.controller
        make: Callable[..., Any] = self.accounts.__call__

        def killing(place: Place) -> Any:
            account = make(place)
            if not hasattr(account, "armed"):
                act = account.act

                def act_then_die(action: Action, policies: dict[PolicyARN, str], *, adopts: bool = False) -> None:
                    self._guard(action)
                    self.acts += 1
                    act(action, policies, adopts=adopts)
                    if self.kill_after is not None:
                        self.kill_after -= 1
                        if self.kill_after < 0:
                            self.kill_after = None
                            raise Killed

                account.act = act_then_die
                account.armed = True
            return account

        controller._accounts = killing  # noqa: SLF001 - the one place that is taken apart

    def _guard(self, action: Action) -> None:
        """Nothing that is in use may be deleted; what was is a violation."""
        if action.verb not in {Verb.DELETE_CONFIG, Verb.DELETE_MODEL}:
            return
        faults = self.world.faults.rules()
        self.world.faults.remove()
        if action.target in self._in_use():
            self.violations.append(f"{action} is in use")
        for rule in faults:
            self.world.faults.add(rule)

    def _in_use(self) -> set[str]:
        sagemaker = self.client("sagemaker")
        used: set[str] = set()
        for entry in sagemaker.list_endpoints(MaxResults=100)["Endpoints"]:
            shown = sagemaker.describe_endpoint(EndpointName=entry["EndpointName"])
            if shown["EndpointStatus"] != "Deleting":
                pending = shown.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
                used |= {shown["EndpointConfigName"], pending} - {None}
        for config in sagemaker.list_endpoint_configs(MaxResults=100)["EndpointConfigs"]:
            name = config["EndpointConfigName"]
            if name in used:
                variants = sagemaker.describe_endpoint_config(EndpointConfigName=name)["ProductionVariants"]
                used |= {variant["ModelName"] for variant in variants}
        return used

    # the API server's side

    def apply(self, name: str, spec: Mapping[str, Any]) -> None:
        """Create the object, or replace its spec; the generation moves when the spec does."""
        existing = self.objects.get(name)
        if existing is None:
            metadata = {
                "name": name,
                "namespace": "default",
                "uid": f"uid-{name}",
                "generation": 1,
                "finalizers": [FINALIZER],
            }
            status = {"observedGeneration": -1}
            self.objects[name] = Cluster({"metadata": metadata, "spec": dict(spec), "status": status})
        elif existing.body["spec"] != spec:
            generation = existing.body["metadata"]["generation"] + 1
            metadata = {**existing.body["metadata"], "generation": generation}
            existing.body = {**existing.body, "spec": dict(spec), "metadata": metadata}

    def annotate(self, name: str, annotations: Mapping[str, str]) -> None:
        """Set annotations; the generation does not move."""
        each = self.objects[name]
        each.body = {**each.body, "metadata": {**each.body["metadata"], "annotations": dict(annotations)}}

    def delete(self, name: str) -> None:
        """Mark the object as being deleted."""
        each = self.objects[name]
        stamp = datetime.fromtimestamp(self.clock.now(), UTC).isoformat()
        each.body = {**each.body, "metadata": {**each.body["metadata"], "deletionTimestamp": stamp}}

    def resource(self, name: str) -> SageMakerEndpoint:
        """The object as it stands."""
        return SageMakerEndpoint.parse(self.objects[name].body)

    def condition(self, name: str, kind: str) -> Condition | None:
        """A condition of the object."""
        return next((each for each in self.resource(name).status.conditions if each.type == kind), None)

    # time

    def tick(self) -> None:
        """What the operator's shell does at each tick: ask each object, and let it have its pass."""
        at_rest = any(each.memory.watched for each in self.objects.values())
        for account in self.accounts.all() if at_rest else ():
            with contextlib.suppress(AwsFailure):
                account.watch.look("", max_age=29)
                account.watch.audit(59)
        for name in list(self.objects):
            try:
                self._tick(name)
            except Killed:
                self.restart()

    def _tick(self, name: str) -> None:
        each = self.objects[name]
        resource = self.resource(name)
        if resource.metadata.deletion_timestamp is not None:
            if self.clock.now() < each.memory.due_at and each.memory.due_at != float("inf"):
                return
            outcome = self.controller.finalize(resource, each.memory)
            each.memory.due_at = self.clock.now() + outcome.again_after
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

    def settle_gone(self, name: str, limit: float = 7200.0) -> None:
        """Let time pass until the object is gone."""
        until = self.clock.now() + limit
        while name in self.objects:
            if self.clock.now() >= until:
                raise AssertionError(f"{name} does not go: {self.resource(name).status.to_json()}")
            self.tick()
            self.world.advance(5.0)

    # what is in AWS

    def calls(self, operation: str) -> int:
        """How many calls of an operation there were, whatever their result."""
        return self.world.calls.count(operation)

    def failed_calls(self) -> dict[str, int]:
        """How often which operation failed with which code."""
        return {
            f"{operation} {code}": number
            for operations in self.world.calls.counts().values()
            for operation, codes in operations.items()
            for code, number in codes.items()
            if code != "OK"
        }

    def live(self, name: str = "default-iris") -> dict[str, Any]:
        """DescribeEndpoint."""
        found: dict[str, Any] = self.client("sagemaker").describe_endpoint(EndpointName=name)
        return found

    def inventory(self) -> dict[str, list[str]]:
        """The names of all that the operator may have made."""
        sagemaker, scaling = self.client("sagemaker"), self.client("application-autoscaling")
        pages = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
        policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
        alarms = self.client("cloudwatch").describe_alarms()["MetricAlarms"]
        return {
            "endpoints": [e["EndpointName"] for e in sagemaker.list_endpoints(MaxResults=100)["Endpoints"]],
            "configs": sorted(
                e["EndpointConfigName"] for e in sagemaker.list_endpoint_configs(MaxResults=100)["EndpointConfigs"]
            ),
            "models": sorted(e["ModelName"] for e in sagemaker.list_models(MaxResults=100)["Models"]),
            "targets": [e["ResourceId"] for e in pages],
            "policies": [e["PolicyName"] for e in policies],
            "alarms": [e["AlarmName"] for e in alarms],
        }
