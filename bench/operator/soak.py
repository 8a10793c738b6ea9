"""Half an hour of what happens to an operator in a year: edits, hands in AWS, faults, failovers; and what it holds.

`make soak` starts two operators over one AWS and hundreds of objects. Failovers are in the first two fifths; the leader
after the last of them is watched to the end: its memory, threads and sockets must not grow. In the end all objects must
be Ready, then gone, and nothing of them left in AWS. The verdict is printed, and is the exit status.
"""

import argparse
import contextlib
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.operator.process import Process
from bench.operator.rig import Aws, Rig, end_when_told, rig
from bench.operator.scenarios import MANY, names
from botocore.exceptions import BotoCoreError, ClientError

from smsandbox.testing.figures import Growth, growth
from smsandbox.testing.replicas import Replicas
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.testing.stage import Stage

LEASE = {"LEASE_DURATION_SECONDS": "10", "LEASE_RENEW_DEADLINE_SECONDS": "7", "LEASE_RETRY_SECONDS": "1"}
SAMPLE_SECONDS = 5.0
LEAST_SECONDS = 600.0  # of one leader's life: in less, a process has not used all of itself yet
STEP_SECONDS = 2.0
FAULT_SECONDS = 15.0
FAILOVERS = (0.1, 0.2, 0.3, 0.4)  # of the time; told to stop and killed by turns
# What a process may gain without being said to grow, over all of the time: a share, and what is too little to tell.
TOLERANCE = {"memory MiB": (0.05, 4.0), "threads": (0.0, 2.0), "descriptors": (0.0, 4.0), "sockets": (0.0, 4.0)}
FAULTS = (
    {"kind": "error", "probability": 0.2},
    {"kind": "throttle", "probability": 0.3},
    {"kind": "delay", "delay_seconds": 1.0, "probability": 0.2},
    {"kind": "lose_response", "probability": 0.05},
    {"kind": "access_denied", "service": "application-autoscaling", "probability": 0.3},
    {"kind": "capacity", "times": 2},
)


@dataclass
class Soak:
    """One soak. `chance` decides what is done next."""

    rig: Rig
    replicas: Replicas
    objects: list[str]
    chance: random.Random
    samples: dict[int, list[tuple[float, dict[str, float]]]] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    leader: int = 0
    _away: set[str] = field(default_factory=set)
    _fault: tuple[str, float] | None = None

    def run(self, seconds: float) -> None:
        """Do one thing after the other for so long, and take samples."""
        began = time.monotonic()
        failovers = [share * seconds for share in FAILOVERS]
        sampled = stepped = float("-inf")
        self._settle()
        while (passed := time.monotonic() - began) < seconds:
            if failovers and passed > failovers[0]:
                failovers.pop(0)
                self._failover()
            if passed - sampled >= SAMPLE_SECONDS:
                sampled = passed
                self._sample(passed)
            if passed - stepped >= STEP_SECONDS:
                stepped = passed
                self._step()
            time.sleep(0.2)
        self.calm()

    def calm(self) -> None:
        """AWS is well again."""
        self.rig.cloud.simulator.release_all()
        self._fault = None

    def _step(self) -> None:
        if self._fault is not None and time.monotonic() > self._fault[1]:
            self.calm()
        for name in [name for name in self._away if (MANY, name) not in self.rig.objects.there]:
            self._away.discard(name)
            self.rig.api.create(MANY, [name], spec())
        acts: tuple[Callable[[], None], ...] = (
            self._edit, self._edit, self._edit, self._roll_out, self._replace, self._hand, self._break,
        )  # fmt: skip
        act = self.chance.choice(acts)
        self.done[act.__name__.strip("_")] += 1
        act()

    def _some(self, count: int) -> list[str]:
        there = [name for name in self.objects if name not in self._away]
        return self.chance.sample(there, min(count, len(there)))

    def _edit(self) -> None:
        self.rig.api.patch(MANY, self._some(5), {"tags": {"edit": str(self.chance.random())}})

    def _roll_out(self) -> None:
        changed = with_variant(spec(), modelArtifact=self.chance.choice(ARTIFACTS))
        self.rig.api.patch(MANY, self._some(2), {"variants": changed["variants"]})

    def _replace(self) -> None:
        gone = self._some(2)
        self._away |= set(gone)
        self.rig.api.delete(MANY, gone)

    def _hand(self) -> None:
        """Somebody deletes something in AWS."""
        for name in self._some(2):
            endpoint = f"{MANY}-{name}"
            target = {
                "ServiceNamespace": "sagemaker",
                "ResourceId": f"endpoint/{endpoint}/variant/primary",
                "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
            }
            with contextlib.suppress(ClientError, BotoCoreError):  # it is not there just now, or a fault strikes us
                if self.chance.random() < 0.5:
                    self.rig.cloud.aws("sagemaker").delete_endpoint(EndpointName=endpoint)
                else:
                    self.rig.cloud.aws("application-autoscaling").deregister_scalable_target(**target)

    def _break(self) -> None:
        if self._fault is None:
            rule = self.chance.choice(FAULTS)
            self._fault = (self.rig.cloud.simulator.fault(**rule), time.monotonic() + FAULT_SECONDS)  # type: ignore[arg-type]
            self.done[f"fault {rule['kind']}"] += 1

    def _failover(self) -> None:
        number = self.done["failover"]
        self.done["failover"] += 1
        old = self.replicas.led()
        if number % 2:
            self.replicas.replicas[old].service.kill()
        else:
            self.replicas.replicas[old].send(signal.SIGTERM)
        self.replicas.led(but=old, frozen=(old,))
        self._settle()

    def _settle(self) -> None:
        self.leader = self.replicas.replicas[self.replicas.led()].service.pid or 0

    def _sample(self, passed: float) -> None:
        for each in self.replicas.replicas.values():
            if (pid := each.service.pid) is None:
                continue
            process = Process(pid)
            descriptors, sockets = process.descriptors()
            self.samples.setdefault(pid, []).append(
                (
                    passed,
                    {
                        "memory MiB": process.resident_mib(),
                        "threads": process.threads(),
                        "descriptors": descriptors,
                        "sockets": sockets,
                    },
                )
            )

    def growths(self) -> dict[str, Growth | None]:
        """How the last leader grew, by what was sampled."""
        taken = self.samples.get(self.leader, [])
        return {what: growth([(when, values[what]) for when, values in taken]) for what in TOLERANCE}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--objects", type=int, default=500)
    parser.add_argument("--seed", type=int, help="of what is done; a fresh one if not given")
    chosen = parser.parse_args()
    end_when_told()
    seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"soak of {chosen.minutes:g} minutes with {chosen.objects} objects, --seed {seed}", flush=True)
    with rig(Aws(create_seconds=2.0, events=True), operator=False) as made:
        made.namespace(MANY)
        replicas = Replicas(made.cloud, LEASE)
        replicas.start("one", "two")
        try:
            faults = soak(made, replicas, names(chosen.objects), chosen.minutes * 60, random.Random(seed))
        finally:
            replicas.end()
    print(f"verdict: {'; '.join(faults) or 'nothing wrong'}")
    sys.exit(bool(faults))


def soak(made: Rig, replicas: Replicas, objects: list[str], seconds: float, chance: random.Random) -> list[str]:
    """Run it; what is wrong."""
    wrong = []
    patience = 120 + 2.0 * len(objects)
    replicas.led()
    made.api.create(MANY, objects, spec())
    if not made.objects.wait(lambda: made.ready(MANY) == len(objects), patience):
        return [f"{made.ready(MANY)} of {len(objects)} objects are Ready after {patience:g} s"]
    running = Soak(made, replicas, objects, chance)
    running.run(seconds)
    print(f"done: {dict(running.done)}; {made.objects.written(0.0)} writes of objects")
    for what, found in running.growths().items():
        if found is None:
            wrong.append(f"too few samples of {what}")
            continue
        share, least = TOLERANCE[what]
        tolerance = max(share * found.median, least)
        grows, short = found.grows(tolerance), found.span_seconds < LEAST_SECONDS
        print(
            f"{what}: median {found.median:.1f}, {found.gain:+.2f} ({found.least:+.2f} to {found.most:+.2f}) in "
            f"{found.span_seconds:.0f} s, tolerated {tolerance:.1f}: "
            f"{'too short to tell' if short else 'grows' if grows else 'does not grow'}"
        )
        wrong += [f"{what} grows"] if grows and not short else []
    there = len(made.objects.there)
    if not made.objects.wait(lambda: len(made.objects.ready) == len(made.objects.there), patience):
        wrong.append(f"{len(made.objects.ready)} of {there} objects are Ready when AWS is well again")
    print(f"at the end: {len(made.objects.ready)} of {len(made.objects.there)} objects Ready")
    made.api.delete(MANY, [name for _, name in made.objects.there])
    if not made.objects.wait(lambda: not made.objects.there, patience):
        wrong.append(f"{len(made.objects.there)} objects do not go")
    left = {kind: len(found) for kind, found in Stage(made.cloud, MANY).left().items()}
    print(f"left over in AWS: {left or 'nothing'}")
    return wrong + ([f"left over: {left}"] if left else [])


if __name__ == "__main__":
    main()
