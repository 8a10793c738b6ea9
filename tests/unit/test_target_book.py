"""Who has which scalable targets: promised before they are registered, counted once, asked once for all. AWS is stubs."""

from collections.abc import Iterator

import pytest

from smendpoints.aws.calls.clients import Clients
from smendpoints.aws.checks.quotas import Quotas
from smendpoints.aws.checks.targets import TargetBook
from smendpoints.domain.errors import Kind
from smendpoints.domain.preflight.targets import Targets
from smendpoints.domain.reasons import Reason
from smsandbox.testing.stubs import Stubs

NAME = "Scalable targets for Amazon SageMaker"
LISTED = {
    "ServiceNamespace": "sagemaker",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    "MinCapacity": 1,
    "MaxCapacity": 2,
    "RoleARN": "arn",
    "CreationTime": 0,
}


class Aws(Stubs):
    def __init__(self, clients: Clients) -> None:
        super().__init__(clients, ["service-quotas", "application-autoscaling"])
        self.now = 0.0
        self.there: set[str] = set()
        self.looked_for: list[str] = []
        quotas = Quotas(clients, lambda: self.now)
        self.book = TargetBook(clients, quotas, self.is_there, lambda: self.now)

    def is_there(self, name: str) -> bool:
        self.looked_for.append(name)
        return name in self.there

    def has_quota(self, value: float | None) -> None:
        named = [{"QuotaName": NAME, "Value": value}] if value is not None else []
        others = [{"QuotaName": "Scalable targets for Amazon ECS", "Value": 1.0}]
        params = {"ServiceCode": "application-autoscaling", "MaxResults": 100}
        self.answers("service-quotas", "list_service_quotas", {"Quotas": others + named}, params)

    def registered(self, *names: str) -> None:
        found = [{**LISTED, "ResourceId": each} for name in names for each in ids(name)]
        self.answers("application-autoscaling", "describe_scalable_targets", {"ScalableTargets": found})

    def refusal(self, name: str) -> str | None:
        """Why an endpoint may not have its target; all that was foretold has to be asked for."""
        told = self.book.promise(Targets(name, ids(name)))
        self.all_asked()
        if told is None:
            return None
        assert (told.kind, told.reason) == (Kind.BLOCKED, Reason.QUOTA_EXCEEDED)
        return told.message


def ids(name: str) -> frozenset[str]:
    return frozenset({f"endpoint/{name}/variant/primary"})


@pytest.fixture
def aws(clients: Clients) -> Iterator[Aws]:
    made = Aws(clients)
    yield made
    made.deactivate()


def test_what_is_promised_counts_before_it_is_registered_and_aws_is_asked_once(aws: Aws) -> None:
    aws.has_quota(3.0)
    aws.registered("old")
    assert aws.refusal("a") is None
    assert aws.refusal("b") is None
    assert aws.refusal("a") is None  # it has it already
    aws.now = 10.0
    told = aws.refusal("c")
    assert told is not None
    assert told.startswith("0 of 3 scalable targets are left in us-east-1, and this endpoint needs 1")
    assert aws.refusal("d") is not None


def test_before_a_refusal_what_is_older_than_a_minute_is_asked_for_anew(aws: Aws) -> None:
    aws.has_quota(1.0)
    aws.registered("old")
    assert aws.refusal("a") is not None
    aws.now = 59.0
    assert aws.refusal("a") is not None
    aws.now = 60.0
    aws.has_quota(2.0)
    aws.registered("old")
    assert aws.refusal("a") is None


def test_what_is_registered_counts_once_and_no_longer_as_a_promise(aws: Aws) -> None:
    aws.has_quota(2.0)
    aws.registered()
    assert aws.refusal("a") is None
    aws.there = {"a"}
    aws.now = 61.0
    assert aws.refusal("b") is None
    aws.now = 70.0
    aws.has_quota(2.0)
    aws.registered("a")
    assert aws.refusal("c") is not None
    aws.now, aws.there = 200.0, {"a", "b"}
    aws.has_quota(2.0)
    aws.registered("b")  # scaling was taken off a
    assert aws.refusal("c") is None


def test_a_promise_ends_when_the_endpoint_is_not_there_or_after_an_hour(aws: Aws) -> None:
    aws.has_quota(1.0)
    aws.registered()
    assert aws.refusal("a") is None
    aws.there = {"a"}
    aws.now = 1000.0
    aws.has_quota(1.0)
    aws.registered()
    assert aws.refusal("b") is not None
    aws.there = set()
    assert aws.refusal("b") is None
    aws.there = {"b"}
    aws.now = 1000.0 + 3600.0
    aws.has_quota(1.0)
    aws.registered()
    assert aws.refusal("c") is None


def test_what_an_endpoint_asks_for_takes_the_place_of_what_it_was_promised(aws: Aws) -> None:
    aws.has_quota(2.0)
    aws.registered()
    both = frozenset({*ids("a"), "endpoint/a/variant/challenger"})
    assert aws.book.promise(Targets("a", both)) is None
    assert aws.refusal("b") is not None
    assert aws.refusal("a") is None
    assert aws.refusal("b") is None
    assert aws.refusal("c") is not None
    told = aws.book.promise(Targets("a", both))
    assert told is not None
    assert "1 of 2 scalable targets are left in us-east-1, and this endpoint needs 2" in told.message


def test_a_launch_asks_nothing_of_each_endpoint_that_is_there(aws: Aws) -> None:
    """Thousands that are launched in a row would take a time that grows with their square."""
    aws.has_quota(1000.0)
    aws.registered()
    aws.there.update(f"e{number}" for number in range(100))
    for number in range(100):
        aws.now += 5.0
        assert aws.refusal(f"e{number}") is None
    assert aws.looked_for == []


def test_what_is_only_asked_for_is_not_given(aws: Aws) -> None:
    aws.has_quota(1.0)
    aws.registered()
    assert aws.book.promise(Targets("a", ids("a")), give=False) is None
    assert aws.refusal("b") is None
    told = aws.book.promise(Targets("a", ids("a")), give=False)
    assert told is not None


def test_where_aws_lists_no_such_quota_nothing_is_refused_or_listed(aws: Aws) -> None:
    aws.has_quota(None)
    for name in ("a", "b", "c"):
        assert aws.refusal(name) is None
