"""What the cluster's policies say of an object, in the operator: the same as at `kubectl apply`, and what only it knows."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from smendpoints.api.policy import NamespaceSelector, SageMakerEndpointPolicy
from smendpoints.api.spec import SageMakerEndpointSpec
from smendpoints.domain.observed.cost import Price
from smendpoints.domain.tenancy.allowed import not_allowed_back
from smendpoints.domain.tenancy.claims import Standing
from smendpoints.domain.tenancy.facts import SERVERLESS, Facts, PartialIdentity, capacity
from smendpoints.domain.tenancy.limits import limited, room_beside
from smendpoints.domain.tenancy.policy import Request, merged_defaults, required_tags, selecting, selects, violations
from smsandbox.testing.policy_cases import CREATIONS, Case, on, scaled, spec, variant

ABSENT = {"assumeRoleARNs": "assumeRoleARN", "regions": "region"}


def policies(*specs: dict[str, Any]) -> list[SageMakerEndpointPolicy]:
    return [
        SageMakerEndpointPolicy.parse({"metadata": {"name": f"p{number}"}, "spec": {"namespaceSelector": {}, **each}})
        for number, each in enumerate(specs)
    ]


def request(body: dict[str, Any], **changes: Any) -> Request:
    parsed = SageMakerEndpointSpec.model_validate(body)
    made = Request(parsed, parsed.endpoint_name or "ns-x", parsed.region or "us-east-1", capacity(body), parsed.tags)
    return replace(made, **changes)


def said(body: dict[str, Any], *specs: dict[str, Any]) -> list[str]:
    return [str(each) for each in violations(request(body), policies(*specs))]


@pytest.mark.parametrize("name", CREATIONS)
def test_the_operator_refuses_what_the_api_server_does(name: str) -> None:
    case: Case = CREATIONS[name]
    found = {each.asked for each in violations(request(case.spec), policies(*case.policies))}
    unsaid = {asked for asked, field in ABSENT.items() if field not in case.spec}  # what stands in for it is checked
    assert case.violates <= found
    assert found - unsaid == case.violates


@pytest.mark.parametrize(
    ("asked", "policy"),
    [("regions", {"regions": ["eu-*"]}), ("assumeRoleARNs", {"assumeRoleARNs": ["arn:aws:iam::*"]})],
)
def test_what_stands_in_for_an_absent_field_is_checked_too(asked: str, policy: dict[str, Any]) -> None:
    assert [each.asked for each in violations(request(spec()), policies(policy))] == [asked]
    assert said(spec(), {asked: ["*"]}) == []


def test_a_message_names_the_policy_and_at_most_three_values() -> None:
    types = [f"ml.x{number}.large" for number in range(7)]
    assert said(spec(), {"instanceTypes": types}) == [
        (
            "policy p0, instanceTypes: the instance type ml.m5.large is not allowed: write one that matches ml.x0.large, "
            "ml.x1.large, ml.x2.large or one of 4 more"
        )
    ]
    assert said(spec(), {"instanceTypes": types[:3]})[0].endswith("matches ml.x0.large, ml.x1.large, ml.x2.large")
    assert said(spec(), {"instanceTypes": []}) == [
        (
            "policy p0, instanceTypes: the instance type ml.m5.large is not allowed: no value is, ask those who run this "
            "cluster"
        )
    ]


@pytest.mark.parametrize(
    ("selector", "labels", "expected"),
    [
        ({}, {}, True),
        ({"matchLabels": {"a": "1"}}, {"a": "1", "b": "2"}, True),
        ({"matchLabels": {"a": "1"}}, {"a": "2"}, False),
        ({"matchLabels": {"a": ""}}, {}, False),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "2"]}]}, {"a": "2"}, True),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1"]}]}, {}, False),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, {"a": "1"}, False),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, {}, True),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, {"a": ""}, True),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, {}, False),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, {}, True),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, {"a": ""}, False),
        (
            {"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]},
            {"a": "1"},
            False,
        ),
    ],
)
def test_labels_are_selected_as_kubernetes_does(
    selector: dict[str, Any], labels: dict[str, str], expected: bool
) -> None:
    assert selects(NamespaceSelector.model_validate(selector), labels) is expected


def test_of_two_policies_with_a_default_the_first_by_name_counts() -> None:
    one, other = policies(
        {"defaults": {"region": "eu-west-1", "tags": {"a": "0", "b": "0"}}},
        {"defaults": {"region": "us-west-2", "assumeRoleARN": "arn:aws:iam::123456789012:role/x", "tags": {"a": "1"}}},
    )
    merged = merged_defaults(selecting([other, one], {}))
    assert (merged.region, merged.assume_role_arn) == ("eu-west-1", "arn:aws:iam::123456789012:role/x")
    assert merged.tags == {"a": "0", "b": "0"}


@pytest.mark.parametrize(
    ("tags", "refused"),
    [
        ({}, False),
        ({"team": "a"}, False),
        ({"team": "b"}, True),
        ({"Team": "a"}, True),
        ({"team ": "a"}, True),
        ({"other": "b"}, False),
    ],
)
def test_a_required_tag_is_the_operators_to_set(tags: dict[str, str], refused: bool) -> None:
    """IAM takes keys that differ by case for one."""
    found = said(spec(tags=tags), {"requiredTags": {"team": "a"}})
    assert found == (
        ["policy p0, requiredTags: the tag team is set by the operator: remove it from spec.tags"] if refused else []
    )


def test_two_policies_that_require_two_values_of_a_tag_let_nothing_through() -> None:
    wanted = policies({"requiredTags": {"team": "a"}}, {"requiredTags": {"team": "b"}})
    assert required_tags(wanted) == {"team": "a"}
    assert [each.policy for each in violations(request(spec()), wanted)] == ["p1"]


# what a namespace may hold

PRICES = {"ml.m5.large": "0.115", "ml.c5.large": "0.102"}


def price(instance_type: str) -> Price | None:
    usd = PRICES.get(instance_type)
    return Price(Decimal(usd), "2026-11-22") if usd is not None else None


def holder(uid: str, body: dict[str, Any], *, granted: bool = True, **changes: Any) -> Facts:
    asked = capacity(body)
    made = Facts(
        uid,
        "ns",
        uid,
        f"2026-11-22T10:00:0{uid}Z",
        Standing.HOLDS,
        PartialIdentity(),
        None,
        asked,
        asked if granted else None,
    )
    return replace(made, **changes)


def limit(mine: Facts, others: list[Facts], policy: dict[str, Any]) -> list[str]:
    return [str(each) for each in limited(mine.asked, room_beside(mine, others), policies(policy), price)]


def test_a_revision_that_comes_back_may_hold_what_the_spec_asks_for_where_there_are_limits_and_no_more() -> None:
    mine, limits = holder("1", spec(on("ml.m5.large", 3))), policies({"maxInstances": 100})
    room = room_beside(mine, [])
    for count, refused in ((2, []), (3, []), (4, ["maxInstances"])):
        found = not_allowed_back(request(spec(on("ml.m5.large", count))), limits, mine, room)
        assert [each.asked for each in found] == refused
    assert not_allowed_back(request(spec(on("ml.m5.large", 4))), policies({}), mine, None) == ()


def test_capacity_is_the_most_that_each_type_may_reach() -> None:
    pools = variant("b", instance={"pools": [{"type": "ml.m5.large"}, {"type": "ml.c5.large"}], "count": 2})
    body = spec(scaled(1, 3, {"maxCapacity": 9}), pools, on("ml.m5.large", 4, name="c"))
    assert capacity(body) == (("ml.m5.large", 13), ("ml.m5.large,ml.c5.large", 2))
    bare = spec(variant(instance=None, serverless={"memorySizeMB": 1024, "maxConcurrency": 5}))
    assert capacity(bare) == ((SERVERLESS, 0),)


def test_first_come_first_kept() -> None:
    first, second = holder("1", spec(on("ml.m5.large", 3))), holder("2", spec(on("ml.m5.large", 2)))
    third = holder("3", spec(), granted=False)
    five = {"maxInstances": 5}
    assert limit(first, [second, third], five) == []
    assert limit(second, [first, third], five) == []
    assert limit(third, [first, second], five) == [
        (
            "policy p0, maxInstances: this namespace may have 5 instances, its other objects hold 5, and this one would "
            "have 1: lower the counts, or the upper bounds of scaling, or delete another object"
        )
    ]
    assert limit(third, [first], five) == []


def test_of_two_that_came_within_one_second_the_uid_decides() -> None:
    one, other = (holder(uid, spec(on("ml.m5.large", 3)), created="2026-11-22T10:00:00Z") for uid in "12")
    assert limit(one, [other], {"maxInstances": 5}) == []
    assert limit(other, [one], {"maxInstances": 5}) != []


def test_who_grows_comes_after_all_who_hold_their_share_and_disturbs_none() -> None:
    first, second = holder("1", spec(on("ml.m5.large", 3))), holder("2", spec(on("ml.m5.large", 2)))
    grown = replace(first, asked=capacity(spec(on("ml.m5.large", 4))))
    five = {"maxInstances": 5}
    assert limit(grown, [second], five) != []
    assert limit(second, [grown], five) == []
    shrunk = replace(first, asked=capacity(spec(on("ml.m5.large", 1))))
    assert limit(shrunk, [second], five) == []


def test_a_limit_that_is_lowered_later_stops_those_that_came_last() -> None:
    first, second = holder("1", spec(on("ml.m5.large", 3))), holder("2", spec(on("ml.m5.large", 2)))
    three = {"maxInstances": 3}
    assert limit(first, [second], three) == []
    assert limit(second, [first], three) != []


def test_an_object_that_holds_nothing_takes_nothing_from_others() -> None:
    """One that asks for more than there is must not stand in the way of all who come later."""
    greedy = holder("1", spec(on("ml.m5.large", 100)), granted=False)
    assert limit(holder("2", spec(), granted=False), [greedy], {"maxInstances": 5}) == []


@pytest.mark.parametrize(
    ("body", "usd", "expected"),
    [
        (spec(on("ml.m5.large", 2)), 0.345, None),
        (spec(on("ml.m5.large", 2)), 0.344, "its other objects up to 0.115, and this one 0.230"),
        (spec(scaled(1, 3)), 0.4, "this one 0.345"),
        (
            spec(variant(instance={"pools": [{"type": "ml.c5.large"}, {"type": "ml.m5.large"}], "count": 2})),
            0.344,
            "this one 0.230",
        ),
        (spec(on("ml.new.large")), 1000, "the price of ml.new.large is not known"),
        (
            spec(variant(instance=None, serverless={"memorySizeMB": 1024, "maxConcurrency": 5})),
            1000,
            "the price of serverless variants by the hour is not known",
        ),
    ],
)
def test_a_namespace_costs_no_more_than_it_may_and_an_unknown_price_is_refused(
    body: dict[str, Any], usd: float, expected: str | None
) -> None:
    found = limit(holder("2", body), [holder("1", spec())], {"maxHourlyUSD": usd})
    assert (found == []) if expected is None else (expected in found[0])
