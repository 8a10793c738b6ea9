"""A rollout as people watch it: how far it is, and how it is judged. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from smclient.views.fields import moment
from smclient.views.judged import AnalysisView, analysis_view

_STAGES = {
    "Launching": "launching instances",
    "ActivatingTraffic": "moving traffic",
    "Baking": "watching the alarms",
    "Terminating": "terminating the old instances",
    "RollingBack": "rolling back to the config before",
}


@dataclass(frozen=True)
class RolloutView:
    """The rollout under way, or the last one. `progress` is a share of 1; `seconds_left` is of the bake alone."""

    phase: str
    config: str
    replaces: str | None = None
    stage: str | None = None
    doing: str | None = None
    step: int | None = None
    steps: int | None = None
    traffic_percent: int | None = None
    progress: float | None = None
    baking_until: datetime | None = None
    seconds_left: float | None = None
    started_at: datetime | None = None
    message: str | None = None
    analysis: AnalysisView | None = None


def rollout_view(rollout: Mapping[str, Any] | None, now: datetime) -> RolloutView | None:
    """Of `status.rollout`."""
    if not rollout:
        return None
    stage = rollout.get("stage")
    until = moment(rollout.get("bakingUntil"))
    return RolloutView(
        phase=str(rollout.get("phase")),
        config=str(rollout.get("configName")),
        replaces=rollout.get("fromConfigName"),
        stage=stage,
        doing=_STAGES.get(str(stage), rollout.get("awsMessage")),
        step=rollout.get("currentStep"),
        steps=rollout.get("totalSteps"),
        traffic_percent=rollout.get("trafficPercent"),
        progress=_progress(rollout),
        baking_until=until,
        seconds_left=max(0.0, (until - now).total_seconds()) if until is not None else None,
        started_at=moment(rollout.get("startedAt")),
        message=rollout.get("message"),
        analysis=analysis_view(rollout.get("analysis")),
    )


def _progress(rollout: Mapping[str, Any]) -> float | None:
    """How far, as a share of 1: a quarter for the launch, then the traffic; the old fleet's end is nine tenths done."""
    if rollout.get("phase") == "Succeeded":
        return 1.0
    if rollout.get("phase") != "InProgress" or rollout.get("stage") in (None, "RollingBack"):
        return None
    if rollout["stage"] == "Terminating":
        return 0.9
    launched = 0.0 if rollout["stage"] == "Launching" else 0.25
    return launched + 0.65 * float(rollout.get("trafficPercent") or 0) / 100
