"""A judged rollout before it begins: what is compared, and what the traffic of the hour before lets be seen. Pure.

Rules are fixed before the first request counts, so they stand in `status.rollout.analysis` from the attempt's start on.
Not here: the verdict, see `judging`.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from smendpoints.api.analysis import Analysis, AnalysisMetric, AnalysisStatus, ComparedMetric, ErrorRate
from smendpoints.api.rollout import Rollout
from smendpoints.domain.desired.rollout import DEFAULT_STEP_PERCENT
from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.observed.samples import (
    Arm,
    Dimensions,
    Readings,
    Series,
    Share,
    counts,
    dimensions,
    error_rate,
    latency_above,
    share_above,
    wanted,
)
from smendpoints.domain.plan.progress import planned_steps
from smendpoints.statistics.mixture import Side
from smendpoints.statistics.planning import smallest_difference
from smendpoints.statistics.rules import Better, Goal, Metric, Rules

_UNKNOWN_HORIZON = 10_000
_MINUTE = 60.0
_FEW = 2.0  # percentage points beyond the margin: what is not seen below is told beforehand
_MOST_TOLD = 3


def name_of(metric: str, variant: str) -> str:
    """A metric of one variant, for people."""
    return f"{metric} of {variant}"


def share_of(metric: AnalysisMetric) -> Share:
    """The share of requests that a metric of the spec is."""
    if metric.latency_above is not None:
        return latency_above(metric.name, metric.latency_above.milliseconds)
    if metric.metric_above is not None:
        above = metric.metric_above
        return share_above(metric.name, above.namespace, above.metric_name, above.threshold)
    return error_rate(metric.name, (metric.error_rate or ErrorRate()).answers)


def fleets(endpoint: str, variant: str, config: str) -> tuple[Arm, Arm]:
    """The old fleet and the new one, which the attempted config brings up."""
    new = dimensions(EndpointName=endpoint, VariantName=variant, EndpointConfigName=config)
    return Arm("old", _whole(endpoint, variant), less=new), Arm("new", new)


def _whole(endpoint: str, variant: str) -> Dimensions:
    return dimensions(EndpointName=endpoint, VariantName=variant)


def series_before(analysis: Analysis, endpoint: ObservedEndpoint) -> frozenset[Series]:
    """What tells the traffic before the attempt."""
    arms = [Arm(each.name, _whole(endpoint.name, each.name)) for each in endpoint.variants]
    return wanted(arms, [share_of(metric) for metric in analysis.metrics])


def series_during(analysis: AnalysisStatus, endpoint: str, config: str) -> frozenset[Series]:
    """What tells both fleets apart."""
    variants = {each.variant for each in analysis.metrics}
    arms = [arm for variant in variants for arm in fleets(endpoint, variant, config)]
    return wanted(arms, [share_of(metric) for metric in analysis.asked.metrics])


def rules_of(analysis: Analysis, compared: Sequence[tuple[str, str]], horizon: float) -> Rules:
    """The rules for these metrics of these variants: none may be worse by its margin, whichever comes first."""
    by_name = {metric.name: metric for metric in analysis.metrics}

    def rule(name: str, variant: str) -> Metric:
        metric = by_name[name]
        return Metric(name_of(name, variant), Better(metric.better), metric.margin_percentage_points / 100)

    first, *rest = [rule(*each) for each in compared]
    return Rules(
        primary=first,
        guardrails=tuple(rest),
        goal=Goal.NON_INFERIORITY,
        alpha=1 - analysis.confidence,
        horizon=horizon,
        longest=1.0,
        least_requests=analysis.min_requests,
    )


def planned(
    analysis: Analysis, way: Rollout, endpoint: ObservedEndpoint, variants: Sequence[str], before: Readings | str
) -> AnalysisStatus:
    """What is fixed when the attempt begins, with what it can see.

    `variants` are those of the config to come; who is new has nothing to be compared with. `before` is the hour before,
    or why it could not be read.
    """
    live = {each.name: each for each in endpoint.variants}
    compared = [(metric.name, name) for name in variants if name in live for metric in analysis.metrics]
    if isinstance(before, str) or not compared:
        why = before if isinstance(before, str) else "no variant is in service before and after"
        entries = [ComparedMetric(name=name, variant=variant) for name, variant in compared]
        message = f"how little can be seen is not known: {why}"[:1024]
        return AnalysisStatus(asked=analysis, horizon=_UNKNOWN_HORIZON, metrics=entries, message=message)
    known = {name: _traffic(endpoint.name, name, analysis, before) for name in live}
    instances = {name: each.desired_count for name, each in live.items()}
    minutes = _minutes(analysis, way, [*instances.values()])
    horizon = max(known[variant][0] for _, variant in compared) * minutes
    level = rules_of(analysis, compared, max(1.0, horizon)).rollback_level
    found = []
    for metric in analysis.metrics:
        for variant in [name for name in variants if name in live]:
            requests, rates = known[variant]
            share = _share(way, instances[variant])
            smallest = _smallest(metric, requests * minutes, rates[metric.name], share, level)
            found.append(ComparedMetric(name=metric.name, variant=variant, smallest_visible_points=smallest))
    made = AnalysisStatus(
        asked=analysis,
        requests_per_minute=round(sum(requests for requests, _ in known.values()), 2),
        horizon=max(1, round(horizon)),
        metrics=found,
    )
    return made.model_copy(update={"message": forewarning(made)[:1024]})


def forewarning(analysis: AnalysisStatus) -> str:
    """What the rollout cannot see, for people; empty where it sees enough, or nothing is known of the traffic."""
    if analysis.requests_per_minute is None:
        return ""
    blind = [each for each in analysis.metrics if each.smallest_visible_points is None]
    margins = {metric.name: metric.margin_percentage_points for metric in analysis.asked.metrics}
    dim = sorted(
        (each for each in analysis.metrics if (each.smallest_visible_points or 0.0) > margins[each.name] + _FEW),
        key=lambda each: -(each.smallest_visible_points or 0.0),
    )
    told = [f"any difference of {name_of(each.name, each.variant)}" for each in blind]
    told += [
        f"less than {each.smallest_visible_points:.3g} percentage points of {name_of(each.name, each.variant)}"
        for each in dim
    ]
    if not told:
        return ""
    more = f", and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else ""
    rate = f"{analysis.requests_per_minute:.3g}"
    return f"at {rate} requests a minute this rollout cannot see {', '.join(told[:_MOST_TOLD])}{more}"


def _traffic(
    endpoint: str, variant: str, analysis: Analysis, before: Readings
) -> tuple[float, Mapping[str, float | None]]:
    """Requests a minute of a variant since it has some, and of each metric the share that its events were."""
    arm = Arm(variant, _whole(endpoint, variant))
    first = min((min(points) for points in before.points.values() if points), default=before.until)
    periods = range(first, before.until)
    found = {metric.name: counts(arm, share_of(metric), before, periods) for metric in analysis.metrics}
    sums = {name: (float(np.nansum(each.requests)), float(np.nansum(each.events))) for name, each in found.items()}
    minutes = max(1.0, len(periods) * before.period / _MINUTE)
    rates = {name: events / requests if requests else None for name, (requests, events) in sums.items()}
    return max(requests for requests, _ in sums.values()) / minutes, rates


def _minutes(analysis: Analysis, way: Rollout, instances: list[int | None]) -> float:
    """How long both fleets serve side by side and count, in minutes."""
    steps = planned_steps(way, instances) or 2
    waits = 1 if way.strategy == "Canary" else max(1, steps - 1)
    return waits * max(0.0, way.step_wait_seconds - analysis.warm_up_seconds) / _MINUTE


def _share(way: Rollout, instances: int | None) -> float:
    """What part of the requests the new fleet serves while both do, on the average."""
    if way.strategy == "Linear":
        return 0.5
    if way.step_instances is not None and instances:
        return min(0.5, way.step_instances / instances)
    return (way.step_percent or DEFAULT_STEP_PERCENT) / 100


def _smallest(metric: AnalysisMetric, requests: float, rate: float | None, share: float, level: float) -> float | None:
    """In percentage points; a metric without requests is planned for as if it had no events."""
    if requests < 1:
        return None
    side = Side.ABOVE if metric.better == "Lower" else Side.BELOW
    usual = rate if rate is not None else (0.0 if side == Side.ABOVE else 1.0)
    margin = metric.margin_percentage_points / 100
    found = smallest_difference(requests, usual, share=share, level=level, margin=margin, side=side)
    return round(100 * abs(found), 3) if found is not None else None
