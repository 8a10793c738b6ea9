"""Whose an alarm is, and what follows for the calls of a plan."""

from typing import Any

from smendpoints.domain.desired.ownership import Owner
from smendpoints.domain.observed.observed import Observed
from smendpoints.domain.plan.actions import Action, Verb
from smendpoints.domain.plan.alarms import Ownership, leaving, put, sort, touched, with_tags, without
from smendpoints.domain.plan.verdict import Plan, ready
from smendpoints.domain.reasons import Reason

OWNER = Owner("cluster-1", "default", "iris")
WELL = ready(Reason.IN_SERVICE, "in service")
PUT = Action(Verb.PUT_ALARM, "one", {"AlarmName": "one", "Threshold": 5.0})
OTHER = Action(Verb.PUT_POLICY, "policy", {"PolicyName": "policy"})
DELETE = Action(Verb.DELETE_ALARMS, "two, three", {"AlarmNames": ["two", "three"]})
OWNERS_TAGS = [
    {"Key": "smendpoints.dev/cluster", "Value": "cluster-1"},
    {"Key": "smendpoints.dev/name", "Value": "iris"},
    {"Key": "smendpoints.dev/namespace", "Value": "default"},
]


def test_an_alarm_is_the_owners_another_ones_or_nobodys() -> None:
    tags = {
        "mine": OWNER.tags(),
        "theirs": Owner("cluster-1", "default", "tulip").tags(),
        "elsewhere": Owner("cluster-2", "default", "iris").tags(),
        "users": {"team": "ml"},
        "bare": {},
    }
    found = sort(OWNER, {name: f"arn:{name}" for name in tags}, tags)
    assert found == Ownership(
        ours={"mine": "arn:mine"},
        others={"theirs": "arn:theirs", "elsewhere": "arn:elsewhere"},
        nobodys={"users": "arn:users", "bare": "arn:bare"},
    )


def test_a_plan_touches_what_it_puts_and_what_it_deletes_in_either_case() -> None:
    assert put([PUT, OTHER, DELETE]) == {"one"}
    assert touched(Plan(WELL, (OTHER, PUT), (DELETE,))) == {"one", "two", "three"}
    assert touched(Plan(WELL, (DELETE,))) == {"two", "three"}
    assert touched(Plan(WELL, (OTHER,))) == set()


def test_another_ones_alarms_are_as_if_they_were_not_there() -> None:
    seen = Observed(alarms={"one": {"Threshold": 1}, "two": {"Threshold": 2}})
    assert without(seen, ["one", "nine"]).alarms == {"two": {"Threshold": 2}}


def test_an_alarm_gets_its_owners_tags_with_its_creation_and_nobodys_before_it_is_overwritten(desired: Any) -> None:
    wish = desired({"tags": {"team": "ml"}})
    tagged = {**PUT.params, "Tags": [*OWNERS_TAGS, {"Key": "team", "Value": "ml"}]}
    for nobodys in ({}, {"another": "arn:another"}):
        found = with_tags(Plan(WELL, (OTHER, PUT), (DELETE, PUT)), wish, nobodys)
        assert [(each.verb, each.params) for each in found.actions] == [
            (Verb.PUT_POLICY, OTHER.params),
            (Verb.PUT_ALARM, tagged),
        ]
        assert [(each.verb, each.params) for each in found.otherwise] == [
            (Verb.DELETE_ALARMS, DELETE.params),
            (Verb.PUT_ALARM, tagged),
        ]
    found = with_tags(Plan(WELL, (PUT,)), wish, {"one": "arn:one"})
    assert [(each.verb, each.target, each.params) for each in found.actions] == [
        (Verb.TAG_ALARM, "one", {"ResourceARN": "arn:one", "Tags": OWNERS_TAGS}),
        (Verb.PUT_ALARM, "one", tagged),
    ]


def test_what_stays_of_calls_without_the_alarms_of_another() -> None:
    both = Action(Verb.DELETE_ALARMS, "a, b", {"AlarmNames": ["a", "b"]})
    gone, kept = Action(Verb.PUT_ALARM, "a", {}), Action(Verb.PUT_ALARM, "b", {})
    left = leaving((both, gone, kept), {"a"})
    assert left == (Action(Verb.DELETE_ALARMS, "b", {"AlarmNames": ["b"]}), kept)
    assert [each.params for each in left] == [{"AlarmNames": ["b"]}, {}]
    assert leaving((both,), {"a", "b"}) == ()
