"""The Fleet port: instances as processes, or, with containers switched off, as due times."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from smsandbox.aws.core.ports import InstanceState
from smsandbox.aws.fleet.instance import ProcessInstance
from smsandbox.aws.fleet.instant import InstantInstance
from smsandbox.aws.fleet.keeper import Keeper

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from smsandbox.aws.core.ports import Instance, InstanceSpec
    from smsandbox.aws.core.world import World
    from smsandbox.aws.fleet.presence import Presence


class CannedInstance(InstantInstance):
    """An instance with no process behind it, whose comings and goings are noted."""

    def __init__(self, world: World, spec: InstanceSpec, number: int, presence: Presence) -> None:
        super().__init__(world, spec, number)
        self._presence = presence
        self._is_present = self._is_ended = False
        world.at(self._due, self._arrive)

    def _arrive(self) -> None:
        if not self._is_ended and self.state is InstanceState.HEALTHY:
            self._is_present = True
            self._presence.arrived(self.spec)

    def terminate(self) -> None:
        self._is_ended = True
        if self._is_present:
            self._is_present = False
            self._presence.left(self.spec)


class ProcessFleet:
    """Launches instances and keeps them. `folder` is where their files go; `close` ends them all."""

    def __init__(self, world: World, folder: Path, presence: Presence) -> None:
        self._world = world
        self._folder = folder
        self._presence = presence
        self._launched = 0
        self.on_launch: Callable[[InstanceSpec], None] = lambda _: None
        self._lock = threading.Lock()
        self._running: dict[str, ProcessInstance] = {}
        self.keeper = Keeper(world, self.instances)

    def instances(self) -> list[ProcessInstance]:
        """Those that have not ended."""
        with self._lock:
            return list(self._running.values())

    def launch(self, spec: InstanceSpec) -> Instance:
        """Start an instance and return at once. Called under the World's lock."""
        self._launched += 1
        self.on_launch(spec)
        if not self._world.settings.containers:
            return CannedInstance(self._world, spec, self._launched, self._presence)
        sick = self._world.faults.take("never_healthy", resources=(spec.endpoint, spec.variant, spec.config_name))
        name = f"i-{self._world.random().getrandbits(68):017x}"
        instance = ProcessInstance(self._world, spec, name, self._folder / name, is_sick=sick is not None)
        instance.on_change = self._changed
        with self._lock:
            self._running[name] = instance
        self.keeper.start()
        instance.launch()
        return instance

    def _changed(self, instance: ProcessInstance) -> None:
        """An instance got ready, stopped being so, or ended."""
        with self._world.lock:
            if instance.is_ready != instance.arrived:
                instance.arrived = instance.is_ready
                (self._presence.arrived if instance.arrived else self._presence.left)(instance.spec)
        if instance.ended.is_set():
            self._forget(instance)
        elif instance.failure_reason is not None:
            self.keeper.tail(instance)

    def _forget(self, instance: ProcessInstance) -> None:
        self.keeper.tail(instance)
        instance.remove_files()
        with self._lock:
            self._running.pop(instance.id, None)

    def close(self) -> None:
        """End every instance now, and the housekeeping."""
        self.keeper.stop()
        for instance in self.instances():
            instance.refuse()
        for instance in self.instances():
            instance.kill()
            self._forget(instance)
