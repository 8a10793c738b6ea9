"""What is known of policies, namespaces and experiments, and what follows while something of it cannot be read."""

from typing import Any

import pytest

from smendpoints.api.policy import SageMakerEndpointPolicy
from smendpoints.controller.known_claims import KnownClaims
from smendpoints.controller.known_policies import KnownPolicies
from smendpoints.controller.known_traffic import KnownTraffic
from smendpoints.controller.shares import Shares
from smendpoints.domain.tenancy.facts import Facts, facts_of
from smendpoints.domain.tenancy.traffic import TrafficClaim

UNKNOWN = "nothing is changed in AWS as long as the policies for this namespace are not known: "


def policy(name: str = "p", labels: dict[str, str] | None = None, **spec: Any) -> SageMakerEndpointPolicy:
    selector = {"matchLabels": labels} if labels else {}
    return SageMakerEndpointPolicy.parse({"metadata": {"name": name}, "spec": {"namespaceSelector": selector, **spec}})


def known(policies: list[SageMakerEndpointPolicy] | None, labels: dict[str, dict[str, str]] | None) -> KnownPolicies:
    made = KnownPolicies()
    made.set_policies(policies, None)
    made.set_namespaces(labels, None)
    return made


def test_policies_are_known_with_the_labels_of_their_namespace() -> None:
    one, other = policy("one", {"team": "ml"}), policy("other")
    found = known([one, other], {"ml": {"team": "ml"}, "web": {}})
    assert tuple(found.selecting("ml") or ()) == (one, other)
    assert tuple(found.selecting("web") or ()) == (other,)
    assert found.selecting("nowhere") is None
    assert known([], None).selecting("nowhere") == (), "without policies nobody need know labels"
    assert known(None, {"ml": {}}).selecting("ml") is None
    assert known([one], None).selecting("ml") is None


def test_why_nothing_is_known_is_told_until_it_is() -> None:
    found = KnownPolicies()
    assert (found.unreadable, found.unknown(None)) == (False, f"{UNKNOWN}they are not read yet")
    found.set_policies(None, "no policies")
    found.set_namespaces(None, "no namespaces")
    assert (found.unreadable, found.unknown(None)) == (True, f"{UNKNOWN}no policies; no namespaces")
    assert found.said("ml") == (None, f"{UNKNOWN}no policies; no namespaces")
    found.set_policies([policy()], None)
    assert found.unknown(found.selecting("ml")) == f"{UNKNOWN}no namespaces"
    found.set_namespaces({"ml": {}}, None)
    assert (found.unreadable, found.unknown(found.selecting("ml"))) == (False, None)
    assert found.said("ml") == ((policy(),), None)


@pytest.mark.parametrize(("limits", "least"), [([], None), ([None], None), ([3.0, None, 2.0], 2.0)])
def test_the_strictest_limit_of_cost_holds(limits: list[float | None], least: float | None) -> None:
    asked: list[dict[str, Any]] = [{"maxHourlyUSD": each} if each else {} for each in limits]
    policies = [policy(str(number), **each) for number, each in enumerate(asked)]
    assert known(policies, {"ml": {}}).hourly_limit("ml") == least
    assert known(policies, {}).hourly_limit("ml") is None


def claim(uid: str, endpoint: str = "e", **changes: Any) -> TrafficClaim:
    return TrafficClaim(
        **{"uid": uid, "namespace": "n", "name": uid, "endpoint": endpoint, "created": "1", "begun": True, **changes}
    )


def test_experiments_are_known_once_they_were_told_of() -> None:
    found = KnownTraffic()
    states = [found.known]
    found.expect()
    states.append(found.known)
    assert found.set([claim("x")]) is None, "before, nothing was known"
    assert [*states, found.known] == [True, False, True]
    assert found.owner("n", "e") == claim("x")
    assert found.owner("n", "other") is None
    assert found.set([claim("x"), claim("y", "other", weights=(("a", 1.0),))]) == {("n", "other")}
    assert found.set(None) is None
    assert (found.known, found.owner("n", "e")) == (True, None)
    assert found.set([claim("x")]) is None
    assert found.set([claim("x")]) == set()


def test_who_wants_the_same_name_hears_of_whoever_makes_it_its_own_and_leaves_it() -> None:
    def facts(uid: str, created: str, endpoint: str = "shared") -> Facts:
        meta = {"uid": uid, "namespace": "ml", "name": uid, "creationTimestamp": created}
        return facts_of({"metadata": meta, "spec": {"endpointName": endpoint}})

    claims = KnownClaims("us-east-1")
    assert claims.enter(facts("early", "1"), ()) == set()
    assert claims.enter(facts("late", "2"), ()) == {"early"}
    assert claims.enter(facts("late", "2"), ()) == set(), "nothing new"
    assert claims.before("early") is None
    rival = claims.before("late")
    assert rival is not None
    assert rival.uid == "early"
    assert claims.hold("late") == {"early"}
    assert claims.hold("late") == set(), "once"
    assert claims.before("late") is None
    assert claims.enter(facts("early", "1", "other"), ()) == {"late"}
    assert claims.drop("late") == set()
    assert claims.enter(facts("new", "3", "other"), ()) == {"early"}
    assert claims.drop("early") == {"new"}
    assert claims.before("new") is None


@pytest.mark.parametrize(("prefix", "first"), [("other-", "late"), ("sha", "early")])
def test_who_may_not_have_a_name_stands_in_nobodys_way(prefix: str, first: str) -> None:
    claims, bars = KnownClaims("us-east-1"), (policy(endpointNamePrefix=prefix),)
    for uid, policies in (("early", bars), ("late", ())):
        meta = {"uid": uid, "namespace": uid, "name": uid, "creationTimestamp": {"early": "1", "late": "2"}[uid]}
        claims.enter(facts_of({"metadata": meta, "spec": {"endpointName": "shared"}}), policies)
    assert claims.before(first) is None
    rival = claims.before("late" if first == "early" else "early")
    assert rival is not None
    assert rival.uid == first


@pytest.mark.parametrize(("own", "hangs"), [(None, True), ("1", False)])
def test_a_name_may_hang_on_which_account_the_operator_acts_in(own: str | None, hangs: bool) -> None:
    claims = KnownClaims("us-east-1")
    claims.own_account = own
    for uid, role in (("early", "arn:aws:iam::1:role/r"), ("late", None)):
        meta = {"uid": uid, "namespace": "ml", "name": uid, "creationTimestamp": uid}
        claims.enter(facts_of({"metadata": meta, "spec": {"endpointName": "shared", "assumeRoleARN": role}}), ())
    assert claims.hangs_on_own_account("late") is hangs
    assert not claims.hangs_on_own_account("early")
    assert not claims.hangs_on_own_account("nobody")


def test_a_share_is_granted_once_and_goes_with_its_object() -> None:
    def holding(uid: str, count: int) -> Facts:
        meta = {"uid": uid, "namespace": "ml", "name": uid}
        variant = {"name": "a", "instance": {"type": "ml.m5.large", "count": count}}
        return facts_of({"metadata": meta, "spec": {"variants": [variant]}})

    shares, limited = Shares(), (policy(maxInstances=9),)
    assert shares.put(holding("a", 2)) is None
    assert shares.put(holding("b", 1)) is None
    assert [shares.grant(holding("a", 2)), shares.grant(holding("a", 2))] == [True, False]
    assert shares.room(holding("b", 1), ()) is None, "nothing is limited"
    room = shares.room(holding("b", 1), limited)
    assert room is not None
    shares.put(holding("a", 3))
    assert shares.grant(holding("a", 3)), "it asks for more"
    assert shares.drop("a") == holding("a", 3)
    assert (shares.drop("a"), shares.get("a"), set(shares.beside("ml"))) == (None, None, {"b"})
    assert shares.room(holding("b", 1), limited) != room, "there is more room"
    shares.put(holding("a", 3))
    assert shares.grant(holding("a", 3)), "one that is made again holds nothing"
