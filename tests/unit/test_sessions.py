"""The names and tags of sessions: readable, within STS's rules, and no two namespaces alike."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smendpoints.aws.calls.identity import Presented, Sessions
from smendpoints.domain.tenancy.sessions import session_name, session_tags

STS = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
UID = "0a7c1ab2-6e1f-4c4e-9a3c-8f5d1f0a2b3c"
ROLE = "arn:aws:iam::210987654321:role/operator"


def test_a_session_is_named_after_cluster_and_namespace() -> None:
    assert session_name("prod", "team-a") == "prod.team-a"
    assert session_name(UID, "fraud-detection") == f"{UID}.fraud-detection"


def test_looks_are_one_session_for_all_namespaces() -> None:
    assert session_name(UID, None) == "smendpoints"


def test_what_is_cut_shows_the_namespace_and_has_a_hash() -> None:
    namespace = "recommendations-of-the-frontend-team"
    cut = session_name(UID, namespace)
    assert namespace in cut
    assert STS.fullmatch(cut)
    assert cut != session_name(UID, f"{namespace}s")


@given(
    cluster=st.from_regex(r"[A-Za-z0-9._:/=+@-]{1,256}", fullmatch=True),
    namespaces=st.lists(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True), min_size=2, unique=True),
)
def test_every_name_is_one_that_sts_takes_and_no_two_are_alike(cluster: str, namespaces: list[str]) -> None:
    names = [session_name(cluster, namespace) for namespace in namespaces]
    assert all(STS.fullmatch(name) for name in names)
    assert len(set(names)) == len(names)


def test_clusters_that_differ_only_in_what_sts_does_not_take_have_names_of_their_own() -> None:
    assert session_name("a/b", "team") != session_name("a:b", "team")


def test_external_id_and_tags_are_presented_only_if_set() -> None:
    assert Presented("prod").request(ROLE, "team-a") == {"RoleArn": ROLE, "RoleSessionName": "prod.team-a"}
    full = Presented("prod", "secret-42", tags=True).request(ROLE, "team-a")
    assert full["ExternalId"] == "secret-42"
    tags = {"smendpoints.dev/cluster": "prod", "smendpoints.dev/namespace": "team-a"}
    assert {tag["Key"]: tag["Value"] for tag in full["Tags"]} == session_tags("prod", "team-a") == tags
    assert session_tags("prod", None) == {"smendpoints.dev/cluster": "prod"}


def test_sessions_are_bounded_and_the_last_used_are_kept() -> None:
    sessions = Sessions(Presented("prod"), lambda _: {}, most=2)
    first = sessions.credentials(ROLE, "a")
    sessions.credentials(ROLE, "b")
    assert sessions.credentials(ROLE, "a") is first
    sessions.credentials(ROLE, "c")
    assert len(sessions) == 2
    assert sessions.credentials(ROLE, "a") is first


@pytest.mark.parametrize("namespace", [None, "team-a"])
def test_without_a_role_there_is_no_session(namespace: str | None) -> None:
    assert Sessions(Presented("prod"), lambda _: {}).credentials(None, namespace) is None


@pytest.mark.parametrize(
    ("cluster", "namespace", "name"),
    [
        ("c" * 32, "n" * 31, f"{'c' * 32}.{'n' * 31}"),
        ("c" * 32, "n" * 32, f"{'c' * 22}.{'n' * 32}-9076cd63"),
        ("c" * 60, "n" * 63, f"{'c' * 8}.{'n' * 46}-2c7e0c2b"),
    ],
)
def test_a_name_of_more_than_64_characters_is_cut_the_cluster_first(cluster: str, namespace: str, name: str) -> None:
    assert session_name(cluster, namespace) == name
