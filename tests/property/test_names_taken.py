"""While an object exists its endpoint's name is taken, whether AWS holds an endpoint or not; in virtual time."""

import itertools

import pytest

from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant

HOURS = {"start": "0 8 * * *", "stop": "0 18 * * *"}


def refused(harness: Harness, name: str) -> str:
    """What an object is told whose name is taken."""
    harness.settle(name)
    stalled = harness.condition(name, "Stalled")
    assert stalled is not None
    assert stalled.reason == "NameTaken"
    return stalled.message


def test_objects_with_one_default_name_the_first_has_it_and_the_later_hear_so_but_not_whose_it_is(
    harness: Harness,
) -> None:
    """`a-b/c`, `a/b-c` and `a/b.c`."""
    harness.labels |= {"a-b": {}, "a": {}}
    harness.apply("a/b-c", spec())
    harness.settle("a/b-c")
    created = harness.live("a-b-c")["CreationTime"]
    harness.apply("a-b/c", spec())
    harness.apply("a/b.c", spec())
    across, within = refused(harness, "a-b/c"), refused(harness, "a/b.c")
    assert across == (
        "the name a-b-c is taken; recreate the object with another spec.endpointName, which cannot be changed otherwise"
    )
    assert "the name a-b-c is taken by b-c; recreate" in within
    harness.run(3600)
    assert harness.live("a-b-c")["CreationTime"] == created
    assert harness.calls("CreateEndpoint") == 1
    condition = harness.condition("a/b-c", "Ready")
    assert condition is not None
    assert condition.status == "True"


@pytest.mark.parametrize("stops", [{"desiredState": "Stopped"}, {"officeHours": HOURS}])
def test_a_stopped_endpoint_keeps_its_name(harness: Harness, stops: dict[str, object]) -> None:
    harness.labels |= {"thief": {}}
    harness.apply("iris", spec(**stops))  # virtual time begins at night
    harness.settle("iris")
    harness.apply("thief/x", with_variant(spec(endpointName="Default-Iris"), modelArtifact=ARTIFACTS[1]))
    refused(harness, "thief/x")
    harness.restart()
    harness.run(600)
    refused(harness, "thief/x")
    assert harness.inventory()["endpoints"] == []
    harness.apply("iris", spec())
    harness.settle("iris")
    assert harness.inventory()["endpoints"] == ["default-iris"]


def test_a_name_is_free_when_its_object_is_gone_and_who_waits_goes_on_by_itself(harness: Harness) -> None:
    harness.ready()
    harness.apply("later", spec(endpointName="default-iris"))
    refused(harness, "later")
    harness.delete("iris")
    harness.tick()
    assert harness.inventory()["endpoints"] == ["default-iris"], "what is being deleted has its name until it is gone"
    harness.settle_gone("iris")
    harness.run(60)  # far less than the wait after a refusal
    assert harness.live()["EndpointStatus"] == "Creating"
    harness.settle("later")
    tags = harness.client("sagemaker").list_tags(ResourceArn=harness.live()["EndpointArn"])["Tags"]
    assert {"Key": "smendpoints.dev/name", "Value": "later"} in tags


def test_a_refused_object_made_nothing_and_goes_at_once_even_if_aws_denies_every_call(harness: Harness) -> None:
    harness.ready()
    harness.apply("later", spec(endpointName="default-iris"))
    refused(harness, "later")
    before = harness.inventory()
    status = harness.objects["later"].body["status"]
    assert status["createdInAWS"] is False
    assert "resolved" not in status
    harness.world.faults.add({"kind": "access_denied"})
    harness.delete("later")
    harness.tick()
    assert "later" not in harness.objects
    harness.run(120)  # the other one cannot be looked at meanwhile
    harness.world.faults.remove()
    assert harness.inventory() == before


def test_a_suspended_object_has_its_name_too_and_one_that_cannot_run_yet(harness: Harness) -> None:
    harness.apply("iris", spec(suspend=True))
    harness.settle_told("iris", "Suspended")
    harness.world.advance(1)
    harness.apply("later", spec(endpointName="default-iris"))
    refused(harness, "later")
    harness.apply("iris", spec())
    assert harness.settle("iris").status.endpoint is not None


@pytest.mark.parametrize("order", list(itertools.permutations(["p/x", "q/x", "r/x"])))
def test_of_objects_made_within_one_second_one_has_the_name_also_after_a_restart_at_any_time(
    harness: Harness, order: tuple[str, ...]
) -> None:
    harness.labels |= {"p": {}, "q": {}, "r": {}}
    for name in order:
        harness.apply(name, spec(endpointName="one"))
    for _ in range(8):
        harness.restart()
        harness.tick()
        harness.world.advance(1)
    for name in order:
        harness.settle(name)
    ready = [name for name in order if harness.condition(name, "Stalled") is None]
    assert ready == ["p/x"]
    assert harness.calls("CreateEndpoint") == 1


def test_one_name_in_two_regions_or_accounts_is_two_endpoints(harness: Harness) -> None:
    """Objects that make nothing yet: what they claim follows from region and role alone."""
    far = "arn:aws:iam::111111111111:role/far"
    harness.labels |= {"a": {}, "b": {}, "c": {}, "d": {}}
    for name, where in {
        "a/x": {},
        "b/x": {"region": "eu-west-1"},
        "c/x": {"assumeRoleARN": far},
        "d/x": {"assumeRoleARN": "arn:aws:iam::123456789012:role/near"},
    }.items():
        harness.apply(name, spec(endpointName="one", **where))
        harness.world.advance(1)
    harness._tell()
    tenancy = harness.controller.tenancy
    assert tenancy.view("uid-c/x").rival == "uid-a/x", "the own account is not known yet and may be any"
    for name in harness.objects:
        tenancy.rule(harness.resource(name), lambda _: lambda _: None, runs=False)
    rivals = {name: tenancy.view(f"uid-{name}").rival for name in harness.objects}
    assert rivals == {"a/x": None, "b/x": None, "c/x": None, "d/x": "uid-a/x"}
    assert harness.calls("GetCallerIdentity") == 1
