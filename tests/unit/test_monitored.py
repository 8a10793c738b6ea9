"""Monitoring beside a reconcile: what is told of it and when it is tried again, while the endpoint hears nothing of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.api.monitoring import MonitoringStatus
from smendpoints.api.status import Condition
from smendpoints.controller.finding import Finding
from smendpoints.controller.memory import Memory
from smendpoints.controller.monitoring import monitored
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason
from smendpoints.domain.status.monitoring import monitoring_wanted
from smsandbox.testing.one_watched import DENIED, CloudWatch, Monitoring

NOW = 100.0
AT = {"observedGeneration": 4, "lastTransitionTime": "2026-11-22T11:00:00Z", "message": "m"}
SAID = {**AT, "type": "MonitoringActive", "status": "True", "reason": "MonitoringActive"}
CALM = {**AT, "type": "Drifted", "status": "False", "reason": "InSync"}


class Beside:
    """One object in service that is monitored, and what its reconcile found."""

    def __init__(
        self, sight: Callable[..., Any], aws: CloudWatch, wants: dict[str, Any] | None = None, **status: Any
    ) -> None:
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
        self.memory, self.aws, self.now = Memory(), aws, NOW
        self.void: str | None = None
        aws.mine = seen.desired.owner.tags()
        aws.monitoring = Monitoring(aws)  # type: ignore[attr-defined]

    def put(self) -> dict[str, Any]:
        """The alarms that are wanted, as AWS shows them."""
        assert self.wanted is not None
        return {each["AlarmName"]: {**each, "AlarmArn": f"arn:{each['AlarmName']}"} for each in self.wanted.alarms}

    def found(self, *told: Condition, may_change: bool = True, requeue_after: float = 500.0) -> Finding:
        finding = Finding(self.resource.status.model_copy(update={"conditions": list(told)}), requeue_after)
        return monitored(
            self.aws,  # type: ignore[arg-type]
            self.given,
            finding,
            self.memory,
            5.0,
            self.now,
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
    one = Beside(sight, CloudWatch(), wants, **status)
    found = one.found(may_change=may_change)
    assert (one.aws.asked, one.aws.made, condition(found), found.requeue_after) == ([], [], AS_BEFORE, 500.0)


def test_an_object_without_monitoring_that_never_had_any_is_let_be(sight: Callable[..., Any]) -> None:
    one = Beside(sight, CloudWatch(), {"monitoring": None}, monitoring=None)
    found = one.found()
    assert (one.aws.asked, condition(found)) == ([], None)


def test_it_is_written_down_before_anything_is_put(sight: Callable[..., Any]) -> None:
    one = Beside(sight, CloudWatch(), monitoring=None)
    one.memory.seen.looked = True
    found = one.found()
    assert (one.aws.made, found.requeue_after) == ([], 0.0)
    assert found.status.monitoring == MonitoringStatus()
    assert not one.memory.seen.looked


def test_once_all_is_put_it_is_recorded_and_has_to_be_listed_yet(sight: Callable[..., Any]) -> None:
    one = Beside(sight, CloudWatch())
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
    one = Beside(sight, CloudWatch())
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
    one = Beside(sight, CloudWatch({"old": {"AlarmName": "old", "AlarmArn": "arn:old"}}), {"monitoring": None})
    found = one.found()
    assert one.aws.made == ["DELETE_ALARMS old"]
    assert (found.status.monitoring, condition(found)) == (None, None)


def drifted(sight: Callable[..., Any], wants: dict[str, Any] | None = None) -> Beside:
    """An alarm of it was changed by a hand since it was put."""
    before = Beside(sight, CloudWatch(), wants)
    assert before.wanted is not None
    one = Beside(sight, CloudWatch(), wants, monitoring={"applied": before.wanted.digest})
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
        (False, f"restored: alarm {name} differs from the spec")
    ]


def test_what_a_hand_changed_is_only_told_where_the_spec_says_so(sight: Callable[..., Any]) -> None:
    one = drifted(sight, {"driftPolicy": "Report"})
    name, *_ = one.put()
    found = one.found()
    assert (one.aws.made, found.events, condition(found)) == ([], (), AS_BEFORE)
    assert condition(found, "Drifted") == ("True", "DriftFound", f"alarm {name} differs from the spec")


def test_nothing_is_put_for_an_object_that_is_not_what_it_was(sight: Callable[..., Any]) -> None:
    one = Beside(sight, CloudWatch())
    one.void = "it was edited"
    found = one.found()
    assert (one.aws.made, found.requeue_after, condition(found)) == ([], 30.0, AS_BEFORE)
    calm = Beside(sight, CloudWatch())
    calm.void, calm.aws.there = "it was edited", calm.put()
    assert calm.found().requeue_after == 500.0, "there is nothing to put"


def test_a_refusal_is_told_and_tried_again_and_the_endpoint_hears_nothing_of_it(sight: Callable[..., Any]) -> None:
    one = Beside(sight, CloudWatch())
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


def refused(sight: Callable[..., Any], failure: ReconcileError, **wants: Any) -> Beside:
    """One whose alarms are there, while its topics are wrong."""
    one = Beside(sight, CloudWatch(topics_are=failure), {"monitoring": {"dashboard": False, **wants}}, monitoring={})
    one.aws.there = one.put()
    return one


THROTTLED = ReconcileError(Kind.RETRY, Reason.THROTTLED, "slower")
NO_TOPIC = ReconcileError(Kind.INVALID, Reason.INVALID_SPEC, "no such topic")


@pytest.mark.parametrize(
    ("failure", "shortest", "longest"),
    [(THROTTLED, 1.0, 2.0), (DENIED, 240, 300), (NO_TOPIC, 240, 300)],
    ids=["what passes", "what is denied", "what is wrong, and may be put right in AWS"],
)
def test_it_is_tried_again_when_its_time_has_come(
    sight: Callable[..., Any], failure: ReconcileError, shortest: float, longest: float
) -> None:
    one = refused(sight, failure)
    first = one.found()
    assert shortest <= first.requeue_after <= longest
    assert condition(first) == ("False", failure.reason, failure.message)
    again = one.memory.schedule.monitoring.retry_at
    one.now, asked = again - 10, len(one.aws.asked)
    assert (one.found().requeue_after, len(one.aws.asked)) == (10.0, asked)
    one.now = again - 0.1
    assert (one.found().requeue_after, len(one.aws.asked)) == (1.0, asked)
    assert one.found(requeue_after=0.5).requeue_after == 0.5, "the endpoint has something to do"
    one.now, one.aws.topics_are = again, None
    found = one.found()
    assert len(one.aws.asked) > asked
    assert (condition(found) or "")[1] == "MonitoringActive"
    assert (found.requeue_after, one.memory.schedule.monitoring.failures) == (500.0, 0)


def test_what_went_wrong_with_other_alarms_delays_nothing(sight: Callable[..., Any]) -> None:
    one = refused(sight, NO_TOPIC)
    one.found()
    edited = refused(sight, NO_TOPIC, sustainedMinutes=7)
    edited.memory = one.memory
    edited.aws.topics_are = None
    assert (condition(edited.found()) or "")[1] == "MonitoringActive"


def test_of_several_refusals_what_does_not_pass_gives_the_reason(sight: Callable[..., Any]) -> None:
    one = Beside(sight, CloudWatch(topics_are=NO_TOPIC, refusal=THROTTLED))
    one.aws.refuses, *_ = one.put()
    found = one.found()
    assert condition(found) == ("False", "InvalidSpec", "slower; no such topic")
    assert 240 <= found.requeue_after <= 300


def test_cloudwatch_that_cannot_be_asked_is_told_and_asked_again(sight: Callable[..., Any]) -> None:
    one = Beside(sight, CloudWatch(board=DENIED), {"monitoring": {}})
    found = one.found()
    assert (condition(found), one.aws.made) == (("False", "AccessDenied", "no"), [])
    assert 240 <= found.requeue_after <= 300


@pytest.mark.parametrize(("status", "told"), [("True", "tag team differs; "), ("False", "")])
def test_drift_of_alarms_is_told_after_that_of_the_endpoint(sight: Callable[..., Any], status: str, told: str) -> None:
    one = drifted(sight)
    name, *_ = one.put()
    found = one.found(Condition.model_validate({**CALM, "status": status, "message": "tag team differs"}))
    assert condition(found, "Drifted") == ("True", "DriftFound", f"{told}alarm {name} differs from the spec")
