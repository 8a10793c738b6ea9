"""Alarms and dashboard of `spec.monitoring`: what is wanted by the status, what is to be done, and what is told."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from smendpoints.api.monitoring import MonitoringStatus
from smendpoints.domain.desired.dashboard import MARK, Location
from smendpoints.domain.desired.monitoring import DesiredMonitoring
from smendpoints.domain.observed.monitoring import ObservedDashboard
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.monitoring import in_words, is_abandoned, plan_alarms, plan_dashboard
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status.monitoring import (
    is_current,
    monitoring_wanted,
    of_monitoring,
    recorded,
    told_active,
    topics_elsewhere,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HERE = Location("aws", "us-east-1", "123456789012")
TOPIC = "arn:aws:sns:us-east-1:123456789012:oncall"
ONE: dict[str, Any]
TWO: dict[str, Any]
ONE, TWO = ({"AlarmName": name, "Threshold": 1.0, "Period": 60} for name in ("one", "two"))
BOTH = DesiredMonitoring((ONE, TWO), "board", {"widgets": []})
NONE_LEFT = DesiredMonitoring()


def board(**body: Any) -> ObservedDashboard:
    return ObservedDashboard("board", "arn:board", {"widgets": [], **body}, {})


def test_alarms_that_differ_are_put_and_those_that_are_not_wanted_deleted_together() -> None:
    found: dict[str, dict[str, Any]] = {
        "one": {**ONE, "AlarmArn": "arn", "StateValue": "OK"},
        "two": {**TWO, "Threshold": 2.0},
        "old": {"AlarmName": "old"},
        "older": {"AlarmName": "older"},
    }
    assert plan_alarms(BOTH, found) == (
        Action(Verb.PUT_ALARM, "two", TWO),
        Action(Verb.DELETE_ALARMS, "old, older", {"AlarmNames": ["old", "older"]}),
    )
    assert plan_alarms(BOTH, {"one": ONE, "two": TWO}) == ()
    assert [each.target for each in plan_alarms(BOTH, {})] == ["one", "two"]


def test_a_dashboard_is_put_where_it_differs_and_deleted_where_none_is_wanted() -> None:
    (put,) = plan_dashboard(BOTH, None)
    assert (put.verb, put.target, put.params["DashboardName"]) == (Verb.PUT_DASHBOARD, "board", "board")
    assert json.loads(put.params["DashboardBody"]) == {"widgets": []}
    assert plan_dashboard(BOTH, board(more=1)) == (put,)
    assert plan_dashboard(BOTH, board()) == ()
    assert plan_dashboard(NONE_LEFT, board()) == (
        Action(Verb.DELETE_DASHBOARD, "board", {"DashboardNames": ["board"]}),
    )
    assert plan_dashboard(NONE_LEFT, None) == ()
    assert plan_dashboard(replace(BOTH, keeps_dashboard=True), board(more=1)) == ()


def test_a_dashboard_that_an_object_let_go_of_says_who_made_it() -> None:
    assert is_abandoned(board(title=f"made by {MARK}"))
    assert not is_abandoned(board(title="by hand"))


def test_what_was_undone_is_told_in_words() -> None:
    actions = (
        *plan_alarms(BOTH, {"two": {**TWO, "Threshold": 2.0}, "old": {}, "older": {}}),
        *plan_dashboard(BOTH, None),
        *plan_dashboard(NONE_LEFT, board()),
        Action(Verb.TAG_ALARM, "one", {}),
    )
    alarms = ("alarm one none → set", "alarm two differs from the spec", "alarm old → none", "alarm older → none")
    told = (*alarms, "dashboard board none → set", "dashboard board → none")
    assert in_words(actions, {"two": {}}, dashboard=False) == told
    assert in_words(plan_dashboard(BOTH, board(more=1)), {}, dashboard=True) == (
        "dashboard board differs from the spec",
    )


@pytest.mark.parametrize(
    ("wanted", "firing", "topics", "told"),
    [
        (BOTH, [], 1, "2 alarms, telling 1 topic; dashboard board"),
        (BOTH, ["two", "one"], 2, "2 alarms, telling 2 topics; dashboard board; firing: one, two"),
        (
            replace(BOTH, alarms=(ONE,), dashboard=None),
            [],
            0,
            "1 alarm, telling nobody, as there are no topicARNs",
        ),
        (replace(BOTH, alarms=()), [], 1, "no alarms; dashboard board"),
        (DesiredMonitoring(keeps_dashboard=True), [], 1, "no alarms while the endpoint is stopped"),
        (DesiredMonitoring((ONE,), keeps_dashboard=True), [], 1, "1 alarm, telling 1 topic"),
    ],
)
def test_what_watches_is_told(wanted: DesiredMonitoring, firing: list[str], topics: int, told: str) -> None:
    assert told_active(wanted, firing, topics) == told


def test_the_condition_is_true_for_one_reason_alone() -> None:
    for reason in (Reason.MONITORING_ACTIVE, Reason.ACCESS_DENIED):
        condition = of_monitoring(reason, "m" * 2000, 4, NOW)
        assert (condition.status == "True") is (reason is Reason.MONITORING_ACTIVE)
        assert (condition.type, len(condition.message), condition.observed_generation) == ("MonitoringActive", 1024, 4)


def test_what_was_put_is_recorded_with_those_that_fire() -> None:
    before = MonitoringStatus(dashboard="kept", dashboard_url="https://kept")
    found = recorded(BOTH, before, HERE, ["two", "another's"])
    assert (found.alarms, found.firing, found.dashboard) == (["one", "two"], ["two"], "board")
    assert found.dashboard_url == HERE.dashboard_url("board")
    assert found.applied == BOTH.digest
    unknown = recorded(BOTH, before, None, [])
    assert (unknown.dashboard, unknown.dashboard_url) == ("board", None)
    kept = recorded(DesiredMonitoring(keeps_dashboard=True), before, None, [])
    assert (kept.dashboard, kept.dashboard_url) == ("kept", "https://kept")
    assert recorded(NONE_LEFT, before, HERE, []).dashboard_url is None


def test_topics_of_another_region_are_refused_as_cloudwatch_does(sight: Callable[..., Any]) -> None:
    def elsewhere(*topics: str, location: Location | None = HERE) -> str | None:
        return topics_elsewhere(sight({"monitoring": {"topicARNs": list(topics)}}).resource, location)

    other = TOPIC.replace("us-east-1", "eu-west-1")
    told = elsewhere(TOPIC, other)
    assert told is not None
    assert told.startswith(
        f"spec.monitoring.topicARNs: {other} is in eu-west-1, and CloudWatch only notifies topics in"
    )
    assert told.endswith("use one in us-east-1, the endpoint's region")
    assert elsewhere(TOPIC) is elsewhere(other, location=None) is None
    assert topics_elsewhere(sight().resource, HERE) is None


def monitored(
    sight: Callable[..., Any], wish: dict[str, Any] | None, status: str | None = "InService", **more: Any
) -> Any:
    """An object whose status has an endpoint with two variants, one of them a shadow."""
    resource = sight({"monitoring": wish} if wish is not None else {}).resource
    at = {"reason": "r", "message": "", "observedGeneration": 4, "lastTransitionTime": NOW}
    arn = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/default-iris"
    whole = {
        "endpoint": {"name": "default-iris", "arn": arn, "status": status} if status else None,
        "variants": [{"name": "primary"}, {"name": "dark", "shadow": True}],
        "conditions": [{"type": "MonitoringActive", "status": "True", **at}],
        **more,
    }
    return resource.model_copy(update={"status": type(resource.status).model_validate(whole)})


@pytest.mark.parametrize(
    ("status", "variants", "alarms"),
    [
        ("InService", True, True),
        ("Updating", True, True),
        ("SystemUpdating", True, True),
        ("RollingBack", True, True),
        ("Stopped", True, False),
        ("Creating", True, None),
        ("Failed", True, None),
        ("Deleting", True, None),
        ("InService", False, None),
        (None, True, None),
    ],
)
def test_alarms_are_wanted_while_something_serves(
    sight: Callable[..., Any], status: str | None, variants: bool, alarms: bool | None
) -> None:
    more: dict[str, Any] = {} if variants else {"variants": [{"name": "dark", "shadow": True}]}
    resource = monitored(sight, {}, status, **more)
    wanted = monitoring_wanted(resource, resource.status)
    assert (wanted is None) is (alarms is None)
    if wanted is not None:
        assert bool(wanted.alarms) is alarms
        assert not any("dark" in name for name in wanted.names())
        assert wanted.keeps_dashboard is not alarms


def test_the_dashboard_marks_a_revision_as_soon_as_it_is_told(sight: Callable[..., Any]) -> None:
    resource = monitored(sight, {})
    at = "2026-11-22T12:00:00Z"
    revision = {"revision": 7, "configName": "c", "at": at, "outcome": "Deployed"}
    status = type(resource.status).model_validate({**resource.status.to_json(), "history": [revision]})
    before, after = monitoring_wanted(resource, resource.status), monitoring_wanted(resource, status)
    assert before is not None
    assert after is not None
    assert at not in json.dumps(before.body)
    assert at in json.dumps(after.body)


def test_without_monitoring_nothing_is_wanted(sight: Callable[..., Any]) -> None:
    resource = monitored(sight, None)
    assert monitoring_wanted(resource, resource.status) == NONE_LEFT


def test_the_status_is_current_if_it_says_that_just_that_was_put(sight: Callable[..., Any]) -> None:
    fresh = monitored(sight, {})
    wanted = monitoring_wanted(fresh, fresh.status)
    assert wanted is not None

    def current(wish: dict[str, Any] | None = None, status: str | None = "InService", **more: Any) -> bool:
        return is_current(monitored(sight, wish, status, **more))

    put: dict[str, Any] = {"monitoring": {"applied": wanted.digest}}
    assert current({}, **put)
    assert not current({"maxErrorRatePercent": 1}, **put)
    assert not current({}), "nothing was put yet"
    assert not current({}, conditions=[], **put), "nobody knows whether all of it was taken"
    assert current()
    assert not current(**put), "it is to go"
    assert current({}, "Failed", **put), "all is left as it is"
    assert not current({}, "Failed"), "and yet something is to be put later"
