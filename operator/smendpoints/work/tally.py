"""What the objects' statuses say, summed up as metrics: states, drift, costs, and what became of rollouts.

Told of each version of each object once. What a status already said when this process first saw the object is not
counted as having happened: it happened to another process. Not here: what this process does, which counts itself.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from smendpoints.metrics import (
    DRIFT,
    DRIFTED,
    HOURLY_USD,
    HOURLY_USD_LIMIT,
    OBJECTS_BY_REASON,
    ROLLOUT_SECONDS,
    ROLLOUTS,
)

_UNDER_WAY = "InProgress"
_ENDED = frozenset({"Deployed", "Failed", "RolledBack"})
_MICRO = 1_000_000  # sums of floats that come and go would not end at nothing


@dataclass(frozen=True)
class Standing:
    """One object, as its newest version has it; `outcomes` by number of revision."""

    namespace: str = ""
    state: str = "New"
    reason: str = ""
    drifted: bool = False
    micro_usd: int = 0
    outcomes: Mapping[int, str] = field(default_factory=dict)


def standing(body: Mapping[str, Any]) -> Standing:
    """Read it of a version; of a status that another release wrote, what can be read."""
    meta, status = body["metadata"], body.get("status") or {}
    conditions = {each.get("type"): each for each in status.get("conditions", ())}
    ready = conditions.get("Ready", {})
    return Standing(
        meta["namespace"],
        _state(meta, conditions),
        str(ready.get("reason", "")),
        conditions.get("Drifted", {}).get("status") == "True",
        _micro_usd((status.get("cost") or {}).get("hourlyUSD")),
        {
            each["revision"]: each["outcome"]
            for each in status.get("history", ())
            if {"revision", "outcome"} <= each.keys()
        },
    )


def _state(meta: Mapping[str, Any], conditions: Mapping[str, Mapping[str, Any]]) -> str:
    if meta.get("deletionTimestamp"):
        return "Deleting"
    if "Ready" not in conditions:
        return "New"
    true = [kind for kind in ("Stalled", "Reconciling", "Ready") if conditions.get(kind, {}).get("status") == "True"]
    return true[0] if true else "Reconciling"


def _micro_usd(hourly: object) -> int:
    try:
        return round(float(str(hourly)) * _MICRO)
    except ValueError:
        return 0


class Tally:
    """Belongs to one thread."""

    def __init__(
        self,
        hourly_limit: Callable[[str], float | None] = lambda _: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`hourly_limit` is what the policies let a namespace cost, in US dollars, if anything."""
        self._hourly_limit = hourly_limit
        self._now = now
        self._standings: dict[str, Standing] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._costs: Counter[str] = Counter()
        self._drifted = 0

    def see(self, body: Mapping[str, Any]) -> None:
        """A newer version of an object."""
        uid, after = body["metadata"]["uid"], standing(body)
        before = self._standings.get(uid)
        self._standings[uid] = after
        self._replace(before, after)
        if before is not None:
            self._happened(before, after, body)

    def forget(self, uid: str) -> None:
        """An object is gone."""
        before = self._standings.pop(uid, None)
        if before is not None:
            self._replace(before, None)

    def ruled(self, uid: str) -> None:
        """Policies may say something else for an object, and so for its namespace, than before."""
        if uid in self._standings:
            self._tell_cost(self._standings[uid].namespace)

    def _replace(self, before: Standing | None, after: Standing | None) -> None:
        for one, sign in ((before, -1), (after, 1)):
            if one is not None:
                self._counts[one.state, one.reason] += sign
                self._costs[one.namespace] += sign * one.micro_usd
                self._drifted += sign * one.drifted
        for one in filter(None, (before, after)):
            OBJECTS_BY_REASON.labels(one.state, one.reason).set(self._counts[one.state, one.reason])
            self._tell_cost(one.namespace)
        DRIFTED.set(self._drifted)

    def _tell_cost(self, namespace: str) -> None:
        if self._costs[namespace]:
            HOURLY_USD.labels(namespace).set(self._costs[namespace] / _MICRO)
        else:
            del self._costs[namespace]
            HOURLY_USD.remove(namespace)  # a namespace that has nothing leaves no series
        limit = self._hourly_limit(namespace)
        if limit is not None and namespace in self._costs:
            HOURLY_USD_LIMIT.labels(namespace).set(limit)
        else:
            HOURLY_USD_LIMIT.remove(namespace)

    def _happened(self, before: Standing, after: Standing, body: Mapping[str, Any]) -> None:
        if after.drifted != before.drifted and after.state != "Deleting":
            DRIFT.labels("found" if after.drifted else "corrected").inc()
        for revision, outcome in after.outcomes.items():
            if outcome in {_UNDER_WAY, before.outcomes.get(revision)}:
                continue
            if revision not in before.outcomes and revision < max(before.outcomes, default=0):
                continue  # told of late, by a history that was cut
            ROLLOUTS.labels(outcome).inc()
            if outcome in _ENDED:
                ROLLOUT_SECONDS.labels(outcome).observe(self._seconds_since(body, revision))

    def _seconds_since(self, body: Mapping[str, Any], revision: int) -> float:
        at = next(each["at"] for each in body["status"]["history"] if each["revision"] == revision)
        return max(0.0, (self._now() - datetime.fromisoformat(at)).total_seconds())
