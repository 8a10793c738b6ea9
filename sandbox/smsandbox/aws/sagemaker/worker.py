"""Work on one endpoint over time, as generators that yield waits: what all kinds of it share.

A generator runs under the World's lock, yields real seconds until it wants to go on, and never blocks. It changes the
endpoint it was given and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsandbox.aws.sagemaker.launching import Launcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsandbox.aws.core.world import World
    from smsandbox.aws.sagemaker.launching import Work
    from smsandbox.aws.sagemaker.state import Endpoint, Fleet, Store


class Worker:
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
