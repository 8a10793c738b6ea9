"""Who may assume a role as: the trust policy with its external id and session tags, and what the log of calls tells."""

from typing import Any

import pytest

STRANGER = "arn:aws:iam::123456789012:root"


def trust(actions: Any = "sts:AssumeRole", principal: Any = STRANGER, **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": actions, "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [statement]}


def assume(cloud: Any, role: str, **more: Any) -> Any:
    return cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="prod.team-a", **more)


def test_an_external_id_that_the_trust_policy_asks_for_is_needed(cloud: Any, refused: Any) -> None:
    role = cloud.role("guarded", trust(StringEquals={"sts:ExternalId": "right"}))
    assert assume(cloud, role, ExternalId="right")["Credentials"]
    for given in ({}, {"ExternalId": "wrong"}):
        with refused("AccessDenied") as error:
            assume(cloud, role, **given)
        assert f"is not authorized to perform: sts:AssumeRole on resource: {role}" in error.text


def test_tags_of_a_session_need_tag_session_and_the_tags_that_the_policy_asks_for(cloud: Any, refused: Any) -> None:
    tags = [{"Key": "smendpoints.dev/namespace", "Value": "team-a"}]
    plain = cloud.role("plain", trust())
    with refused("AccessDenied") as error:
        assume(cloud, plain, Tags=tags)
    assert "sts:TagSession" in error.text
    condition = {"StringEquals": {"aws:RequestTag/smendpoints.dev/namespace": "team-a"}}
    tagging = cloud.role("tagging", trust(["sts:AssumeRole", "sts:TagSession"], **condition))
    assert assume(cloud, tagging, Tags=tags)["Credentials"]
    with refused("AccessDenied"):
        assume(cloud, tagging, Tags=[{"Key": "smendpoints.dev/namespace", "Value": "team-b"}])


@pytest.mark.parametrize(
    ("principal", "may"),
    [("*", True), ("123456789012", True), (STRANGER, True), ("arn:aws:iam::999999999999:root", False)],
)
def test_the_trust_policy_names_who_may(cloud: Any, refused: Any, principal: str, may: bool) -> None:
    role = cloud.role("named", trust(principal=principal))
    if may:
        assert assume(cloud, role)["Credentials"]
    else:
        with refused("AccessDenied"):
            assume(cloud, role)


def test_a_role_for_services_alone_is_nobody_elses_where_iam_is_enforced(cloud: Any, refused: Any) -> None:
    assert assume(cloud, cloud.role())["Credentials"]
    cloud.set(enforce_iam=True)
    with refused("AccessDenied"):
        assume(cloud, cloud.role())


def test_the_log_of_calls_tells_the_session_of_each(cloud: Any) -> None:
    assume(cloud, cloud.role("plain", trust()), ExternalId="any")
    (taken,) = [call for call in cloud.world.calls.recent() if call["operation"] == "AssumeRole"]
    assert taken["summary"]["RoleSessionName"] == "prod.team-a"
    assert taken["summary"]["ExternalId"] == "any"
    assert taken["principal"] is None
