"""The operator against an AWS that throttles, in virtual time: what it learns, who shares it, and what it costs."""

import contextlib
import itertools

import pytest

from smendpoints.aws.account import Accounts
from smendpoints.aws.calls import paces
from smendpoints.aws.calls.clients import Place
from smendpoints.aws.calls.pace import Work
from smendpoints.domain.errors import ReconcileError
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import spec
from smsandbox.testing.virtual_aws import BRISK
from smsandbox.world import ACCOUNT, REGION

SETTINGS = BRISK
OBJECTS = 12
ROLES = [f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("platform", "data")]
ELSEWHERE = "arn:aws:iam::210987654321:role/platform"


def throttle(harness: Harness, **rates: float) -> None:
    by_name = {name.replace("_", "."): rate for name, rate in rates.items()} or {}
    harness.world.settings = harness.world.settings.changed({"throttle": by_name})


def refused(harness: Harness) -> int:
    return sum(number for what, number in harness.failed_calls().items() if what.endswith("ThrottlingException"))


def test_objects_are_ready_at_five_calls_a_second_with_few_refused(harness: Harness) -> None:
    throttle(harness, **{"*": 5.0})
    names = [f"team-{number % 3}/iris-{number}" for number in range(OBJECTS)]
    for name in names:
        harness.apply(name, spec())
    for name in names:
        harness.settle(name)
    harness.run(60.0)
    ready = [harness.condition(name, "Ready") for name in names]
    assert [each.status for each in ready if each is not None] == ["True"] * OBJECTS
    print(f"{refused(harness)} of {harness.world.calls.count()} calls refused")
    assert 0 < refused(harness) < 0.1 * harness.world.calls.count()


def test_the_parts_of_one_change_are_one_to_the_pace(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """What began first is ended first, though it is written down between: else all edits begin before one ends."""
    harness.apply("iris", spec())
    harness.settle("iris")
    begins: list[float] = []

    def paced(namespace: str, work: Work, begun: float) -> contextlib.AbstractContextManager[None]:
        begins.append(begun)
        return paces.paced(namespace, work, begun)

    monkeypatch.setattr("smendpoints.controller.reconcile.paced", paced)
    for edit in ("one", "two"):
        begins.clear()
        harness.apply("iris", spec(tags={"edit": edit}))
        edited_at = harness.clock.now()
        harness.settle("iris")
        assert [begun - edited_at for begun in begins][:2] == [0.0, 0.0]
        assert begins[-1] > edited_at or len(begins) == 2
        harness.run(60.0)


def test_a_flood_of_calls_is_hardly_refused_after_a_minute(harness: Harness) -> None:
    throttle(harness, **{"*": 5.0})
    clients = Accounts(harness.connections, harness.clock.now)(Place(REGION)).observe._clients
    listings = [
        ("sagemaker", "list_endpoints"),
        ("sagemaker", "list_models"),
        ("sagemaker", "list_endpoint_configs"),
        ("cloudwatch", "describe_alarms"),
    ]

    def flood(until: float) -> None:
        for service, operation in itertools.cycle(listings):
            if harness.clock.now() >= until:
                return
            clients.call(service, operation)

    begun = harness.clock.now()
    flood(begun + 60.0)
    harness.world.calls.reset()
    flood(begun + 180.0)
    count = harness.world.calls.count()
    print(f"{refused(harness)} of {count} calls refused after the first minute")
    assert count > 0.85 * 5 * 120
    assert refused(harness) < 0.1 * count


def describe(harness: Harness, accounts: Accounts, place: Place) -> float:
    """How long a call waits there, in virtual time."""
    before = harness.clock.now()
    with pytest.raises(ReconcileError, match="Could not find"):
        accounts(place).observe._clients.call("sagemaker", "describe_endpoint", EndpointName="nobodys")
    return harness.clock.now() - before


def flood(harness: Harness, accounts: Accounts, place: Place) -> None:
    """So many calls that AWS throttles."""
    throttle(harness, sagemaker_DescribeEndpoint=2.0)
    for _ in range(10):
        describe(harness, accounts, place)
    assert refused(harness) > 0
    throttle(harness)


@pytest.mark.parametrize("other", [Place(REGION, ROLES[1]), Place(REGION)], ids=["another role", "the operator's own"])
def test_identities_of_one_account_share_what_was_learnt(harness: Harness, other: Place) -> None:
    accounts = Accounts(harness.connections, harness.clock.now)
    describe(harness, accounts, other)
    flood(harness, accounts, Place(REGION, ROLES[0]))
    waits = [describe(harness, accounts, other) for _ in range(3)]
    assert max(waits) > 0.0
    assert harness.calls("GetCallerIdentity") == (other.role_arn is None)


def test_what_the_operator_itself_learnt_before_is_shared_with_the_first_role(harness: Harness) -> None:
    accounts = Accounts(harness.connections, harness.clock.now)
    flood(harness, accounts, Place(REGION))
    assert max(describe(harness, accounts, Place(REGION, ROLES[0])) for _ in range(3)) > 0.0


def test_another_account_is_not_slowed(harness: Harness) -> None:
    accounts = Accounts(harness.connections, harness.clock.now)
    flood(harness, accounts, Place(REGION))
    assert [describe(harness, accounts, Place(REGION, ELSEWHERE)) for _ in range(3)] == [0.0] * 3


def test_an_own_account_that_cannot_be_asked_for_is_asked_for_again_later(harness: Harness) -> None:
    accounts = Accounts(harness.connections, harness.clock.now)
    harness.world.faults.add({"kind": "access_denied", "operation": "GetCallerIdentity"})
    for place in (Place(REGION), Place(REGION, ROLES[0])):
        for _ in range(3):
            describe(harness, accounts, place)
    assert harness.calls("GetCallerIdentity") == 1
    harness.world.faults.remove()
    harness.clock.advance(301.0)
    describe(harness, accounts, Place(REGION))
    assert harness.calls("GetCallerIdentity") == 2
    assert harness.connections.own_account() == ACCOUNT
    assert harness.calls("GetCallerIdentity") == 2


def test_a_quota_is_not_taken_for_throttling(harness: Harness) -> None:
    accounts = Accounts(harness.connections, harness.clock.now)
    fault = {"kind": "error", "operation": "DescribeEndpoint", "code": "LimitExceededException", "status": 400}
    harness.world.faults.add({**fault, "times": 5})
    clients = accounts(Place(REGION)).observe._clients
    for _ in range(5):
        with pytest.raises(ReconcileError, match="LimitExceeded"):
            clients.call("sagemaker", "describe_endpoint", EndpointName="nobodys")
    assert describe(harness, accounts, Place(REGION)) == 0.0
    assert harness.calls("DescribeEndpoint") == 6
