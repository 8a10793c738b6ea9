"""What follows from what was counted: INVALID, ROLLBACK, SHIP, HOLD, or INCONCLUSIVE at the end; the first that fits.

Everything in `Rules` is fixed before the first request; changed on the way, it would be another test with another
error.

| verdict | when |
| --- | --- |
| INVALID | requests are not split as the weights say, or data is missing: nothing can be concluded |
| ROLLBACK | the primary metric or a guardrail is worse by more than its margin |
| SHIP | the primary is better (or, where that is the goal, not worse by its margin), and so is no guardrail |
| INCONCLUSIVE | neither, and the longest time is over |
| HOLD | neither yet |

**How often it is wrong.** One may look after every batch and stop at any. The chance of a ROLLBACK although nothing
is worse by more than its margin, or of a SHIP although the primary is not better or a guardrail is worse by its
margin, is at most alpha in all, half of it for each. A ROLLBACK takes one metric of 1 + g, so each is tested at
alpha/2 divided by their number (Bonferroni): more guardrails must not mean more false alarms. A SHIP takes all of
them, so each is tested at alpha/2 whole: it is wrong only if the test of one that is false fails, and dividing would
delay without making it safer (intersection-union test: R. L. Berger, Technometrics 1982). What g guardrails cost a
SHIP is power: plan each with 1 - (1 - power)/(1 + g), as M. Schultzberg et al. do ("Risk-aware product decisions in
A/B tests with multiple metrics", arXiv:2402.11609). INVALID has a level of its own, by which a good experiment is
called broken.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from smendpoints.statistics import split
from smendpoints.statistics.counts import Counts, Sums
from smendpoints.statistics.interval import log_evidence, sequence
from smendpoints.statistics.mixture import Side, threshold
from smendpoints.statistics.rules import Better, Goal, Metric, Rules, Verdict

_POINTS = 31  # of the intervals' grid: only the last bounds are told, which are exact with few


@dataclass(frozen=True, eq=False)
class Measured:
    """A metric's counts of both variants, of shape (batches,): rates as `Counts`, means as `Sums`.

    periods: (batches,) of its own, a number that changes whenever the weights do; None: those of `decide`. A metric
    that comes later than others has other batches.
    """

    control: Counts | Sums
    challenger: Counts | Sums
    periods: npt.ArrayLike | None = None


@dataclass(frozen=True, eq=False)
class Traffic:
    """Requests of shape (variants, batches) and the weights they were to follow, (variants,) or (variants, batches);
    see `split`.
    """

    requests: npt.ArrayLike
    weights: npt.ArrayLike


@dataclass(frozen=True)
class Finding:
    """What is known of a metric. Rates, or means in the measure's unit; None without a request.

    difference, lower, upper: challenger - control, with the confidence sequence at 1 - alpha for this metric alone,
        which the verdict's tests are not.
    requests: the smaller variant's. missing: batches of either variant that could not be read.
    worse: by more than its margin. passed: as a SHIP wants it.
    """

    metric: str
    control: float | None
    challenger: float | None
    difference: float | None
    lower: float
    upper: float
    requests: int
    missing: int
    worse: bool
    passed: bool


@dataclass(frozen=True)
class Decision:
    """The verdict, why, and what is known of each metric (those without data are absent), in the order of the rules."""

    verdict: Verdict
    reason: str
    findings: tuple[Finding, ...]


def decide(
    rules: Rules,
    measured: Mapping[str, Measured],
    traffic: Traffic | None,
    *,
    elapsed: float,
    periods: npt.ArrayLike | None = None,
) -> Decision:
    """The verdict on everything counted since the start, of which the last batch is the newest.

    Args:
        rules: as they were at the start.
        measured: by name of metric. One that is absent is missing data, and so is a batch that is NaN.
        traffic: of the two variants, in any order; None where nobody promised a split, as of fleets in a rollout.
        elapsed: seconds since the start.
        periods: (batches,) of the metrics without their own, a number that changes whenever the weights do.

    Raises ValueError for shapes that do not fit.
    """
    findings = tuple(
        _find(rules, metric, measured[metric.name], periods) for metric in rules.metrics if metric.name in measured
    )

    def decision(verdict: Verdict, reason: str) -> Decision:
        return Decision(verdict, reason, findings)

    if traffic is not None and np.max(split.log_evidence(traffic.requests, traffic.weights), initial=0.0) >= threshold(
        rules.split_alpha
    ):
        return decision(Verdict.INVALID, f"requests are not split as the weights say: {_split(traffic)}")
    missing = [metric.name for metric in rules.metrics if metric.name not in measured]
    missing += [f"{each.metric} ({each.missing} batches)" for each in findings if each.missing]
    unread = int(np.isnan(np.asarray(traffic.requests, float)).any(axis=-2).sum()) if traffic is not None else 0
    missing += [f"requests ({unread} batches)"] if unread else []
    if missing:
        return decision(Verdict.INVALID, f"data is missing: {', '.join(missing)}")
    enough = all(each.requests >= rules.least_requests for each in findings)
    # One metric is enough: others may be known much later.
    worse = [each.metric for each in findings if each.worse and each.requests >= rules.least_requests]
    if worse:
        return decision(Verdict.ROLLBACK, f"worse by more than the margin: {', '.join(worse)}")
    if enough and all(each.passed for each in findings):
        what = "better" if rules.goal == Goal.SUPERIORITY else "not worse by its margin"
        return decision(
            Verdict.SHIP, f"{rules.primary.name} is {what}{', and no guardrail is worse' * bool(rules.guardrails)}"
        )
    open_ = [each.metric for each in findings if not each.passed]
    if not enough:
        least = min(each.requests for each in findings)
        reason = f"{least} of {rules.least_requests} requests of each variant"
    else:
        reason = f"not decided yet: {', '.join(open_)}"
    if elapsed < rules.longest:
        return decision(Verdict.HOLD, reason)
    return decision(Verdict.INCONCLUSIVE, f"{reason}; {learnt(rules, findings)}")


def learnt(rules: Rules, findings: tuple[Finding, ...]) -> str:
    """What can be said of each metric without a verdict: which differences are excluded."""
    known = []
    for each in findings:
        if each.difference is None:
            known.append(f"{each.metric}: no requests to compare")
        else:
            known.append(
                f"{each.metric} {each.control:.4g} and {each.challenger:.4g}:"
                f" a difference between {each.lower:+.4g} and {each.upper:+.4g}"
            )
    return f"with {100 * (1 - rules.alpha):.6g}% confidence {'; '.join(known)}"


def _find(rules: Rules, metric: Metric, arms: Measured, periods: npt.ArrayLike | None) -> Finding:
    control, challenger = arms.control, arms.challenger
    periods = arms.periods if arms.periods is not None else periods
    bad = Side.ABOVE if metric.better == Better.LOWER else Side.BELOW
    good = Side(-bad)
    to_pass = 0.0 if metric is rules.primary and rules.goal == Goal.SUPERIORITY else bad * metric.margin

    def reached(null: float, side: Side, level: float) -> bool:
        found = log_evidence(control, challenger, null=null, side=side, horizon=rules.horizon, periods=periods)
        return bool(np.max(found, initial=0.0) >= threshold(level))

    known = sequence(control, challenger, alpha=rules.alpha, horizon=rules.horizon, periods=periods, points=_POINTS)
    holes = np.isnan(control.requests) | np.isnan(challenger.requests)
    sums = [_mean(each) for each in (control, challenger)]
    difference = float(known.estimate[-1]) if known.estimate.size and np.isfinite(known.estimate[-1]) else None
    return Finding(
        metric=metric.name,
        control=sums[0],
        challenger=sums[1],
        difference=difference,
        lower=float(known.lower[-1]) if known.lower.size else -np.inf,
        upper=float(known.upper[-1]) if known.upper.size else np.inf,
        requests=int(min(np.nansum(control.requests), np.nansum(challenger.requests))),
        missing=int(holes.sum()),
        worse=reached(bad * metric.margin, bad, rules.rollback_level),
        passed=reached(to_pass, good, rules.ship_level),
    )


def _mean(counts: Counts | Sums) -> float | None:
    requests = float(np.nansum(counts.requests))
    total = float(np.nansum(counts.events if isinstance(counts, Counts) else counts.total))
    return total / requests if requests else None


def _split(traffic: Traffic) -> str:
    requests = np.nansum(np.asarray(traffic.requests, float), axis=-1)
    return f"{', '.join(f'{each:.0f}' for each in requests)} requests"
