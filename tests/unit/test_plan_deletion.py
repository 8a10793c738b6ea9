"""The plan for leaving: what goes in which order, what waits, and what is let go of."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.domain.observed.observed import Observed, OwnedResources, OwnMonitoring
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.deletion import (
    plan_deletion,
    plan_endpoint_removal,
    plan_retention,
    scaling_left_undone,
    suspended_deletion,
)
from smendpoints.domain.plan.verdict import Plan, Requeue, reconciling
from smendpoints.domain.reasons import Reason
from smsandbox.testing.taken import assert_taken

SCALED = {"variant": {"scaling": {"minCapacity": 1, "maxCapacity": 5, "targetInvocationsPerInstance": 70}}}
OTHERS = {"smendpoints.dev/cluster": "cluster-1", "smendpoints.dev/namespace": "team", "smendpoints.dev/name": "fraud"}
MODEL_ARN = "arn:aws:sagemaker:us-east-1:123456789012:model/m"
ALARM = "smendpoints/default-iris/x"
ALARM_ARN = f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{ALARM}"
WATCHING = "smendpoints/default-iris/default-iris-0123456789/primary/errors"


@pytest.fixture
def owned_resources(desired: Callable[..., Any], config: Callable[..., Any]) -> OwnedResources:
    """Two configs, two models and an alarm."""
    wish = desired()
    configs = tuple(replace(config(wish), name=name) for name in ("default-iris-bbbb", "default-iris-aaaa"))
    return OwnedResources(configs, {"m2": f"{MODEL_ARN}2", "m1": f"{MODEL_ARN}1"}, {ALARM: ALARM_ARN})


def words(plan: Any) -> list[str]:
    """The calls, each of which AWS takes."""
    assert_taken(plan.actions)
    return [str(action) for action in plan.actions]


@pytest.mark.parametrize("status", ["InService", "OutOfService", "Failed", "UpdateRollbackFailed"])
def test_alarms_and_scaling_go_before_the_endpoint_and_the_endpoint_before_all_else(
    sight: Callable[..., Any], owned_resources: OwnedResources, status: str
) -> None:
    seen = sight(SCALED, shows={"status": status}, owned_resources=owned_resources)
    plan = plan_deletion(seen.observed, seen.desired.owner, was_live=False)
    assert words(plan) == [
        f"DELETE_ALARMS {ALARM}",
        "DEREGISTER_TARGET endpoint/default-iris/variant/primary",
        "DELETE_ENDPOINT default-iris",
    ]
    assert (plan.verdict.reason, plan.verdict.reconciling, plan.requeue) == ("Deleting", True, Requeue.POLL)
    assert plan.endpoint_status == "Deleting"


@pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"])
def test_nothing_is_done_while_aws_is_at_work_and_that_is_said(
    sight: Callable[..., Any], owned_resources: OwnedResources, status: str
) -> None:
    seen = sight(SCALED, shows={"status": status}, owned_resources=owned_resources)
    plan = plan_deletion(seen.observed, seen.desired.owner, was_live=False)
    assert (words(plan), plan.verdict.reconciling, plan.requeue) == ([], True, Requeue.POLL)
    assert ("AWS is deleting" if status == "Deleting" else f"({status})") in plan.verdict.message
    assert plan.endpoint_status == ("Deleting" if status == "Deleting" else None)


def test_once_the_endpoint_is_gone_alarms_go_then_configs_then_models(
    desired: Callable[..., Any], owned_resources: OwnedResources
) -> None:
    plan = plan_deletion(Observed(owned_resources=owned_resources), desired().owner, was_live=False)
    assert words(plan) == [
        "DELETE_ALARMS smendpoints/default-iris/x",
        "DELETE_CONFIG default-iris-aaaa",
        "DELETE_CONFIG default-iris-bbbb",
        "DELETE_MODEL m1",
        "DELETE_MODEL m2",
    ]
    assert (plan.verdict.reason, plan.verdict.ready) == ("Deleted", True)


UNTAGGED = {ALARM: ALARM_ARN, WATCHING: ALARM_ARN}


def test_what_a_release_left_untagged_goes_with_an_endpoint_of_ours(sight: Callable[..., Any]) -> None:
    seen = sight(owned_resources=OwnedResources(untagged_alarms=UNTAGGED))
    assert (
        words(plan_deletion(seen.observed, seen.desired.owner, was_live=False))[0]
        == f"DELETE_ALARMS {WATCHING}, {ALARM}"
    )


@pytest.mark.parametrize(("was_live", "gone"), [(True, [f"DELETE_ALARMS {WATCHING}, {ALARM}"]), (False, [])])
def test_without_an_endpoint_it_goes_if_that_was_in_service_for_us(
    desired: Callable[..., Any], was_live: bool, gone: list[str]
) -> None:
    observed = Observed(owned_resources=OwnedResources(untagged_alarms=UNTAGGED))
    assert words(plan_deletion(observed, desired().owner, was_live=was_live)) == gone


@pytest.mark.parametrize("ours", [True, False], ids=["a config of ours", "another's config"])
def test_beside_an_endpoint_of_another_it_goes_only_where_it_watches_a_config_of_ours(
    sight: Callable[..., Any], config: Callable[..., Any], desired: Callable[..., Any], ours: bool
) -> None:
    name = "default-iris-0123456789" if ours else "default-iris-9876543210"
    left = OwnedResources((replace(config(desired()), name=name),), untagged_alarms=UNTAGGED)
    seen = sight(shows={"tags": OTHERS}, owned_resources=left)
    done = words(plan_deletion(seen.observed, seen.desired.owner, was_live=True))
    assert [each for each in done if "ALARM" in each] == ([f"DELETE_ALARMS {WATCHING}"] if ours else [])


def test_with_nothing_left_there_is_nothing_to_do(desired: Callable[..., Any]) -> None:
    plan = plan_deletion(Observed(owned_resources=OwnedResources()), desired().owner, was_live=False)
    assert (words(plan), plan.verdict.reason) == ([], "Deleted")


def test_another_objects_endpoint_of_that_name_is_not_touched_but_what_is_ours_goes(
    sight: Callable[..., Any], owned_resources: OwnedResources
) -> None:
    seen = sight(SCALED, shows={"tags": OTHERS}, owned_resources=owned_resources)
    done = words(plan_deletion(seen.observed, seen.desired.owner, was_live=False))
    assert "DELETE_ENDPOINT default-iris" not in done
    assert not any(action.startswith("DEREGISTER") for action in done)
    assert "DELETE_MODEL m1" in done


def test_retaining_takes_nothing_but_the_tags_of_ownership(
    sight: Callable[..., Any], owned_resources: OwnedResources
) -> None:
    seen = sight({"tags": {"team": "ml"}}, owned_resources=owned_resources)
    plan = plan_retention(seen.observed, seen.desired.owner)
    *tagged, alarm = plan.actions
    assert {action.verb.name for action in tagged} == {"DELETE_TAGS"}
    assert (alarm.verb.name, alarm.params["ResourceARN"]) == ("UNTAG_ALARM", ALARM_ARN)
    arns = [action.params["ResourceArn"] for action in tagged]
    assert arns == [
        seen.observed.endpoint.arn,
        *(config.arn for config in owned_resources.configs),
        f"{MODEL_ARN}1",
        f"{MODEL_ARN}2",
    ]
    assert all(action.params["TagKeys"] == sorted(seen.desired.owner.tags()) for action in plan.actions)
    assert (plan.verdict.reason, plan.verdict.ready) == ("Retained", True)


def test_retaining_lets_another_objects_endpoint_be(sight: Callable[..., Any]) -> None:
    seen = sight(shows={"tags": OTHERS})
    assert words(plan_retention(seen.observed, seen.desired.owner)) == []


def test_what_removes_takes_not_found_for_success(desired: Callable[..., Any], owned_resources: OwnedResources) -> None:
    plan = plan_deletion(Observed(owned_resources=owned_resources), desired().owner, was_live=False)
    assert all(action.verb.removes for action in plan.actions)


@pytest.mark.parametrize("status", ["InService", "Deleting"])
@pytest.mark.parametrize(
    ("reason", "then"),
    [
        (Reason.DELETING, ""),
        (Reason.RECREATING, "; then it is created again"),
        (Reason.STOPPING, "; then it is stopped, as the spec says"),
    ],
)
def test_what_comes_after_the_endpoint_is_gone_is_told(
    sight: Callable[..., Any], status: str, reason: Reason, then: str
) -> None:
    seen = sight(shows={"status": status})
    plan = plan_endpoint_removal(seen.observed.endpoint, seen.observed, reason)
    assert plan.verdict.message.endswith(f" the endpoint default-iris{then}")
    assert plan.verdict.reason is reason


@pytest.mark.parametrize(("status", "running"), [("Creating", "creation"), ("Updating", "update")])
def test_a_deletion_says_what_it_waits_for(sight: Callable[..., Any], status: str, running: str) -> None:
    seen = sight(shows={"status": status})
    plan = plan_deletion(seen.observed, seen.desired.owner, was_live=False)
    assert plan.verdict.message == f"deletion waits for the running {running} ({status})"


BESIDE = OwnMonitoring({"b": "arn:b", "a": "arn:a"}, {"board": "arn:board"})


@pytest.mark.parametrize("whose", ["ours", "another's", "nobody there"])
def test_alarms_and_dashboard_that_watch_an_endpoint_go_first(sight: Callable[..., Any], whose: str) -> None:
    shows = {"ours": {}, "another's": {"tags": OTHERS}}.get(whose)
    seen = sight(shows=shows, exists=shows is not None, owned_resources=OwnedResources(monitoring=BESIDE))
    done = words(plan_deletion(seen.observed, seen.desired.owner, was_live=False))
    assert done[:2] == ["DELETE_ALARMS a, b", "DELETE_DASHBOARD board"]
    assert len(done) == (3 if whose == "ours" else 2)


def test_retaining_takes_the_tags_of_what_watches_too(sight: Callable[..., Any]) -> None:
    seen = sight(owned_resources=OwnedResources(alarms={ALARM: ALARM_ARN}, monitoring=BESIDE))
    plan = plan_retention(seen.observed, seen.desired.owner)
    untagged = [action.params["ResourceARN"] for action in plan.actions if action.verb is Verb.UNTAG_ALARM]
    assert untagged == ["arn:a", "arn:b", "arn:board", ALARM_ARN]
    assert (plan.requeue, plan.verdict.message) == (Requeue.NOW, "left in AWS as deletionPolicy says")


@pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating", "RollingBack"])
def test_retaining_waits_while_aws_is_at_work(sight: Callable[..., Any], status: str) -> None:
    seen = sight(shows={"status": status})
    plan = plan_retention(seen.observed, seen.desired.owner)
    assert (plan.actions, plan.verdict.reason) == ((), "Retaining")
    assert plan.verdict.message == f"default-iris stays in AWS without an owner once AWS has finished; it is {status}"


@pytest.mark.parametrize("serves", ["config_name", "pending_config"])
def test_what_anothers_endpoint_serves_with_stays_though_it_is_ours(
    sight: Callable[..., Any], owned_resources: OwnedResources, serves: str
) -> None:
    """So after the endpoint's tags were taken by a hand: it would lose its model at the next restart."""
    used = owned_resources.configs[1]
    (model,) = used.models()
    left = replace(owned_resources, models={**owned_resources.models, model: MODEL_ARN})
    shows = {"tags": OTHERS, "config_name": "elsewhere", serves: used.name}
    seen = sight(shows=shows, owned_resources=left, live_config=None)
    plan = plan_deletion(seen.observed, seen.desired.owner, was_live=False)
    assert words(plan) == ["DELETE_CONFIG default-iris-bbbb", "DELETE_MODEL m1", "DELETE_MODEL m2"]
    assert (plan.verdict.reason, plan.requeue) == ("NotOwned", Requeue.NOW)
    assert "which carries no tags of this object, is left in AWS" in plan.verdict.message


def test_the_models_of_a_config_that_is_not_ours_stay_with_it(
    sight: Callable[..., Any], config: Callable[..., Any], desired: Callable[..., Any]
) -> None:
    live = config(desired())
    (model,) = live.models()
    left = OwnedResources(models={model: MODEL_ARN, "m1": MODEL_ARN})
    seen = sight(shows={"tags": OTHERS}, owned_resources=left, live_config=live)
    assert words(plan_deletion(seen.observed, seen.desired.owner, was_live=False)) == ["DELETE_MODEL m1"]


@pytest.mark.parametrize(
    ("wants", "shows", "waits"),
    [
        ({"suspend": True}, {}, True),
        ({"suspend": True}, {"status": "Updating"}, True),
        ({"suspend": True}, {"status": "Deleting"}, False),
        ({"suspend": True}, {"tags": OTHERS}, False),
        ({"suspend": True}, None, False),
        ({"suspend": False}, {}, False),
        ({"suspend": True, "deletionPolicy": "Retain"}, {}, False),
    ],
)
def test_a_deletion_waits_while_the_object_is_suspended(
    sight: Callable[..., Any], wants: dict[str, Any], shows: dict[str, Any] | None, waits: bool
) -> None:
    seen = sight(wants, shows=shows, exists=shows is not None)
    plan = suspended_deletion(seen.resource, seen.desired.owner, seen.observed)
    assert (plan is not None) is waits
    if plan is not None:
        assert (plan.actions, plan.requeue, plan.verdict.reason) == ((), Requeue.STEADY, "DeletionSuspended")


def test_what_is_left_in_aws_scales_again_and_carries_no_owners_tags() -> None:
    own, team = {"Key": "smendpoints.dev/name", "Value": "iris"}, {"Key": "team", "Value": "ml"}
    target = Action(Verb.REGISTER_TARGET, "t", {"MinCapacity": 1})
    alarm = Action(Verb.PUT_ALARM, "a", {"AlarmName": "a", "Tags": [own, team]})
    bare = Action(Verb.PUT_ALARM, "b", {"AlarmName": "b", "Tags": [own]})
    off = Action(Verb.DELETE_ALARMS, "c", {"AlarmNames": ["c"]})
    tags, tag_alarm = Action(Verb.ADD_TAGS, "e", {}), Action(Verb.TAG_ALARM, "a", {})
    update = Action(Verb.UPDATE_ENDPOINT, "e", {})
    verdict = reconciling(Reason.UPDATING, "updating")
    undone = (
        target,
        Action(Verb.PUT_ALARM, "a", {"AlarmName": "a", "Tags": [team]}),
        Action(Verb.PUT_ALARM, "b", {"AlarmName": "b"}),
        off,
    )
    assert scaling_left_undone(Plan(verdict, (target, alarm, bare, off, tags, tag_alarm))) == undone
    instead = Plan(verdict, (update,), otherwise=(target, alarm, bare, off, tag_alarm))
    assert scaling_left_undone(instead) == undone
    for verb in (Verb.PUT_POLICY, Verb.PUT_SCHEDULE):
        assert scaling_left_undone(Plan(verdict, (Action(verb, "p", {}),))) == (Action(verb, "p", {}),)


def test_what_is_gone_is_let_go_of_at_once(desired: Callable[..., Any]) -> None:
    todo = plan_deletion(Observed(), desired().owner, was_live=False)
    assert (todo.verdict.reason, todo.requeue) == ("Deleted", Requeue.NOW)
