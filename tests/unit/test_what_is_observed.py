"""What a reconcile asks AWS about, in each state: what the plan needs, and nothing more, as calls are few."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from smendpoints.aws.listed.watch import NEVER
from smendpoints.controller.memory import Seen
from smendpoints.controller.observe import observe, observe_to_finalize
from smendpoints.controller.result import Applied
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.observed.observed import OwnedResources, OwnMonitoring
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.reasons import Reason
from smsandbox.testing.one_asked import DONE, LISTED, STEP_SCALED, AskedAws, B, swept

WATCHED = {"rollout": {"strategy": "Canary", "stepPercent": 10, "rollback": {"maxErrorRatePercent": 1}}}
SNAPSHOT = {
    "variant": "primary",
    "dimension": "sagemaker:variant:DesiredInstanceCount",
    "minCapacity": 1,
    "maxCapacity": 2,
}


def scaled(most: int) -> dict[str, Any]:
    """What a user wants of one variant."""
    return {"variant": {"scaling": {"minCapacity": 1, "maxCapacity": most, "targetInvocationsPerInstance": 70}}}


AT_REST = ["endpoint", "targets"]
CLEANING = [*AT_REST, "alarms", "what is owned, as listed"]
REPLACING = ["endpoint", "the live config", "a model", "targets"]
WITHOUT_WORDS = ["endpoint", "the live config", "targets"]
# What a reconcile sees, and what it asked to see it; `swept`: no garbage is left, as this process knows.
STATES: dict[str, tuple[dict[str, Any], bool, list[str]]] = {
    "there is none": ({"exists": False}, True, ["endpoint"]),
    "somebody else's": ({"shows": {"tags": {}}}, True, ["endpoint"]),
    "to be adopted": (
        {"wants": {"adoptExisting": True}, "shows": {"tags": {}}},
        True,
        ["endpoint", "what is nobody's", "targets"],
    ),
    "to be adopted, and not swept": (
        {"wants": {"adoptExisting": True}, "shows": {"tags": {}}},
        False,
        ["endpoint", "what is nobody's", "targets"],
    ),
    "to be adopted, without a config": (
        {"wants": {"adoptExisting": True}, "shows": {"tags": {}, "config_name": None}},
        True,
        ["endpoint", "targets"],
    ),
    "adopted": ({"wants": {"adoptExisting": True}}, True, AT_REST),
    "as wanted": ({}, True, AT_REST),
    "as wanted, and not swept": ({}, False, CLEANING),
    "that scales by steps": ({"wants": STEP_SCALED}, True, [*AT_REST, "alarms"]),
    "that scales by steps no longer": ({"wants": {}, "lives": STEP_SCALED}, True, [*AT_REST, "alarms"]),
    "that alarms watch": ({"wants": WATCHED}, True, [*AT_REST, "alarms"]),
    "after a rollout of this config": ({"remembers": DONE}, True, AT_REST),
    "after a rollout of another config": ({"remembers": {**DONE, "configName": "older"}}, True, [*AT_REST, "alarms"]),
    "whose scaling was taken off": (
        {"remembers": {**DONE, "autoscalingSnapshot": [SNAPSHOT]}},
        True,
        [*AT_REST, "alarms"],
    ),
    "that is to be replaced": ({"lives": B}, True, REPLACING),
    "that is to be replaced, and not swept": ({"lives": B}, False, [*REPLACING, "what is owned, as listed"]),
    "that is to be replaced by what served before": (
        {"lives": B, "history": [("LIVE", "Deployed"), ("WANTED", "Deployed")]},
        True,
        ["endpoint", "the live config", "the wanted config", "a model", "targets"],
    ),
    "that is to be replaced by what failed just now": (
        {"lives": B, "history": [("WANTED", "Deployed"), ("LIVE", "Deployed")]},
        True,
        REPLACING,
    ),
    "that is to be replaced, and whose config was deleted": (
        {"lives": B, "live_config": None, "history": [("LIVE", "Deployed")]},
        True,
        WITHOUT_WORDS,
    ),
    "whose replacement was tried": ({"lives": B, "remembers": DONE}, True, WITHOUT_WORDS),
    "without a config": ({"shows": {"config_name": None}}, True, AT_REST),
    "being created": ({"shows": {"status": "Creating"}}, True, ["endpoint"]),
    "being updated": ({"shows": {"status": "Updating"}}, True, ["endpoint"]),
    "being deleted": ({"shows": {"status": "Deleting"}}, True, ["endpoint"]),
    "being updated while alarms watch": (
        {
            "wants": WATCHED,
            "lives": {**WATCHED, **B},
            "shows": {"status": "Updating", "pending_config": "WANTED"},
            "remembers": {"phase": "InProgress"},
        },
        True,
        ["endpoint", "alarms"],
    ),
    "being updated in an attempt that nothing watches": (
        {
            "lives": B,
            "shows": {"status": "Updating", "pending_config": "WANTED"},
            "remembers": {"phase": "InProgress"},
        },
        True,
        ["endpoint"],
    ),
    "being updated in an attempt that can be aborted": (
        {
            "lives": B,
            "shows": {"status": "Updating", "pending_config": "WANTED"},
            "remembers": {"phase": "InProgress", "abortAlarm": "smendpoints/abort"},
        },
        True,
        ["endpoint", "alarms"],
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_of_an_endpoint_is_asked(sight: Callable[..., Any], name: str) -> None:
    sees, is_swept, asked = STATES[name]
    seen = sight(**sees)
    aws = AskedAws(seen)
    found = observe(aws, seen.resource, seen.desired, LISTED, swept(seen) if is_swept else Seen())  # type: ignore[arg-type]
    assert aws.asked == asked
    assert found.endpoint is seen.observed.endpoint
    assert bool(found.owned_resources) is ("what is owned, as listed" in asked)
    assert bool(found.unowned) is ("what is nobody's" in asked)
    assert not found.equivalent, "that is asked only of what somebody else made"


@pytest.mark.parametrize(
    ("sees", "asked"),
    [
        ({}, ["endpoint"]),
        ({"wants": scaled(6), "lives": scaled(5)}, AT_REST),
        ({"wants": scaled(6), "lives": {}}, ["endpoint"]),
        ({"lives": B}, REPLACING),
        ({"wants": {"adoptExisting": True}, "shows": {"tags": {}}}, ["endpoint", "what is nobody's", "targets"]),
    ],
    ids=["as wanted", "otherwise than wanted", "that is not there yet", "of what is replaced", "of what is adopted"],
)
def test_autoscaling_that_is_listed_is_not_asked_for(
    sight: Callable[..., Any], sees: dict[str, Any], asked: list[str]
) -> None:
    seen = sight(**sees)
    aws = AskedAws(seen, listed=seen.observed.targets)
    found = observe(aws, seen.resource, seen.desired, LISTED, swept(seen), listed_since=1.0)  # type: ignore[arg-type]
    assert aws.asked == asked
    assert found.targets == seen.observed.targets


@pytest.mark.parametrize(
    ("verbs", "refused", "scaling_at", "tags_at"),
    [
        ([Verb.SET_WEIGHTS_AND_CAPACITIES], False, NEVER, NEVER),
        ([Verb.SET_WEIGHTS_AND_CAPACITIES], True, 5.0, 5.0),
        ([Verb.ADD_TAGS, Verb.DELETE_TAGS], False, NEVER, 5.0),
        ([Verb.PUT_POLICY, Verb.SET_WEIGHTS_AND_CAPACITIES], False, 5.0, NEVER),
        ([Verb.UPDATE_ENDPOINT], False, 5.0, 5.0),
    ],
)
def test_what_was_changed_is_no_more_as_it_was_listed_before(
    verbs: list[Verb], refused: bool, scaling_at: float, tags_at: float
) -> None:
    failures = (ReconcileError(Kind.RETRY, Reason.THROTTLED, "slower"),) if refused else ()
    seen, made = Seen(), tuple(Action(verb, "iris", {}) for verb in verbs)
    seen.applied(Applied(changed=True, made=made, refusals=failures), 5.0)
    assert (seen.written_at, seen.scaling_at, seen.tags_at) == (5.0, scaling_at, tags_at)
    seen.applied(Applied(), 9.0)
    assert seen.written_at == 5.0


@pytest.mark.parametrize(
    ("verb", "collected"),
    [(Verb.CREATE_MODEL, False), (Verb.CREATE_CONFIG, False), (Verb.DELETE_MODEL, True), (Verb.ADD_TAGS, True)],
)
def test_what_is_made_may_be_garbage_soon(sight: Callable[..., Any], verb: Verb, collected: bool) -> None:
    wanted, seen = sight(), swept(sight())
    seen.applied(Applied(changed=True, made=(Action(verb, "iris", {}),), created_with={"team": "ml"}), 5.0)
    assert seen.is_swept(wanted.desired, wanted.resource.spec.revision_history_limit) is collected
    assert seen.created_with == {"team": "ml"}


def test_targets_are_asked_for_of_variants_that_are_wanted_and_of_those_that_serve(sight: Callable[..., Any]) -> None:
    more: dict[str, Any] = {"challenger": {}}
    for sees in ({"lives": more}, {"wants": more, "lives": {}}):
        seen = sight(**sees)
        aws = AskedAws(seen)
        observe(aws, seen.resource, seen.desired, LISTED, swept(seen))  # type: ignore[arg-type]
        assert aws.ids == {f"endpoint/default-iris/variant/{each}" for each in ("primary", "challenger")}


def test_a_new_endpoint_is_not_asked_for_the_tags_that_it_was_made_with(sight: Callable[..., Any]) -> None:
    seen, memory = sight(), Seen(created_with={"team": "ml"})
    aws = AskedAws(seen)
    observe(aws, seen.resource, seen.desired, LISTED, memory)  # type: ignore[arg-type]
    assert aws.asked[0] == "endpoint without its tags"


def test_where_there_surely_never_was_an_endpoint_none_is_asked_for(sight: Callable[..., Any]) -> None:
    absent = replace(LISTED, absent=True)
    never, gone = sight(exists=False), sight(exists=False, converged=True)
    for seen, asked in ((never, []), (gone, ["endpoint"])):  # what was there is gone once a Describe says so
        aws = AskedAws(seen)
        assert observe(aws, seen.resource, seen.desired, absent, Seen()).endpoint is None  # type: ignore[arg-type]
        assert aws.asked == asked


@pytest.mark.parametrize(
    ("running", "suspended", "made", "is_swept", "looks"),
    [
        (False, False, True, False, True),
        (False, False, None, False, True),
        (False, False, False, False, False),
        (False, False, True, True, False),
        (True, False, True, False, False),
        (False, True, True, False, False),
    ],
)
def test_what_edits_left_of_an_endpoint_that_office_hours_stopped_is_looked_for_once(
    sight: Callable[..., Any], running: bool, suspended: bool, made: bool | None, is_swept: bool, looks: bool
) -> None:
    seen = sight({"suspend": suspended}, exists=False)
    status = seen.resource.status.model_copy(update={"created_in_aws": made})
    resource = seen.resource.model_copy(update={"status": status})
    aws = AskedAws(seen)
    memory = swept(seen) if is_swept else Seen()
    found = observe(aws, resource, seen.desired, LISTED, memory, running=running)  # type: ignore[arg-type]
    assert aws.asked == ["endpoint", *(["what is owned, as listed"] if looks else [])]
    assert (found.owned_resources is not None) is looks


def test_an_update_shows_the_targets_as_listed_and_a_creation_has_none(sight: Callable[..., Any]) -> None:
    for status, told in (
        ("Updating", "as listed"),
        ("RollingBack", "as listed"),
        ("Creating", None),
        ("Deleting", None),
    ):
        seen = sight(shows={"status": status})
        found = observe(AskedAws(seen), seen.resource, seen.desired, LISTED, Seen())  # type: ignore[arg-type]
        assert str(found.targets) == str(told), status


def test_what_is_missing_is_told_of_what_the_endpoint_uses_or_is_to_go_back_to(sight: Callable[..., Any]) -> None:
    deployed = {"history": [("LIVE", "Deployed"), ("WANTED", "Deployed")]}
    for sees, told in (({}, True), ({"lives": B}, False), ({"lives": B, **deployed}, True)):
        seen = sight(**sees)
        found = observe(AskedAws(seen), seen.resource, seen.desired, LISTED, swept(seen))  # type: ignore[arg-type]
        assert found.missing == (seen.desired.contents() if told else frozenset())


def test_the_models_that_are_replaced_are_told_as_far_as_they_can_be_seen(sight: Callable[..., Any]) -> None:
    seen = sight(lives=B)
    live = seen.observed.live_config
    for denied, told in ((False, set(live.models())), (True, set())):
        aws = AskedAws(seen, denies_models=denied)
        found = observe(aws, seen.resource, seen.desired, LISTED, Seen())  # type: ignore[arg-type]
        assert set(found.live_models) == told
    same = sight(lives={"variant": {"instance": {"type": "ml.m5.xlarge", "count": 1}}})
    aws = AskedAws(same)
    found = observe(aws, same.resource, same.desired, LISTED, Seen())  # type: ignore[arg-type]
    assert "a model" not in aws.asked, "what the spec says of a model need not be asked for"
    assert set(found.live_models) == set(same.observed.live_config.models())


FINALIZED: dict[str, tuple[dict[str, Any], bool, bool, list[str]]] = {  # retain, monitored
    "one in service": ({}, False, True, ["endpoint", "whose alarms", "targets alone"]),
    "one that is retained": ({}, True, False, ["endpoint", "the wanted config", "what is owned, alarms too"]),
    "one that AWS is at work on": ({"shows": {"status": "Updating"}}, False, True, ["endpoint"]),
    "one that AWS deletes": ({"shows": {"status": "Deleting"}}, False, True, ["endpoint", "targets alone"]),
    "somebody else's at work": (
        {"shows": {"tags": {}, "status": "Updating"}},
        False,
        False,
        ["endpoint", "the wanted config", "what is owned, alarms too"],
    ),
    "none": ({"exists": False}, False, False, ["endpoint", "what is owned, alarms too"]),
    "none, once monitored": (
        {"exists": False},
        False,
        True,
        ["endpoint", "what is owned, alarms too", "monitoring and its dashboard"],
    ),
}


@pytest.mark.parametrize("name", FINALIZED)
def test_before_a_deletion_of(sight: Callable[..., Any], name: str) -> None:
    sees, retain, monitored, asked = FINALIZED[name]
    seen = sight(**sees)
    aws = AskedAws(seen)
    found = observe_to_finalize(
        aws,  # type: ignore[arg-type]
        seen.desired.endpoint_name,
        seen.desired.owner,
        retain=retain,
        monitored=monitored,
        has_dashboard=True,
    )
    assert sorted(aws.asked) == sorted(asked)
    assert found.endpoint is seen.observed.endpoint
    if "whose alarms" in asked:
        assert found.owned_resources == OwnedResources(alarms={"ours": "arn"}, untagged_alarms={"nobodys": "arn"})
    if "monitoring and its dashboard" in asked:
        assert found.owned_resources is not None
        assert found.owned_resources.monitoring == OwnMonitoring({"watching": "arn"})


@pytest.mark.parametrize(("created_with", "asks"), [(None, "its tags"), ({"of": "its creation"}, None)])
def test_one_that_was_just_described_is_asked_for_its_tags_alone(
    sight: Callable[..., Any], created_with: Mapping[str, str] | None, asks: str | None
) -> None:
    seen = sight()
    aws, memory = AskedAws(seen), replace(swept(seen), created_with=created_with)
    observe(aws, seen.resource, seen.desired, LISTED, memory, described=seen.observed.endpoint)  # type: ignore[arg-type]
    assert aws.asked == [*([asks] if asks is not None else []), "targets"]
