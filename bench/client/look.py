"""How long `kubectl smendpoint status` takes, beside a bare Python and `kubectl get` of the same object.

`python -m bench.client.look NAME [-n NAMESPACE] [--runs 15]`, with KUBECONFIG of a cluster that has the object (after
`make up` and `source .sandbox/env`). The commands take turns, each a process of its own; times are medians, CPU that of
the process and its children. `first` is a start without compiled bytecode, as after an upgrade.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


def main() -> None:
    """Print a line for each command."""
    parser = argparse.ArgumentParser(description="Times of looking at one endpoint.")
    parser.add_argument("name")
    parser.add_argument("-n", "--namespace", default="default")
    parser.add_argument("--runs", type=int, default=15)
    given = parser.parse_args()
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        sys.exit("there is no kubectl on the PATH: run `source .sandbox/env`")
    plugin = str(Path(sys.executable).parent / "kubectl-smendpoint")
    of = (given.name, "-n", given.namespace)
    commands: dict[str, Sequence[str]] = {
        "python -c pass": (sys.executable, "-c", "pass"),
        "kubectl get": (kubectl, "get", "smendpoint", *of),
        "kubectl-smendpoint status": (plugin, "status", *of),
        "kubectl smendpoint status": (kubectl, "smendpoint", "status", *of),
    }
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {given.runs} runs each, in turn\n")
    with tempfile.TemporaryDirectory() as cache:
        cold = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
        wall, cpu = _run(commands["kubectl smendpoint status"], cold)
    print(f"first, without bytecode: {wall:.2f} s, {cpu:.2f} s of CPU\n")
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(given.runs):
        for name, command in commands.items():
            found[name].append(_run(command, os.environ))
    floor = statistics.median(cpu for _, cpu in found["python -c pass"])
    print(f"{'':28}{'wall s':>8}{'worst':>8}{'CPU s':>8}{'x bare Python':>16}")
    for name, times in found.items():
        walls, cpus = zip(*times, strict=True)
        middle = statistics.median(cpus)
        print(f"{name:28}{statistics.median(walls):8.2f}{max(walls):8.2f}{middle:8.2f}{middle / floor:16.1f}")


def _run(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float]:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment, timeout=120)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
