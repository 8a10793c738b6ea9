"""How long nobody works when the leader dies, and when it is told to stop; with the lease's default settings.

`python bench/operator/failover.py [TAKEOVERS]` starts a sandbox of its own in a temporary folder, with two operators,
and prints its figures. Each time an object is edited as the leader is gone: there is work for the one that follows.
Nothing is asserted: what must hold is for the tests.
"""

import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from smsandbox.testing.cloud import Cloud
from smsandbox.testing.replicas import Replicas
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant
from smsandbox.testing.stage import Stage
from smsandbox.world import AWS_SETTINGS, OPERATOR_SETTINGS, World, end

DEFAULTS = {"LEASE_DURATION_SECONDS": "10", "LEASE_RENEW_DEADLINE_SECONDS": "7", "LEASE_RETRY_SECONDS": "1"}
SHORT = spec(revisionHistoryLimit=0)


def killed(replicas: Replicas, leader: str) -> float:
    """SIGKILL; when it was dead."""
    began = time.time()
    replicas.replicas[leader].service.kill()
    return began


def released(replicas: Replicas, leader: str) -> float:
    """SIGTERM; when it released the lease."""
    seen = len(replicas.history)
    replicas.replicas[leader].send(signal.SIGTERM)

    def release() -> float | None:
        return next((spec["renewed"] for holder, spec in replicas.history[seen:] if not holder), None)

    return float(replicas.see(release, "the release"))


def takeovers(stage: Stage, replicas: Replicas, how: Callable[[Replicas, str], float], times: int) -> None:
    """Let the leader go so many times; the seconds until another holds the lease, asks AWS, and changes something."""
    held, asked, changed = [], [], []
    for number in range(times):
        leader = replicas.led()
        (waiting,) = (each for name, each in replicas.replicas.items() if name != leader)
        standby = waiting.role

        def waits(standby: Callable[[], str] = standby) -> bool:
            replicas.tend()  # the one before may have taken its time to end
            return standby() == "standby"

        replicas.see(waits, "a standby")
        stage.ready("iris")
        gone = how(replicas, leader)
        stage.apply("iris", with_variant(SHORT, modelArtifact=ARTIFACTS[number % len(ARTIFACTS)], weight=number + 2))
        other = replicas.led(but=leader, frozen=(leader,))
        identity = replicas.lease()["holder"]
        held.append(replicas.reigns()[identity][0] - gone)

        def first(identity: str = identity) -> Any:
            return next((call for who, call in replicas.writes() if who == identity), None)

        changed.append(replicas.see(first, "a change").began - gone)
        calls = [call.began for call in stage.cloud.simulator.calls() if identity in call.user_agent]
        asked.append(min(calls) - gone)
        replicas.tend()
        print(f"  {number + 1:2}: {other}: {held[-1]:.2f} s, {asked[-1]:.2f} s, {changed[-1]:.2f} s")
    for what, found in (
        ("another held the lease", held),
        ("it had asked AWS", asked),
        ("it had changed something in AWS", changed),
    ):
        print(f"{what} after: median {statistics.median(found):.2f} s, most {max(found):.2f} s ({times} takeovers)")


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as temporary:
        world = World(
            Path(temporary),
            bound=True,
            aws_settings={**AWS_SETTINGS, "containers": False},
            operator_settings=OPERATOR_SETTINGS,
        )
        cloud = Cloud(world, world.start(print))
        try:
            cloud.stock()
            world.operator.stop(seconds=60)
            cloud.plane.kubectl("create", "namespace", "bench")
            replicas = Replicas(cloud, {**OPERATOR_SETTINGS, **DEFAULTS})
            replicas.start("one", "two")
            stage = Stage(cloud, "bench")
            replicas.led()
            stage.apply("iris", SHORT)
            stage.ready("iris")
            print("killed with SIGKILL:")
            takeovers(stage, replicas, killed, times)
            print("told to stop with SIGTERM, from the release of the lease on:")
            takeovers(stage, replicas, released, times)
            print(f"changes in AWS outside of a held lease: {len(replicas.outside())}")
            stage.clean()
            print(f"left over in AWS: {stage.left() or 'nothing'}")
            replicas.end()
        finally:
            end(world.folder)


if __name__ == "__main__":
    main()
