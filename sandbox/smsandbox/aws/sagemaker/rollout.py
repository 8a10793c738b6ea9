"""UpdateEndpoint carried out: traffic shifted step by step, waits, alarms, and the way back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from smsandbox.aws.core.context import Context
from smsandbox.aws.sagemaker import texts
from smsandbox.aws.sagemaker.launching import DeploymentError
from smsandbox.aws.sagemaker.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsandbox.aws.core.world import World
    from smsandbox.aws.sagemaker.deployment import Plan
    from smsandbox.aws.sagemaker.launching import Work
    from smsandbox.aws.sagemaker.state import Endpoint, Fleet, Request, Store

LOOKS_PER_BAKE = 50


def _always(text: str) -> Callable[[int], str]:
    return lambda _: text


@dataclass(frozen=True)
class Watch:
    """What ends a deployment early: a configuration gone, an alarm, the time limit (epoch seconds)."""

    world: World
    store: Store
    endpoint: Endpoint
    plan: Plan
    deadline: float
    keep: tuple[str, ...]  # names of the configurations that must stay

    def check(self) -> None:
        """Raise DeploymentError when the deployment has to end."""
        ctx = Context(self.endpoint.account, self.endpoint.region, "DescribeAlarms")
        for name in self.keep:
            if name not in self.store.configs:
                arn = texts.arn(ctx, "endpoint-config", name)
                raise DeploymentError(texts.not_found("endpoint-config", arn).message)
        firing = [name for name in self.plan.alarms if self.world.alarms.state(ctx, name) == "ALARM"]
        if firing:
            raise DeploymentError(texts.alarm_rollback(firing))
        if self.world.now() >= self.deadline:
            raise DeploymentError(texts.TIMED_OUT)


class Rollout(Worker):
    """The work of UpdateEndpoint."""

    def update(self, plan: Plan, deployment: Request | None) -> Work:
        """Updating -> InService, with the new configuration or, after a failure, with the old one and a reason."""
        world, endpoint = self._world, self._endpoint
        blue, green = endpoint.fleet, endpoint.green
        if blue is None or green is None:
            raise RuntimeError("an update needs a fleet that serves and one to come")
        watch = Watch(
            world,
            self._store,
            endpoint,
            plan,
            world.now() + world.real(plan.timeout),
            (blue.config.name, green.config.name),
        )
        try:
            if plan.batch is None:
                yield from self._blue_green(plan, green, watch)
            else:
                yield from self._rolling(plan, blue, green, watch)
            watch.check()
            if world.faults.take("rollback", resources=(endpoint.name, green.config.name)):
                raise DeploymentError(texts.alarm_rollback(plan.alarms or ("simulated",)))
        except DeploymentError as error:
            yield from self._roll_back(plan, blue, green, error.reason)
            return
        for variant in blue.variants.values():
            variant.say("Deleting", world.now(), f"Terminating {len(variant.instances)} instance(s).")
        yield world.varied(world.settings.durations.terminate)
        self._take_over(green)
        endpoint.deployment = deployment
        self._settle("InService")

    def _blue_green(self, plan: Plan, green: Fleet, watch: Watch) -> Work:
        world = self._world
        watch.check()
        ready = world.now() + world.varied(world.settings.durations.update)
        self._launch_all(green)
        yield from self._launcher.healthy(list(green.variants.values()), ready, watch.check)
        for variant in green.variants.values():
            variant.current_weight = variant.desired_weight
        counts = [len(variant.instances) for variant in green.production]
        for step in plan.steps:
            self._shift(green, step.share(counts))
            if step.word:
                self._say(green, "ActivatingTraffic", step.activating)
            if step.bake:
                yield 0.0
                self._say(green, "Baking", partial(step.baking, seconds=world.real(step.bake)))
                yield from self._bake(step.bake, watch)

    def _rolling(self, plan: Plan, blue: Fleet, green: Fleet, watch: Watch) -> Work:
        world = self._world
        watch.check()
        old, new = blue.production[0], green.production[0]
        total, before = new.desired_count, len(old.instances)
        new.current_weight = new.desired_weight
        while len(new.instances) < total:
            more = min(plan.batch or 1, total - len(new.instances))
            ready = world.now() + world.varied(world.settings.durations.update)
            new.reserved = len(new.instances) + more
            self._launcher.launch(self._endpoint, green, new, more)
            yield from self._launcher.healthy([new], ready, watch.check)
            share = len(new.instances) / total
            self._shift(green, share)
            part = f"{len(new.instances)} of {total} instance(s)."
            self._say(green, "ActivatingTraffic", _always(f"Activating traffic on {part}"))
            if plan.batch_bake:
                wait = f"Baking for {world.real(plan.batch_bake):g} seconds (WaitIntervalInSeconds)"
                self._say(green, "Baking", _always(f"{wait} with traffic enabled on {part}"))
                yield from self._bake(plan.batch_bake, watch)
            self._launcher.shrink(old, math.floor(before * (1 - share)))
            old.reserved = len(old.instances)

    def _bake(self, aws_seconds: float, watch: Watch) -> Work:
        """Let a wait of the user's pass, looking at the alarms as it does."""
        world = self._world
        wait = world.real(aws_seconds)
        until = world.now() + wait
        look = max(world.settings.poll_seconds, wait / LOOKS_PER_BAKE) if watch.plan.alarms else wait
        while (left := until - world.now()) > 1e-6:
            watch.check()
            yield max(1e-6, min(left, look, watch.deadline - world.now()))
        watch.check()

    def _shift(self, green: Fleet, share: float) -> None:
        green.traffic = share
        for fleet in self._endpoint.fleets:
            if fleet is not green:
                fleet.traffic = fleet.portion * (1.0 - share)
        self._endpoint.modified = self._world.now()

    def _say(self, fleet: Fleet, status: str, sentence: Callable[[int], str]) -> None:
        """Show the status of each variant, with the sentence about one of so many instances."""
        for variant in fleet.variants.values():
            variant.say(status, self._world.now(), sentence(len(variant.instances)))
        self._stepped(self._endpoint)

    def _roll_back(self, plan: Plan, blue: Fleet, green: Fleet, reason: str) -> Work:
        world, endpoint = self._world, self._endpoint
        endpoint.failure = reason[:1024]
        if world.settings.options.show_rolling_back:
            self._settle("RollingBack")
        try:
            if plan.batch is not None:
                yield from self._restore(plan, blue)
        except DeploymentError as error:
            endpoint.failure = f"{reason} The rollback failed: {error.reason}"[:1024]
            blue.portion, green.portion = blue.traffic, green.traffic
            endpoint.leftover, endpoint.green = green, None
            self._settle("UpdateRollbackFailed")
            return
        self._shift(green, 0.0)
        self._say(green, "Deleting", lambda count: f"Terminating {count} instance(s).")
        yield world.varied(world.settings.durations.terminate)
        green.terminate()
        endpoint.green = None
        for variant in blue.variants.values():
            variant.statuses = []
        self._settle("InService")

    def _restore(self, plan: Plan, blue: Fleet) -> Work:
        """Bring the old instances back that a rolling update has ended already, in batches."""
        world = self._world
        old = blue.production[0]
        while len(old.instances) < old.desired_count:
            more = min(plan.rollback_batch, old.desired_count - len(old.instances))
            ready = world.now() + world.varied(world.settings.durations.update)
            old.reserved = len(old.instances) + more
            try:
                self._launcher.launch(self._endpoint, blue, old, more)
                yield from self._launcher.healthy([old], ready)
            except DeploymentError:
                for instance in [one for one in old.instances if one.state != "Healthy"]:
                    instance.terminate()
                    old.instances.remove(instance)
                raise
