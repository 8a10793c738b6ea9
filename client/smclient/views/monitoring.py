"""The alarms and the dashboard that the operator keeps for an endpoint, and how they stand. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from smclient.views.fields import Object, condition
from smendpoints.domain.desired.links import alarm_url
from smendpoints.domain.desired.names import monitored_endpoint, monitoring_prefix

ALARM, ABSENT = "ALARM", "ABSENT"
_CONDITION = "MonitoringActive"


@dataclass(frozen=True)
class AlarmView:
    """An alarm; `watches` is what of the endpoint, such as `primary/errors` or `idle`.

    `state` is CloudWatch's word: ALARM, OK, INSUFFICIENT_DATA; ABSENT where it has no such alarm. By the object alone
    it is ALARM, as the operator listed it last, or None. `since` and `why` are known where CloudWatch was asked.
    """

    name: str
    watches: str
    state: str | None = None
    since: datetime | None = None
    why: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class MonitoringView:
    """What is kept in CloudWatch for one endpoint.

    `active`: whether CloudWatch has it as the spec wants it, None where the operator does not say; `message` says why.
    """

    active: bool | None = None
    message: str = ""
    alarms: tuple[AlarmView, ...] = ()
    dashboard: str | None = None
    dashboard_url: str | None = None

    @property
    def firing(self) -> tuple[AlarmView, ...]:
        """Those in ALARM."""
        return tuple(each for each in self.alarms if each.state == ALARM)


def monitoring_view(found: Object) -> MonitoringView | None:
    """By the object alone; None where the spec wants nothing and nothing is left of before."""
    spec, status = found.get("spec") or {}, found.get("status") or {}
    kept: Mapping[str, Any] = status.get("monitoring") or {}
    if spec.get("monitoring") is None and not kept:
        return None
    told = condition(found, _CONDITION)
    fires = set(kept.get("firing") or [])
    partition, region = _place(status)
    return MonitoringView(
        active={"True": True, "False": False}.get(str(told.get("status"))),
        message=str(told.get("message") or ""),
        alarms=tuple(
            AlarmView(
                str(name),
                _watches(str(name)),
                ALARM if name in fires else None,
                url=alarm_url(partition, region, str(name)) if region else None,
            )
            for name in kept.get("alarms") or []
        ),
        dashboard=kept.get("dashboard"),
        dashboard_url=url if (url := str(kept.get("dashboardURL"))).startswith("https://") else None,
    )


def as_listed(view: MonitoringView, found: Iterable[AlarmView]) -> MonitoringView:
    """The view with the states of its alarms as CloudWatch has them, those in ALARM first."""
    states = {each.name: each for each in found}
    alarms = [_as(each, states.get(each.name)) for each in view.alarms]
    return replace(view, alarms=tuple(sorted(alarms, key=lambda each: each.state != ALARM)))


def _as(alarm: AlarmView, now: AlarmView | None) -> AlarmView:
    if now is None:
        return replace(alarm, state=ABSENT)
    return replace(alarm, state=now.state, since=now.since, why=now.why)


def _watches(name: str) -> str:
    endpoint = monitored_endpoint(name)
    return name if endpoint is None else name.removeprefix(monitoring_prefix(endpoint))


def _place(status: Mapping[str, Any]) -> tuple[str, str]:
    """Partition and region, by the endpoint's ARN."""
    parts = str((status.get("endpoint") or {}).get("arn") or "").split(":")
    return (parts[1], parts[3]) if len(parts) > 3 else ("aws", "")
