"""For whom something may have changed when others or policies do, and what is in force for whom."""

from typing import Any

from smendpoints.api.policy import SageMakerEndpointPolicy
from smendpoints.api.resource import SageMakerEndpoint
from smendpoints.controller.tenancy import Operator, Tenancy
from smendpoints.domain.tenancy.facts import facts_of

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/echo:1.0"


def an_object(name: str, count: int, generation: int = 1) -> dict[str, Any]:
    variant = {
        "name": "a", "image": IMAGE, "modelArtifact": "s3://models/a.tar.gz", "instance": {"type": "ml.m5.large", "count": count},
    }  # fmt: skip
    meta = {"name": name, "namespace": "team", "uid": name, "generation": generation}
    return {"metadata": {**meta, "creationTimestamp": "2026-11-26T00:00:00Z"}, "spec": {"variants": [variant]}}


def seen(tenancy: Tenancy, body: dict[str, Any]) -> bool:
    """The object is seen and ruled; whether it is allowed."""
    tenancy.see(facts_of(body))
    ruling = tenancy.rule(SageMakerEndpoint.parse(body), lambda _: lambda _: None, runs=True)
    return not ruling.violations


def of_two_instances() -> Tenancy:
    tenancy = Tenancy(Operator("us-east-1"), lambda: None)
    tenancy.set_namespaces({"team": {}})
    policy = {"metadata": {"name": "small"}, "spec": {"namespaceSelector": {}, "maxInstances": 2}}
    tenancy.set_policies([SageMakerEndpointPolicy.parse(policy)])
    return tenancy


def test_who_was_refused_hears_of_room_and_who_is_allowed_by_now_does_not() -> None:
    tenancy = of_two_instances()
    assert seen(tenancy, an_object("first", 2))
    assert not seen(tenancy, an_object("second", 1))
    tenancy.moved()
    assert seen(tenancy, an_object("first", 1, generation=2))
    assert tenancy.moved() == {"second"}, "nothing was made of the first's second instance"
    assert seen(tenancy, an_object("first", 1, generation=3))
    assert tenancy.moved() == set(), "it holds what it held"
    tenancy.forget("first")
    assert tenancy.moved() == {"second"}
    assert seen(tenancy, an_object("second", 1))
    tenancy.moved()
    assert seen(tenancy, an_object("third", 1))
    tenancy.forget("third")
    assert tenancy.moved() == set()


def test_what_is_given_back_is_free_once_the_status_no_longer_tells_of_it() -> None:
    """An edit asks for one instance of two: AWS runs both until it is done, and the status says so until then."""
    tenancy = of_two_instances()
    pinned = {"endpointName": "team-first", "region": "us-east-1", "capacity": {"ml.m5.large": 2}}
    edited = {**an_object("first", 1, generation=2), "status": {"createdInAWS": True, "resolved": pinned}}
    assert seen(tenancy, edited)
    assert not seen(tenancy, an_object("second", 1))
    written = {**pinned, "capacity": {"ml.m5.large": 1}, "capacityBefore": {"ml.m5.large": 2}}
    tenancy.see(facts_of({**edited, "status": {"createdInAWS": True, "resolved": written}}))
    assert not seen(tenancy, an_object("second", 1))
    tenancy.moved()
    del written["capacityBefore"]
    tenancy.see(facts_of({**edited, "status": {"createdInAWS": True, "resolved": written}}))
    assert tenancy.moved() == {"second"}
    assert seen(tenancy, an_object("second", 1))


def test_who_is_gone_hears_of_nothing() -> None:
    tenancy = of_two_instances()
    assert seen(tenancy, an_object("first", 2))
    assert not seen(tenancy, an_object("second", 1))
    tenancy.moved()
    tenancy.forget("first")
    tenancy.forget("second")
    assert tenancy.moved() == set()


def test_the_least_of_what_policies_allow_an_hour_is_told() -> None:
    tenancy = of_two_instances()
    assert tenancy.hourly_limit("team") is None
    dear = {"metadata": {"name": "dear"}, "spec": {"namespaceSelector": {}, "maxHourlyUSD": 3.5}}
    tenancy.set_policies([SageMakerEndpointPolicy.parse(dear)])
    assert tenancy.hourly_limit("team") == 3.5


def test_a_new_object_is_where_the_policy_says_and_a_pinned_one_stays() -> None:
    tenancy = of_two_instances()
    tenancy.see(facts_of(an_object("new", 1)))
    pinned = {**an_object("old", 1), "status": {"resolved": {"endpointName": "team-old", "region": "us-east-1"}}}
    tenancy.see(facts_of(pinned))
    tenancy.moved()
    abroad = {"metadata": {"name": "abroad"}, "spec": {"namespaceSelector": {}, "defaults": {"region": "eu-west-1"}}}
    tenancy.set_policies([SageMakerEndpointPolicy.parse(abroad)])
    assert tenancy.moved() == {"new", "old"}
    found = {uid: tenancy.identity(uid) for uid in ("new", "old")}
    assert {uid: each.region for uid, each in found.items() if each is not None} == {
        "new": "eu-west-1",
        "old": "us-east-1",
    }


def test_a_name_that_a_policy_moves_elsewhere_stands_in_nobodys_way_there() -> None:
    tenancy = of_two_instances()
    first, second = an_object("first", 1), an_object("second", 1)
    for body in (first, second):
        body["spec"]["endpointName"] = "shared"
    second["spec"]["region"] = "eu-west-1"
    assert seen(tenancy, first)
    assert seen(tenancy, second)
    abroad = {"metadata": {"name": "abroad"}, "spec": {"namespaceSelector": {}, "defaults": {"region": "eu-west-1"}}}
    tenancy.set_policies([SageMakerEndpointPolicy.parse(abroad)])
    rivals = [tenancy.view(uid).rival for uid in ("first", "second")]
    assert rivals.count(None) == 1


def test_a_revision_that_is_brought_back_has_to_fit_the_policies() -> None:
    tenancy = of_two_instances()
    tenancy.see(facts_of(an_object("iris", 1)))
    now = SageMakerEndpoint.parse(an_object("iris", 1))
    before = SageMakerEndpoint.parse(an_object("iris", 3)).spec
    named = now.model_copy(update={"spec": now.spec.model_copy(update={"endpoint_name": "team-iris"})})
    assert tenancy.refuses(named, before)
    assert tenancy.refuses(named, now.spec) == ()


def test_nothing_is_refused_of_an_object_that_is_gone() -> None:
    gone = SageMakerEndpoint.parse(an_object("gone", 3))
    assert of_two_instances().refuses(gone, gone.spec) == ()


def test_what_was_granted_and_not_written_yet_counts_as_much_as_what_is_told() -> None:
    tenancy = of_two_instances()
    pinned = {"endpointName": "team-first", "region": "us-east-1", "capacity": {"ml.m5.large": 1}}
    grown = {**an_object("first", 2, generation=2), "status": {"createdInAWS": True, "resolved": pinned}}
    assert seen(tenancy, grown)
    assert not seen(tenancy, an_object("second", 1)), "its status tells of one instance still"
