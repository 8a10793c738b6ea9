"""What a place costs: memory of the operator's AWS side with N roles, each looked at whole, and after letting go.

`python bench/operator/places.py [N ...]` starts an AWS simulator of its own in a temporary folder and measures each N
in a process of its own; `sessions` in the place of an N measures 25 boto3 sessions as boto3 makes them, to compare.
Nothing is asserted: what must hold is for the tests.
"""

import contextlib
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3

from smendpoints.aws.account import Account, Accounts
from smendpoints.aws.calls.clients import Clients, Place
from smendpoints.aws.calls.connections import Connections
from smendpoints.aws.calls.identity import Presented
from smendpoints.domain.errors import ReconcileError
from smendpoints.domain.preflight.launch import Artifact, Launch
from smendpoints.domain.preflight.quota import Need
from smsandbox import probe
from smsandbox.world import REGION, World, end

NAMESPACES = 3
BARE = 25
SERVICES = [
    "sagemaker",
    "application-autoscaling",
    "cloudwatch",
    "resourcegroupstaggingapi",
    "iam",
    "s3",
    "ecr",
    "service-quotas",
    "logs",
    "pricing",
    "sagemaker-runtime",
    "sts",
]


def resident() -> float:
    """Megabytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def places(number: int) -> Iterator[Place]:
    """Roles in as many accounts."""
    for account in range(1, number + 1):
        yield Place(REGION, f"arn:aws:iam::{account:012}:role/operator")


def use(account: Account, connections: Connections) -> None:
    """All that an operator does in a place with objects of a few namespaces: every service is called."""
    account.watch.look("", max_age=0)
    account.watch.audit(0)
    account.observe.endpoint("nothing")
    account.observe.alarms("smendpoints/")
    image = f"{account.place.account}.dkr.ecr.{REGION}.amazonaws.com/echo:1"
    none: frozenset[str] = frozenset()
    for launch in (
        Launch(frozenset({image}), frozenset(), none, ()),
        Launch(none, frozenset({Artifact("models", "a/model.tar.gz", must_exist=False)}), none, ()),
        Launch(none, frozenset(), frozenset({"a"}), ()),
        Launch(none, frozenset(), none, (Need("ml.m5.large", 1, 1),)),
    ):
        with contextlib.suppress(ReconcileError):  # nothing of it is there: that is as good a call
            account.preflight.check(launch)
    account.log_tail("nothing", frozenset({"primary"}), datetime.now(UTC))
    account.prices.of("ml.m5.large")
    account.prices.look_up()
    account.invocations_url("nothing")
    for number in range(NAMESPACES):
        writes = Clients(account.place, connections).on_behalf_of(f"team-{number}")
        writes.call("sagemaker", "list_models")  # any call: the session is what is measured


def measure(number: int) -> None:
    """One process, N places."""
    connections = Connections(REGION, 32, Presented("bench"))
    now = [0.0]
    accounts = Accounts(connections, lambda: now[0])
    began, spent = time.monotonic(), time.process_time()
    base = resident()
    chosen = list(places(number))
    first = base
    for place in chosen:
        use(accounts(place), connections)
        if place is chosen[0]:
            first = resident()
    held = resident()
    took, spent = time.monotonic() - began, time.process_time() - spent
    now[0] += 1e6
    accounts.keep(chosen[:1])
    gc.collect()
    each = f"{(held - first) / (number - 1) * 1000:.0f} kB each after the first" if number > 1 else "the first"
    print(
        f"{number:4} places: {base:.0f} MB before, {first:.0f} with one, {held:.0f} with all ({each}), "
        f"{resident():.0f} after all but one were let go; {took:.1f} s, {spent:.1f} s of CPU"
    )


def bare() -> None:
    """25 sessions with a client of each service, as boto3 makes them."""
    base = resident()
    held = []
    for _ in range(BARE):
        session = boto3.Session(region_name=REGION)
        held.append([session.client(service) for service in SERVICES])  # type: ignore[call-overload]
    print(f"{BARE} sessions of boto3: {(resident() - base) / BARE:.1f} MB each, {len(held)} held")


def main(wanted: list[str]) -> None:
    """Measure each in its own process, one after the other."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        world = World(folder, bound=True, aws_settings={"containers": False})
        (folder / "aws-settings.json").write_text('{"containers": false}')
        try:
            aws = world.aws
            aws.ensure_running()
            aws.wait_ready(lambda: probe.answer(f"{world.aws_url}/_sandbox/health") is not None, 240)
            for each in wanted:
                command = [sys.executable, __file__, "--measure", each]
                subprocess.run(command, env={**os.environ, **world.aws_environment}, check=True)
        finally:
            end(folder)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        bare() if sys.argv[2] == "sessions" else measure(int(sys.argv[2]))
    else:
        main(sys.argv[1:] or ["sessions", "1", "25", "200"])
