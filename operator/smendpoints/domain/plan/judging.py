"""The verdict on a new fleet while the old one serves beside it: from what CloudWatch counted of both. Pure.

It may be looked at every minute, and by whichever process: all counts since the first step are judged anew each time.
A minute counts if the whole of it lies in one step of the traffic, after the warm-up, so that both fleets are judged
by the same minutes and the new one by no cold caches. Not here: what was fixed before, see `analysis`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from smendpoints.api.analysis import AnalysedStep, AnalysisStatus, ComparedMetric
from smendpoints.api.rollout import Rollout
from smendpoints.api.status_rollout import RolloutStatus
from smendpoints.domain.observed.observed import ObservedEndpoint
from smendpoints.domain.observed.samples import Readings, counts
from smendpoints.domain.plan.analysis import fleets, name_of, rules_of, share_of
from smendpoints.domain.plan.progress import Progress
from smendpoints.domain.plan.wording import latest, stage_of
from smendpoints.statistics.rules import Rules, Verdict
from smendpoints.statistics.verdict import Decision, Finding, Measured, decide

_WHOLE = 100
_LEAD = timedelta(seconds=120)  # before AWS goes on: so long it may take until it sees the alarm
_LONGEST = 1024
_FINAL = frozenset({"Rollback", "Inconclusive"})


def is_decided(analysis: AnalysisStatus) -> bool:
    """Whether no later minute can change the verdict."""
    return analysis.verdict in _FINAL


def condemns(analysis: AnalysisStatus | None) -> bool:
    """Whether the rollout is to be undone because of it, now and until AWS goes back."""
    if analysis is None or analysis.asked.dry_run:
        return False
    unclear = analysis.verdict == "Inconclusive" and analysis.asked.on_inconclusive == "Rollback"
    return analysis.verdict == "Rollback" or unclear


def with_step(analysis: AnalysisStatus, endpoint: ObservedEndpoint, found: Progress) -> AnalysisStatus:
    """The same, with the step that AWS bakes now, if both fleets serve in it."""
    baking = [latest(step for step in variant.steps if stage_of(step) == "Baking") for variant in endpoint.pending]
    begun = [step.since for step in baking if step is not None and step.since is not None]
    share, until = found.traffic_percent, found.baking_until
    if found.stage != "Baking" or not begun or until is None or not share or share >= _WHOLE:
        return analysis
    since = max(begun).replace(microsecond=0)
    if any(step.traffic_percent == share for step in analysis.steps):
        return analysis
    step = AnalysedStep(since=since, until=until, traffic_percent=share)
    return analysis.model_copy(update={"steps": [*analysis.steps, step][:20]})


def is_over(rollout: RolloutStatus, way: Rollout | None, told_until: datetime, now: datetime) -> bool:
    """Whether there is nothing to wait for any more: all is counted, or AWS would go on before the next look.

    `way` is how this attempt is rolled out, None if that is not known any more; `told_until`: what CloudWatch tells.
    """
    analysis = rollout.analysis
    if analysis is None:
        return False
    if not analysis.steps:  # nobody looked while both served
        return rollout.traffic_percent == _WHOLE
    last = analysis.steps[-1]
    if told_until >= last.until and _is_last(rollout):
        return True
    if rollout.stage == "Baking" and rollout.traffic_percent == _WHOLE and rollout.baking_until is not None:
        return now >= rollout.baking_until - _LEAD  # AWS watches the alarms until the old fleet is ended
    stays = way is not None and timedelta(seconds=way.termination_wait_seconds) > 2 * _LEAD
    return _is_last(rollout) and not stays and now >= last_look(last)


def last_look(step: AnalysedStep) -> datetime:
    """When it is looked for the last time whether AWS is to go on from there."""
    return step.until - min(_LEAD, (step.until - step.since) / 4)


def _is_last(rollout: RolloutStatus) -> bool:
    """Whether both fleets serve beside each other for the last time, or no more."""
    if rollout.traffic_percent == _WHOLE or rollout.current_step is None or rollout.total_steps is None:
        return True
    return rollout.current_step >= rollout.total_steps - 1


@dataclass(frozen=True)
class _Minutes:
    """The periods that count, in their order, and the step of each."""

    numbers: tuple[int, ...]
    steps: tuple[int, ...]


def _minutes(analysis: AnalysisStatus, readings: Readings) -> _Minutes:
    numbers: list[int] = []
    steps: list[int] = []
    warm_up = analysis.asked.warm_up_seconds
    for at, step in enumerate(analysis.steps):
        following = analysis.steps[at + 1].since if at + 1 < len(analysis.steps) else step.until
        first = -int(-(step.since.timestamp() + warm_up) // readings.period)
        last = int(min(step.until, following).timestamp() // readings.period)
        inside = range(first, min(last, readings.until))
        numbers += inside
        steps += [at] * len(inside)
    return _Minutes(tuple(numbers), tuple(steps))


def judged(before: AnalysisStatus, endpoint: str, config: str, readings: Readings, *, over: bool) -> AnalysisStatus:
    """The analysis with all that is counted by now; `over`: there is no later look."""
    minutes = _minutes(before, readings)
    metrics = {metric.name: metric for metric in before.asked.metrics}
    measured: dict[str, Measured] = {}
    for each in before.metrics:
        old, new = fleets(endpoint, each.variant, config)
        share = share_of(metrics[each.name])
        measured[name_of(each.name, each.variant)] = Measured(
            counts(old, share, readings, minutes.numbers), counts(new, share, readings, minutes.numbers)
        )
    rules = rules_of(before.asked, [(each.name, each.variant) for each in before.metrics], float(before.horizon))
    decision = decide(rules, measured, None, elapsed=float(over), periods=minutes.steps)
    found = {finding.metric: finding for finding in decision.findings}
    compared = [
        _compared(each, measured[name_of(each.name, each.variant)], found[name_of(each.name, each.variant)])
        for each in before.metrics
    ]
    verdict, message = _concluded(rules, decision, compared, over=over)
    return before.model_copy(
        update={
            "verdict": verdict,
            "message": message[:_LONGEST],
            "as_of": datetime.fromtimestamp(readings.until * readings.period, UTC),
            "metrics": compared,
        }
    )


def unread(before: AnalysisStatus, why: str, *, passes: bool, over: bool) -> AnalysisStatus:
    """The analysis when CloudWatch could not be read; `passes`: by itself, as throttling does."""
    message = f"CloudWatch could not be read: {why}"[:_LONGEST]
    verdict = "Inconclusive" if over else before.verdict if passes else "Invalid"
    return before.model_copy(update={"verdict": verdict, "message": message})


def missed(before: AnalysisStatus) -> AnalysisStatus:
    """The analysis at its end if there was nothing to compare."""
    why = "nobody looked while both fleets served" if before.metrics else "no variant is in both fleets"
    return before.model_copy(update={"verdict": "Inconclusive", "message": f"nothing could be compared: {why}"})


def closed(analysis: AnalysisStatus | None) -> AnalysisStatus | None:
    """The analysis of an attempt that AWS is done with: what was not decided stays so."""
    if analysis is None or analysis.verdict not in {"Hold", "Invalid"}:
        return analysis
    message = f"the rollout ended before enough was known; {analysis.message}"[:_LONGEST]
    return analysis.model_copy(update={"verdict": "Inconclusive", "message": message})


def afresh(analysis: AnalysisStatus | None) -> AnalysisStatus | None:
    """The analysis of an attempt that is made once more: nothing of the one before counts."""
    if analysis is None:
        return None
    entries = [
        ComparedMetric(name=each.name, variant=each.variant, smallest_visible_points=each.smallest_visible_points)
        for each in analysis.metrics
    ]
    again = {"verdict": "Hold", "message": "", "as_of": None, "steps": [], "metrics": entries}
    return analysis.model_copy(update=again)


def _concluded(rules: Rules, decision: Decision, compared: Sequence[ComparedMetric], *, over: bool) -> tuple[str, str]:
    """The verdict and why. What is missing can hide a difference, but takes nothing from one that is proven."""
    enough = [each for each in decision.findings if each.requests >= rules.least_requests]
    worse = {each.metric for each in enough if each.worse}
    if worse:
        told = [each for each in compared if name_of(each.name, each.variant) in worse]
        return "Rollback", f"worse by more than the margin: {'; '.join(map(figures, told))}"
    every = "; ".join(map(figures, compared))
    if decision.verdict is Verdict.SHIP:
        return "Ship", f"nothing is worse by its margin: {every}"
    missing = [f"{name_of(each.name, each.variant)} of {each.missing_periods} minutes" for each in compared]
    missing = [told for told, each in zip(missing, compared, strict=True) if each.missing_periods]
    reason = f"data is missing: {', '.join(missing)}" if missing else "not decided"
    if len(enough) < len(decision.findings) and not missing:
        least = min(each.requests for each in decision.findings)
        reason = f"{least} of the {rules.least_requests} requests of each fleet that a verdict needs"
    if over:
        return "Inconclusive", f"{reason}: {every}"
    verdict = "Invalid" if decision.verdict is Verdict.INVALID else "Hold"
    return verdict, f"{reason}: {every}"


def _compared(before: ComparedMetric, measured: Measured, finding: Finding) -> ComparedMetric:
    known = finding.difference is not None
    return before.model_copy(
        update={
            "old_percent": _percent(finding.control),
            "new_percent": _percent(finding.challenger),
            "difference_points": _percent(finding.difference),
            "lower_points": _percent(finding.lower) if known else None,
            "upper_points": _percent(finding.upper) if known else None,
            "old_requests": int(np.nansum(measured.control.requests)),
            "new_requests": int(np.nansum(measured.challenger.requests)),
            "missing_periods": finding.missing,
            "verdict": "Worse" if finding.worse else "NotWorse" if finding.passed else "Undecided",
        }
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else round(_WHOLE * share, 4)


def told_of(analysis: AnalysisStatus) -> str:
    """How it stands, for people who look at the rollout."""
    trial = "dry run of the analysis" if analysis.asked.dry_run else "analysis"
    return f"{trial}: {analysis.verdict}" + (f", {analysis.message}" if analysis.message else "")


def figures(each: ComparedMetric) -> str:
    """What is known of a metric, for people."""
    name = name_of(each.name, each.variant)
    if each.new_percent is None or each.old_percent is None:
        return f"{name}: {each.new_requests:,} requests of the new fleet, {each.old_requests:,} of the old one"
    told = f"{name} {each.new_percent:.3g}% instead of {each.old_percent:.3g}%"
    if each.lower_points is not None and each.upper_points is not None:
        told += f" ({each.lower_points:+.3g} to {each.upper_points:+.3g} points)"
    return f"{told} in {each.new_requests:,} and {each.old_requests:,} requests"
