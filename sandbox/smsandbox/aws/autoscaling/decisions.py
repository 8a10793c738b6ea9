"""How much capacity a policy asks for: pure functions."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# What is a hair above a whole number is rounding, not demand.
_SLACK = 1e-9


def clamp(capacity: int, least: int, most: int) -> int:
    """`capacity` within the bounds of the target."""
    return max(least, min(most, capacity))


def track(capacity: int, value: float, target: float) -> int:
    """The capacity at which a metric per unit of capacity, now at `value`, comes to its target.

    Without capacity the metric is the whole, as of one unit.
    """
    return math.ceil(max(capacity, 1) * value / target - _SLACK)


def step(capacity: int, value: float, threshold: float, policy: Mapping[str, Any]) -> int | None:
    """The capacity a step policy asks for at a metric `value` over its alarm's threshold; None when no step holds it.

    Bounds of the steps are relative to the threshold: the lower one belongs to the step above the threshold, the
    upper one to the step below it, as AWS has it.
    """
    breach = value - threshold
    for adjustment in policy["StepAdjustments"]:
        lower = adjustment.get("MetricIntervalLowerBound", -math.inf)
        upper = adjustment.get("MetricIntervalUpperBound", math.inf)
        inside = lower <= breach < upper if breach >= 0 else lower < breach <= upper
        if inside:
            return _adjusted(capacity, adjustment["ScalingAdjustment"], policy)
    return None


def _adjusted(capacity: int, adjustment: int, policy: Mapping[str, Any]) -> int:
    kind = policy["AdjustmentType"]
    if kind == "ExactCapacity":
        return adjustment
    if kind == "ChangeInCapacity":
        return capacity + adjustment
    change = capacity * adjustment / 100
    # AWS: more than one is cut, less than one is a whole one, in the direction of the change.
    whole = math.trunc(change) if abs(change) >= 1 else math.copysign(1, change) if change else 0
    magnitude = max(abs(int(whole)), policy.get("MinAdjustmentMagnitude", 0))
    return capacity + int(math.copysign(magnitude, adjustment))


def step_errors(adjustments: Iterable[Mapping[str, Any]]) -> str | None:
    """What is wrong with the intervals of the steps; None when they are sound."""
    steps = sorted(
        (one.get("MetricIntervalLowerBound", -math.inf), one.get("MetricIntervalUpperBound", math.inf))
        for one in adjustments
    )
    for lower, upper in steps:
        if lower == -math.inf and upper == math.inf and len(steps) > 1:
            return "A step adjustment without bounds must be the only one."
        if lower >= upper:
            return "The lower bound of a step adjustment must be less than its upper bound."
    for (_, upper), (lower, _) in itertools.pairwise(steps):
        if lower < upper:
            return "Step adjustment intervals can't overlap."
        if lower > upper:
            return "Step adjustment intervals can't have a gap between them."
    return None
