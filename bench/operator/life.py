"""What the operator costs: time to the first call and to Ready, many objects at once, and rest.

`python bench/operator/life.py [OBJECTS]` starts a sandbox of its own in a temporary folder, with its default settings
but no containers, prints its figures and ends it. Nothing is asserted: what must hold is for the tests.
"""

import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from smendpoints.api.resource import GROUP, PLURAL, RETRY, VERSION
from smsandbox.testing.cloud import Cloud
from smsandbox.testing.specs import spec
from smsandbox.testing.stage import Stage
from smsandbox.world import AWS_SETTINGS, World, end

SAMPLES = 10
REST_SECONDS = 30.0
FLOOD_SECONDS = 20.0
PATCHES_A_SECOND = 15


def first_calls(stage: Stage) -> None:
    """From `create` at the API server to the first call to AWS of the object's own, and to Ready."""
    simulator = stage.cloud.simulator
    first, ready, costs = [], [], []
    for number in range(SAMPLES):
        name = f"one-{number}"
        simulator.forget_calls()
        began = time.time()
        stage.apply(name, spec())
        stage.ready(name)
        ready.append(time.time() - began)
        made = [call for call in simulator.calls() if call.when > began]
        costs.append(len(made))
        own = [call for call in made if call.operation != "ListEndpoints"]
        first.append(own[0].when - began)
        stage.delete(name)
        stage.gone(name)
    print(f"first call after apply: median {statistics.median(first):.2f} s, at most {max(first):.2f} s")
    print(f"Ready after apply: median {statistics.median(ready):.1f} s, at most {max(ready):.1f} s")
    print(f"calls from nothing to Ready, listings included: median {statistics.median(costs)}, at most {max(costs)}")


def flood(stage: Stage) -> None:
    """One object whose annotation of retry is patched without end: what that costs AWS."""
    simulator = stage.cloud.simulator
    where = (GROUP, VERSION, stage.namespace, PLURAL, "flood")
    stage.apply("flood", spec())
    stage.ready("flood")
    simulator.forget_calls()
    began, patches = time.monotonic(), 0
    while (passed := time.monotonic() - began) < FLOOD_SECONDS:
        body = {"metadata": {"annotations": {RETRY: str(patches)}}}
        stage.cloud.api.patch_namespaced_custom_object(*where, body)
        patches += 1
        time.sleep(max(0.0, patches / PATCHES_A_SECOND - passed))
    calls = sum(1 for call in simulator.calls() if call.service != "sts")
    print(f"{patches / passed:.1f} patches a second of one object: {calls / passed:.1f} calls to AWS a second")
    stage.delete("flood")
    stage.gone("flood")


def crowd(stage: Stage, objects: int) -> None:
    """Many objects at once, at rest, and gone."""
    simulator = stage.cloud.simulator
    names = [f"many-{number}" for number in range(objects)]
    simulator.forget_calls()
    cpu = cpu_seconds(stage)
    began = time.time()
    for name in names:
        stage.apply(name, spec())
    applied = time.time() - began
    for name in names:
        stage.ready(name, seconds=300)
    took = time.time() - began
    calls = Counter(call.operation for call in simulator.calls())
    print(f"{objects} objects: applied in {applied:.1f} s, all Ready after {took:.1f} s")
    print(f"  {calls.total()} calls ({calls.total() / objects:.1f} each), {cpu_seconds(stage) - cpu:.1f} s of CPU")
    print(f"  {dict(calls)}")
    rest(stage, names)
    began = time.time()
    stage.kubectl("delete", "smendpoints", "--all", "--timeout=300s")
    print(f"{objects} objects deleted in {time.time() - began:.1f} s; left over: {stage.left() or 'nothing'}")


def rest(stage: Stage, names: list[str]) -> None:
    """What objects at rest cost."""
    simulator = stage.cloud.simulator
    time.sleep(5)
    versions = {name: stage.get(name)["metadata"]["resourceVersion"] for name in names}
    simulator.forget_calls()
    cpu = cpu_seconds(stage)
    time.sleep(REST_SECONDS)
    spent = cpu_seconds(stage) - cpu
    calls = Counter(call.operation for call in simulator.calls())
    writes = sum(stage.get(name)["metadata"]["resourceVersion"] != version for name, version in versions.items())
    print(f"{len(names)} objects at rest for {REST_SECONDS:g} s: {writes} written, calls {dict(calls)}")
    print(f"  {spent / REST_SECONDS:.1%} of one CPU, {resident_megabytes(stage):.0f} MB resident")


def cpu_seconds(stage: Stage) -> float:
    """CPU time that the operator has used."""
    fields = Path(f"/proc/{stage.operator_pid()}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_megabytes(stage: Stage) -> float:
    """Memory that the operator holds."""
    pages = int(Path(f"/proc/{stage.operator_pid()}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main(objects: int) -> None:
    """Run all."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        world = World(folder, bound=True, aws_settings={**AWS_SETTINGS, "containers": False})
        try:
            cloud = Cloud(world, world.start(print))
            cloud.stock()
            cloud.plane.kubectl("create", "namespace", "bench")
            stage = Stage(cloud, "bench")
            first_calls(stage)
            flood(stage)
            crowd(stage, objects)
        finally:
            end(folder)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
