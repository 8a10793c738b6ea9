"""Which variants have instances, so that their metrics read zero while idle and nothing once they are gone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from smsandbox.aws.cloudwatch.metric_store import MetricId, metric_id

if TYPE_CHECKING:
    from smsandbox.aws.cloudwatch.metric_store import MetricStore
    from smsandbox.aws.core.ports import InstanceSpec
    from smsandbox.aws.core.world import World

NAMESPACE = "AWS/SageMaker"
# What SageMaker publishes as zero while a real-time variant is idle, with its unit.
IDLE_METRICS = {
    "Invocations": "Count",
    "InvocationsPerInstance": "Count",
    "Invocation4XXErrors": "Count",
    "Invocation5XXErrors": "Count",
    "InvocationModelErrors": "Count",
    "ConcurrentRequestsPerModel": "Count",
}
SERVERLESS_METRICS = {
    "ServerlessProvisionedConcurrencyUtilization": "None",
    "ServerlessConcurrentExecutionsUtilization": "None",
}


def dimension_sets(spec: InstanceSpec) -> tuple[dict[str, str], ...]:
    """The sets of dimensions under which an instance's metrics stand: with and, where it tells so, by configuration."""
    pair = {"EndpointName": spec.endpoint, "VariantName": spec.variant}
    return (pair, {**pair, "EndpointConfigName": spec.config_name}) if spec.metrics_by_config else (pair,)


class Presence:
    """Counts instances by variant and configuration. Runs under the World's lock."""

    def __init__(self, world: World, store: MetricStore) -> None:
        self._world = world
        self._store = store
        self._counts: Counter[tuple[str, ...]] = Counter()

    def arrived(self, spec: InstanceSpec) -> None:
        """An instance serves."""
        for dimensions in dimension_sets(spec):
            key = (spec.account, spec.region, *dimensions.values())
            self._counts[key] += 1
            if self._counts[key] == 1:
                for metric, unit in self._idle(spec, dimensions):
                    self._store.open(metric, unit).live_from(self._world.now())

    def left(self, spec: InstanceSpec) -> None:
        """An instance that had arrived serves no more."""
        for dimensions in dimension_sets(spec):
            key = (spec.account, spec.region, *dimensions.values())
            self._counts[key] -= 1
            if self._counts[key] == 0:
                del self._counts[key]
                for metric, unit in self._idle(spec, dimensions):
                    self._store.open(metric, unit).live_until(self._world.now())

    def instances(self, spec: InstanceSpec, dimensions: dict[str, str]) -> int:
        """How many instances serve under these dimensions of the variant; at least one."""
        return max(1, self._counts[(spec.account, spec.region, *dimensions.values())])

    @staticmethod
    def _idle(spec: InstanceSpec, dimensions: dict[str, str]) -> list[tuple[MetricId, str]]:
        if spec.asynchronous:
            return []
        metrics = IDLE_METRICS | (SERVERLESS_METRICS if spec.serverless else {})
        return [
            (metric_id(spec.account, spec.region, NAMESPACE, name, dimensions), unit) for name, unit in metrics.items()
        ]
