"""What is done about alarms and the dashboard of one object: as little as is wanted, and nothing to what is another's."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from smendpoints.api.monitoring import MonitoringStatus
from smendpoints.controller.keeper import Keeper
from smendpoints.controller.memory import Memory
from smendpoints.domain.desired.dashboard import MARK
from smendpoints.domain.desired.monitoring import DesiredMonitoring
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.monitoring import ListedDashboard, ListedMonitoring, ObservedDashboard
from smendpoints.domain.reasons import Reason
from smsandbox.testing.one_watched import BOARD, DENIED, CloudWatch, Monitoring

TOPIC = "arn:aws:sns:us-east-1:123456789012:oncall"
OTHERS = {"smendpoints.dev/cluster": "cluster-1", "smendpoints.dev/namespace": "n", "smendpoints.dev/name": "other"}
BODY: dict[str, Any] = {"widgets": []}
LISTED = ListedDashboard("v1", 1)


def alarm(name: str, threshold: float = 1.0) -> dict[str, Any]:
    return {"AlarmName": name, "Threshold": threshold, "AlarmArn": f"arn:{name}"}


def wanted(name: str, threshold: float = 1.0) -> dict[str, Any]:
    return {"AlarmName": name, "Threshold": threshold}


WANTED = DesiredMonitoring((wanted("one"), wanted("two")), BOARD, BODY)


@pytest.fixture
def keeper(sight: Callable[..., Any]) -> Callable[..., Keeper]:
    def make(
        aws: CloudWatch,
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
    aws = CloudWatch(BOTH, ListedMonitoring(BOTH, LISTED))
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


def test_a_dashboard_that_differs_is_looked_at_until_it_is_as_wanted(keeper: Callable[..., Keeper]) -> None:
    memory = Memory()
    aws = CloudWatch(BOTH, ListedMonitoring(BOTH, LISTED))
    first = keeper(aws, memory=memory)
    aws.board = board(aws.mine, more=1)
    first.look()
    keeper(aws, memory=memory).look()
    assert aws.asked == ["dashboard"] * 2


def test_what_is_not_listed_is_looked_at_closely(keeper: Callable[..., Keeper]) -> None:
    aws = CloudWatch(BOTH)
    made, memory = keeper(aws), Memory()
    aws.board = board(aws.mine)
    made = keeper(aws, memory=memory)
    made.look()
    assert (aws.asked, done(made)) == (["alarms", "dashboard"], [])
    keeper(aws, memory=memory).look()
    assert aws.asked == ["alarms", "dashboard"] * 2


def test_what_is_to_be_changed_is_looked_at_closely_before(keeper: Callable[..., Keeper]) -> None:
    stale = {"one": alarm("one", 9.0), "two": alarm("two")}
    aws = CloudWatch(BOTH, ListedMonitoring(stale, LISTED))
    made = keeper(aws)
    aws.board = board(aws.mine)
    made.look()
    assert (aws.asked, done(made)) == (["alarms", "dashboard"], [])
    aws.there = {**stale, "old": alarm("old")}
    again = keeper(aws)
    again.look()
    assert done(again) == ["PUT_ALARM one", "DELETE_ALARMS old"]


def test_what_is_ours_and_as_wanted_before_anything_was_put_counts_as_no_write(keeper: Callable[..., Keeper]) -> None:
    aws = CloudWatch(BOTH, ListedMonitoring(BOTH, LISTED))
    made = keeper(aws, applied=None)
    aws.board = board(aws.mine)
    made.look()
    assert made.todo == {}


def test_a_dashboard_that_stays_is_not_looked_at(keeper: Callable[..., Keeper]) -> None:
    aws = CloudWatch(BOTH, ListedMonitoring(BOTH))
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
    made = keeper(CloudWatch(listed=ListedMonitoring(), board=DENIED), wish, **before)
    if raises:
        with pytest.raises(ReconcileError):
            made.look()
    else:
        made.look()
        assert done(made) == []
    throttled = ReconcileError(Kind.RETRY, Reason.THROTTLED, "slower")
    with pytest.raises(ReconcileError):
        keeper(CloudWatch(listed=ListedMonitoring(), board=throttled), wish, **before).look()


@pytest.mark.parametrize("tags", [OTHERS, {}], ids=["another's", "somebody's"])
def test_a_dashboard_that_is_not_ours_is_left_and_told_where_ours_is_wanted(
    keeper: Callable[..., Keeper], tags: dict[str, str]
) -> None:
    aws = CloudWatch(BOTH, ListedMonitoring(BOTH, LISTED), board(tags, more=1))
    made = keeper(aws)
    made.look()
    (conflict,) = made.conflicts
    assert (done(made), conflict.reason, conflict.kind) == ([], Reason.NAME_CONFLICT, Kind.BLOCKED)
    assert conflict.message.startswith(f"the dashboard {BOARD} exists in CloudWatch and belongs to ")
    gone = keeper(aws, DesiredMonitoring(WANTED.alarms), dashboard=BOARD)
    gone.look()
    assert (done(gone), gone.conflicts) == ([], [])
    same = CloudWatch(BOTH, ListedMonitoring(BOTH, LISTED), board(tags))
    unknown = keeper(same, applied=None)
    unknown.look()
    assert (done(unknown), len(unknown.conflicts)) == ([], 1), "as wanted, and yet another's"


def test_a_dashboard_that_was_let_go_of_is_taken_over(keeper: Callable[..., Keeper]) -> None:
    aws = CloudWatch(BOTH, ListedMonitoring(BOTH, LISTED), board({}, title=MARK))
    made = keeper(aws)
    made.look()
    assert done(made) == [f"TAG_ALARM {BOARD}", f"PUT_DASHBOARD {BOARD}"]


def test_alarms_of_another_are_left_and_told_where_ours_are_wanted(keeper: Callable[..., Keeper]) -> None:
    there = {"one": alarm("one", 9.0), "two": alarm("two", 9.0), "old": alarm("old"), "ours": alarm("ours")}
    aws = CloudWatch(there, None, None, {"one": OTHERS, "old": OTHERS})
    made = keeper(aws)
    aws.board = board(aws.mine)
    made = keeper(aws)
    made.look()
    (conflict,) = made.conflicts
    assert conflict.message.startswith("the alarm one exists in CloudWatch and belongs to another object")
    assert done(made) == ["PUT_ALARM two", "DELETE_ALARMS ours"]


def test_alarms_without_an_owner_become_ours(keeper: Callable[..., Keeper]) -> None:
    aws = CloudWatch(BOTH, None, None, {"one": {}})
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


def ready(keeper: Callable[..., Keeper], aws: CloudWatch, **more: Any) -> Keeper:
    """One that has looked, and has all to do."""
    made = keeper(aws, **more)
    made.look()
    return made


def test_each_part_goes_on_up_to_its_first_refusal(keeper: Callable[..., Keeper]) -> None:
    aws = CloudWatch(refuses="one")
    made = ready(keeper, aws)
    assert made.apply(7.0) == [DENIED]
    assert aws.made == [f"PUT_DASHBOARD {BOARD}"]
    assert aws.asked[-2:] == ["wrote", "topics"]
    assert made.memory.unsaid() == ("topics are not looked at",)


def test_topics_are_looked_at_where_alarms_are_put(keeper: Callable[..., Keeper]) -> None:
    missing = ReconcileError(Kind.INVALID, Reason.INVALID_SPEC, "no such topic")
    assert ready(keeper, CloudWatch(topics_are=missing)).apply(7.0) == [missing]
    calm = CloudWatch(BOTH, topics_are=missing)
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
    aws = CloudWatch()
    made = ready(keeper, aws, topics=[TOPIC.replace("us-east-1", "eu-west-1")])
    (failure,) = made.apply(7.0)
    assert (failure.kind, failure.reason) == (Kind.INVALID, Reason.INVALID_SPEC)
    assert aws.made == [f"PUT_DASHBOARD {BOARD}"]
    assert "topics" not in aws.asked


def test_drift_is_what_undid_what_was_put_before(keeper: Callable[..., Keeper]) -> None:
    aws = CloudWatch({"one": alarm("one", 9.0), "two": alarm("two")})
    edited = keeper(aws)
    aws.board = board(aws.mine, more=1)
    edited.look()
    assert (edited.drift(), edited.is_reported()) == ((), False)
    put = keeper(aws, applied=WANTED.digest)
    put.look()
    assert put.drift() == ("alarm one differs from the spec", f"dashboard {BOARD} differs from the spec")
    assert not put.is_reported(), "driftPolicy is Correct"
