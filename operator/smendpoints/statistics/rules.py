"""What is fixed before the first request of a comparison: metrics, directions, margins, levels, the longest time; no
data.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from smendpoints.statistics.mixture import checked, threshold


class Verdict(StrEnum):
    """What a comparison ends with; `verdict` says when."""

    INVALID = "INVALID"
    ROLLBACK = "ROLLBACK"
    SHIP = "SHIP"
    HOLD = "HOLD"
    INCONCLUSIVE = "INCONCLUSIVE"


class Goal(StrEnum):
    """What the primary metric has to show for a SHIP."""

    SUPERIORITY = "Superiority"
    NON_INFERIORITY = "NonInferiority"


class Better(StrEnum):
    """Which way a metric improves."""

    LOWER = "Lower"
    HIGHER = "Higher"


@dataclass(frozen=True)
class Metric:
    """A metric, the way it improves, and how much worse it may be: a difference of rates (0.01: a point) or in the
    measure's unit.
    """

    name: str
    better: Better = Better.LOWER
    margin: float = 0.0


@dataclass(frozen=True)
class Rules:
    """What is fixed before the start.

    primary: decides; its margin may be zero only where the goal is superiority.
    guardrails: must not get worse; their margins must be above zero, as "not worse at all" can't be shown of equals.
    alpha: the chance of a wrong ROLLBACK or SHIP, in all.
    split_alpha: the chance that a right split is called wrong.
    horizon: requests of both variants after which an answer is wanted: what the tests are tuned to.
    longest: seconds after which there is no HOLD any more.
    least_requests: of each variant before ROLLBACK or SHIP.

    Raises ValueError for what contradicts this, and for two metrics of one name.
    """

    primary: Metric
    horizon: float
    longest: float
    guardrails: tuple[Metric, ...] = ()
    goal: Goal = Goal.SUPERIORITY
    alpha: float = 0.05
    split_alpha: float = 0.001
    least_requests: int = 0

    def __post_init__(self) -> None:
        threshold(self.alpha), threshold(self.split_alpha), checked(self.horizon)
        if not self.longest > 0 or self.least_requests < 0:
            raise ValueError("the longest time is above zero, and no number of requests below")
        names = [metric.name for metric in self.metrics]
        if len(set(names)) != len(names):
            raise ValueError(f"two metrics of one name: {names}")
        if any(not 0 <= metric.margin < np.inf for metric in self.metrics):
            raise ValueError("a margin is a number, and not negative")
        needy = [*self.guardrails, *([self.primary] if self.goal == Goal.NON_INFERIORITY else [])]
        if any(metric.margin == 0 for metric in needy):
            raise ValueError("guardrails, and the primary metric of a non-inferiority test, need a margin above zero")

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The primary first."""
        return (self.primary, *self.guardrails)

    @property
    def rollback_level(self) -> float:
        """Of each metric's test for being worse."""
        return self.alpha / 2 / len(self.metrics)

    @property
    def ship_level(self) -> float:
        """Of each metric's test for being better, or not worse."""
        return self.alpha / 2
