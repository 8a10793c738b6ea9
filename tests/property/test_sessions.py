"""What CloudTrail sees: looks as one session of each place, changes as one of each namespace, and what trust asks for."""

import json
from collections import defaultdict
from typing import Any

import pytest

from smendpoints.aws.calls.identity import Presented
from smsandbox.testing.harness import Harness
from smsandbox.testing.simulator import READING
from smsandbox.testing.specs import spec
from smsandbox.world import ACCOUNT

ROLE = f"arn:aws:iam::{ACCOUNT}:role/platform"
NAMESPACES = {"iris": "team-a", "rose": "team-b"}


def presenting(harness: Harness, presented: Presented) -> None:
    """The operator's process begins with these settings."""
    harness.connections = harness.connections_of(harness.session, presented)
    harness.restart()


def apply(harness: Harness, name: str, **changes: Any) -> None:
    harness.apply(name, spec(**changes))
    metadata = {**harness.objects[name].body["metadata"], "namespace": NAMESPACES[name]}
    harness.api.put(name, {**harness.objects[name].body, "metadata": metadata})


def live_and_go(harness: Harness, **changes: Any) -> None:
    for name in NAMESPACES:
        apply(harness, name, **changes)
    for name in NAMESPACES:
        harness.settle(name)
        condition = harness.condition(name, "Ready")
        assert condition is not None
        assert condition.status == "True", condition.message
    for name in NAMESPACES:
        harness.delete(name)
        harness.settle_gone(name)


def seen_of(harness: Harness) -> dict[str, set[str]]:
    """Session of the role -> what it called."""
    found = defaultdict(set)
    for call in harness.world.calls.recent():
        if ":assumed-role/platform/" in (call["principal"] or ""):
            found[call["principal"].rpartition("/")[2]].add(call["operation"])
    return dict(found)


def test_looks_are_one_session_and_changes_are_the_namespaces(harness: Harness) -> None:
    presenting(harness, Presented("prod"))
    live_and_go(harness, assumeRoleARN=ROLE)
    seen = seen_of(harness)
    assert seen.keys() == {"smendpoints", "prod.team-a", "prod.team-b"}
    assert all(operation.startswith(READING) for operation in seen["smendpoints"])
    for session in ("prod.team-a", "prod.team-b"):
        assert {"CreateModel", "CreateEndpoint", "RegisterScalableTarget", "DeleteEndpoint"} <= seen[session]
        assert not any(operation.startswith(READING) for operation in seen[session])
    for call in harness.world.calls.recent():
        session = (call["principal"] or "").rpartition("/")[2]
        name = call["summary"].get("EndpointName", "")
        assert not session.startswith("prod.") or not name or name.startswith(session.removeprefix("prod."))
    assert harness.calls("AssumeRole") == 3


def test_the_operators_own_identity_is_one_session(harness: Harness) -> None:
    presenting(harness, Presented("prod", "id-42", tags=True))
    live_and_go(harness)
    assert harness.calls("AssumeRole") == 0
    assert seen_of(harness) == {}


def trusting(harness: Harness, actions: list[str], condition: dict[str, Any]) -> None:
    """The role is there, and lets the operator assume it so."""
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": actions}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Condition": condition}]})
    harness.client("iam").create_role(RoleName="platform", AssumeRolePolicyDocument=policy)


WANTED = {"StringEquals": {"sts:ExternalId": "id-42", "aws:RequestTag/smendpoints.dev/cluster": "prod"}}
BOTH = ["sts:AssumeRole", "sts:TagSession"]


def test_external_id_and_tags_are_what_the_trust_policy_asks_for(harness: Harness) -> None:
    trusting(harness, BOTH, WANTED)
    presenting(harness, Presented("prod", "id-42", tags=True))
    live_and_go(harness, assumeRoleARN=ROLE)
    assert seen_of(harness).keys() == {"smendpoints", "prod.team-a", "prod.team-b"}


@pytest.mark.parametrize(
    ("presented", "actions"),
    [
        (Presented("prod", tags=True), BOTH),
        (Presented("prod", "id-43", tags=True), BOTH),
        (Presented("prod", "id-42"), BOTH),
        (Presented("prod", "id-42", tags=True), ["sts:AssumeRole"]),
    ],
    ids=["no external id", "another external id", "no tags", "tags are not allowed"],
)
def test_what_the_trust_policy_refuses_is_told_and_nothing_is_made(
    harness: Harness, presented: Presented, actions: list[str]
) -> None:
    trusting(harness, actions, WANTED)
    presenting(harness, presented)
    apply(harness, "iris", assumeRoleARN=ROLE)
    harness.settle("iris")
    condition = harness.condition("iris", "Stalled")
    assert condition is not None
    assert condition.reason == "AccessDenied"
    assert ROLE in condition.message
    assert seen_of(harness) == {}
