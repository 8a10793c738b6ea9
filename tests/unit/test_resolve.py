"""What is in force: the spec's, else a policy's default, else the operator's; and what of it stays."""

from typing import Any

import pytest

from smendpoints.api.policy import SageMakerEndpointPolicy
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.domain.tenancy.facts import facts_of
from smendpoints.domain.tenancy.resolve import resolve, with_resolved

A_ROLE, P_ROLE, O_ROLE, S_ROLE = (f"arn:aws:iam::123456789012:role/{each}" for each in ("assumed", "policys", "o", "s"))
S_VPC = {"subnetIDs": ["subnet-0a", "subnet-1a"], "securityGroupIDs": ["sg-0a"]}
P_VPC = {"subnetIDs": ["subnet-0b", "subnet-1b"], "securityGroupIDs": ["sg-0b"]}
DEFAULTS = {
    "region": "eu-west-1",
    "assumeRoleARN": A_ROLE,
    "executionRoleARN": P_ROLE,
    "vpc": P_VPC,
    "tags": {"team": "policys", "cost": "policys"},
}
VARIANT = {
    "name": "primary",
    "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1",
    "instance": {"type": "ml.m5.large", "count": 2},
}
ALL = {
    "endpointName": "named",
    "region": "us-west-2",
    "assumeRoleARN": S_ROLE,
    "executionRoleARN": S_ROLE,
    "vpc": S_VPC,
    "tags": {"team": "specs"},
}
FIXED = {"generation": 4, "capacity": {"ml.m5.large": 2}}
FROM_POLICY = {
    "endpointName": "default-iris",
    "region": "eu-west-1",
    "assumeRoleARN": A_ROLE,
    "executionRoleARN": P_ROLE,
    "vpc": P_VPC,
    "tags": {"team": "policys", "cost": "policys"},
    **FIXED,
}
OPERATORS = {"endpointName": "default-iris", "region": "us-east-1", "executionRoleARN": O_ROLE, **FIXED}
OF_SPEC = {**ALL, "tags": {"team": "specs", "cost": "policys"}, **FIXED}
PINNED = {
    "endpointName": "default-iris",
    "region": "ap-south-1",
    "executionRoleARN": "arn:aws:iam::123456789012:role/pinned",
    "tags": {"team": "pinned"},
    "capacity": {"ml.m5.large": 1},
}
MADE_BEFORE = {
    "createdInAWS": True,
    "history": [{"revision": 1, "configName": "c", "at": "2026-01-01T00:00:00Z", "outcome": "Deployed"}],
}


def an_object(spec: dict[str, Any], status: dict[str, Any]) -> tuple[dict[str, Any], SageMakerEndpoint]:
    body = {
        "metadata": {"name": "iris", "namespace": "default", "uid": "u", "generation": 4},
        "spec": {"variants": [VARIANT], **spec},
        "status": {"observedGeneration": -1, **status},
    }
    return body, SageMakerEndpoint.parse(body)


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "a spec that says all": (ALL, {}, DEFAULTS, OF_SPEC),
    "a silent spec": ({}, {}, DEFAULTS, FROM_POLICY),
    "a silent spec and no policy": ({}, {}, {}, OPERATORS),
    "an object of the release before, made without defaults": ({}, MADE_BEFORE, DEFAULTS, OPERATORS),
    "what is pinned for this generation": (
        {},
        {"resolved": {**PINNED, "generation": 4}},
        DEFAULTS,
        {**PINNED, **FIXED},
    ),
    "what is pinned for the generation before: the identity stays": (
        {},
        {"resolved": {**PINNED, "generation": 3}},
        DEFAULTS,
        {**FROM_POLICY, "region": "ap-south-1", "assumeRoleARN": None},
    ),
    "fewer instances than before": (
        {},
        {"resolved": {**PINNED, "generation": 3, "capacity": {"ml.m5.large": 7}}},
        {},
        {**OPERATORS, "region": "ap-south-1", "capacityBefore": {"ml.m5.large": 7}, "otherTagKeys": ["team"]},
    ),
    "other tags than before: their keys are kept": (
        {"tags": {"stage": "specs"}},
        {
            "resolved": {**PINNED, "generation": 3, "otherTagKeys": ["older", "stage"]},
            "endpoint": {"name": "default-iris", "status": "InService", "tagKeys": ["told"]},
        },
        {},
        {
            **OPERATORS,
            "region": "ap-south-1",
            "tags": {"stage": "specs"},
            "otherTagKeys": ["older", "team", "told"],
        },
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_in_force_is(name: str) -> None:
    spec, status, defaults, told = CASES[name]
    policy = {"metadata": {"name": "p"}, "spec": {"namespaceSelector": {}, "defaults": defaults}}
    body, resource = an_object(spec, status)
    found = resolve(resource, facts_of(body), [SageMakerEndpointPolicy.parse(policy)], "us-east-1", O_ROLE)
    expected = {key: value for key, value in told.items() if value is not None}
    assert {key: value for key, value in found.to_json().items() if value not in (None, {}, [])} == expected


@pytest.mark.parametrize(
    ("spec", "status", "tags"),
    [
        ({}, {}, {"team": "policys", "cost": "policys", "centre": "operators"}),
        ({"tags": {"centre": "specs"}}, {}, {"team": "policys", "cost": "policys", "centre": "specs"}),
        ({}, MADE_BEFORE, {}),
        ({}, {"resolved": {**PINNED, "generation": 4}}, {"team": "pinned"}),
    ],
    ids=["silent", "the spec wins", "made by the release before", "pinned"],
)
def test_the_operators_own_tags_come_last(spec: dict[str, Any], status: dict[str, Any], tags: dict[str, str]) -> None:
    policy = {"metadata": {"name": "p"}, "spec": {"namespaceSelector": {}, "defaults": DEFAULTS}}
    body, resource = an_object(spec, status)
    own = {"team": "operators", "centre": "operators"}
    policies = [SageMakerEndpointPolicy.parse(policy)]
    assert resolve(resource, facts_of(body), policies, "us-east-1", O_ROLE, own).tags == tags


@pytest.mark.parametrize("generation", [3, 4])
def test_the_keys_of_tags_that_policies_require_are_kept(generation: int) -> None:
    pinned = {**PINNED, "generation": generation, "tags": {"team": "pinned"}}
    body, resource = an_object({"tags": {"team": "specs"}}, {"resolved": pinned})
    policy = {"metadata": {"name": "p"}, "spec": {"namespaceSelector": {}, "requiredTags": {"centre": "42"}}}
    found = resolve(resource, facts_of(body), [SageMakerEndpointPolicy.parse(policy)], "us-east-1", O_ROLE)
    assert found.other_tag_keys == ["centre"]


def test_then_it_is_as_if_the_spec_said_so_and_what_policies_require() -> None:
    body, resource = an_object({}, {})
    policy = {"metadata": {"name": "p"}, "spec": {"namespaceSelector": {}, "defaults": DEFAULTS}}
    resolved = resolve(resource, facts_of(body), [SageMakerEndpointPolicy.parse(policy)], "us-east-1", O_ROLE)
    found = with_resolved(resource, resolved, {"team": "required"}).spec
    assert (found.endpoint_name, found.region, found.assume_role_arn) == ("default-iris", "eu-west-1", A_ROLE)
    assert (found.execution_role_arn, found.tags) == (P_ROLE, {"team": "required", "cost": "policys"})
    assert found.vpc is not None
    assert (found.vpc.subnet_ids, found.vpc.security_group_ids) == (["subnet-0b", "subnet-1b"], ["sg-0b"])
