"""Which instances a request is tried on, in which order. Draws depend on the seed alone."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from typing import TYPE_CHECKING

from smsandbox.aws.core.ports import InstanceState
from smsandbox.aws.fleet.instance import ProcessInstance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smsandbox.aws.core.ports import EndpointView, Route

Group = tuple[str, str]  # variant and configuration


class Router:
    """Thread-safe."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def draw(self) -> float:
        """A number in [0, 1)."""
        with self._lock:
            return self._random.random()

    def candidates(self, view: EndpointView, target_variant: str | None) -> list[Route]:
        """The routes to try: an instance of the variant that the weights chose first, then every other one.

        With `target_variant` that variant's alone, whatever its weight. Empty when no instance takes requests.
        """
        groups: dict[Group, list[Route]] = defaultdict(list)
        for route in view.routes:
            if not route.shadow and target_variant in {None, route.variant} and takes_requests(route):
                groups[route.variant, route.config_name].append(route)
        shares = {group: sum(route.share for route in routes) for group, routes in groups.items()}
        strategies = {one.name: (one.spec.get("RoutingConfig") or {}).get("RoutingStrategy") for one in view.variants}
        with self._lock:
            order = self._order(shares, by_share=target_variant is None)
            return [
                route
                for group in order
                for route in self._within(groups[group], least=strategies.get(group[0]) == "LEAST_OUTSTANDING_REQUESTS")
            ]

    def shadows(self, view: EndpointView) -> list[Route]:
        """The shadow instance that gets a copy of this request; none when the draw says so."""
        routes = [route for route in view.routes if route.shadow and takes_requests(route)]
        if not routes:
            return []
        share = sum(route.share for route in routes)
        with self._lock:
            return [self._random.choice(routes)] if self._random.random() < share else []

    def _order(self, shares: Mapping[Group, float], *, by_share: bool) -> list[Group]:
        """Groups, the one the weights draw first. A group without a share is not tried unless it was named."""
        weights = {group: share for group, share in shares.items() if share > 0 or not by_share}
        if not any(weights.values()):
            weights = dict.fromkeys(weights, 1.0)
        if not weights:
            return []
        groups = sorted(weights)
        first = self._random.choices(groups, [weights[group] for group in groups])[0]
        return [first, *(group for group in groups if group != first)]

    def _within(self, routes: list[Route], *, least: bool) -> list[Route]:
        shuffled = self._random.sample(routes, len(routes)) if len(routes) > 1 else routes
        return sorted(shuffled, key=lambda route: getattr(route.instance, "outstanding", 0)) if least else shuffled


def takes_requests(route: Route) -> bool:
    """Whether the route's instance would take a request now."""
    if isinstance(route.instance, ProcessInstance):
        return route.instance.is_ready
    return route.instance.state is InstanceState.HEALTHY
