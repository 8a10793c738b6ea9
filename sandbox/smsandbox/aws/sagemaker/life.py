"""An endpoint's life but for updates: creating, rescaling, deleting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsandbox.aws.core.context import Context
from smsandbox.aws.sagemaker import texts
from smsandbox.aws.sagemaker.launching import DeploymentError
from smsandbox.aws.sagemaker.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsandbox.aws.sagemaker.launching import Work
    from smsandbox.aws.sagemaker.state import Fleet, Request, Variant


class Life(Worker):
    """The work of CreateEndpoint, UpdateEndpointWeightsAndCapacities and DeleteEndpoint."""

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
        if any(variant.current_count != before[variant.name] for variant in changed):
            endpoint.failure = None  # as a later update does; a change of weights alone leaves it
        self._settle("InService")

    def _undo(self, changed: list[Variant], before: dict[str, int]) -> None:
        for variant in changed:
            self._launcher.shrink(variant, before[variant.name])
            variant.desired_count = variant.reserved = variant.current_count = len(variant.instances)
            variant.desired_weight = variant.current_weight
            variant.desired_serverless = variant.serverless
            variant.statuses = []

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
