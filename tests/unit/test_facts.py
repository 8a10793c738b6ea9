"""What is read of every object's body as it is: what it has made, where it is, and how much it may hold."""

from typing import Any

import pytest

from smendpoints.domain.tenancy.claims import Standing
from smendpoints.domain.tenancy.facts import (
    Facts,
    Identity,
    PartialIdentity,
    account_of,
    capacity,
    facts_of,
    instances,
    within,
)

META = {"uid": "u", "namespace": "team", "name": "iris", "creationTimestamp": "2026-11-22T12:00:00Z"}
SPEC: dict[str, Any] = {"variants": [{"name": "primary", "instance": {"type": "ml.a", "count": 2}}]}
HISTORY = [{"revision": 1}]
ARN = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/iris"


def facts(spec: dict[str, Any] | None = None, **status: Any) -> Facts:
    return facts_of({"metadata": META, "spec": {**SPEC, **(spec or {})}, "status": status})


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ({}, Standing.NEW),
        ({"endpoint": {"arn": ARN}}, Standing.NEW),  # another's, which it is refused
        ({"createdInAWS": True}, Standing.HOLDS),
        ({"createdInAWS": True, "history": HISTORY}, Standing.HOLDS),
        ({"resolved": {"endpointName": "iris"}}, Standing.HOLDS),
        ({"history": HISTORY, "endpoint": {"arn": ARN}}, Standing.SERVES),
        ({"history": HISTORY, "endpoint": {"name": "iris", "arn": None}}, Standing.MADE),
        ({"history": HISTORY, "endpoint": None}, Standing.MADE),
        ({"history": HISTORY}, Standing.MADE),
    ],
)
def test_how_strong_its_claim_is_the_status_says(status: dict[str, Any], standing: Standing) -> None:
    assert facts(**status).standing is standing


def test_every_word_of_an_object_is_read() -> None:
    where = {"endpointName": "shared", "region": "eu-west-1", "assumeRoleARN": "arn:aws:iam::1:role/r"}
    assert facts(where) == Facts(
        uid="u",
        namespace="team",
        name="iris",
        created="2026-11-22T12:00:00Z",
        standing=Standing.NEW,
        wanted=PartialIdentity("shared", "eu-west-1", "arn:aws:iam::1:role/r"),
        pinned=None,
        asked=(("ml.a", 2),),
        granted=None,
    )


def test_what_was_pinned_stands_in_for_what_the_spec_leaves_out() -> None:
    pinned = {"endpointName": "iris", "region": "us-east-1", "assumeRoleARN": "arn:aws:iam::1:role/r"}
    found = facts(resolved={**pinned, "capacity": {"ml.b": 1, "ml.a": 3}, "capacityBefore": {"ml.a": 9}})
    assert found.pinned == PartialIdentity("iris", "us-east-1", "arn:aws:iam::1:role/r")
    assert (found.granted, found.before) == ((("ml.a", 3), ("ml.b", 1)), ((("ml.a", 9),),))
    own = facts({"endpointName": "other", "region": "eu-west-1", "assumeRoleARN": "r"}, resolved=pinned)
    assert own.pinned == PartialIdentity("other", "eu-west-1", "r"), "a status that says something else is nobody's"


def test_an_object_of_the_release_before_holds_what_it_asks_for() -> None:
    assert facts(createdInAWS=True).granted == (("ml.a", 2),)
    assert facts().granted is None


def test_a_body_without_spec_status_or_time_is_read_all_the_same() -> None:
    bare = facts_of({"metadata": {key: META[key] for key in ("uid", "namespace", "name")}, "spec": None})
    assert (bare.asked, bare.created, bare.standing) == ((), "", Standing.NEW)


def test_what_may_run_instead_counts_where_it_is_more() -> None:
    before = [{"ml.a": 9}, {"ml.a": 1}, {"ml.b": 1}]
    found = [facts(resolved={"capacity": {"ml.a": 3}, "capacityBefore": each}).held() for each in before]
    granted = (("ml.a", 3),)
    assert found == [(granted, (("ml.a", 9),)), (granted,), (granted, (("ml.b", 1),))]
    assert facts().held() == ()


@pytest.mark.parametrize(
    ("variant", "most"),
    [
        ({"instance": {"type": "ml.a"}}, {"ml.a": 1}),
        ({"instance": {"type": "ml.a", "count": 4}}, {"ml.a": 4}),
        ({"instance": {"type": "ml.a", "count": 4}, "scaling": {"maxCapacity": 3}}, {"ml.a": 3}),
        (
            {
                "instance": {"type": "ml.a"},
                "scaling": {"maxCapacity": 3, "schedules": [{"minCapacity": 5}, {"maxCapacity": 7}, {}]},
            },
            {"ml.a": 7},
        ),
        ({"instance": {"type": "ml.a"}, "scaling": {"maxCapacity": 3, "schedules": [{"minCapacity": 5}]}}, {"ml.a": 5}),
        ({"instance": {"pools": [{"type": "ml.b"}, {"type": "ml.a"}], "count": 2}}, {"ml.b,ml.a": 2}),
        ({"serverless": {"memorySizeMB": 1024}}, {"serverless": 0}),
    ],
)
def test_the_most_instances_that_a_variant_reaches(variant: dict[str, Any], most: dict[str, int]) -> None:
    assert dict(capacity({"variants": [variant]})) == most


def test_instances_of_one_type_add_up_those_of_a_shadow_among_them() -> None:
    one = {"instance": {"type": "ml.b", "count": 2}}
    spec = {"variants": [one, {"instance": {"type": "ml.a"}}, {"serverless": {}}, {"serverless": {}}], "shadow": one}
    assert capacity(spec) == (("ml.a", 1), ("ml.b", 4), ("serverless", 0))
    assert instances(capacity(spec)) == 5


@pytest.mark.parametrize(
    ("asked", "fits"),
    [({}, True), ({"ml.a": 2}, True), ({"ml.a": 3}, False), ({"ml.b": 0}, False), ({"serverless": 0}, True)],
)
def test_a_capacity_is_within_another_type_by_type(asked: dict[str, int], fits: bool) -> None:
    assert within(tuple(asked.items()), (("ml.a", 2), ("serverless", 0))) is fits


def test_the_account_is_that_of_the_roles_arn() -> None:
    assert account_of("arn:aws:iam::123456789012:role/r") == "123456789012"
    assert account_of("nonsense") == ""
    assert account_of(None) is None


def test_what_is_in_force_is_pinned_else_the_specs_else_a_policys_else_the_operators() -> None:
    defaults = [PartialIdentity(role="first"), PartialIdentity(region="eu-west-1", role="second")]
    named = Identity("shared", "ap-south-1", "own")
    spec = {"endpointName": "shared", "region": "ap-south-1", "assumeRoleARN": "own"}
    assert facts().identity([], "us-east-1") == Identity("team-iris", "us-east-1", None)
    assert facts().identity(defaults, "us-east-1") == Identity("team-iris", "eu-west-1", "first")
    assert facts(spec).identity(defaults, "us-east-1") == named
    assert facts(createdInAWS=True).identity(defaults, "us-east-1") == Identity("team-iris", "us-east-1", None)
    pinned = facts(resolved={"endpointName": "iris", "region": "us-west-2"})
    assert pinned.identity(defaults, "us-east-1") == Identity("iris", "us-west-2", None)
