"""A sandbox to measure in: a real control plane, AWS without containers, the operator with its production settings.

Everything is on loopback and in a temporary folder, and ends with this process. AWS is as fast as it can be, or as slow
as asked: each call takes so long, an endpoint takes so long to be created.
"""

import contextlib
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from bench.operator.api import Api
from bench.operator.feeds import Calls, Objects, Traffic
from bench.operator.process import Metrics, Process, written

from smsandbox import probe
from smsandbox.events import STACK
from smsandbox.testing.cloud import Cloud
from smsandbox.world import World, end

PLENTY = 1_000_000


@dataclass(frozen=True)
class Aws:
    """How AWS is: seconds of a call and of a creation, how many variants may be autoscaled, whether it sends hints."""

    call_seconds: float = 0.0
    create_seconds: float = 0.0
    scalable_targets: int = PLENTY
    events: bool = False

    def settings(self) -> dict[str, Any]:
        """For the simulator, in which minutes are minutes here."""
        return {
            "time_scale": 1,
            "containers": False,
            "durations": {
                "create": self.create_seconds, "update": 0, "weights": 0, "delete": 0, "container_start": 0,
                "terminate": 0, "fail": 0, "jitter": 0,
            },
            "options": {
                "default_instance_quota": PLENTY,
                "endpoint_quota": PLENTY,
                "scalable_target_quota": self.scalable_targets,
            },
        }  # fmt: skip


@dataclass
class Rig:
    """A world that runs, and what is seen of it."""

    world: World
    cloud: Cloud
    aws: Aws
    api: Api = field(init=False)
    objects: Objects = field(init=False)
    calls: Calls = field(init=False)

    def __post_init__(self) -> None:
        self.api = Api(self.cloud.plane)
        self.objects, self.calls = Objects(self.api), Calls(self.cloud.simulator)

    @property
    def operator(self) -> Process:
        """The process of the operator, which runs.

        Raises:
            RuntimeError: it does not.
        """
        pid = self.world.operator.pid
        if pid is None:
            raise RuntimeError(f"the operator ended; its log: {self.cloud.log()[-2000:]}")
        return Process(pid)

    def namespace(self, name: str) -> None:
        """Make it."""
        self.api.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})

    def traffic(self, since: float, until: float = float("inf"), but: str = "") -> Traffic:
        """The operator's calls in that time, without those whose target has `but` in it."""
        found = self.calls.since(since, until)
        return Traffic([each for each in found if not but or but not in each.target])

    def metrics(self) -> Metrics:
        """What the operator tells of itself; empty while it serves none."""
        return Metrics((probe.answer(self.world.metrics_url) or b"").decode())

    def written(self) -> Mapping[str, int]:
        """Writes that the API server was asked for so far, by kind."""
        return written(self.api.metrics())

    def ready(self, namespace: str) -> int:
        """How many objects of a namespace are Ready."""
        return sum(each == namespace for each, _ in list(self.objects.ready))

    def others_cpu(self) -> dict[str, float]:
        """CPU seconds that the rest of the sandbox has used: what the operator shares the machine with."""
        plane = self.cloud.plane
        pids = {"aws": self.world.aws.pid, "kube-apiserver": plane.apiserver.pid, "etcd": plane.etcd.pid}
        return {name: Process(pid).cpu_seconds() for name, pid in pids.items() if pid is not None}


def end_when_told() -> None:
    """Let SIGTERM end this process as Ctrl-C does: with the folder removed."""

    def stop(number: int, _: object) -> NoReturn:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, stop)


@contextlib.contextmanager
def rig(aws: Aws, *, operator: bool = True) -> Iterator[Rig]:
    """A rig for the block; `operator` says whether one runs."""
    with tempfile.TemporaryDirectory(prefix="bench-operator-") as temporary:
        settings = {} if aws.events else {"EVENTS_QUEUE_URL": ""}  # empty: unset, as it is by default
        world = World(Path(temporary), bound=True, aws_settings=aws.settings(), operator_settings=settings)
        try:
            cloud = Cloud(world, world.start(lambda _: None))
            cloud.stock()
            if not aws.events:  # a queue that nobody reads makes each event dearer than the one before
                cloud.aws("cloudformation").delete_stack(StackName=STACK)
            if not operator:
                world.operator.stop(seconds=60)
            made = Rig(world, cloud, aws)
            if aws.call_seconds:
                cloud.simulator.fault("delay", delay_seconds=aws.call_seconds)
            made.objects.start()
            made.calls.start()
            try:
                yield made
            finally:
                made.objects.stop()
                made.calls.stop()
        finally:
            end(world.folder)


@dataclass
class Spent:
    """What the operator and the others used since the making."""

    rig: Rig
    began: float = field(default_factory=time.time)
    _own: float = 0.0
    _others: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._own, self._others = self.rig.operator.cpu_seconds(), self.rig.others_cpu()

    @property
    def seconds(self) -> float:
        return time.time() - self.began

    def cpu(self) -> float:
        """CPU seconds of the operator."""
        return self.rig.operator.cpu_seconds() - self._own

    def others(self) -> dict[str, float]:
        """CPU seconds of the others."""
        return {name: round(used - self._others.get(name, 0.0), 2) for name, used in self.rig.others_cpu().items()}
