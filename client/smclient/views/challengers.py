"""What is known of each challenger of an experiment: its metrics beside the control's, and each look at them. Pure.

Shares are in percent, differences (challenger less control) in percentage points; means are in their unit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from smclient.views.fields import moment


@dataclass(frozen=True)
class MetricView:
    """A metric of a challenger beside the control. `requests` are those of the smaller of the two.

    mean: means are compared, not shares. counted_until: until when requests count, where outcomes come later.
    """

    name: str
    primary: bool
    mean: bool
    source: str
    better: str
    margin: float
    control: float | None = None
    challenger: float | None = None
    difference: float | None = None
    lower: float | None = None
    upper: float | None = None
    requests: int = 0
    counted_until: datetime | None = None
    worse: bool = False
    passed: bool = False


@dataclass(frozen=True)
class LookView:
    """One look at the primary metric of a challenger; an end that is None is open. `mean`: as in `MetricView`."""

    at: datetime
    requests: int
    difference: float | None
    lower: float | None
    upper: float | None
    mean: bool = False


@dataclass(frozen=True)
class ChallengerView:
    """What is known of a challenger: its metrics, the primary first, and its looks, oldest first."""

    variant: str
    verdict: str | None
    reason: str
    ended_at: datetime | None
    metrics: tuple[MetricView, ...]
    looks: tuple[LookView, ...]


def challengers_of(spec: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[ChallengerView, ...]:
    """Of an experiment's spec and status, in the order of the spec."""
    known = {str(each.get("variant")): each for each in status.get("challengers") or []}
    return tuple(
        _challenger(spec, status, str(name), known.get(str(name)) or {}) for name in spec.get("challengers") or []
    )


def _challenger(
    spec: Mapping[str, Any], status: Mapping[str, Any], name: str, known: Mapping[str, Any]
) -> ChallengerView:
    metrics = spec.get("metrics") or {}
    findings = {str(each.get("metric")): each for each in known.get("metrics") or []}
    asked = [metrics.get("primary") or {}, *(metrics.get("guardrails") or [])]
    return ChallengerView(
        variant=name,
        verdict=known.get("verdict"),
        reason=str(known.get("reason") or ""),
        ended_at=moment(known.get("endedAt")),
        metrics=tuple(
            _metric(each, findings.get(str(each.get("name"))) or {}, primary=number == 0)
            for number, each in enumerate(asked)
        ),
        looks=_looks(spec, status, name, moment(known.get("endedAt"))),
    )


def _metric(asked: Mapping[str, Any], known: Mapping[str, Any], *, primary: bool) -> MetricView:
    mean = is_mean(asked)
    return MetricView(
        name=str(asked.get("name")),
        primary=primary,
        mean=mean,
        source=_source(asked),
        better=str(asked.get("better") or "Lower"),
        margin=float(asked.get("margin" if mean else "marginPercentagePoints") or 0),
        **{
            key: _points(known.get(key), mean=mean) for key in ("control", "challenger", "difference", "lower", "upper")
        },
        requests=int(known.get("requests") or 0),
        counted_until=moment(known.get("countedUntil")),
        worse=bool(known.get("worse")),
        passed=bool(known.get("passed")),
    )


def _source(asked: Mapping[str, Any]) -> str:
    if asked.get("errorRate") is not None:
        return f"requests answered with {asked['errorRate'].get('answers', '5xx')}"
    if asked.get("latencyAbove") is not None:
        return f"requests that took the model more than {asked['latencyAbove'].get('milliseconds')} ms"
    if asked.get("cloudWatch") is not None:
        names = [(asked["cloudWatch"].get(each) or {}).get("metricName") for each in ("numerator", "denominator")]
        return f"{names[0]} of {names[1]}"
    if asked.get("container") is not None:
        return f"{asked['container'].get('count', 'Errors5XX')} of the container"
    if asked.get("outcome") is not None:
        outcome = asked["outcome"]
        what = "mean of what was told" if is_mean(asked) else "requests of which it was told"
        return f"{what} below {outcome.get('truth')}, {outcome.get('afterMinutes')} minutes on"
    return ""


def is_mean(asked: Mapping[str, Any]) -> bool:
    """Whether means are compared, of a metric as the spec has it."""
    return (asked.get("outcome") or {}).get("type") == "Mean"


def _looks(
    spec: Mapping[str, Any], status: Mapping[str, Any], name: str, ended: datetime | None
) -> tuple[LookView, ...]:
    """Those of a challenger; after it was given up they only repeat the last."""
    found = []
    mean = is_mean((spec.get("metrics") or {}).get("primary") or {})
    for look in status.get("looks") or []:
        at = moment(look.get("at"))
        bounds = next((each for each in look.get("primary") or [] if each.get("variant") == name), None)
        if at is None or bounds is None or (ended is not None and at > ended):
            continue
        ends = [_points(bounds.get(key), mean=mean) for key in ("difference", "lower", "upper")]
        found.append(LookView(at, int(look.get("requests") or 0), ends[0], ends[1], ends[2], mean))
    return tuple(found)


def _points(value: Any, *, mean: bool) -> float | None:
    return None if value is None else float(value) if mean else 100 * float(value)


def limit(challenger: ChallengerView) -> float | None:
    """The difference of the primary metric that a challenger must not pass, as it is shown; None without one."""
    primary = challenger.metrics[0]
    return (primary.margin if primary.better == "Lower" else -primary.margin) or None
