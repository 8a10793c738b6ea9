"""How the new fleet of a judged rollout compares with the old one, as people read it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from smclient.views.fields import moment


@dataclass(frozen=True)
class ComparedView:
    """A metric of a variant: shares in percent, differences (new less old) in percentage points.

    `smallest_visible`: how much worse it would have to be for this rollout to show it. `margin`: how much worse it may
    be; None where what was asked for is not told.
    """

    metric: str
    variant: str
    verdict: str
    old: float | None
    new: float | None
    difference: float | None
    lower: float | None
    upper: float | None
    old_requests: int
    new_requests: int
    missing_minutes: int
    smallest_visible: float | None
    margin: float | None = None


@dataclass(frozen=True)
class AnalysisView:
    """What is known so far, and what follows; `dry_run`: nothing does."""

    verdict: str
    message: str
    as_of: datetime | None
    confidence: float | None
    dry_run: bool
    metrics: tuple[ComparedView, ...]


def analysis_view(found: Mapping[str, Any] | None) -> AnalysisView | None:
    """Of `status.rollout.analysis`; None where the rollout is not judged."""
    if not found:
        return None
    asked = found.get("asked") or {}
    margins = {str(each.get("name")): each.get("marginPercentagePoints") for each in asked.get("metrics") or []}
    return AnalysisView(
        verdict=str(found.get("verdict") or "Hold"),
        message=str(found.get("message") or ""),
        as_of=moment(found.get("asOf")),
        confidence=asked.get("confidence"),
        dry_run=bool(asked.get("dryRun")),
        metrics=compared(found.get("metrics") or (), margins),
    )


def compared(metrics: Sequence[Mapping[str, Any]], margins: Mapping[str, float | None]) -> tuple[ComparedView, ...]:
    """Of a list of compared metrics."""
    return tuple(
        ComparedView(
            metric=str(each.get("name")),
            variant=str(each.get("variant")),
            verdict=str(each.get("verdict") or "Undecided"),
            old=each.get("oldPercent"),
            new=each.get("newPercent"),
            difference=each.get("differencePoints"),
            lower=each.get("lowerPoints"),
            upper=each.get("upperPoints"),
            old_requests=int(each.get("oldRequests") or 0),
            new_requests=int(each.get("newRequests") or 0),
            missing_minutes=int(each.get("missingPeriods") or 0),
            smallest_visible=each.get("smallestVisiblePoints"),
            margin=margins.get(str(each.get("name"))),
        )
        for each in metrics
    )
