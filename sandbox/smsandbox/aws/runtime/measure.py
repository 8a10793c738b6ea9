"""The metrics of invocations, in SageMaker's names, units and dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smsandbox.aws.cloudwatch.metric_store import metric_id
from smsandbox.aws.fleet.presence import NAMESPACE, dimension_sets

if TYPE_CHECKING:
    from smsandbox.aws.cloudwatch.metric_store import MetricStore
    from smsandbox.aws.core.ports import InstanceSpec
    from smsandbox.aws.core.world import World
    from smsandbox.aws.fleet.presence import Presence
    from smsandbox.aws.runtime.forward import Answer

MICRO = 1e6
_CACHE_HIT = "ModelCacheHit"


class Measure:
    """Thread-safe: takes the World's lock for each request, shortly."""

    def __init__(self, world: World, store: MetricStore, presence: Presence) -> None:
        self._world = world
        self._store = store
        self._presence = presence

    def invocation(self, spec: InstanceSpec, answer: Answer, whole: float, *, explained: bool = False) -> None:
        """One answered real-time request; `whole` is the time in SageMaker, with the model's, in seconds."""
        failed = not answer.is_good
        values: list[tuple[str, float, str]] = [
            ("Invocations", 1.0, "Count"),
            ("Invocation4XXErrors", float(400 <= answer.status < 500), "Count"),
            ("Invocation5XXErrors", float(answer.status >= 500 or answer.status == 0), "Count"),
            ("InvocationModelErrors", float(failed), "Count"),
            ("ModelLatency", answer.latency * MICRO, "Microseconds"),
            ("OverheadLatency", max(0.0, whole - answer.latency) * MICRO, "Microseconds"),
        ]
        for name, value in answer.loading.items():
            is_hit = name == _CACHE_HIT
            values.append((name, value if is_hit else value * MICRO, "Count" if is_hit else "Microseconds"))
        with self._world.lock:
            now = self._world.now()
            for dimensions in dimension_sets(spec):
                for name, value, unit in values:
                    self._put(spec, name, dimensions, value, unit, now)
                share = 1.0 / self._presence.instances(spec, dimensions)
                self._put(spec, "InvocationsPerInstance", dimensions, share, "Count", now)
                if explained:
                    self._put(spec, "ExplanationsPerInstance", dimensions, share, "Count", now)
                if len(answer.by_container) > 1:
                    for container, latency in answer.by_container.items():
                        by_name = {**dimensions, "ContainerName": container}
                        self._put(spec, "ContainerLatency", by_name, latency * MICRO, "Microseconds", now)

    def concurrency(self, spec: InstanceSpec, outstanding: int, provisioned: int, most: int) -> None:
        """How much of a serverless variant's concurrency is in use, as shares."""
        with self._world.lock:
            now = self._world.now()
            for dimensions in dimension_sets(spec):
                if provisioned:
                    share = outstanding / provisioned
                    self._put(spec, "ServerlessProvisionedConcurrencyUtilization", dimensions, share, "None", now)
                if most:
                    share = outstanding / most
                    self._put(spec, "ServerlessConcurrentExecutionsUtilization", dimensions, share, "None", now)

    def _put(
        self, spec: InstanceSpec, name: str, dimensions: dict[str, str], value: float, unit: str, now: float
    ) -> None:
        self._store.put(metric_id(spec.account, spec.region, NAMESPACE, name, dimensions), value, now, unit)
