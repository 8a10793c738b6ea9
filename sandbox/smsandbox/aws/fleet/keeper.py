"""The fleet's housekeeping: one thread tails logs, starts crashed containers again, samples use and concurrency."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING

from smsandbox.aws.fleet.presence import NAMESPACE, dimension_sets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from smsandbox.aws.core.world import World
    from smsandbox.aws.fleet.instance import ProcessInstance

log = logging.getLogger(__name__)

EVERY = 0.1
WATCH_EVERY = 0.5
LOG_GROUP = "/aws/sagemaker/Endpoints/"
UTILISATION = "/aws/sagemaker/Endpoints"
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def memory_bytes() -> int:
    """The machine's memory."""
    return _PAGE * os.sysconf("SC_PHYS_PAGES")


def used(pids: Iterable[int]) -> tuple[float, int]:
    """CPU seconds and resident bytes of processes, those that are gone left out."""
    seconds, resident = 0.0, 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - /proc is not a directory of ours
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        seconds += (int(fields[11]) + int(fields[12])) / _TICKS
        resident += int(fields[21]) * _PAGE
    return seconds, resident


class Keeper:
    """Looks after `instances()` until it is stopped."""

    def __init__(self, world: World, instances: Callable[[], list[ProcessInstance]]) -> None:
        self._world = world
        self._instances = instances
        self._stop = threading.Event()
        self._tailing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._cpu: dict[str, tuple[float, float]] = {}
        self._busy: set[tuple[str, ...]] = set()

    def start(self) -> None:
        """Begin, unless it has begun."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True, name="fleet-keeper")
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        watched = sampled = 0.0
        while not self._stop.wait(EVERY):
            now, instances = time.monotonic(), self._instances()
            try:
                self._concurrency(instances)
                if now - watched >= WATCH_EVERY:
                    watched = now
                    for instance in instances:
                        self.tail(instance)
                        instance.watch()
                if now - sampled >= max(1.0, self._world.real(60.0)):
                    sampled = now
                    self._utilisation(instances)
            except Exception:
                log.exception("housekeeping of the fleet failed")

    def tail(self, instance: ProcessInstance) -> None:
        """Send what the containers wrote to their log streams."""
        spec = instance.spec
        with self._tailing:
            for container in instance.containers:
                lines = container.new_lines()
                if lines:
                    stream = f"{spec.variant}/{instance.id}"
                    stream += f"/{container.name}" if len(instance.containers) > 1 else ""
                    self._world.logs.append(spec.account, spec.region, LOG_GROUP + spec.endpoint, stream, lines)

    def _concurrency(self, instances: list[ProcessInstance]) -> None:
        """Requests under way per instance; a variant that falls idle gets one last zero."""
        by_variant: dict[tuple[str, ...], list[ProcessInstance]] = defaultdict(list)
        for instance in instances:
            spec = instance.spec
            if instance.is_ready and not spec.asynchronous:
                by_variant[spec.account, spec.region, spec.endpoint, spec.variant, spec.config_name].append(instance)
        for key, members in by_variant.items():
            outstanding = sum(member.outstanding for member in members)
            if not outstanding and key not in self._busy:
                continue
            (self._busy.add if outstanding else self._busy.discard)(key)
            spec = members[0].spec
            for dimensions in dimension_sets(spec):
                self._world.metrics.put(
                    spec.account,
                    spec.region,
                    NAMESPACE,
                    "ConcurrentRequestsPerModel",
                    dimensions,
                    outstanding / len(members),
                    "Count",
                )

    def _utilisation(self, instances: list[ProcessInstance]) -> None:
        now, memory = time.monotonic(), memory_bytes()
        for instance in instances:
            if not instance.is_ready:
                continue
            pids = [pid for container in instance.containers for pid in container.processes()]
            seconds, resident = used(pids)
            before = self._cpu.get(instance.id)
            self._cpu[instance.id] = (now, seconds)
            spec = instance.spec
            dimensions = {"EndpointName": spec.endpoint, "VariantName": spec.variant}
            values = {"MemoryUtilization": 100 * resident / memory, "DiskUtilization": 0.0}
            if before is not None and now > before[0]:
                values["CPUUtilization"] = 100 * max(0.0, seconds - before[1]) / (now - before[0])
            if any(container.spec.multi_model for container in instance.containers):
                values["LoadedModelCount"] = float(len(instance.loaded))
            for name, value in values.items():
                unit = "Count" if name == "LoadedModelCount" else "Percent"
                self._world.metrics.put(spec.account, spec.region, UTILISATION, name, dimensions, value, unit)
        alive = {instance.id for instance in instances}
        self._cpu = {key: value for key, value in self._cpu.items() if key in alive}
