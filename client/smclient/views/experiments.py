"""What a person wants to know of an experiment. Pure: from the object as the API server has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from smclient.views.challengers import ChallengerView, challengers_of
from smclient.views.fields import Object, condition, moment

SPLIT_BROKEN = "requests are not split as the weights say"
"""How the operator begins the reason of a challenger whose requests are not split so."""
Split = Literal["waiting", "right", "broken", "unchecked"]


@dataclass(frozen=True)
class ArmView:
    """A variant that is compared; None where nobody knows.

    share: what it gets of the arms' traffic, in percent. requests: those that AWS gave to it, and that count.
    """

    variant: str
    control: bool
    share: float | None
    spec_weight: float | None
    requests: int | None
    ended_at: datetime | None


@dataclass(frozen=True)
class StepView:
    """A time with the same weights. `counts_from` is None until AWS serves by them."""

    percent: float
    counts_from: datetime | None
    counts_until: datetime | None


@dataclass(frozen=True)
class ExperimentView:
    """One experiment. `phase` is as the operator has it, `Deleting` while it goes, None before it was looked at.

    `owns`: whether the weights in force are the experiment's. `serving`: whom the verdict is for; `in_git`: the
    endpoint's weights by variant that keep what the verdict is for; None while there is nothing to write.
    """

    namespace: str
    name: str
    endpoint: str
    phase: str | None
    verdict: str | None
    winner: str | None
    primary: str | None
    interval: str | None
    requests: int | None
    reason: str
    message: str
    created_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    ends_by: datetime | None
    counted_until: datetime | None
    goal: str
    confidence: float
    on_verdict: str
    split: Split
    split_reason: str
    owns: bool
    arms: tuple[ArmView, ...]
    steps: tuple[StepView, ...]
    challengers: tuple[ChallengerView, ...]
    serving: str | None = None
    in_git: Mapping[str, float] | None = None

    @property
    def stalled(self) -> bool:
        """Whether somebody has to do something."""
        return self.reason in {"EndpointNotFound", "InvalidSpec", "TrafficTaken", "MetricsUnreadable"}


def experiment_view(found: Object) -> ExperimentView:
    """The view of an object as the API server has it."""
    metadata, spec = found["metadata"], found.get("spec") or {}
    status: Mapping[str, Any] = found.get("status") or {}
    ready = condition(found, "Ready")
    started = moment(status.get("startedAt"))
    longest = (spec.get("duration") or {}).get("maxMinutes")
    split, why = _split(spec, status)
    serving, in_git = _in_git(spec, status)
    return ExperimentView(
        namespace=str(metadata["namespace"]),
        name=str(metadata["name"]),
        endpoint=str((spec.get("endpointRef") or {}).get("name") or ""),
        phase="Deleting" if metadata.get("deletionTimestamp") else status.get("phase"),
        verdict=status.get("verdict"),
        winner=status.get("winner"),
        primary=status.get("primary"),
        interval=status.get("interval"),
        requests=status.get("requests"),
        reason=str(ready.get("reason") or ""),
        message=str(ready.get("message") or "the operator has not looked at it yet"),
        created_at=moment(metadata.get("creationTimestamp")),
        started_at=started,
        ended_at=moment(status.get("endedAt")),
        ends_by=started + timedelta(minutes=longest) if started is not None and longest else None,
        counted_until=moment(status.get("countedUntil")),
        goal=str(spec.get("goal") or "Superiority"),
        confidence=float(spec.get("confidence") or 0.95),
        on_verdict=str(spec.get("onVerdict") or "Report"),
        split=split,
        split_reason=why,
        owns=bool(status.get("weights")),
        arms=_arms(spec, status),
        steps=tuple(
            StepView(
                float(each.get("trafficPercent") or 0), moment(each.get("countsFrom")), moment(each.get("countsUntil"))
            )
            for each in status.get("steps") or []
        ),
        challengers=challengers_of(spec, status),
        serving=serving,
        in_git=in_git,
    )


def is_kept(view: ExperimentView, endpoint: Object | None) -> bool:
    """Whether the endpoint's spec says what the verdict is for already: of the arms it alone has a weight."""
    if endpoint is None or view.in_git is None:
        return False
    variants = (endpoint.get("spec") or {}).get("variants") or []
    weights = {str(each.get("name")): float(each.get("weight", 1)) for each in variants}
    return all((weights.get(name, 0) > 0) is (weight > 0) for name, weight in view.in_git.items())


def order(view: ExperimentView) -> tuple[int, float, str, str]:
    """What goes on first, then the newest."""
    begun = view.created_at.timestamp() if view.created_at is not None else 0.0
    return (1 if view.phase == "Finished" else 0, -begun, view.namespace, view.name)


def _arms(spec: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[ArmView, ...]:
    weights = status.get("weights") or {}
    total = sum(weights.values())
    given = {str(each.get("variant")): each.get("specWeight") for each in status.get("arms") or []}
    counted = {str(each.get("variant")): each.get("requests") for each in status.get("arms") or []}
    ended = {str(each.get("variant")): moment(each.get("endedAt")) for each in status.get("challengers") or []}
    if not weights and status.get("phase") == "Finished":
        weights, total = given, sum(each or 0 for each in given.values())
    names = [str(spec.get("control")), *map(str, spec.get("challengers") or [])]
    return tuple(
        ArmView(
            variant=name,
            control=number == 0,
            share=100 * float(weights[name]) / total if weights.get(name) is not None and total > 0 else None,
            spec_weight=given.get(name),
            requests=counted.get(name),
            ended_at=ended.get(name),
        )
        for number, name in enumerate(names)
    )


def _split(spec: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[Split, str]:
    """Whether requests are split as the weights say. The operator tests it at each look, before anything else."""
    if spec.get("assignment") == "Client":
        return "unchecked", "clients deal out the requests, so the split of them says nothing"
    challengers = status.get("challengers") or []
    for each in challengers:
        if str(each.get("reason") or "").startswith(SPLIT_BROKEN):
            return "broken", f"{each.get('variant')}: {each['reason']}"
    if not any(each.get("metrics") for each in challengers):
        return "waiting", "no request was counted yet"
    return "right", "no deviation found so far"


def _in_git(spec: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[str | None, Mapping[str, float] | None]:
    """Whom the verdict is for, and the weights that keep it so: the arms' together, so that others keep their share.

    None where the endpoint's spec has its say again after the traffic was shifted: it was edited since.
    """
    serving = {"SHIP": status.get("winner"), "ROLLBACK": spec.get("control")}.get(str(status.get("verdict")))
    arms = [(str(each.get("variant")), float(each.get("specWeight") or 0)) for each in status.get("arms") or []]
    edited = spec.get("onVerdict") == "ShiftTraffic" and not status.get("weights")
    if serving is None or status.get("phase") != "Finished" or edited or not arms:
        return serving, None
    total = sum(weight for _, weight in arms) or float(len(arms))
    total = int(total) if total == int(total) else total
    return str(serving), {name: total if name == serving else 0 for name, _ in arms}
