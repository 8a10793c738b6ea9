"""Who may read `/metrics`, asked of an API server in memory; a real one is asked in tests/chart."""

from collections.abc import Mapping
from typing import Any

import pytest

from smendpoints.kube.client import RefusedError, UnreachableError
from smendpoints.process.scrapers import Access, Scrapers

READER, STRANGER = "system:serviceaccount:monitoring:prometheus", "system:serviceaccount:default:default"


class Reviews:
    """An API server that knows tokens and rights, and counts what it is asked."""

    def __init__(self) -> None:
        self.time = 0.0
        self.users = {"t-reader": READER, "t-stranger": STRANGER}
        self.readers = {READER}
        self.fault: Exception | None = None
        self.asked: list[str] = []

    def request(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append(body["kind"])
        if self.fault is not None:
            raise self.fault
        spec = body["spec"]
        if (method, path) == ("POST", "/apis/authentication.k8s.io/v1/tokenreviews"):
            user = self.users.get(spec["token"])
            groups, extra = ["system:authenticated"], {"authentication.kubernetes.io/pod-name": ["prometheus-0"]}
            told = {"username": user, "uid": "1", "groups": groups, "extra": extra}
            return {"status": {"authenticated": True, "user": told} if user else {}}
        assert (method, path) == ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews")
        assert spec["nonResourceAttributes"] == {"path": "/metrics", "verb": "get"}
        assert spec["groups"] == ["system:authenticated"]
        assert spec["extra"] == {"authentication.kubernetes.io/pod-name": ["prometheus-0"]}
        return {"status": {"allowed": spec["user"] in self.readers}}


@pytest.fixture
def reviews() -> Reviews:
    return Reviews()


@pytest.fixture
def scrapers(reviews: Reviews) -> Scrapers:
    return Scrapers(reviews.request, lambda: reviews.time)


def test_a_token_is_asked_about_and_the_right_to_the_path_decides(reviews: Reviews, scrapers: Scrapers) -> None:
    assert scrapers.access("Bearer t-reader") is Access.GRANTED
    assert scrapers.access("bearer t-reader") is Access.GRANTED
    assert scrapers.access("Bearer t-stranger") is Access.FORBIDDEN
    assert scrapers.access("Bearer made-up") is Access.UNKNOWN
    assert reviews.asked == ["TokenReview", "SubjectAccessReview"] * 2 + ["TokenReview"]


@pytest.mark.parametrize("header", [None, "", "Basic t-reader", "t-reader"])
def test_without_a_token_nobody_is_asked(header: str | None, reviews: Reviews, scrapers: Scrapers) -> None:
    assert scrapers.access(header) is Access.UNKNOWN
    assert reviews.asked == []


def test_a_yes_counts_for_a_minute_and_a_no_for_ten_seconds(reviews: Reviews, scrapers: Scrapers) -> None:
    assert scrapers.access("Bearer t-reader") is Access.GRANTED
    assert scrapers.access("Bearer t-stranger") is Access.FORBIDDEN
    reviews.readers = {STRANGER}
    reviews.time = 9
    assert scrapers.access("Bearer t-stranger") is Access.FORBIDDEN
    reviews.time = 11
    assert scrapers.access("Bearer t-stranger") is Access.GRANTED
    reviews.time = 59
    assert scrapers.access("Bearer t-reader") is Access.GRANTED
    reviews.time = 61
    assert scrapers.access("Bearer t-reader") is Access.FORBIDDEN


@pytest.mark.parametrize("fault", [UnreachableError("no answer"), RefusedError(500, "etcd"), RefusedError(429, "busy")])
def test_while_the_api_server_is_away_who_might_read_may_and_any_other_is_told_to_come_again(
    fault: Exception, reviews: Reviews, scrapers: Scrapers
) -> None:
    for token, access in (("t-reader", Access.GRANTED), ("t-stranger", Access.FORBIDDEN)):
        assert scrapers.access(f"Bearer {token}") is access
    reviews.fault = fault
    for reviews.time in (30, 300, 599):
        assert scrapers.access("Bearer t-reader") is Access.GRANTED
    for reviews.time in (30, 300):
        assert scrapers.access("Bearer t-stranger") is Access.UNDECIDED
        assert scrapers.access("Bearer made-up") is Access.UNDECIDED
    reviews.time = 601
    assert scrapers.access("Bearer t-reader") is Access.UNDECIDED
    reviews.fault = None
    assert scrapers.access("Bearer t-reader") is Access.GRANTED


def test_a_right_that_was_taken_away_is_not_given_back_by_an_outage(reviews: Reviews, scrapers: Scrapers) -> None:
    assert scrapers.access("Bearer t-reader") is Access.GRANTED
    reviews.readers, reviews.time = set(), 61
    assert scrapers.access("Bearer t-reader") is Access.FORBIDDEN
    reviews.fault, reviews.time = UnreachableError("no answer"), 90
    assert scrapers.access("Bearer t-reader") is Access.UNDECIDED


def test_an_operator_that_may_not_ask_says_so(reviews: Reviews, scrapers: Scrapers) -> None:
    reviews.fault = RefusedError(403, "may not create tokenreviews")
    assert scrapers.access("Bearer t-reader") is Access.UNABLE
    assert "-metrics-auth" in Access.UNABLE.value[1]


def test_thousands_of_made_up_tokens_are_not_remembered_and_push_out_no_reader(
    reviews: Reviews, scrapers: Scrapers
) -> None:
    assert scrapers.access("Bearer t-reader") is Access.GRANTED
    for number in range(1000):
        assert scrapers.access(f"Bearer made-up-{number}") is Access.UNKNOWN
    reviews.asked.clear()
    assert scrapers.access("Bearer t-reader") is Access.GRANTED
    assert reviews.asked == []
    assert len(scrapers._known) == 64
    assert not any(b"t-reader" in key for key in scrapers._known)
