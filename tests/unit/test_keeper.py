"""What is done about alarms and the dashboard of one object: as little as is wanted, and nothing to what is another's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from smendpoints.api.monitoring import MonitoringStatus
from smendpoints.controller.finding import Finding
from smendpoints.controller.keeper import Keeper
from smendpoints.controller.memory import Memory
from smendpoints.controller.monitoring import monitored
from smendpoints.domain.desired.dashboard import MARK
from smendpoints.domain.desired.monitoring import DesiredMonitoring
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.monitoring import ListedDashboard, ListedMonitoring, ObservedDashboard
from smendpoints.domain.plan.actions import Action
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status.monitoring import monitoring_wanted

TOPIC = "arn:aws:sns:us-east-1:123456789012:oncall"
OTHERS = {"smendpoints.dev/cluster": "cluster-1", "smendpoints.dev/namespace": "n", "smendpoints.dev/name": "other"}
BODY: dict[str, Any] = {"widgets": []}
BOARD = "smendpoints-us-east-1-default-iris"
LISTED = ListedDashboard("v1", 1)
DENIED = ReconcileError(Kind.BLOCKED, Reason.ACCESS_DENIED, "no")


def alarm(name: str, threshold: float = 1.0) -> dict[str, Any]:
    return {"AlarmName": name, "Threshold": threshold, "AlarmArn": f"arn:{name}"}


def wanted(name: str, threshold: float = 1.0) -> dict[str, Any]:
    return {"AlarmName": name, "Threshold": threshold}


WANTED = DesiredMonitoring((wanted("one"), wanted("two")), BOARD, BODY)


@dataclass
class Aws:
    """CloudWatch as it is set; what is asked of it is remembered."""

    there: dict[str, Any] = field(default_factory=dict)
    listed: ListedMonitoring | None = None
    board: ObservedDashboard | ReconcileError | None = None
    tags: dict[str, Mapping[str, str]] = field(default_factory=dict)
    mine: Mapping[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    refuses: str | None = None
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

    def topics(self, arns: Any) -> tuple[str, ...]:
        self.asked.append("topics")
        if self.topics_are is not None:
            raise self.topics_are
        return ("topics are not looked at",)

    def apply(self, action: Action, _: object, *, namespace: str) -> None:
        assert namespace == "default"
        if action.target == self.refuses:
            raise DENIED
        self.made.append(str(action))


class Monitoring:
    """Looking closely, and the lists: two things of one name."""

    def __init__(self, aws: Aws) -> None:
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


@pytest.fixture
def keeper(sight: Callable[..., Any]) -> Callable[..., Keeper]:
    def make(
        aws: Aws,
        wish: DesiredMonitoring = WANTED,
        memory: Memory | None = None,
        topics: list[str] | None = None,
        **before: Any,
    ) -> Keeper:
        seen = sight({"monitoring": {"topicARNs": topics or []}})
        aws.mine = seen.desired.owner.tags()
        aws.monitoring = Monitoring(aws)  # type: ignore[attr-defined]
        status = MonitoringStatus(**{"applied": "before", **before})
        return Keeper(aws, seen.given, wish, status, memory or Memory())  # type: ignore[arg-type]

    return make


def done(made: Keeper) -> list[str]:
    return [str(each) for part in made.todo.values() for each in part]


BOTH = {"one": alarm("one"), "two": alarm("two")}


def board(tags: Mapping[str, str], **body: Any) -> ObservedDashboard:
    return ObservedDashboard(BOARD, "arn:board", {**BODY, **body}, tags)


def test_what_is_listed_as_wanted_is_not_looked_at_closely(keeper: Callable[..., Keeper]) -> None:
    memory = Memory()
    aws = Aws(BOTH, ListedMonitoring(BOTH, LISTED))
    first = keeper(aws, memory=memory)
    aws.board = board(aws.mine)
    first.look()
    assert (aws.asked, done(first)) == (["dashboard"], [])
    again = keeper(aws, memory=memory)
    again.look()
    assert aws.asked == ["dashboard"], "the dashboard is as it was"
    aws.listed = ListedMonitoring(BOTH, ListedDashboard("v2", 1))
    keeper(aws, memory=memory).look()
    assert aws.asked == ["dashboard"] * 2
    other = DesiredMonitoring((wanted("one"), wanted("two")), BOARD, {"widgets": [1]})
    changed = keeper(aws, other, memory)
    changed.look()
    assert done(changed) == [f"PUT_DASHBOARD {BOARD}"]


def test_what_is_not_listed_is_looked_at_closely(keeper: Callable[..., Keeper]) -> None:
    aws = Aws(BOTH)
    made, memory = keeper(aws), Memory()
    aws.board = board(aws.mine)
    made = keeper(aws, memory=memory)
    made.look()
    assert (aws.asked, done(made)) == (["alarms", "dashboard"], [])
    keeper(aws, memory=memory).look()
    assert aws.asked == ["alarms", "dashboard"] * 2


def test_what_is_to_be_changed_is_looked_at_closely_before(keeper: Callable[..., Keeper]) -> None:
    stale = {"one": alarm("one", 9.0), "two": alarm("two")}
    aws = Aws(BOTH, ListedMonitoring(stale, LISTED))
    made = keeper(aws)
    aws.board = board(aws.mine)
    made.look()
    assert (aws.asked, done(made)) == (["alarms", "dashboard"], [])
    aws.there = {**stale, "old": alarm("old")}
    again = keeper(aws)
    again.look()
    assert done(again) == ["PUT_ALARM one", "DELETE_ALARMS old"]


def test_a_dashboard_that_stays_is_not_looked_at(keeper: Callable[..., Keeper]) -> None:
    aws = Aws(BOTH, ListedMonitoring(BOTH))
    made = keeper(aws, DesiredMonitoring(WANTED.alarms, keeps_dashboard=True))
    made.look()
    assert (aws.asked, done(made)) == ([], [])


@pytest.mark.parametrize(
    ("wish", "before", "raises"),
    [(WANTED, {}, True), (DesiredMonitoring(), {"dashboard": BOARD}, True), (DesiredMonitoring(), {}, False)],
    ids=["one is wanted", "one was put", "none"],
)
def test_the_permission_to_look_at_dashboards_is_needed_only_where_there_are_any(
    keeper: Callable[..., Keeper], wish: DesiredMonitoring, before: dict[str, Any], raises: bool
) -> None:
    made = keeper(Aws(listed=ListedMonitoring(), board=DENIED), wish, **before)
    if raises:
        with pytest.raises(ReconcileError):
            made.look()
    else:
        made.look()
        assert done(made) == []
    throttled = ReconcileError(Kind.RETRY, Reason.THROTTLED, "slower")
    with pytest.raises(ReconcileError):
        keeper(Aws(listed=ListedMonitoring(), board=throttled), wish, **before).look()


@pytest.mark.parametrize("tags", [OTHERS, {}], ids=["another's", "somebody's"])
def test_a_dashboard_that_is_not_ours_is_left_and_told_where_ours_is_wanted(
    keeper: Callable[..., Keeper], tags: dict[str, str]
) -> None:
    aws = Aws(BOTH, ListedMonitoring(BOTH, LISTED), board(tags, more=1))
    made = keeper(aws)
    made.look()
    (conflict,) = made.conflicts
    assert (done(made), conflict.reason, conflict.kind) == ([], Reason.NAME_CONFLICT, Kind.BLOCKED)
    assert conflict.message.startswith(f"the dashboard {BOARD} exists in CloudWatch and belongs to ")
    gone = keeper(aws, DesiredMonitoring(WANTED.alarms), dashboard=BOARD)
    gone.look()
    assert (done(gone), gone.conflicts) == ([], [])
    same = Aws(BOTH, ListedMonitoring(BOTH, LISTED), board(tags))
    unknown = keeper(same, applied=None)
    unknown.look()
    assert (done(unknown), len(unknown.conflicts)) == ([], 1), "as wanted, and yet another's"


def test_a_dashboard_that_was_let_go_of_is_taken_over(keeper: Callable[..., Keeper]) -> None:
    aws = Aws(BOTH, ListedMonitoring(BOTH, LISTED), board({}, title=MARK))
    made = keeper(aws)
    made.look()
    assert done(made) == [f"TAG_ALARM {BOARD}", f"PUT_DASHBOARD {BOARD}"]


def test_alarms_of_another_are_left_and_told_where_ours_are_wanted(keeper: Callable[..., Keeper]) -> None:
    there = {"one": alarm("one", 9.0), "two": alarm("two", 9.0), "old": alarm("old")}
    aws = Aws(there, None, None, {"one": OTHERS, "old": OTHERS})
    made = keeper(aws)
    aws.board = board(aws.mine)
    made = keeper(aws)
    made.look()
    (conflict,) = made.conflicts
    assert conflict.message.startswith("the alarm one exists in CloudWatch and belongs to another object")
    assert done(made) == ["PUT_ALARM two"]


def test_alarms_without_an_owner_become_ours(keeper: Callable[..., Keeper]) -> None:
    aws = Aws(BOTH, None, None, {"one": {}})
    made = keeper(aws, applied=None)
    aws.board = board(aws.mine)
    made.look()
    assert done(made) == ["TAG_ALARM one"]
    known = keeper(aws)
    known.look()
    assert done(known) == [], "that was done when they were put"
    aws.there = {**BOTH, "one": alarm("one", 9.0)}
    put = keeper(aws)
    put.look()
    assert done(put) == ["TAG_ALARM one", "PUT_ALARM one"]


def ready(keeper: Callable[..., Keeper], aws: Aws, **more: Any) -> Keeper:
    """One that has looked, and has all to do."""
    made = keeper(aws, **more)
    made.look()
    return made


def test_each_part_goes_on_up_to_its_first_refusal(keeper: Callable[..., Keeper]) -> None:
    aws = Aws(refuses="one")
    made = ready(keeper, aws)
    assert made.apply(7.0) == [DENIED]
    assert aws.made == [f"PUT_DASHBOARD {BOARD}"]
    assert aws.asked[-2:] == ["wrote", "topics"]
    assert made.memory.unsaid() == ("topics are not looked at",)


def test_topics_are_looked_at_where_alarms_are_put(keeper: Callable[..., Keeper]) -> None:
    missing = ReconcileError(Kind.INVALID, Reason.INVALID_SPEC, "no such topic")
    assert ready(keeper, Aws(topics_are=missing)).apply(7.0) == [missing]
    calm = Aws(BOTH, topics_are=missing)
    made = keeper(calm)
    calm.board = board(calm.mine)
    made.look()
    assert made.apply(7.0) == []
    assert "wrote" not in calm.asked
    again = keeper(calm, applied=None)
    again.look()
    assert again.apply(7.0) == [missing], "nothing was put yet"


def test_topics_of_another_region_keep_the_alarms_from_being_put_and_nothing_else(
    keeper: Callable[..., Keeper],
) -> None:
    aws = Aws()
    made = ready(keeper, aws, topics=[TOPIC.replace("us-east-1", "eu-west-1")])
    (failure,) = made.apply(7.0)
    assert (failure.kind, failure.reason) == (Kind.INVALID, Reason.INVALID_SPEC)
    assert aws.made == [f"PUT_DASHBOARD {BOARD}"]
    assert "topics" not in aws.asked


def test_drift_is_what_undid_what_was_put_before(keeper: Callable[..., Keeper]) -> None:
    aws = Aws({"one": alarm("one", 9.0), "two": alarm("two")})
    edited = keeper(aws)
    aws.board = board(aws.mine, more=1)
    edited.look()
    assert (edited.drift(), edited.is_reported()) == ((), False)
    put = keeper(aws, applied=WANTED.digest)
    put.look()
    assert put.drift() == ("alarm one differs from the spec", f"dashboard {BOARD} differs from the spec")
    assert not put.is_reported(), "driftPolicy is Correct"


# beside a reconcile

NOW = 100.0
AT = {"observedGeneration": 4, "lastTransitionTime": "2026-11-22T11:00:00Z", "message": "m"}
SAID = {**AT, "type": "MonitoringActive", "status": "True", "reason": "MonitoringActive"}
CALM = {**AT, "type": "Drifted", "status": "False", "reason": "InSync"}


class Beside:
    """One object in service that is monitored, and what its reconcile found."""

    def __init__(self, sight: Callable[..., Any], aws: Aws, wants: dict[str, Any] | None = None, **status: Any) -> None:
        seen = sight({"monitoring": {"dashboard": False}, **(wants or {})})
        whole = {
            "endpoint": {"name": "default-iris", "arn": seen.observed.endpoint.arn, "status": "InService"},
            "variants": [{"name": "primary"}],
            "conditions": [SAID, CALM],
            "converged": {"generation": 4, "fingerprint": "f"},
            "monitoring": {"applied": "before"},
            **status,
        }
        told = type(seen.resource.status).model_validate(whole)
        self.resource = seen.resource.model_copy(update={"status": told})
        self.given = replace(seen.given, resource=self.resource)
        self.wanted = monitoring_wanted(self.resource, told)
        self.memory, self.aws = Memory(), aws
        self.void: str | None = None
        aws.mine = seen.desired.owner.tags()
        aws.monitoring = Monitoring(aws)  # type: ignore[attr-defined]

    def put(self) -> dict[str, Any]:
        """The alarms that are wanted, as AWS shows them."""
        assert self.wanted is not None
        return {each["AlarmName"]: {**each, "AlarmArn": f"arn:{each['AlarmName']}"} for each in self.wanted.alarms}

    def found(self, *, may_change: bool = True) -> Finding:
        finding = Finding(self.resource.status.model_copy(update={"conditions": []}), 500.0)
        return monitored(
            self.aws,  # type: ignore[arg-type]
            self.given,
            finding,
            self.memory,
            5.0,
            NOW,
            lambda _: self.void,
            may_change=may_change,
        )


def condition(finding: Finding, kind: str = "MonitoringActive") -> tuple[str, str, str] | None:
    told = next((each for each in finding.status.conditions if each.type == kind), None)
    return (told.status, told.reason, told.message) if told is not None else None


AS_BEFORE = ("True", "MonitoringActive", "m")


@pytest.mark.parametrize(
    ("wants", "status", "may_change"),
    [
        ({}, {"endpoint": None}, True),
        ({}, {"endpoint": {"name": "e", "status": "Failed"}}, True),
        ({"suspend": True}, {}, True),
        ({}, {}, False),
    ],
    ids=["no endpoint", "a failed one", "a suspended one", "policies"],
)
def test_nothing_is_looked_at_where_nothing_is_to_be_changed(
    sight: Callable[..., Any], wants: dict[str, Any], status: dict[str, Any], may_change: bool
) -> None:
    one = Beside(sight, Aws(), wants, **status)
    found = one.found(may_change=may_change)
    assert (one.aws.asked, one.aws.made, condition(found), found.requeue_after) == ([], [], AS_BEFORE, 500.0)


def test_an_object_without_monitoring_that_never_had_any_is_let_be(sight: Callable[..., Any]) -> None:
    one = Beside(sight, Aws(), {"monitoring": None}, monitoring=None)
    found = one.found()
    assert (one.aws.asked, condition(found)) == ([], None)


def test_it_is_written_down_before_anything_is_put(sight: Callable[..., Any]) -> None:
    one = Beside(sight, Aws(), monitoring=None)
    one.memory.seen.looked = True
    found = one.found()
    assert (one.aws.made, found.requeue_after) == ([], 0.0)
    assert found.status.monitoring == MonitoringStatus()
    assert not one.memory.seen.looked


def test_once_all_is_put_it_is_recorded_and_has_to_be_listed_yet(sight: Callable[..., Any]) -> None:
    one = Beside(sight, Aws())
    found = one.found()
    names = sorted(one.put())
    assert one.aws.made == [f"PUT_ALARM {name}" for name in (each["AlarmName"] for each in one.put().values())]
    assert found.status.monitoring is not None
    assert (found.status.monitoring.alarms, found.status.monitoring.applied) == (
        names,
        one.wanted and one.wanted.digest,
    )
    told = condition(found)
    assert told is not None
    assert told[:2] == ("True", "MonitoringActive")
    assert found.status.converged is not None
    assert found.status.converged.fingerprint is None
    assert found.events == (), "an edit is no drift"


def test_where_nothing_is_to_be_done_the_fingerprint_stays_and_what_fires_is_told(sight: Callable[..., Any]) -> None:
    one = Beside(sight, Aws())
    name, *_ = one.put()
    one.aws.there = {**one.put(), name: {**one.put()[name], "StateValue": "ALARM"}}
    found = one.found()
    assert one.aws.made == []
    assert found.status.converged is not None
    assert found.status.converged.fingerprint == "f"
    assert found.status.monitoring is not None
    assert found.status.monitoring.firing == [name]
    told = condition(found)
    assert told is not None
    assert told[2].endswith(f"; firing: {name}")


def test_what_is_not_wanted_any_more_goes_with_its_condition(sight: Callable[..., Any]) -> None:
    one = Beside(sight, Aws({"old": alarm("old")}), {"monitoring": None})
    found = one.found()
    assert one.aws.made == ["DELETE_ALARMS old"]
    assert (found.status.monitoring, condition(found)) == (None, None)


def drifted(sight: Callable[..., Any], wants: dict[str, Any] | None = None) -> Beside:
    """An alarm of it was changed by a hand since it was put."""
    before = Beside(sight, Aws(), wants)
    assert before.wanted is not None
    one = Beside(sight, Aws(), wants, monitoring={"applied": before.wanted.digest})
    name, *_ = one.put()
    one.aws.there = {**one.put(), name: {**one.put()[name], "Threshold": -1.0}}
    return one


def test_what_a_hand_changed_is_put_back_and_told(sight: Callable[..., Any]) -> None:
    one = drifted(sight)
    name, *_ = one.put()
    found = one.found()
    assert one.aws.made == [f"PUT_ALARM {name}"]
    assert condition(found, "Drifted") == ("True", "DriftFound", f"alarm {name} differs from the spec")
    assert [(each.warning, each.message) for each in found.events] == [
        (False, f"put back: alarm {name} differs from the spec")
    ]


def test_what_a_hand_changed_is_only_told_where_the_spec_says_so(sight: Callable[..., Any]) -> None:
    one = drifted(sight, {"driftPolicy": "Report"})
    name, *_ = one.put()
    found = one.found()
    assert (one.aws.made, found.events, condition(found)) == ([], (), AS_BEFORE)
    assert condition(found, "Drifted") == ("True", "DriftFound", f"alarm {name} differs from the spec")


def test_nothing_is_put_for_an_object_that_is_not_what_it_was(sight: Callable[..., Any]) -> None:
    one = Beside(sight, Aws())
    one.void = "it was edited"
    found = one.found()
    assert (one.aws.made, found.requeue_after, condition(found)) == ([], 30.0, AS_BEFORE)
    calm = Beside(sight, Aws())
    calm.void, calm.aws.there = "it was edited", calm.put()
    assert calm.found().requeue_after == 500.0, "there is nothing to put"


def test_a_refusal_is_told_and_tried_again_and_the_endpoint_hears_nothing_of_it(sight: Callable[..., Any]) -> None:
    one = Beside(sight, Aws())
    one.aws.refuses, *_ = one.put()
    one.memory.seen = replace(one.memory.seen, dashboard=(None, "x"))
    found = one.found()
    assert condition(found) == ("False", "AccessDenied", "no")
    assert 0.8 * 300 <= found.requeue_after <= 300
    assert one.memory.seen.dashboard is None
    assert found.status.monitoring is not None
    assert found.status.monitoring.applied == "before"
    made = list(one.aws.made)
    waits = one.found()
    assert (one.aws.made, condition(waits)) == (made, AS_BEFORE), "it is not its time yet"
    assert waits.requeue_after <= 300
