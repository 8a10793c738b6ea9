"""One request from the choice of an instance to its measured answer; shared by real-time, shadow and async requests."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from smsandbox.aws.core.errors import AwsError
from smsandbox.aws.fleet.instance import ProcessInstance
from smsandbox.aws.runtime.errors import unavailable
from smsandbox.aws.runtime.forward import Answer, Invocation, UnreachableError, forward

if TYPE_CHECKING:
    from smsandbox.aws.core.ports import EndpointView, InstanceSpec, Route
    from smsandbox.aws.core.world import World
    from smsandbox.aws.runtime.measure import Measure
    from smsandbox.aws.runtime.routing import Router

# How long a request waits for an instance to come (back), in real seconds: a new fleet takes over within it.
WAIT_SECONDS = 5.0
_WAIT_STEP = 0.05


class Dispatcher:
    """Never holds the World's lock while a container works."""

    def __init__(self, world: World, router: Router, measure: Measure) -> None:
        self._world = world
        self._router = router
        self._measure = measure

    def view(self, account: str, region: str, name: str) -> EndpointView | None:
        """The endpoint of exactly that name, as it is now."""
        with self._world.lock:
            view = self._world.hosting.endpoint(account, region, name)
        return view if view is not None and view.name == name else None

    def send(self, view: EndpointView, invocation: Invocation, target_variant: str | None) -> tuple[Answer, Route]:
        """The answer of an instance and its route. A request that an ending instance did not answer goes to another.

        Raises:
            AwsError: ServiceUnavailable when no instance takes it in time; what `forward` raises.
        """
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            for route in self._router.candidates(view, target_variant):
                try:
                    return self.ask(view, route, invocation), route
                except UnreachableError:
                    continue
            if time.monotonic() >= deadline:
                raise unavailable(view.name)
            time.sleep(_WAIT_STEP)
            fresh = self.view(view.account, view.region, view.name)
            if fresh is None or not fresh.serves:
                raise unavailable(view.name)
            view = fresh

    def ask(self, view: EndpointView, route: Route, invocation: Invocation) -> Answer:
        """The answer of this very instance; UnreachableError when it gives none."""
        instance, started = route.instance, time.monotonic()
        if not isinstance(instance, ProcessInstance):
            answer = canned(route)
        elif not instance.lease():
            raise UnreachableError(f"{instance.id} takes no requests")
        else:
            try:
                if instance.spec.serverless:
                    self._serverless(view, route, instance.outstanding)
                answer = forward(instance, invocation, self._world.objects)
            finally:
                instance.release()
        self._strike(instance.spec, answer)
        if not instance.spec.asynchronous:
            whole = time.monotonic() - started
            self._measure.invocation(instance.spec, answer, whole, explained=invocation.explanations is not None)
        return answer

    def _strike(self, spec: InstanceSpec, answer: Answer) -> None:
        """Let the model fail or dawdle where a fault says so."""
        named = (spec.endpoint, spec.config_name, spec.variant)
        if (slow := self._world.faults.take("slow_model", resources=named)) is not None:
            self._world.clock.sleep(slow.delay_seconds)
            answer.latency += slow.delay_seconds
        if (failing := self._world.faults.take("model_error", resources=named)) is not None:
            answer.status, answer.body = failing.status, failing.message.encode()

    def _serverless(self, view: EndpointView, route: Route, outstanding: int) -> None:
        variant = next(one for one in view.variants if one.name == route.variant)
        config = variant.spec.get("ServerlessConfig") or {}
        provisioned = variant.desired_provisioned_concurrency or 0
        if outstanding > config.get("MaxConcurrency", outstanding):
            raise AwsError("ThrottlingException", "Rate exceeded", 429)
        self._measure.concurrency(route.instance.spec, outstanding, provisioned, config.get("MaxConcurrency", 0))


def canned(route: Route) -> Answer:
    """What an instance without containers answers."""
    body = json.dumps({"variant": route.variant, "config": route.config_name, "instance": route.instance.id}).encode()
    return Answer(200, body, "application/json", None, "primary")
