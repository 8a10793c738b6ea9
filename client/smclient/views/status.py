"""What a person wants to know of one endpoint at a glance. Pure: from the object, its Events and the time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from smclient.views.events import EventView, event_views
from smclient.views.fields import Object, condition, is_current, moment
from smclient.views.judged import ComparedView, compared
from smclient.views.monitoring import MonitoringView, monitoring_view
from smclient.views.rollouts import RolloutView, rollout_view

PHASES = ("Ready", "Reconciling", "Stalled", "RolledBack", "Deleting", "Unknown")
_MOST_EVENTS = 5
_ROLLED_BACK = "RolledBackToRevision"  # an annotation brings a revision back in place of the spec


@dataclass(frozen=True)
class VariantView:
    """A variant: what it serves, on what, how much of it. `share` is the percentage of the traffic in effect."""

    name: str
    shadow: bool
    hosting: str
    image: str | None = None
    artifact: str | None = None
    share: float | None = None
    current: int | None = None
    desired: int | None = None
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True)
class FailureView:
    """Why the endpoint failed last: the end of the failing container's log, or what was worse of a judged rollout."""

    reason: str
    log_tail: tuple[str, ...] = ()
    hint: str | None = None
    compared: tuple[ComparedView, ...] = ()


@dataclass(frozen=True)
class ConditionView:
    """A condition of the object."""

    type: str
    status: str
    reason: str
    message: str


@dataclass(frozen=True)
class StatusView:
    """One endpoint. `phase` is one word for the whole, of `PHASES`.

    `available`: whether it answers, with what was in service; None where the operator does not say. `experiment`: the
    one that splits the traffic instead of the spec.
    """

    namespace: str
    name: str
    phase: str
    message: str
    current: bool
    suspended: bool
    available: bool | None = None
    endpoint: str | None = None
    aws_status: str | None = None
    config: str | None = None
    url: str | None = None
    traffic: str | None = None
    instances: str | None = None
    hourly_usd: str | None = None
    created_at: datetime | None = None
    experiment: str | None = None
    monitoring: MonitoringView | None = None
    conditions: tuple[ConditionView, ...] = ()
    variants: tuple[VariantView, ...] = ()
    rollout: RolloutView | None = None
    failure: FailureView | None = None
    events: tuple[EventView, ...] = ()


def phase_of(found: Object) -> str:
    """One word for the whole, by kstatus: an unfinished edit is Reconciling, however Ready the object was before."""
    if (found.get("metadata") or {}).get("deletionTimestamp"):
        return "Deleting"
    if condition(found, "Stalled").get("status") == "True":
        return "Stalled"
    if condition(found, "Reconciling").get("status") == "True" or not is_current(found):
        return "Reconciling"
    ready = condition(found, "Ready")
    if ready.get("status") == "False" and ready.get("reason") == _ROLLED_BACK:
        return "RolledBack"
    return {"True": "Ready", "False": "Reconciling"}.get(str(ready.get("status")), "Unknown")


def status_view(found: Object, events: Sequence[Object], now: datetime) -> StatusView:
    """The view of an object as the API server has it."""
    metadata, spec = found["metadata"], found.get("spec") or {}
    status: Mapping[str, Any] = found.get("status") or {}
    endpoint = status.get("endpoint") or {}
    told = condition(found, "Stalled") if phase_of(found) == "Stalled" else condition(found, "Ready")
    waits = "the operator has not looked at this edit yet"
    message = str(told.get("message") or "") if told and is_current(found) else str(told.get("message") or waits)
    return StatusView(
        namespace=str(metadata["namespace"]),
        name=str(metadata["name"]),
        phase=phase_of(found),
        message=message,
        current=is_current(found),
        suspended=bool(spec.get("suspend")),
        available={"True": True, "False": False}.get(str(condition(found, "Available").get("status"))),
        endpoint=endpoint.get("name"),
        aws_status=endpoint.get("status"),
        config=endpoint.get("configName"),
        url=endpoint.get("url"),
        traffic=status.get("traffic"),
        instances=status.get("instances"),
        hourly_usd=(status.get("cost") or {}).get("hourlyUSD"),
        created_at=moment(metadata.get("creationTimestamp")),
        experiment=(status.get("trafficOwner") or {}).get("experiment"),
        monitoring=monitoring_view(found),
        conditions=tuple(
            ConditionView(*(str(each.get(key, "")) for key in ("type", "status", "reason", "message")))
            for each in status.get("conditions") or []
        ),
        variants=_variants(spec, status),
        rollout=rollout_view(status.get("rollout"), now),
        failure=_failure(status.get("failure")),
        events=event_views(events)[-_MOST_EVENTS:],
    )


def _variants(spec: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[VariantView, ...]:
    """Those of the spec in its order, with what AWS shows of each; then what AWS alone has."""
    shown = {str(each.get("name")): each for each in status.get("variants") or []}
    shadow = spec.get("shadow")
    wanted = [(each, False) for each in spec.get("variants") or []] + ([(shadow, True)] if shadow else [])
    wanted += [({"name": name}, False) for name in shown if name not in {each["name"] for each, _ in wanted}]
    weights = {
        str(each["name"]): shown.get(str(each["name"]), {}).get("currentWeight")
        for each, shadows in wanted
        if not shadows
    }
    total = sum(weight or 0 for weight in weights.values())
    return tuple(
        _variant(each, shown.get(str(each["name"]), {}), weights.get(str(each["name"])), total, shadow=shadows)
        for each, shadows in wanted
    )


def _variant(
    wanted: Mapping[str, Any], shown: Mapping[str, Any], weight: float | None, total: float, *, shadow: bool
) -> VariantView:
    containers = wanted.get("containers") or [wanted]
    images = [str(each["image"]) for each in containers if each.get("image")]
    artifacts = [str(each["modelArtifact"]) for each in containers if each.get("modelArtifact")]
    scaling = wanted.get("scaling") or {}
    return VariantView(
        name=str(wanted["name"]),
        shadow=shadow,
        hosting=_hosting(wanted),
        image=" > ".join(images) or shown.get("image"),
        artifact=" > ".join(artifacts) or None,
        share=100 * weight / total if weight is not None and total > 0 else None,
        current=shown.get("currentInstances"),
        desired=shown.get("desiredInstances"),
        minimum=shown.get("minCapacity", scaling.get("minCapacity")),
        maximum=shown.get("maxCapacity", scaling.get("maxCapacity")),
    )


def _hosting(wanted: Mapping[str, Any]) -> str:
    serverless, instance = wanted.get("serverless"), wanted.get("instance") or {}
    if serverless:
        warm = serverless.get("provisionedConcurrency")
        kept = f", {warm} kept warm" if warm else ""
        return f"serverless {serverless.get('memorySizeMB')} MB, {serverless.get('maxConcurrency')} at once{kept}"
    pools = [str(pool.get("type")) for pool in instance.get("pools") or []]
    return str(instance.get("type") or " or ".join(pools) or "")


def _failure(failure: Mapping[str, Any] | None) -> FailureView | None:
    if not failure:
        return None
    return FailureView(
        str(failure.get("reason") or ""),
        tuple(str(line) for line in failure.get("logTail") or []),
        failure.get("hint"),
        compared(failure.get("compared") or (), {}),
    )
