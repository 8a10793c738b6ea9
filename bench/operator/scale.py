"""How the operator scales: N objects created at once, at rest, restarted, deleted; and what strains it.

`make bench-operator N="1 100 1000" DELAY="0 100"` starts a sandbox of its own for each N and delay, prints a table and
leaves all figures as JSON in a temporary folder. Ratios and counts come first: times are this machine's. Nothing is
asserted: what must hold is for the tests.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.operator import scenarios, strains
from bench.operator.report import table
from bench.operator.rig import Aws, end_when_told, rig

TOGETHER = ("create", "rest", "restart", "delete", "singles", "flood")
APART = ("quota", "throttled", "load")
A_MINUTE = 600.0  # 9,000 in 15 minutes


def measure(count: int, aws: Aws, wanted: list[str], rest_seconds: float) -> Iterator[tuple[str, Any]]:
    """The scenarios of one N, each with its figures as it ends: first those that follow each other in one rig."""
    if set(wanted) & set(TOGETHER):
        with rig(aws) as made:
            scenarios.prepare(made)
            yield "create", scenarios.create(made, count)
            if "rest" in wanted:
                yield "rest", scenarios.rest(made, rest_seconds)
            if "restart" in wanted:
                yield "restart", scenarios.restart(made)
            if "delete" in wanted:
                yield "delete", scenarios.delete(made, min(count, 100))
            if "singles" in wanted:
                yield "singles", strains.singles(made)
            if "flood" in wanted:
                yield "flood", strains.flood(made)
            yield "calls_missed", made.calls.missed
            yield "watch_broken", made.objects.broken
    if "quota" in wanted:
        yield "quota", strains.quota(count, aws)
    if "throttled" in wanted:
        yield "throttled", strains.throttled(count, aws)
    if "load" in wanted:
        yield "load", strains.load(count, A_MINUTE, aws)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, nargs="+", default=[1, 100, 1000], help="N")
    parser.add_argument("--delay-ms", type=float, nargs="+", default=[0.0], help="how long each call to AWS takes")
    parser.add_argument("--create-seconds", type=float, help="of an endpoint; 60 where calls take time, else 0")
    parser.add_argument("--events", action="store_true", help="AWS sends hints through a queue; by default it does not")
    parser.add_argument("--rest-seconds", type=float, default=120.0, help="how long rest is looked at")
    parser.add_argument("--scenarios", nargs="+", choices=TOGETHER + APART, default=list(TOGETHER[:4]))
    parser.add_argument("--out", type=Path, help="folder of the JSON; a temporary one if not given")
    chosen = parser.parse_args()
    end_when_told()
    out = chosen.out or Path(tempfile.mkdtemp(prefix="bench-operator-figures-"))
    out.mkdir(parents=True, exist_ok=True)
    runs: list[dict[str, Any]] = []
    for delay in chosen.delay_ms:
        for count in chosen.objects:
            slow = chosen.create_seconds if chosen.create_seconds is not None else (60.0 if delay else 0.0)
            aws = Aws(delay / 1000, slow, events=chosen.events)
            run = {"objects": count, "delay_ms": delay, "events": chosen.events, "create_seconds": slow}
            runs.append({**run, "load_before": os.getloadavg()[0]})
            for name, figures in measure(count, aws, chosen.scenarios, chosen.rest_seconds):
                runs[-1][name] = figures
                (out / "figures.json").write_text(json.dumps(runs, indent=1))
            print(table(runs[-1:]), flush=True)
    print(f"\nall figures: {out / 'figures.json'}")


if __name__ == "__main__":
    main()
