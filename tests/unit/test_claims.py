"""Who may use a name: first come, first kept."""

import random
from dataclasses import replace

import pytest

from smendpoints.domain.tenancy.claims import Claim, Claims, Standing
from smendpoints.domain.tenancy.facts import account_of

FIRST = Claim("u1", "a", "b-c", "2026-11-22T10:00:00Z", Standing.NEW, None, "us-east-1", "a-b-c")
LATER = Claim("u2", "a-b", "c", "2026-11-22T11:00:00Z", Standing.NEW, None, "us-east-1", "A-b-c")
OWN = "123456789012"


def claims(*given: Claim) -> Claims:
    made = Claims()
    for each in given:
        made.put(each)
    return made


@pytest.mark.parametrize("given", [(FIRST, LATER), (LATER, FIRST)])
def test_the_older_object_has_the_name_in_whatever_order_they_are_seen_and_whatever_the_case(
    given: tuple[Claim, Claim],
) -> None:
    made = claims(*given)
    assert made.before("u1", OWN) is None
    assert made.before("u2", OWN) == FIRST


def test_within_one_second_the_uid_decides() -> None:
    same = replace(LATER, created=FIRST.created)
    assert claims(FIRST, same).before("u2", OWN) == FIRST
    assert claims(FIRST, replace(same, uid="u0")).before("u1", OWN) == replace(same, uid="u0")


@pytest.mark.parametrize("standing", [Standing.HOLDS, Standing.SERVES, Standing.MADE])
def test_whoever_made_something_under_the_name_comes_before_an_older_object_that_did_not(standing: Standing) -> None:
    made = claims(FIRST, replace(LATER, standing=standing))
    assert made.before("u2", OWN) is None
    assert made.before("u1", OWN) == replace(LATER, standing=standing)


def test_of_two_objects_of_the_release_before_the_one_that_serves_goes_on() -> None:
    made = claims(replace(FIRST, standing=Standing.MADE), replace(LATER, standing=Standing.SERVES))
    assert made.before("u2", OWN) is None


def test_who_is_about_to_make_something_is_not_overtaken_before_its_status_is_written() -> None:
    made = claims(LATER)
    assert made.before("u2", OWN) is None
    made.hold("u2")
    made.put(FIRST)
    assert made.before("u1", OWN) is not None
    made.put(replace(LATER, region="us-east-1"))  # an event that was on its way
    assert made.before("u2", OWN) is None


def test_an_object_that_is_gone_frees_the_name() -> None:
    made = claims(FIRST, LATER)
    made.hold("u1")
    assert made.drop("u1")
    assert not made.drop("u1")
    assert made.before("u2", OWN) is None
    assert made.before("u1", OWN) is None


def test_one_that_is_made_again_holds_nothing() -> None:
    made = claims(LATER)
    made.hold("u2")
    made.drop("u2")
    made.put(FIRST)
    made.put(LATER)
    assert made.before("u2", OWN) == FIRST


@pytest.mark.parametrize(
    ("one", "other", "own", "meets"),
    [
        (None, None, None, True),
        (None, "111111111111", OWN, False),
        (None, OWN, OWN, True),
        (None, "111111111111", None, True),
        ("111111111111", OWN, None, False),
        ("111111111111", "111111111111", None, True),
    ],
)
def test_a_name_is_taken_in_its_account_and_an_account_that_is_not_known_may_be_any(
    one: str | None, other: str | None, own: str | None, meets: bool
) -> None:
    made = claims(replace(FIRST, account=one), replace(LATER, account=other))
    assert (made.before("u2", own) is not None) is meets


def test_a_name_is_taken_in_its_region_alone() -> None:
    assert claims(FIRST, replace(LATER, region="eu-west-1")).before("u2", OWN) is None


def test_a_claim_that_moves_leaves_its_old_name() -> None:
    """The region of an object that makes nothing yet may come from a policy, and change with it."""
    made = claims(FIRST, LATER)
    assert made.put(replace(FIRST, region="eu-west-1"))
    assert not made.put(replace(FIRST, region="eu-west-1"))
    assert made.before("u2", OWN) is None


@pytest.mark.parametrize("seed", range(20))
def test_every_process_decides_alike_and_one_object_has_each_name(seed: int) -> None:
    chance = random.Random(seed)
    given = [
        replace(
            FIRST,
            uid=f"u{number}",
            created=f"2026-11-22T10:00:0{chance.randrange(3)}Z",
            standing=chance.choice(list(Standing)),
            endpoint=chance.choice(["x", "X", "y"]),
            account=chance.choice([None, OWN]),
        )
        for number in range(12)
    ]
    orders = []
    for _ in range(2):
        chance.shuffle(given)
        made = claims(*given)
        orders.append({each.uid for each in given if made.before(each.uid, OWN) is None})
    assert orders[0] == orders[1]
    assert len(orders[0]) == len({each.endpoint.lower() for each in given})


def test_the_account_of_a_role_is_that_of_its_arn_and_without_a_role_nobodys() -> None:
    assert account_of("arn:aws:iam::123456789012:role/platform") == "123456789012"
    assert account_of("none") == ""
    assert account_of(None) is None
