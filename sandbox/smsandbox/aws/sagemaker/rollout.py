"""What happens to an endpoint over time: creating, updating, rescaling, deleting, as generators that yield waits.

A generator runs under the World's lock, yields real seconds until it wants to go on, and never blocks. It changes the
endpoint it was given and nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smsandbox.aws.context import Context
from smsandbox.aws.sagemaker import texts
from smsandbox.aws.sagemaker.launching import DeploymentError, Launcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsandbox.aws.sagemaker.deployment import Plan
    from smsandbox.aws.sagemaker.launching import Work
    from smsandbox.aws.sagemaker.state import Endpoint, Fleet, Request, Store, Variant
    from smsandbox.aws.world import World

LOOKS_PER_BAKE = 50


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


class Rollout:
    """One piece of work on one endpoint. `changed` and `stepped` are told of statuses and of deployment steps."""

    def __init__(
        self,
        world: World,
        store: Store,
        endpoint: Endpoint,
        changed: Callable[[Endpoint], None],
        stepped: Callable[[Endpoint], None],
    ) -> None:
        self._world = world
        self._store = store
        self._endpoint = endpoint
        self._changed = changed
        self._stepped = stepped
        self._launcher = Launcher(world)

    def start(self, work: Work) -> None:
        """Run a generator to its end, from now on."""
        try:
            wait = next(work)
        except StopIteration:
            self._endpoint.work = None
            return
        self._endpoint.work = self._world.after(wait, lambda: self.start(work))

    def _settle(self, status: str) -> None:
        self._endpoint.set_status(status, self._world.now())
        self._changed(self._endpoint)

    # creating

    def create(self, fleet: Fleet) -> Work:
        """Creating -> InService or Failed. Without its configuration or a model it hangs, then fails."""
        world, endpoint = self._world, self._endpoint
        ready = world.now() + world.varied(world.settings.durations.create)
        try:
            self._launch_all(fleet)
            yield from self._launcher.healthy(list(fleet.variants.values()), ready)
            if (missing := self._missing(fleet)) is not None:
                yield max(0.0, endpoint.created + world.real(world.settings.options.stuck_seconds) - world.now())
                raise DeploymentError(missing)
        except DeploymentError as error:
            yield max(0.0, endpoint.created + world.varied(world.settings.durations.fail) - world.now())
            fleet.terminate()
            endpoint.green = None
            endpoint.failure = error.reason[:1024]
            self._settle("Failed")
            return
        self._take_over(fleet)
        self._settle("InService")

    def _missing(self, fleet: Fleet) -> str | None:
        endpoint = self._endpoint
        ctx = Context(endpoint.account, endpoint.region, "CreateEndpoint")
        if fleet.config.name not in self._store.configs:
            return texts.not_found("endpoint-config", fleet.config.arn).message
        for variant in fleet.variants.values():
            if variant.model is not None and variant.model.name not in self._store.models:
                return texts.not_found("model", texts.arn(ctx, "model", variant.model.name)).message
        return None

    def _launch_all(self, fleet: Fleet) -> None:
        for variant in fleet.variants.values():
            self._launcher.launch(self._endpoint, fleet, variant, 1 if variant.serverless else variant.desired_count)

    def _take_over(self, fleet: Fleet) -> None:
        """`fleet` is the endpoint's fleet from now on; the one before is gone."""
        endpoint = self._endpoint
        for other in endpoint.fleets:
            if other is not fleet:
                other.terminate()
        endpoint.fleet, endpoint.green, endpoint.leftover = fleet, None, None
        endpoint.config_name = fleet.config.name
        endpoint.failure = None
        fleet.traffic = 1.0
        for variant in fleet.variants.values():
            variant.current_weight = variant.desired_weight
            variant.serverless = variant.desired_serverless
            variant.current_count = 0 if variant.serverless else len(variant.instances)
            variant.statuses = []

    # updating

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
                yield from self._blue_green(plan, blue, green, watch)
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

    def _blue_green(self, plan: Plan, blue: Fleet, green: Fleet, watch: Watch) -> Work:
        world = self._world
        watch.check()
        ready = world.now() + world.varied(world.settings.durations.update)
        self._launch_all(green)
        yield from self._launcher.healthy(list(green.variants.values()), ready)
        watch.check()
        for variant in green.variants.values():
            variant.current_weight = variant.desired_weight
        for step in plan.steps:
            self._shift(green, step.share)
            if step.status:
                self._say((blue, green), "ActivatingTraffic", step.status)
            if step.bake:
                count = sum(len(variant.instances) for variant in green.production)
                where = "full capacity" if step.share >= 1 else f"{step.share:.0%} of the capacity"
                yield 0.0
                self._say(
                    (blue, green),
                    "Baking",
                    f"Baking for {step.bake:g} seconds ({step.bake_name}) with traffic enabled on {where} of {count} "
                    "instance(s).",
                )
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
            yield from self._launcher.healthy([new], ready)
            watch.check()
            share = len(new.instances) / total
            self._shift(green, share)
            self._say((blue, green), "ActivatingTraffic", f"Activating traffic on {len(new.instances)} instance(s).")
            if plan.batch_bake:
                self._say(
                    (blue, green),
                    "Baking",
                    f"Baking for {plan.batch_bake:g} seconds (WaitIntervalInSeconds) with traffic enabled on "
                    f"{len(new.instances)} of {total} instance(s).",
                )
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

    def _say(self, fleets: tuple[Fleet, ...], status: str, message: str) -> None:
        for fleet in fleets:
            for variant in fleet.variants.values():
                variant.say(status, self._world.now(), message)
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
        self._say((green,), "Deleting", f"Terminating {sum(1 for _ in green.instances())} instance(s).")
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

    # rescaling

    def rescale(self, changes: dict[str, Request], *, scaled: bool) -> Work:
        """Updating -> InService with the desired weights and counts; `scaled`: owned by Application Auto Scaling."""
        world, endpoint = self._world, self._endpoint
        fleet = endpoint.fleet
        if fleet is None:
            raise RuntimeError("an endpoint without a fleet cannot be rescaled")
        before = {name: fleet.variants[name].current_count for name in changes}
        ready = world.now() + world.varied(world.settings.durations.weights)
        changed = [fleet.variants[name] for name in changes]
        try:
            for variant in changed:
                more = variant.desired_count - len(variant.instances)
                if variant.serverless is None and more > 0:
                    self._launcher.launch(endpoint, fleet, variant, more)
                elif variant.serverless is None and more < 0:
                    variant.say("Updating", world.now(), f"Terminating {-more} instance(s).")
            yield from self._launcher.healthy(changed, ready)
        except DeploymentError as error:
            endpoint.failure = error.reason[:1024]
            if scaled:
                self._settle("RollingBack")
            yield world.varied(world.settings.durations.weights)
            self._undo(changed, before)
            self._settle("InService")
            return
        for variant in changed:
            if variant.serverless is None:
                self._launcher.shrink(variant, variant.desired_count)
            variant.reserved = len(variant.instances)
            variant.current_weight = variant.desired_weight
            variant.current_count = len(variant.instances) if variant.serverless is None else 0
            variant.serverless = variant.desired_serverless
            variant.statuses = []
        self._settle("InService")

    def _undo(self, changed: list[Variant], before: dict[str, int]) -> None:
        for variant in changed:
            self._launcher.shrink(variant, before[variant.name])
            variant.desired_count = variant.reserved = variant.current_count = len(variant.instances)
            variant.desired_weight = variant.current_weight
            variant.desired_serverless = variant.serverless
            variant.statuses = []

    # deleting

    def delete(self, gone: Callable[[], None]) -> Work:
        """Deleting -> nothing; Failed where the fault `delete_fails` strikes."""
        world, endpoint = self._world, self._endpoint
        for fleet in endpoint.fleets:
            for variant in fleet.variants.values():
                variant.say("Deleting", world.now(), f"Terminating {len(variant.instances)} instance(s).")
        for fleet in endpoint.fleets:
            fleet.traffic = 0.0
            fleet.terminate()
        yield world.varied(world.settings.durations.delete)
        if world.faults.take("delete_fails", resources=(endpoint.name,)):
            endpoint.failure = texts.DELETE_FAILED
            endpoint.fleet = endpoint.green = endpoint.leftover = None
            self._settle("Failed")
            return
        gone()
