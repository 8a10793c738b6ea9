"""CloudWatch's alarms and dashboards of one object, as a test sets them, and what is done about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.monitoring import ListedMonitoring, ObservedDashboard
from smendpoints.domain.plan.actions import Action
from smendpoints.domain.reasons import Reason

BOARD = "smendpoints-us-east-1-default-iris"
DENIED = ReconcileError(Kind.BLOCKED, Reason.ACCESS_DENIED, "no")


@dataclass
class CloudWatch:
    """CloudWatch as it is set; what is asked of it is remembered."""

    there: dict[str, Any] = field(default_factory=dict)
    listed: ListedMonitoring | None = None
    board: ObservedDashboard | ReconcileError | None = None
    tags: dict[str, Mapping[str, str]] = field(default_factory=dict)
    mine: Mapping[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    refuses: str | None = None
    refusal: ReconcileError = DENIED
    topics_are: ReconcileError | None = None

    def __getattr__(self, name: str) -> Any:
        if name in {"watch", "place", "preflight", "observe"}:
            return self
        raise AttributeError(name)

    region = "us-east-1"

    def alarm_tags(self, each: Mapping[str, Any], _: object) -> Mapping[str, str]:
        return self.tags.get(each["AlarmName"], self.mine)

    def wrote(self, _: str) -> None:
        self.asked.append("wrote")

    def topics(self, _: object) -> tuple[str, ...]:
        self.asked.append("topics")
        if self.topics_are is not None:
            raise self.topics_are
        return ("topics are not looked at",)

    def apply(self, action: Action, _: object, *, namespace: str) -> None:
        assert namespace == "default"
        if action.target == self.refuses:
            raise self.refusal
        self.made.append(str(action))


class Monitoring:
    """Looking closely, and the lists: two things of one name."""

    def __init__(self, aws: CloudWatch) -> None:
        self.aws = aws

    def __call__(self, _: str, __: float) -> ListedMonitoring | None:
        return self.aws.listed

    def alarms(self, _: str) -> Mapping[str, Any]:
        self.aws.asked.append("alarms")
        return self.aws.there

    def dashboard(self, name: str) -> ObservedDashboard | None:
        assert name == BOARD
        self.aws.asked.append("dashboard")
        if isinstance(self.aws.board, ReconcileError):
            raise self.aws.board
        return self.aws.board
