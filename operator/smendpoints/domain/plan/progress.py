"""How far a rollout is, from what DescribeEndpoint shows while AWS is at work on it. What cannot be known is None.

Not here: what is to be done about it.
"""

import math
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from smendpoints.api.rollout import Rollout
from smendpoints.api.status_rollout import RolloutStatus, Stage
from smendpoints.domain.desired.rollout import DEFAULT_STEP_PERCENT
from smendpoints.domain.observed.observed import ObservedEndpoint, ObservedVariant
from smendpoints.domain.plan.wording import age, end_of, is_canary, latest, share_of, stage_of

_LONGEST_WORDS = 1024
Variants = tuple[ObservedVariant, ...]


@dataclass(frozen=True)
class Progress:
    """The transient part of `status.rollout`, under the same names. Without values: nothing is under way."""

    stage: Stage | None = None
    current_step: int | None = None
    total_steps: int | None = None
    traffic_percent: int | None = None
    baking_until: datetime | None = None
    aws_message: str | None = None

    def facts(self) -> dict[str, Any]:
        """What to write over the status of before."""
        return asdict(self)

    def sentence(self) -> str | None:
        """The same for people, such as `step 1 of 2, 33% of the traffic, baking until 14:03:20Z`."""
        doing = {
            None: self.aws_message,
            "Launching": "launching instances",
            "ActivatingTraffic": "moving the traffic",
            "Baking": f"baking until {self.baking_until:%H:%M:%SZ}" if self.baking_until else "baking",
            "Terminating": "terminating the old instances",
            "RollingBack": "rolling back",
        }[self.stage]
        counted = f"step {self.current_step} of {self.total_steps}" if self.current_step and self.total_steps else None
        shared = f"{self.traffic_percent}% of the traffic" if self.traffic_percent else None
        return ", ".join(part for part in (counted, shared, doing) if part) or None


NOTHING_UNDER_WAY = Progress().facts()


def planned_steps(way: Rollout, counts: list[int | None]) -> int | None:
    """In how many steps the traffic moves to variants of so many instances: AWS activates whole instances."""
    if way.strategy in {"AllAtOnce", "Canary"}:
        return 1 if way.strategy == "AllAtOnce" else 2
    known = [math.ceil(count / _step_size(way, count)) for count in counts if count]
    if known or way.step_instances is not None:
        return max(known, default=None)
    return math.ceil(100 / (way.step_percent or DEFAULT_STEP_PERCENT))


def _step_size(way: Rollout, count: int) -> int:
    """The instances of one step to a variant of `count`."""
    if way.step_instances is not None:
        return min(way.step_instances, count)
    return max(1, math.ceil(count * (way.step_percent or DEFAULT_STEP_PERCENT) / 100))


def begun(way: Rollout, counts: list[int | None]) -> Progress:
    """Where a rollout to variants of so many instances is when AWS has just taken the call."""
    return Progress(stage="Launching", current_step=0, total_steps=planned_steps(way, counts), traffic_percent=0)


def progress(endpoint: ObservedEndpoint, way: Rollout | None, before: RolloutStatus | None) -> Progress:
    """How far AWS is with the pending config.

    `way` is how it is rolled out, None if that is not known; `before` is what was known at the last look.
    """
    new = endpoint.pending or endpoint.variants
    old = endpoint.variants if endpoint.pending else ()
    counts = {variant.name: _count(endpoint, variant) for variant in new}
    share = _share(new, counts, way)
    stage, shown = _stages(endpoint, new, old, takes_traffic=share is not None)
    known = before.traffic_percent if before is not None else None
    if stage == "RollingBack":
        share = 0.0 if shown == "Terminating" else None
    elif share is None and stage == "Launching" and any(step.status == "Creating" for v in new for step in v.steps):
        share = 0.0
    elif share is None and stage == "Terminating" and way is not None and way.strategy != "Rolling":
        share = 1.0
    elif share is None and stage in {"Launching", "Terminating"}:
        share = known / 100 if known is not None else None
    percent = round(100 * share) if share is not None else None
    if way is not None:
        steps = planned_steps(way, [*counts.values()])
        current = _current_step(share, steps)
    else:  # another rollout than the spec now wants: what was known of its steps still stands
        steps = before.total_steps if before is not None else None
        current = before.current_step if before is not None and percent == known else None
    until = _baking_until(new, way, percent) if stage == "Baking" else None
    return Progress(stage, current, steps, percent, until, _words((*new, *old), shown))


def _count(endpoint: ObservedEndpoint, variant: ObservedVariant) -> int | None:
    """The instances that the variant is to have; None for none, as without servers."""
    if variant.desired_count is not None:
        return variant.desired_count or None
    live = endpoint.variant(variant.name)
    return (live.desired_count or None) if live is not None else None


def _stages(
    endpoint: ObservedEndpoint, new: Variants, old: Variants, *, takes_traffic: bool
) -> tuple[Stage | None, Stage | None]:
    """What AWS is doing, and the stage that the variants show for it."""
    of_new = latest(step for variant in new for step in variant.steps)
    of_old = latest(step for variant in old for step in variant.steps)
    old_is_newer = of_old is not None and (of_new is None or age(of_old) >= age(of_new))
    shown = stage_of(of_old if old_is_newer else of_new)
    # While a config is pending, AWS ends its instances, or launches more of the old ones, only to go back.
    ends_new = bool(endpoint.pending) and not old_is_newer and shown == "Terminating"
    regrows_old = takes_traffic and old_is_newer and shown == "Launching"
    goes_back = endpoint.status == "RollingBack" or ends_new or regrows_old
    return "RollingBack" if goes_back else shown, shown


def _share(new: Variants, counts: dict[str, int | None], way: Rollout | None) -> float | None:
    """The share of the whole that takes traffic, variants counting by their instances; None where AWS tells of none."""
    found: list[tuple[float, int]] = []
    for variant in new:
        told = latest(step for step in variant.steps if stage_of(step) in {"ActivatingTraffic", "Baking"})
        if told is None:
            continue
        count = counts[variant.name]
        share = share_of(told, count)
        if share is None and way is not None and way.strategy == "AllAtOnce":
            share = 1.0
        elif share is None and way is not None and count and is_canary(told):
            share = _step_size(way, count) / count
        if share is not None:
            found.append((share, count or 1))
    total = sum(count for _, count in found)
    return sum(share * count for share, count in found) / total if total else None


def _current_step(share: float | None, steps: int | None) -> int | None:
    """Which of the equal steps has been taken; the last one may be smaller."""
    if share is None or steps is None:
        return None
    return min(steps, max(1, math.floor(share * steps + 1e-6))) if share > 0 else 0


def _baking_until(new: Variants, way: Rollout | None, percent: int | None) -> datetime | None:
    default: float | None = None
    if way is not None and percent is not None:
        is_last = percent >= 100 and way.strategy != "Rolling"
        default = way.termination_wait_seconds if is_last else way.step_wait_seconds
    baking = [latest(step for step in variant.steps if stage_of(step) == "Baking") for variant in new]
    ends = [end_of(step, default) for step in baking if step is not None]
    return max((end for end in ends if end is not None), default=None)


def _words(variants: Variants, shown: Stage | None) -> str | None:
    """What AWS says of the stage that it shows, each sentence once; with the variants' names where they differ."""
    said: dict[str, list[str]] = {}
    for variant in variants:
        for step in variant.steps:
            if stage_of(step) == shown:
                said.setdefault(step.message or step.status, []).append(variant.name)
    of_one = len(said) == 1 or len({name for names in said.values() for name in names}) == 1
    parts = said if of_one else [f"{', '.join(dict.fromkeys(names))}: {text}" for text, names in said.items()]
    return "; ".join(parts)[:_LONGEST_WORDS] or None
