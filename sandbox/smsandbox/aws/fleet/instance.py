"""One instance: containers brought up by a thread of its own, requests counted in and out, drained before it ends."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from typing import TYPE_CHECKING

from smsandbox.aws.core.ports import InstanceState
from smsandbox.aws.fleet.artifact import ArtifactError, provide
from smsandbox.aws.fleet.container import Container
from smsandbox.aws.fleet.instant import ping_failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from smsandbox.aws.core.ports import InstanceSpec
    from smsandbox.aws.core.world import World

log = logging.getLogger(__name__)

RESTARTS = 3
DRAIN_SECONDS = 65.0
_PING_EVERY = 0.1


class ProcessInstance:
    """Implements `ports.Instance`. Its state is set by its own thread; reading it needs no lock."""

    def __init__(self, world: World, spec: InstanceSpec, name: str, folder: Path, *, is_sick: bool = False) -> None:
        self.spec = spec
        self.id = name
        self.containers = [self._container(index, folder) for index in range(len(spec.containers))]
        self.outstanding = 0
        self.loaded: dict[str, float] = {}
        self.loading = threading.Lock()
        self.arrived = False
        self._world = world
        self._folder = folder
        self._lock = threading.Condition()
        self._state = InstanceState.STARTING
        self._failure: str | None = None
        self._is_ready = False
        self._is_ending = False
        self._is_sick = is_sick
        self._is_busy = False
        self._starting: threading.Thread | None = None
        self.ended = threading.Event()
        self.on_change: Callable[[ProcessInstance], None] = lambda _: None

    def _container(self, index: int, folder: Path) -> Container:
        spec = self.spec.containers[index]
        name = spec.hostname or (f"container-{index + 1}" if len(self.spec.containers) > 1 else "container_1")
        environment = {
            "AWS_REGION": self.spec.region,
            "AWS_DEFAULT_REGION": self.spec.region,
            "SMINFERENCE_VARIANT": self.spec.variant,
        }
        return Container(spec, name, folder / name, environment)

    @property
    def state(self) -> InstanceState:
        return self._state

    @property
    def failure_reason(self) -> str | None:
        return self._failure

    @property
    def is_ready(self) -> bool:
        """Whether it takes requests now."""
        return self._is_ready and not self._is_ending

    # requests

    def lease(self) -> bool:
        """Count a request in; False when the instance takes none any more."""
        with self._lock:
            if not self.is_ready:
                return False
            self.outstanding += 1
            return True

    def release(self) -> None:
        """Count a request out."""
        with self._lock:
            self.outstanding -= 1
            self._lock.notify_all()

    # life

    def launch(self) -> None:
        """Bring the containers up in a thread."""
        self._is_busy = True
        self._starting = threading.Thread(
            target=self._run, args=(self._bring_up,), daemon=True, name=f"{self.id}-start"
        )
        self._starting.start()

    def terminate(self) -> None:
        """Take no more requests, finish those under way, end the processes, remove the files; in a thread."""
        with self._lock:
            if self._is_ending:
                return
            self._is_ending = True
            self._lock.notify_all()
        self.on_change(self)
        threading.Thread(target=self._run, args=(self._bring_down,), daemon=True, name=f"{self.id}-stop").start()

    def watch(self) -> None:
        """Start again what crashed; called every so often by the fleet."""
        if self._is_busy or self._is_ending or self._state is not InstanceState.HEALTHY:
            return
        if all(container.is_running() for container in self.containers):
            return
        self._is_ready = False
        self.loaded.clear()
        self.on_change(self)
        self.launch()

    def _run(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:
            log.exception("instance %s", self.id)
            self._fail(
                f"Request to service failed. If failure persists after retry, contact customer support. ({error!r})"
            )
        finally:
            self._is_busy = False

    def _bring_up(self) -> None:
        started = time.monotonic()
        if self._is_sick:
            self._stay_sick()
            return
        try:
            for index, container in enumerate(self.containers):
                if not container.model_dir.exists():
                    provide(
                        self._world.objects,
                        self.spec.account,
                        container.spec,
                        f"container_{index + 1}",
                        container.model_dir,
                    )
        except ArtifactError as error:
            self._fail(str(error))
            return
        for container in self.containers:
            if not self._until_healthy(container, started):
                if not self._is_ending:
                    self._fail(ping_failure(self.spec.variant))
                return
        time.sleep(max(0.0, started + self._world.settings.durations.container_start - time.monotonic()))
        self._state = InstanceState.HEALTHY
        self._is_ready = True
        self.on_change(self)

    def _stay_sick(self) -> None:
        """A fault that was asked for: the container seems to run and never answers."""
        log_file = self.containers[0].log
        log_file.parent.mkdir(parents=True, exist_ok=True)
        log_file.write_text("The container was started with the fault never_healthy: it does not answer GET /ping.\n")
        with self._lock:
            self._lock.wait_for(lambda: self._is_ending, self._world.settings.durations.fail)
        self._fail(ping_failure(self.spec.variant))

    def _patience(self) -> float:
        """Real seconds that the containers have to answer /ping, as the settings say now."""
        return max(self._world.real(self.spec.startup_timeout), self._world.settings.runtime.startup_floor_seconds)

    def _until_healthy(self, container: Container, started: float) -> bool:
        """Start the container, and start it again a few times when it dies, until it answers /ping or time is up."""
        crashes = 0
        if not container.is_running():
            container.start()
        while time.monotonic() < started + self._patience() and not self._is_ending:
            if not container.is_running():
                crashes += 1
                if crashes > RESTARTS:
                    return False
                container.start()
            elif container.ping():
                return True
            with self._lock:
                self._lock.wait(_PING_EVERY)
        return False

    def _fail(self, reason: str) -> None:
        self._is_ready = False
        self._failure = reason
        for container in self.containers:
            container.kill()
        self.on_change(self)  # the last lines are logged before anyone sees the failure
        self._state = InstanceState.FAILED

    def _bring_down(self) -> None:
        with self._lock:
            self._lock.wait_for(lambda: self.outstanding == 0, DRAIN_SECONDS)
        if self._starting is not None:
            self._starting.join()
        for container in self.containers:
            container.stop()
        self.ended.set()
        self.on_change(self)

    def refuse(self) -> None:
        """Take no more requests and start no more containers."""
        with self._lock:
            self._is_ending = True
            self._lock.notify_all()

    def kill(self) -> None:
        """End the processes at once, with no regard for requests. Blocks while one is just being started."""
        self.refuse()
        if self._starting is not None:
            self._starting.join()
        for container in self.containers:
            container.kill()
        self.ended.set()

    def remove_files(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
