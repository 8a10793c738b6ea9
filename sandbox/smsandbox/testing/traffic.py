"""Requests to simulated endpoints in virtual time: what the instances that take traffic would publish of them.

By the routes that the runtime itself takes, but in bulk: no request is made, and no container is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from smsandbox.aws.fleet.presence import NAMESPACE, dimension_sets

if TYPE_CHECKING:
    from smsandbox.aws.core.ports import InstanceSpec, Route
    from smsandbox.aws.core.world import World

FAST, SLOW, _OVERHEAD = 40_000.0, 900_000.0, 5_000.0  # microseconds
_WHOLE_MINUTE = 60.0


@dataclass(frozen=True)
class Behaviour:
    """What a model does: the shares of its answers that are 5xx, 4xx, and slow (900 ms; the others take 40)."""

    errors: float = 0.0
    slow: float = 0.0
    client_errors: float = 0.0


class Traffic:
    """A stream of requests to one endpoint, from now on, as chance has it; `stop` ends it.

    `behaves` tells of an instance how its model does; it may depend on its config, its variant and the time. `every` so
    many seconds what came meanwhile is published.
    """

    def __init__(
        self,
        world: World,
        endpoint: str,
        per_minute: float,
        behaves: Callable[[InstanceSpec], Behaviour],
        *,
        account: str,
        region: str,
        seed: int = 0,
        every: float = 5.0,
    ) -> None:
        self.per_minute = per_minute
        self.behaves = behaves
        self.sent = 0
        self._world = world
        self._key = account, region, endpoint
        self._random = np.random.default_rng(seed)
        self._stopped = False
        self._every = every
        world.after(every, self._beat)

    def stop(self) -> None:
        """No more requests."""
        self._stopped = True

    def _beat(self) -> None:
        if self._stopped:
            return
        self._world.after(self._every, self._beat)
        view = self._world.hosting.endpoint(*self._key)
        routes = [each for each in view.routes if not each.shadow] if view is not None and view.serves else []
        total = sum(route.share for route in routes)
        if total <= 0:
            return
        requests = int(self._random.poisson(self.per_minute * self._every / _WHOLE_MINUTE))
        self.sent += requests
        for route, count in zip(
            routes, self._random.multinomial(requests, [route.share / total for route in routes]), strict=True
        ):
            if count:
                alike = sum(each.instance.spec.variant == route.instance.spec.variant for each in routes)
                self._publish(route, int(count), 1 / alike)

    def _publish(self, route: Route, count: int, share: float) -> None:
        """What one instance publishes of so many requests; `share` is one through the instances of its variant."""
        spec, draw = route.instance.spec, self._random.binomial
        does = self.behaves(spec)
        failed, slow = int(draw(count, does.errors)), int(draw(count, does.slow))
        refused = int(draw(count - failed, does.client_errors))
        samples = {
            "Invocations": {1.0: count},
            "InvocationsPerInstance": {share: count},
            "Invocation5XXErrors": {1.0: failed, 0.0: count - failed},
            "Invocation4XXErrors": {1.0: refused, 0.0: count - refused},
            "InvocationModelErrors": {1.0: failed + refused, 0.0: count - failed - refused},
            "ModelLatency": {SLOW: slow, FAST: count - slow},
            "OverheadLatency": {_OVERHEAD: count},
        }
        for dimensions in dimension_sets(spec):
            for name, values in samples.items():
                unit = "Microseconds" if name.endswith("Latency") else "Count"
                for value, number in values.items():
                    if number:
                        self._world.metrics.put(
                            spec.account, spec.region, NAMESPACE, name, dimensions, value, unit, number
                        )
