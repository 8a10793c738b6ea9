"""What may be done for an object, and whether enough is known to say so."""

from collections.abc import Mapping
from typing import Any

import pytest

from smendpoints.api.policy import SageMakerEndpointPolicy
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.api.status import TrafficOwner
from smendpoints.controller.ruling import Ruling
from smendpoints.controller.tenancy import Operator, Tenancy
from smendpoints.domain.errors import Kind, ReconcileError
from smendpoints.domain.reasons import Reason
from smendpoints.domain.tenancy.facts import facts_of
from smendpoints.domain.tenancy.traffic import TrafficClaim

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/echo:1.0"
ROLE = "arn:aws:iam::{}:role/r"


def body(name: str, status: Mapping[str, Any] | None = None, *, namespace: str = "team", **spec: Any) -> dict[str, Any]:
    variant = {
        "name": "a",
        "image": IMAGE,
        "modelArtifact": "s3://models/a.tar.gz",
        "instance": {"type": "ml.m5.large"},
    }
    meta = {
        "name": name,
        "namespace": namespace,
        "uid": name,
        "generation": 1,
        "creationTimestamp": "2026-11-26T00:00:00Z",
    }
    return {"metadata": meta, "spec": {"variants": [variant], **spec}, "status": status or {}}


def policy(name: str = "p", **spec: Any) -> SageMakerEndpointPolicy:
    return SageMakerEndpointPolicy.parse({"metadata": {"name": name}, "spec": {"namespaceSelector": {}, **spec}})


def known(*policies: SageMakerEndpointPolicy, own_account: str | None = None) -> Tenancy:
    tenancy = Tenancy(Operator("us-east-1", "arn:aws:iam::1:role/exec", {"owner": "platform"}), lambda: own_account)
    tenancy.set_namespaces({"team": {}, "web": {}})
    tenancy.set_policies(policies)
    return tenancy


def ruled(tenancy: Tenancy, made: dict[str, Any], *, runs: bool = True) -> Ruling:
    tenancy.see(facts_of(made))
    return tenancy.rule(SageMakerEndpoint.parse(made), lambda _: lambda _: None, runs=runs)


def test_enough_is_known_once_objects_policies_and_experiments_are() -> None:
    tenancy = Tenancy(Operator("us-east-1"), lambda: None)
    assert not tenancy.ready("iris"), "nobody has seen it"
    tenancy.see(facts_of(body("iris")))
    assert not tenancy.ready("iris"), "nobody knows the policies"
    tenancy.set_policies([])
    assert tenancy.ready("iris")
    tenancy.await_experiments()
    assert not tenancy.ready("iris")
    tenancy.set_experiments([])
    assert tenancy.ready("iris")


@pytest.mark.parametrize("unreadable", ["policies", "namespaces"])
def test_policies_that_cannot_be_read_are_told_and_not_waited_for(unreadable: str) -> None:
    tenancy = known(policy())
    if unreadable == "policies":
        tenancy.set_policies(None, "no policies")
    else:
        tenancy.set_namespaces(None, "no namespaces")
    found = ruled(tenancy, body("iris"))
    assert tenancy.ready("iris")
    told = f"nothing is changed in AWS as long as the policies for this namespace are not known: no {unreadable}"
    assert (found.violations, found.reason, found.unseen) == ((told,), Reason.POLICY_UNKNOWN, True)
    assert not found.log_tails


def test_an_object_that_nobody_has_seen_is_tried_again() -> None:
    with pytest.raises(ReconcileError) as caught:
        known().rule(SageMakerEndpoint.parse(body("iris")), lambda _: lambda _: None, runs=True)
    assert (caught.value.kind, caught.value.reason) == (Kind.RETRY, Reason.PENDING)


def test_all_is_allowed_where_no_policy_says_otherwise_and_what_is_in_force_is_told() -> None:
    found = ruled(known(), body("iris"))
    assert (found.refused, found.violations, found.unseen, found.adoption, found.log_tails) == (
        None,
        (),
        False,
        None,
        True,
    )
    assert (found.resolved.endpoint_name, found.resolved.region) == ("team-iris", "us-east-1")
    assert found.resolved.execution_role_arn == "arn:aws:iam::1:role/exec"
    assert found.resource.spec.tags == {"owner": "platform"}


@pytest.mark.parametrize(
    ("rules", "unseen"),
    [({"maxInstances": 0}, False), ({"regions": ["eu-*"]}, True), ({"assumeRoleARNs": ["arn:aws:iam::1:*"]}, True)],
)
def test_where_the_place_itself_is_not_allowed_nobody_even_looks_there(rules: dict[str, Any], unseen: bool) -> None:
    found = ruled(known(policy(**rules)), body("iris", assumeRoleARN=ROLE.format("999999999999")))
    assert (found.reason, found.unseen, len(found.violations)) == (Reason.POLICY_VIOLATION, unseen, 1)
    assert "policy p" in found.violations[0]


def test_what_policies_ask_for_beside_is_told() -> None:
    found = ruled(known(policy(logTails=False, allowAdoption=True), policy("q")), body("iris"))
    assert not found.log_tails
    assert found.adoption is not None
    assert found.adoption.startswith("policy q, allowAdoption: ")
    assert found.adoption.endswith("in AWS is team")
    allowing = ruled(known(policy(allowAdoption=True)), body("iris"))
    assert (allowing.log_tails, allowing.adoption) == (True, None)


@pytest.mark.parametrize(("namespace", "whose"), [("team", " by early"), ("web", "")])
def test_a_name_that_is_anothers_is_refused_and_whose_it_is_told_within_a_namespace(namespace: str, whose: str) -> None:
    tenancy = known()
    assert ruled(tenancy, body("early", endpointName="shared")).refused is None
    found = ruled(tenancy, body("late", namespace=namespace, endpointName="shared"))
    assert found.refused is not None
    assert (found.refused.kind, found.refused.reason) == (Kind.BLOCKED, Reason.NAME_TAKEN)
    assert found.refused.message.startswith(f"the name shared is taken{whose}; recreate the object with another")
    assert found.view.rival == "early"
    tenancy.forget("early")
    assert tenancy.moved() >= {"late"}
    assert ruled(tenancy, body("late", namespace=namespace, endpointName="shared")).refused is None


@pytest.mark.parametrize(("runs", "stays"), [(True, True), (False, False)])
def test_who_may_run_has_its_name_from_then_on(runs: bool, stays: bool) -> None:
    tenancy = known()
    late, early = body("late", endpointName="shared"), body("early", endpointName="shared")
    late["metadata"]["creationTimestamp"] = "2026-11-27T00:00:00Z"
    assert ruled(tenancy, late, runs=runs).refused is None
    assert (ruled(tenancy, early).refused is not None) is stays


@pytest.mark.parametrize(("own", "refused"), [("111111111111", True), ("222222222222", False), (None, True)])
def test_whose_account_the_operators_own_is_is_asked_where_it_decides_about_a_name(
    own: str | None, refused: bool
) -> None:
    tenancy = known(own_account=own)
    assert (
        ruled(tenancy, body("early", endpointName="shared", assumeRoleARN=ROLE.format("111111111111"))).refused is None
    )
    tenancy.moved()
    assert (ruled(tenancy, body("late", endpointName="shared")).refused is not None) is refused
    assert (tenancy.moved() >= {"early", "late"}) is (own is not None)


def test_an_experiment_splits_the_traffic_of_its_endpoint() -> None:
    tenancy = known()
    tenancy.see(facts_of(body("iris")))
    tenancy.see(facts_of(body("other")))
    tenancy.moved()
    claim = TrafficClaim("x", "team", "x", "iris", "1", begun=True, weights=(("a", 7.0),))
    tenancy.await_experiments()
    tenancy.set_experiments([])
    assert tenancy.moved() == {"iris", "other"}, "before, nothing was known"
    tenancy.set_experiments([claim])
    assert tenancy.moved() == {"iris"}
    assert tenancy.traffic_owner("team", "iris") == claim
    assert tenancy.traffic_owner("team", "other") is None
    found = ruled(tenancy, body("iris"))
    assert [each.weight for each in found.resource.spec.variants] == [7.0]
    assert found.resource.traffic == TrafficOwner(experiment="x", weights={"a": 7.0})
    assert found.view.traffic == found.resource.traffic
    assert ruled(tenancy, body("other")).resource.traffic is None
    tenancy.set_experiments(None)
    assert tenancy.moved() == {"iris", "other"}


def test_while_experiments_cannot_be_read_the_weights_stay_as_the_status_has_them() -> None:
    tenancy = known()
    tenancy.set_experiments(None)
    traffic = {"trafficOwner": {"experiment": "x", "weights": {"a": 3}}}
    assert [each.weight for each in ruled(tenancy, body("iris", traffic)).resource.spec.variants] == [3.0]


def test_of_who_is_gone_nothing_is_said() -> None:
    tenancy = known(policy())
    assert tenancy.identity("gone") is None
    view = tenancy.view("gone")
    assert (view.rival, view.policies, view.unknown, view.room) == (None, None, None, None)
    assert tenancy.restricts("gone")
    tenancy.see(facts_of(body("iris")))
    assert tenancy.restricts("iris")
    tenancy.set_policies([])
    assert not tenancy.restricts("iris")


@pytest.mark.parametrize(("wants", "refused"), [({}, True), ({"region": "eu-west-1"}, False)])
def test_a_revision_is_brought_back_where_the_endpoint_is(wants: dict[str, Any], refused: bool) -> None:
    made = body("iris", **wants)
    tenancy = known(policy(regions=["eu-*"]))
    tenancy.see(facts_of(made))
    resource = SageMakerEndpoint.parse(made)
    found = [str(each) for each in tenancy.refuses(resource, resource.spec)]
    told = "policy p, regions: the region us-east-1 is not allowed: write one that matches eu-*"
    assert found == ([told] if refused else [])


def test_whom_policies_or_labels_mean_something_else_for_is_looked_at() -> None:
    tenancy = known()
    for name, namespace in (("iris", "team"), ("other", "web")):
        tenancy.see(facts_of(body(name, namespace=namespace)))
    tenancy.moved()
    whole = {"metadata": {"name": "p"}, "spec": {"namespaceSelector": {"matchLabels": {"tier": "prod"}}}}
    tenancy.set_policies([SageMakerEndpointPolicy.parse(whole)])
    assert tenancy.moved() == set(), "it selects nobody"
    tenancy.set_namespaces({"team": {"tier": "prod"}, "web": {}})
    assert tenancy.moved() == {"iris"}
    tenancy.set_policies([])
    assert tenancy.moved() == {"iris"}
