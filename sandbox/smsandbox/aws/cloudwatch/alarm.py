"""One metric alarm as it is kept."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from smsandbox.aws.cloudwatch.alarm_rules import State
    from smsandbox.aws.cloudwatch.metric_query import Query
    from smsandbox.aws.core.timeline import Event

HISTORY = 200
_ACTION_MEMBERS: dict[State, str] = {
    "ALARM": "AlarmActions",
    "OK": "OKActions",
    "INSUFFICIENT_DATA": "InsufficientDataActions",
}


class AnyAlarm(Protocol):
    """An alarm of either kind: what is told of it."""

    account: str
    region: str
    name: str
    params: dict[str, Any]
    state: State
    reason: str
    reason_data: str
    updated: float

    @property
    def arn(self) -> str: ...


@dataclass
class Alarm:
    """One metric alarm. `params` are the members of PutMetricAlarm; `whole_rates` makes sums of a scaled period
    read as those of a full one, which is what a target per minute is compared with.
    """

    account: str
    region: str
    name: str
    params: dict[str, Any]
    queries: list[Query]
    configured: float
    whole_rates: bool = False
    state: State = "INSUFFICIENT_DATA"
    reason: str = "Unchecked: Initial alarm creation"
    reason_data: str = ""
    updated: float = 0.0
    value: float | None = None
    history: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=HISTORY))
    event: Event | None = None
    fired: float = -math.inf
    settled: bool = False
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudwatch:{self.region}:{self.account}:alarm:{self.name}"

    @property
    def wanted(self) -> Query:
        """The query whose points are compared with the threshold."""
        return next(query for query in self.queries if query.returned)

    @property
    def window(self) -> int:
        return int(self.params["EvaluationPeriods"])

    @property
    def actions(self) -> list[str]:
        """The ARNs that the present state calls."""
        return actions_of(self.params, self.state)


def actions_of(params: dict[str, Any], state: State) -> list[str]:
    """The ARNs that a state calls, of an alarm of either kind."""
    if not params.get("ActionsEnabled", True):
        return []
    return list(params.get(_ACTION_MEMBERS[state]) or ())
