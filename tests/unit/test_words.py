"""What changes in place is told from what is to what is wanted, and names nobody who changes it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.domain.observed.observed import Observed
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.words import IN_PLACE, describe
from smendpoints.domain.status.events import changed_in_place
from smsandbox.testing.specs import STEPS

SCALING = {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}
NIGHT = {"name": "night", "schedule": "cron(0 20 * * ? *)", "maxCapacity": 1}

STEP_ALARM: Any = STEPS["alarm"]


def scaled(**more: Any) -> dict[str, Any]:
    return {"variant": {"scaling": {**SCALING, **more}}}


EDITS: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]] = {
    "bounds": (scaled(maxCapacity=8), scaled(), ("primary: scaling 1 to 5 → 1 to 8",)),
    "a target": (
        scaled(targetInvocationsPerInstance=50),
        scaled(),
        ("primary: scaling policy invocations-per-instance: targetValue 70 → 50",),
    ),
    "a cooldown": (
        scaled(scaleInCooldownSeconds=60),
        scaled(),
        ("primary: scaling policy invocations-per-instance: scaleInCooldownSeconds 300 → 60",),
    ),
    "a schedule": (
        scaled(schedules=[{**NIGHT, "maxCapacity": 2}]),
        scaled(schedules=[NIGHT]),
        ("primary: schedule night: maxCapacity 1 → 2",),
    ),
    "a schedule more": (
        scaled(schedules=[NIGHT]),
        scaled(),
        ("primary: schedule night none → cron(0 20 * * ? *)",),
    ),
    "a schedule less": (scaled(), scaled(schedules=[NIGHT]), ("primary: schedule night → none",)),
    "steps more": (
        scaled(stepScaling=[STEPS]),
        scaled(),
        ("primary: scaling policy slow none → set", "alarm smendpoints/default-iris/primary/slow none → set"),
    ),
    "other steps": (
        scaled(stepScaling=[{**STEPS, "steps": [{"lowerBound": 0, "adjustment": 3}]}]),
        scaled(stepScaling=[STEPS]),
        ("primary: scaling policy slow: steps changed",),
    ),
    "an alarm of steps": (
        scaled(stepScaling=[{**STEPS, "alarm": {**STEP_ALARM, "threshold": 9, "evaluationPeriods": 2}}]),
        scaled(stepScaling=[STEPS]),
        ("alarm smendpoints/default-iris/primary/slow: threshold 500000 → 9, evaluationPeriods 1 → 2",),
    ),
    "a pause": (scaled(suspended=True), scaled(), ("primary: scaling active → suspended",)),
    "no scaling any more": ({}, scaled(), ("primary: scaling 1 to 5 → none",)),
    "a tag": ({"tags": {"team": "ml"}}, {"tags": {"team": "web"}}, ("tag team web → ml",)),
    "a tag more": ({"tags": {"team": "ml"}}, {}, ("tag team none → ml",)),
}


@pytest.mark.parametrize(("wants", "lives", "told"), EDITS.values(), ids=EDITS.keys())
def test_an_edit_of(
    sight: Callable[..., Any], wants: dict[str, Any], lives: dict[str, Any], told: tuple[str, ...]
) -> None:
    """Told by one Event when it is done, as drift when it was in force before, and the same in both."""
    seen = sight(wants, lives)
    todo = seen.plan()
    assert describe(todo.actions, seen.observed) == told
    (event,) = changed_in_place(seen.resource.status, todo, todo.actions, seen.observed)
    assert (event.reason, event.action, event.warning) == ("ChangedInPlace", "ChangeInPlace", False)
    assert event.message == f"changed in place: {'; '.join(told)}"
    drifted = sight(wants, lives, converged=True)
    assert drifted.plan().drift == told
    (event,) = changed_in_place(
        drifted.resource.status, drifted.plan(), drifted.actions and drifted.plan().actions, drifted.observed
    )
    assert event.message == f"restored: {'; '.join(told)}"


def test_weights_are_told_from_what_is_shown(sight: Callable[..., Any]) -> None:
    seen = sight({"variant": {"weight": 2}}, {})
    assert describe(seen.plan().actions, seen.observed) == ("primary: weight 1 → 2",)


def test_a_tag_that_goes_is_told(sight: Callable[..., Any]) -> None:
    seen = sight({"tags": {}}, {"tags": {"team": "web"}}, tag_keys=["team"])
    assert describe(seen.plan().actions, seen.observed) == ("tag team web → none",)


def test_a_policy_that_is_deleted_to_be_put_again_is_told_once(sight: Callable[..., Any]) -> None:
    other = scaled(targetInvocationsPerInstance=None, targetTracking=[{**TRACKED, "predefinedMetric": HIGH}])
    seen = sight(other, scaled(targetInvocationsPerInstance=None, targetTracking=[TRACKED]))
    assert [action.verb for action in seen.plan().actions] == [Verb.DELETE_POLICY, Verb.PUT_POLICY]
    (told,) = describe(seen.plan().actions, seen.observed)
    assert told.startswith("primary: scaling policy busy: predefinedMetric ")


def test_a_schedule_that_is_deleted_to_be_put_again_is_told_once() -> None:
    target = "endpoint/default-iris/variant/primary night"
    put = Action(Verb.PUT_SCHEDULE, target, {"ScheduledActionName": "night", "Schedule": "cron(0 20 * * ? *)"})
    actions = (Action(Verb.DELETE_SCHEDULE, target, {"ScheduledActionName": "night"}), put)
    assert describe(actions, Observed()) == ("primary: schedule night none → cron(0 20 * * ? *)",)


def test_a_zero_where_aws_has_nothing_is_told(sight: Callable[..., Any]) -> None:
    seen = sight(scaled(scaleInCooldownSeconds=0), scaled())
    (target,) = seen.observed.targets
    policies = {name: json.loads(json.dumps(each, default=str)) for name, each in target.policies.items()}
    for each in policies.values():
        del each["TargetTrackingScalingPolicyConfiguration"]["ScaleInCooldown"]
    observed = replace(seen.observed, targets=(replace(target, policies=policies),))
    (told,) = describe(seen.plan().actions, observed)
    assert told == "primary: scaling policy invocations-per-instance: scaleInCooldownSeconds none → 0"


HIGH = "ConcurrentRequestsPerModel"
TRACKED = {"name": "busy", "predefinedMetric": "InvocationsPerInstance", "targetValue": 5}


def test_what_only_rests_in_aws_is_no_change_in_place(sight: Callable[..., Any]) -> None:
    seen = sight(lives={"variant": {"modelArtifact": "s3://models/b/model.tar.gz"}}, remembers={"phase": "Pending"})
    assert changed_in_place(seen.resource.status, seen.plan(), seen.plan().actions, seen.observed) == ()
    assert Verb.UPDATE_ENDPOINT not in IN_PLACE


def test_under_report_nobody_moves(sight: Callable[..., Any]) -> None:
    """The words are of what differs, and of no one who will change it."""
    seen = sight({**scaled(), "driftPolicy": "Report"}, scaled(maxCapacity=9), converged=True)
    plan = seen.plan()
    assert plan.actions == ()
    assert plan.drift == ("primary: scaling 1 to 9 → 1 to 5",)
    assert replace(plan.verdict, message="").ready
    assert plan.verdict.message.endswith("AWS differs from the spec: primary: scaling 1 to 9 → 1 to 5")


@pytest.mark.parametrize(("before", "said"), [(None, ()), ("default-iris-0123456789", ("for the new revision: ",))])
def test_what_a_revision_gets_as_it_comes_into_service(
    sight: Callable[..., Any], before: str | None, said: tuple[str, ...]
) -> None:
    seen = sight(scaled(), {}, remembers={"phase": "InProgress", "fromConfigName": before})
    todo = seen.plan()
    told = changed_in_place(seen.resource.status, todo, todo.actions, seen.observed)
    assert tuple(each.message[: len(words)] for each, words in zip(told, said, strict=True)) == said


# Of each field of a policy, a schedule and an alarm: where it stands, two values, and what is told of it.
TRACKING = "primary: scaling policy busy"
STEPPING = "primary: scaling policy slow"
ALARM = "alarm smendpoints/default-iris/primary/slow"
OWN_METRIC = {"namespace": "shop", "metricName": "Orders"}
FIELDS: dict[str, tuple[tuple[str, ...], Any, Any, str]] = {
    "target": (("tracking", "targetValue"), 5, 6.5, f"{TRACKING}: targetValue 5 → 6.5"),
    "scaling in": (("tracking", "scaleInCooldownSeconds"), 10, 20, f"{TRACKING}: scaleInCooldownSeconds 10 → 20"),
    "scaling out": (("tracking", "scaleOutCooldownSeconds"), 10, 20, f"{TRACKING}: scaleOutCooldownSeconds 10 → 20"),
    "only out": (("tracking", "disableScaleIn"), False, True, f"{TRACKING}: disableScaleIn False → True"),
    "a metric's name": (("metric", "metricName"), "Orders", "Baskets", f"{TRACKING}: metricName Orders → Baskets"),
    "its namespace": (("metric", "namespace"), "shop", "mall", f"{TRACKING}: namespace shop → mall"),
    "its statistic": (("metric", "statistic"), "Average", "Sum", f"{TRACKING}: statistic Average → Sum"),
    "its unit": (("metric", "unit"), None, "Count", f"{TRACKING}: unit none → Count"),
    "its dimensions": (
        ("metric", "dimensions"),
        [{"name": "Shop", "value": "1"}],
        [{"name": "Shop", "value": "2"}],
        f"{TRACKING}: dimensions changed",
    ),
    "how steps count": (
        ("steps", "adjustmentType"),
        "ChangeInCapacity",
        "ExactCapacity",
        f"{STEPPING}: adjustmentType ChangeInCapacity → ExactCapacity",
    ),
    "the pause of steps": (("steps", "cooldownSeconds"), 300, 60, f"{STEPPING}: cooldownSeconds 300 → 60"),
    "what steps see": (
        ("steps", "metricAggregationType"),
        "Average",
        "Maximum",
        f"{STEPPING}: metricAggregationType Average → Maximum",
    ),
    "the steps": (
        ("steps", "steps"),
        [{"lowerBound": 0, "adjustment": 1}],
        [{"lowerBound": 0, "upperBound": 5, "adjustment": 1}, {"lowerBound": 5, "adjustment": 2}],
        f"{STEPPING}: steps changed",
    ),
    "an alarm's comparison": (
        ("alarm", "comparisonOperator"),
        "GreaterThanThreshold",
        "LessThanThreshold",
        f"{ALARM}: comparisonOperator GreaterThanThreshold → LessThanThreshold",
    ),
    "its threshold": (("alarm", "threshold"), 5, 0.5, f"{ALARM}: threshold 5 → 0.5"),
    "its period": (("alarm", "periodSeconds"), 60, 300, f"{ALARM}: periodSeconds 60 → 300"),
    "its periods": (("alarm", "evaluationPeriods"), 1, 2, f"{ALARM}: evaluationPeriods 1 → 2"),
    "no data": (
        ("alarm", "treatMissingData"),
        "missing",
        "breaching",
        f"{ALARM}: treatMissingData missing → breaching",
    ),
    "when": (
        ("schedule", "schedule"),
        "cron(0 20 * * ? *)",
        "rate(5 minutes)",
        "primary: schedule night: schedule cron(0 20 * * ? *) → rate(5 minutes)",
    ),
    "where": (("schedule", "timeZone"), None, "Asia/Tokyo", "primary: schedule night: timeZone none → Asia/Tokyo"),
    "the lower bound": (("schedule", "minCapacity"), 1, 2, "primary: schedule night: minCapacity 1 → 2"),
    "the upper bound": (("schedule", "maxCapacity"), 3, 4, "primary: schedule night: maxCapacity 3 → 4"),
}


def with_field(place: tuple[str, ...], value: Any) -> dict[str, Any]:
    """A spec that scales by a policy of each kind, with this value at one place."""
    metric, alarm = dict(OWN_METRIC), dict(STEP_ALARM)
    parts: dict[str, dict[str, Any]] = {
        "metric": metric,
        "tracking": {"name": "busy", "customizedMetric": metric, "targetValue": 5},
        "alarm": alarm,
        "steps": {**STEPS, "alarm": alarm},
        "schedule": {"name": "night", "schedule": "cron(0 20 * * ? *)", "minCapacity": 1, "maxCapacity": 3},
    }
    part, field = place
    parts[part] = parts[part] | {field: value}
    if part == "metric":
        parts["tracking"]["customizedMetric"] = parts["metric"]
    if part == "alarm":
        parts["steps"]["alarm"] = parts["alarm"]
    scaling = {
        "targetInvocationsPerInstance": None,
        "targetTracking": [parts["tracking"]],
        "stepScaling": [parts["steps"]],
        "schedules": [parts["schedule"]],
    }
    return scaled(**scaling)


@pytest.mark.parametrize("name", FIELDS)
def test_each_field_of_scaling_is_told_by_the_name_that_the_spec_has_for_it(
    sight: Callable[..., Any], name: str
) -> None:
    place, old, new, told = FIELDS[name]
    seen = sight(with_field(place, new), with_field(place, old))
    assert describe(seen.plan().actions, seen.observed) == (told,)
