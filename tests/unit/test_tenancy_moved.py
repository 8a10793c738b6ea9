"""For whom something may have changed when others do: who is refused hears of room, and nobody else."""

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
    tenancy.forget("first")
    assert tenancy.moved() == {"second"}
    assert seen(tenancy, an_object("second", 1))
    tenancy.moved()
    assert seen(tenancy, an_object("third", 1))
    tenancy.forget("third")
    assert tenancy.moved() == set()


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
