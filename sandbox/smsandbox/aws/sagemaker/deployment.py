"""Deployment guardrails as pure functions: the rules of a DeploymentConfig, and the steps that it means."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from smsandbox.aws.sagemaker.state import Request

DEFAULT_TIMEOUT = 28_800.0


@dataclass(frozen=True)
class Step:
    """Turn on traffic for a part of the new fleet, then bake for `bake` AWS seconds.

    The part is `times` that `size` of each variant; without a size all of it. `word` is what AWS calls it.
    """

    bake: float = 0.0
    bake_name: str = ""
    word: str = ""
    size: Request | None = None
    times: int = 1

    def active(self, count: int) -> int:
        """How many of a variant's `count` instances take traffic: whole instances."""
        return count if self.size is None else min(count, self.times * capacity(self.size, count))

    def share(self, counts: Sequence[int]) -> float:
        """The share (0 to 1) of the endpoint's traffic that goes to a fleet of variants of so many instances."""
        total = sum(counts)
        return sum(self.active(count) for count in counts) / total if total else 1.0

    def activating(self, count: int) -> str:
        """AWS's words for turning on the traffic of a variant of `count` instances."""
        return f"Activating traffic on {self.word} capacity of {self.active(count)} instance(s)."

    def baking(self, count: int, seconds: float) -> str:
        """AWS's words for the wait that follows, of so many seconds by the clock that the answer's times are of."""
        return (
            f"Baking for {seconds:g} seconds ({self.bake_name}) with traffic enabled on {self.word} capacity of "
            f"{self.active(count)} instance(s)."
        )


@dataclass(frozen=True)
class Plan:
    """How an update is carried out. `batch` is the number of instances of a rolling step, None for blue/green."""

    steps: tuple[Step, ...] = ()
    batch: int | None = None
    batch_bake: float = 0.0
    rollback_batch: int = 0
    alarms: tuple[str, ...] = ()
    timeout: float = DEFAULT_TIMEOUT
    guarded: bool = True


def capacity(size: Request, total: int) -> int:
    """The instances that a CapacitySize means of `total`; at least one."""
    value = int(size["Value"])
    if size["Type"] == "INSTANCE_COUNT":
        return max(1, min(total, value))
    return max(1, math.ceil(total * value / 100))


def problems(deployment: Request, total: int) -> Iterator[str]:
    """What is wrong with a DeploymentConfig for a fleet of `total` instances."""
    blue_green, rolling = deployment.get("BlueGreenUpdatePolicy"), deployment.get("RollingUpdatePolicy")
    if blue_green and rolling:
        yield "Only one of BlueGreenUpdatePolicy and RollingUpdatePolicy can be specified in DeploymentConfig."
        return
    if blue_green:
        yield from _blue_green_problems(blue_green, total)
    if rolling:
        yield from _within("MaximumBatchSize", rolling["MaximumBatchSize"], 5, 50, total)
        if "RollbackMaximumBatchSize" in rolling:
            yield from _within("RollbackMaximumBatchSize", rolling["RollbackMaximumBatchSize"], 5, 100, total)
        waits = rolling["WaitIntervalInSeconds"] * math.ceil(total / capacity(rolling["MaximumBatchSize"], total))
        yield from _timeout_problems(rolling, waits)


def _blue_green_problems(policy: Request, total: int) -> Iterator[str]:
    routing = policy["TrafficRoutingConfiguration"]
    kind, wait = routing["Type"], routing["WaitIntervalInSeconds"]
    needed = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}.get(kind)
    for size in ("CanarySize", "LinearStepSize"):
        if size == needed and size not in routing:
            yield f"{size} is required for the traffic routing type {kind}."
            return
        if size != needed and size in routing:
            yield f"{size} cannot be specified for the traffic routing type {kind}."
    waits = policy.get("TerminationWaitInSeconds", 0)
    if kind == "CANARY":
        yield from _within("CanarySize", routing["CanarySize"], 1, 50, total)
        waits += wait
    if kind == "LINEAR":
        yield from _within("LinearStepSize", routing["LinearStepSize"], 10, 50, total)
        waits += wait * max(0, math.ceil(total / capacity(routing["LinearStepSize"], total)) - 1)
    yield from _timeout_problems(policy, waits)


def _within(name: str, size: Request, least: int, most: int, total: int) -> Iterator[str]:
    percent = size["Value"] if size["Type"] == "CAPACITY_PERCENT" else 100 * size["Value"] / max(total, 1)
    # One instance is the smallest step there is, whatever share of a small fleet it makes up.
    if size["Type"] == "INSTANCE_COUNT" and size["Value"] == 1 and total > 1:
        return
    if not least <= percent <= most:
        yield f"{name} must be between {least}% and {most}% of the variant's capacity of {total} instance(s)."


def _timeout_problems(policy: Request, waits: float) -> Iterator[str]:
    timeout = policy.get("MaximumExecutionTimeoutInSeconds")
    if timeout is not None and timeout <= waits:
        yield f"MaximumExecutionTimeoutInSeconds ({timeout}) must exceed the waits of the deployment ({waits})."


def plan(deployment: Request | None, counts: Sequence[int]) -> Plan:
    """The steps of an update to variants of so many instances; with no DeploymentConfig all at once, nothing baked."""
    deployment = deployment or {}
    rollback = deployment.get("AutoRollbackConfiguration") or {}
    alarms = tuple(alarm["AlarmName"] for alarm in rollback.get("Alarms") or [])
    if rolling := deployment.get("RollingUpdatePolicy"):
        total = sum(counts)
        return Plan(
            batch=capacity(rolling["MaximumBatchSize"], total),
            batch_bake=rolling["WaitIntervalInSeconds"],
            rollback_batch=capacity(
                rolling.get("RollbackMaximumBatchSize", {"Type": "CAPACITY_PERCENT", "Value": 100}), total
            ),
            alarms=alarms,
            timeout=rolling.get("MaximumExecutionTimeoutInSeconds", DEFAULT_TIMEOUT),
        )
    policy = deployment.get("BlueGreenUpdatePolicy")
    if policy is None:
        return Plan(steps=(Step(),), alarms=alarms, guarded=bool(alarms))
    return Plan(
        steps=tuple(_blue_green_steps(policy, counts)),
        alarms=alarms,
        timeout=policy.get("MaximumExecutionTimeoutInSeconds", DEFAULT_TIMEOUT),
    )


def _blue_green_steps(policy: Request, counts: Sequence[int]) -> Iterator[Step]:
    routing = policy["TrafficRoutingConfiguration"]
    wait = routing["WaitIntervalInSeconds"]
    if routing["Type"] == "CANARY":
        yield Step(wait, "WaitIntervalInSeconds", "canary", routing["CanarySize"])
    elif routing["Type"] == "LINEAR":
        size = routing["LinearStepSize"]
        times = max((math.ceil(count / capacity(size, count)) for count in counts if count), default=1)
        for number in range(1, times):
            yield Step(wait, "WaitIntervalInSeconds", "linear step", size, number)
    yield Step(policy.get("TerminationWaitInSeconds", 0), "TerminationWaitInSeconds", "full")
