"""Several operators over one World: processes that can be killed, stopped, frozen and cut off from the API server.

What kubelet does in a cluster is done here: one that ended is started again. Not here: the World's own operator, which
has to be stopped before.
"""

import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from kubernetes import watch

from smsandbox import ports, probe
from smsandbox.process import Service, wait_until
from smsandbox.testing.cloud import Cloud
from smsandbox.testing.simulator import Call
from smsandbox.testing.wire import Wire
from smsandbox.world import LEASE, NAMESPACE, SERVICE_ACCOUNT

_IDENTITY = re.compile(r"waits as (\S+) for the lease")
_SECONDS = 240.0
# Looks into the queue of events, which are nobody's object's; what was read may come again.
_OF_THE_QUEUE = frozenset({"ReceiveMessage", "DeleteMessageBatch"})


@dataclass
class Replica:
    """One operator. Its identity changes whenever it starts again, by itself too."""

    service: Service
    wire: Wire
    liveness: int
    metrics: int

    def log(self) -> str:
        return self.service.log.read_text(errors="replace") if self.service.log.exists() else ""

    def identities(self) -> list[str]:
        """Whom it called itself, oldest first."""
        return _IDENTITY.findall(self.log())

    def role(self) -> str:
        """What its health tells."""
        return (probe.answer(f"http://127.0.0.1:{self.liveness}/healthz") or b"").decode().strip()

    def holds(self) -> bool:
        """What its metrics tell of the lease."""
        text = (probe.answer(f"http://127.0.0.1:{self.metrics}/metrics") or b"").decode()
        return "smendpoints_lease_held 1.0" in text

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if (pid := self.service.pid) is not None:
            os.kill(pid, number)


@dataclass
class Replicas:
    """The operators, by name, and the history of their lease."""

    cloud: Cloud
    settings: Mapping[str, str]
    replicas: dict[str, Replica] = field(default_factory=dict)
    history: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    began: float = field(default_factory=time.time)
    _over: threading.Event = field(default_factory=threading.Event)

    def start(self, *names: str, account: str = SERVICE_ACCOUNT) -> None:
        """Start operators of these names with the rights of an account."""
        if not self.history:
            self._remember()
            threading.Thread(target=self._watch, daemon=True).start()
        for name in names:
            self.replicas[name] = self._make(name, account)
            self.replicas[name].service.ensure_running()

    def end(self) -> None:
        """End all of them, as they would be told to."""
        self._over.set()
        for each in self.replicas.values():
            each.wire.join()
            each.send(signal.SIGCONT)
            each.service.stop(seconds=30)
            each.wire.close()

    def _make(self, name: str, account: str) -> Replica:
        world, plane = self.cloud.world, self.cloud.plane
        wire = Wire(urlsplit(plane.url).port or 0)
        kubeconfig = plane.account_kubeconfig(NAMESPACE, account, world.folder / f"{name}.kubeconfig")
        told = json.loads(kubeconfig.read_text())
        told["clusters"][0]["cluster"]["server"] = wire.url
        kubeconfig.write_text(json.dumps(told))
        liveness, metrics = ports.free(2)
        settings = {**self.settings, "LIVENESS_PORT": str(liveness), "METRICS_PORT": str(metrics)}
        environment = {f"SMENDPOINTS_{key}": value for key, value in {**settings, "BIND_ADDRESS": "127.0.0.1"}.items()}
        operator = world.operator
        service = Service(
            name=name,
            command=operator.command,
            run_dir=world.folder,
            log=world.folder / f"{name}.log",
            environment={**operator.environment, **environment, "KUBECONFIG": str(kubeconfig)},
        )
        service.log.unlink(missing_ok=True)  # of one of the same name, in another test
        return Replica(service, wire, liveness, metrics)

    # the lease

    def lease(self) -> dict[str, Any]:
        """The lease's spec; empty when there is no lease."""
        listed: Any = self.cloud.leases.list_namespaced_lease(NAMESPACE, field_selector=f"metadata.name={LEASE}")
        return _spec(listed.items[0]) if listed.items else {}

    def _remember(self) -> None:
        spec = self.lease()
        self.history.append((str(spec.get("holder") or ""), spec))

    def _watch(self) -> None:
        while not self._over.is_set():
            try:
                where = {"field_selector": f"metadata.name={LEASE}", "timeout_seconds": 600}
                watching: Any = watch.Watch()
                for event in watching.stream(self.cloud.leases.list_namespaced_lease, NAMESPACE, **where):
                    spec = _spec(event["object"])
                    self.history.append((str(spec.get("holder") or ""), spec))
                    if self._over.is_set():
                        return
            except Exception:  # noqa: BLE001 - the API server was restarted
                self._over.wait(0.1)

    def leader(self) -> str | None:
        """The name of the operator that holds the lease."""
        holder = self.lease().get("holder")
        return next((name for name, each in self.replicas.items() if holder and holder in each.identities()), None)

    def led(self, but: str | None = None, frozen: tuple[str, ...] = ()) -> str:
        """The name of the leader, once there is one that works, and is not `but`; starts again what ended."""

        def found() -> str | None:
            self.tend(frozen)
            name = self.leader()
            working = name is not None and name != but and self.replicas[name].role() == "leader"
            return name if working else None

        return str(self.see(found, f"a leader, not {but}"))

    def tend(self, frozen: tuple[str, ...] = ()) -> None:
        """Start again what ended, as kubelet would."""
        for name, each in self.replicas.items():
            if name not in frozen and each.service.pid is None:
                each.service.ensure_running()

    def see(self, what: Callable[[], Any], goal: str) -> Any:
        """The first truthy value."""

        def told() -> str:
            logs = "\n".join(f"{name}:\n{each.log()[-1500:]}" for name, each in self.replicas.items())
            return f"did not see {goal}; the lease is {self.lease()}\n{logs}"

        return wait_until(lambda: what() or None, _SECONDS, told)

    # what they did

    def writes(self) -> list[tuple[str, Call]]:
        """Who changed what in AWS, by identity, oldest first."""
        found = []
        for call in self.cloud.simulator.calls():
            match = re.search(r"smendpoints/(\S+)", call.user_agent)
            changes = call.changes and call.operation not in _OF_THE_QUEUE
            if match and changes and call.began >= self.began:
                found.append((match[1], call))
        return sorted(found, key=lambda each: each[1].began)

    def reigns(self) -> dict[str, tuple[float, float]]:
        """When each holder took the lease, and renewed it last, in epoch seconds."""
        found: dict[str, tuple[float, float]] = {}
        for holder, spec in list(self.history):
            if holder:
                taken, renewed = spec["acquired"], spec["renewed"]
                first, last = found.get(holder, (taken, renewed))
                found[holder] = (min(first, taken), max(last, renewed))
        return found

    def outside(self) -> list[str]:
        """The changes in AWS that were made when another held the lease, or longer after a renewal than it lasts."""
        reigns = self.reigns()
        duration = float(self.settings["LEASE_DURATION_SECONDS"])
        found = []
        for identity, call in self.writes():
            first, last = reigns.get(identity, (float("inf"), float("-inf")))
            later = [taken for other, (taken, _) in reigns.items() if other != identity and taken > first]
            if not first <= call.began <= last + duration or any(taken <= call.began for taken in later):
                what = f"{identity} {call.operation} {call.target} at {call.began}"
                found.append(f"{what}: held from {first}, renewed last at {last}, taken by others at {later}")
        return found


def _spec(lease: Any) -> dict[str, Any]:
    spec = lease.spec
    if spec is None:
        return {}
    return {
        "holder": spec.holder_identity or "",
        "acquired": spec.acquire_time.timestamp() if spec.acquire_time else 0.0,
        "renewed": spec.renew_time.timestamp() if spec.renew_time else 0.0,
    }
