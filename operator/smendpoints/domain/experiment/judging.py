"""What was counted, judged: a finding for each challenger, by the decision table of `smendpoints.statistics.verdict`.

The chance of a wrong verdict is divided by the number of challengers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from smendpoints.api.experiment import SageMakerExperimentSpec
from smendpoints.api.experiment_status import MetricFinding
from smendpoints.domain.experiment.tally import Batch, Tally
from smendpoints.statistics.counts import Array, Counts, Sums
from smendpoints.statistics.rules import Better, Goal, Metric, Rules, Verdict
from smendpoints.statistics.verdict import Decision, Finding, Measured, Traffic, decide


@dataclass(frozen=True)
class Judged:
    """What is known of a challenger."""

    variant: str
    verdict: Verdict
    reason: str
    findings: tuple[MetricFinding, ...]

    @property
    def primary(self) -> MetricFinding | None:
        """What is known of the primary metric."""
        return self.findings[0] if self.findings else None


def rules_of(spec: SageMakerExperimentSpec) -> Rules:
    """What was fixed before the start, of one challenger of them all."""
    primary, *guardrails = (Metric(each.name, Better(each.better), each.tolerated) for each in spec.all_metrics())
    return Rules(
        primary=primary,
        guardrails=tuple(guardrails),
        horizon=float(spec.target_requests),
        longest=spec.duration.max_minutes * 60.0,
        goal=Goal(spec.goal),
        alpha=(1 - spec.confidence) / len(spec.challengers),
        least_requests=spec.min_requests,
    )


def judge(
    spec: SageMakerExperimentSpec,
    tally: Tally,
    weights: list[dict[str, float]],
    challenger: str,
    elapsed: float,
    *,
    outcomes: Mapping[str, Tally] | None = None,
) -> Judged:
    """One challenger beside the control, by all that was counted; `weights` are those of each step.

    `outcomes`: of metrics whose outcomes come later, as far as they are known.
    """
    rules = rules_of(spec)
    batches = _served(tally, weights, challenger)
    if not batches:
        verdict = Verdict.HOLD if elapsed < rules.longest else Verdict.INCONCLUSIVE
        return Judged(challenger, verdict, "no request was counted yet", ())
    pair = (spec.control, challenger)
    known = outcomes or {}
    measured = {
        each.name: _measured(tally, batches, each.name, pair)
        if each.outcome is None
        else _late(known.get(each.name), weights, each.name, pair, mean=each.is_mean)
        for each in spec.all_metrics()
    }
    decision = decide(
        rules,
        measured,
        _traffic(spec, batches, weights, pair),
        elapsed=elapsed,
    )
    return Judged(challenger, decision.verdict, decision.reason, _findings(decision))


def _served(tally: Tally, weights: list[dict[str, float]], challenger: str) -> list[Batch]:
    """The batches in which the challenger was to get requests."""
    return [each for each in tally.batches if weights[each.step].get(challenger)]


def _late(
    tally: Tally | None, weights: list[dict[str, float]], metric: str, pair: tuple[str, str], *, mean: bool
) -> Measured:
    """Outcomes as far as they are known; none yet are none counted, and nothing that is missing."""
    if tally is None:
        nothing = Sums(np.zeros(1), np.zeros(1), np.zeros(1)) if mean else Counts(np.zeros(1), np.zeros(1))
        return Measured(nothing, nothing, np.zeros(1))
    return _measured(tally, _served(tally, weights, pair[1]), metric, pair)


def _measured(tally: Tally, batches: list[Batch], metric: str, pair: tuple[str, str]) -> Measured:
    # What nobody ever published is no zero: nothing was counted, and nothing can be concluded.
    silent = not any((metric, arm) in tally.published for arm in pair)
    arms = [_counts([each.counts[metric, arm] for each in batches], silent=silent) for arm in pair]
    return Measured(arms[0], arms[1], np.array([each.step for each in batches], float))


def _counts(found: list[tuple[float, ...] | None], *, silent: bool) -> Counts | Sums:
    if silent and all(each is None or each[1] == 0 for each in found):
        found = [None if each is None else (0.0,) * len(each) for each in found]
    width = max((len(each) for each in found if each is not None), default=2)
    numbers = np.array([(np.nan,) * width if each is None else each for each in found], float).reshape(-1, width)
    requests, events, *sums = numbers.T
    if sums:
        return Sums(requests, sums[0], sums[1], events)
    return Counts(requests, np.minimum(events, requests))  # published by different clocks, they may differ by a few


def _traffic(
    spec: SageMakerExperimentSpec, batches: list[Batch], weights: list[dict[str, float]], pair: tuple[str, str]
) -> Traffic:
    shares: Array = np.array([[weights[each.step][arm] for each in batches] for arm in pair], float)
    if spec.assignment == "Client":  # they deal out users, whose requests are not independent of each other
        return Traffic(np.zeros_like(shares), shares)
    return Traffic(np.array([[each.requests[arm] for each in batches] for arm in pair], float), shares)


def _findings(decision: Decision) -> tuple[MetricFinding, ...]:
    return tuple(map(_told, decision.findings))


def _told(found: Finding) -> MetricFinding:
    return MetricFinding(
        metric=found.metric,
        control=_number(found.control),
        challenger=_number(found.challenger),
        difference=_number(found.difference),
        lower=_number(found.lower),
        upper=_number(found.upper),
        requests=found.requests,
        worse=found.worse,
        passed=found.passed,
    )


def _number(value: float | None) -> float | None:
    return float(f"{value:.5g}") if value is not None and np.isfinite(value) else None
