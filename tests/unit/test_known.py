"""What is known of policies, namespaces and experiments, and what follows while something of it cannot be read."""

from typing import Any

import pytest

from smendpoints.api.policy import SageMakerEndpointPolicy
from smendpoints.controller.known_policies import KnownPolicies
from smendpoints.controller.known_traffic import KnownTraffic
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
