"""Puts the data plane into a world: instances, runtime, metrics, logs, alarms, autoscaling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from smsandbox.aws.autoscaling.service import AutoScalingService
from smsandbox.aws.cloudwatch.alarm_book import AlarmBook
from smsandbox.aws.cloudwatch.metric_store import MetricStore
from smsandbox.aws.cloudwatch.metrics import StoreMetrics
from smsandbox.aws.cloudwatch.service import CloudWatchService
from smsandbox.aws.fleet.presence import Presence
from smsandbox.aws.fleet.processes import ProcessFleet
from smsandbox.aws.iam.writing import may_write
from smsandbox.aws.moto.logs import MotoLogs
from smsandbox.aws.runtime.async_queue import AsyncQueue
from smsandbox.aws.runtime.capture import Capture
from smsandbox.aws.runtime.dispatch import Dispatcher
from smsandbox.aws.runtime.measure import Measure
from smsandbox.aws.runtime.routing import Router
from smsandbox.aws.runtime.service import RuntimeService
from smsandbox.aws.runtime.shadow import Shadows

if TYPE_CHECKING:
    from pathlib import Path

    from smsandbox.aws.core.world import World


@dataclass
class DataPlane:
    """What was put in. `close` ends every process and thread of it."""

    fleet: ProcessFleet
    store: MetricStore
    alarms: AlarmBook
    autoscaling: AutoScalingService
    runtime: RuntimeService
    capture: Capture
    queue: AsyncQueue
    shadows: Shadows

    def close(self) -> None:
        self.capture.flush()
        self.shadows.close()
        self.fleet.close()


def attach(world: World, folder: Path) -> DataPlane:
    """Give `world` a data plane; instances keep their files under `folder`."""
    store = MetricStore(world)
    presence = Presence(world, store)
    fleet = ProcessFleet(world, folder, presence)
    book = AlarmBook(world, store)
    router = Router(world.settings.seed)
    dispatcher = Dispatcher(world, router, Measure(world, store, presence))
    capture = Capture(world, may_write)
    shadows = Shadows(dispatcher, capture)
    queue = AsyncQueue(world, dispatcher, router)
    fleet.on_launch = queue.watch
    autoscaling = AutoScalingService(world, book)
    runtime = RuntimeService(world, dispatcher, router, shadows, capture, queue)
    world.fleet, world.metrics, world.logs = fleet, StoreMetrics(world, store), MotoLogs()
    world.alarms, world.targets = book, autoscaling
    for service in (autoscaling, runtime, CloudWatchService(world, store, book)):
        world.register(service)
    return DataPlane(fleet, store, book, autoscaling, runtime, capture, queue, shadows)
