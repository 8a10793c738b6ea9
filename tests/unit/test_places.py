"""Places that have objects are kept, others let go; what they share is made once."""

import gc
import weakref
from typing import Any

import boto3
import pytest

from smendpoints.aws.account import Account, Accounts
from smendpoints.aws.calls.bounded import Bounded
from smendpoints.aws.calls.clients import Place
from smendpoints.aws.calls.connections import Connections
from smendpoints.aws.calls.pace import Call
from smendpoints.controller.ports import Aws

CREATE = Call("sagemaker", "CreateModel")
HOME = Place("us-east-1")
ROLES = [Place("us-east-1", f"arn:aws:iam::{number:012}:role/operator") for number in range(1, 4)]
AWAY = Place("eu-west-1", ROLES[0].role_arn)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def connections(clock: Clock) -> Connections:
    session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")
    return Connections("us-east-1", 4, session=lambda: session, clock=clock)


@pytest.fixture
def accounts(connections: Connections, clock: Clock) -> Accounts:
    return Accounts(connections, clock)


def client_of(account: Account) -> Any:
    return account._clients("sagemaker")


def test_all_roles_of_a_region_share_one_client(accounts: Accounts) -> None:
    assert len({id(client_of(accounts(place))) for place in (HOME, *ROLES)}) == 1
    assert client_of(accounts(AWAY)) is not client_of(accounts(HOME))


def test_a_place_without_objects_is_let_go_with_all_that_it_held(
    accounts: Accounts, connections: Connections, clock: Clock
) -> None:
    for place in (HOME, *ROLES, AWAY):
        client_of(accounts(place))
        connections.sessions.credentials(place.role_arn, "team-a")
        connections.paces.refused(place.account, place.region, CREATE)
    gone = [weakref.ref(accounts(place)) for place in (*ROLES[1:], AWAY)]
    away = client_of(accounts(AWAY))
    clock.now += 301
    accounts.keep({HOME, ROLES[0]})
    gc.collect()
    assert {account.place for account in accounts.all()} == {HOME, ROLES[0]}
    assert [each() for each in gone] == [None] * 3
    assert len(connections.sessions) == 1
    assert client_of(accounts(AWAY)) is not away  # its region served nobody any more
    assert connections.paces.rate(ROLES[0].account, "us-east-1", CREATE) is not None
    assert connections.paces.rate(ROLES[1].account, "us-east-1", CREATE) is None


def test_a_place_that_was_asked_for_within_the_longest_reconcile_is_kept(accounts: Accounts, clock: Clock) -> None:
    account = accounts(ROLES[0])
    clock.now += 299
    accounts.keep(set())
    assert accounts(ROLES[0]) is account


def test_a_reconcile_under_way_ends_well_though_its_place_is_let_go(accounts: Accounts, clock: Clock) -> None:
    account = accounts(AWAY)
    before = client_of(account)
    clock.now += 301
    accounts.keep(set())
    assert accounts.all() == ()
    after = client_of(account)
    assert after is not before  # made anew: what was closed is used by nobody
    assert after.meta.region_name == "eu-west-1"


def test_what_is_kept_for_speed_is_bounded_and_the_last_used_stays() -> None:
    kept: Bounded[str, int] = Bounded(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert (kept.get("a"), kept.get("b"), kept.get("c"), len(kept)) == (1, None, 3, 2)
    kept.drop("a")
    kept.drop("never")
    assert kept.get("a") is None


def test_two_hundred_places_cost_little_more_than_one(accounts: Accounts) -> None:
    """Counted, not weighed: megabytes are for the bench. What grows is what `Account` holds, and no client."""
    places = [Place("us-east-1", f"arn:aws:iam::{number:012}:role/operator") for number in range(1, 201)]
    clients = {id(accounts(place)._clients(service)) for place in places for service in ("sagemaker", "cloudwatch")}
    assert len(clients) == 2
    grown = [accounts(place).observe._configs for place in places]
    assert all(each is grown[0] for each in grown)


def test_an_account_is_what_the_controller_asks_for(accounts: Accounts) -> None:
    aws: Aws = accounts(HOME)  # mypy sees to the rest
    assert aws.place == HOME
    for port in (aws.watch, aws.observe, aws.prices, aws.preflight):
        assert port is not None
