"""The cluster's policies, checked before every write, also when they change later; in virtual time."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from smendpoints.domain.plan.actions import Verb
from smsandbox.assets import ROLE_ARN
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant

NO_TYPES = {"instanceTypes": ["ml.c5.*"]}
HOURS = {"start": "0 8 * * *", "stop": "0 18 * * *"}
FIXED = with_variant(spec(), scaling=None, instance={"type": "ml.m5.large", "count": 3})


def told(harness: Harness, kind: str = "Stalled", name: str = "iris") -> tuple[str, str]:
    condition = harness.condition(name, kind)
    return (condition.status, condition.reason) if condition is not None else ("", "")


def changes(harness: Harness) -> int:
    """Calls that changed anything in AWS."""
    return sum(harness.calls("".join(each.capitalize() for each in verb.operation.split("_"))) for verb in set(Verb))


def test_what_no_policy_allows_is_not_made_and_says_what_to_write(harness: Harness) -> None:
    harness.policy("types", NO_TYPES)
    harness.policy("all", {})
    harness.apply("iris", spec())
    harness.settle("iris")
    assert told(harness) == ("True", "PolicyViolation")
    assert told(harness, "Ready") == ("False", "PolicyViolation")
    condition = harness.condition("iris", "Ready")
    assert condition is not None
    assert condition.message == (
        "nothing is changed: policy types, instanceTypes: the instance type ml.m5.large is not allowed: write one that "
        "matches ml.c5.*"
    )
    assert changes(harness) == 0
    assert harness.resource("iris").status.created_in_aws is False
    harness.policy("types", None)
    harness.settle_told("iris", "InService", limit=600)  # by itself, and far sooner than after a refusal


def test_a_policy_that_comes_later_touches_nothing_and_says_why_nothing_changes_any_more(harness: Harness) -> None:
    harness.apply("iris", FIXED)
    harness.settle("iris")
    harness.policy("types", NO_TYPES)
    harness.run(60)
    assert told(harness, "Ready") == ("True", "PolicyViolation"), "it serves what the spec says"
    assert told(harness) == ("True", "PolicyViolation")
    assert harness.condition("iris", "Reconciling") is None
    before, live = changes(harness), harness.live()
    harness.scale_by_hand(5)
    harness.run(600)
    assert told(harness, "Ready") == ("False", "PolicyViolation")
    assert told(harness, "Drifted")[0] == "True"
    harness.apply("iris", with_variant(FIXED, modelArtifact=ARTIFACTS[1]))
    harness.run(600)
    harness.restart()
    harness.run(600)
    assert changes(harness) == before + 1, "the hand's own call alone"
    assert harness.live()["EndpointConfigName"] == live["EndpointConfigName"]
    assert harness.inventory()["models"] == [harness.inventory()["models"][0]]
    harness.policy("types", None)
    harness.run(20)
    harness.settle("iris")
    assert harness.live()["EndpointConfigName"] != live["EndpointConfigName"]


def test_an_update_under_way_ends_as_it_was_begun(harness: Harness) -> None:
    harness.ready()
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    harness.run(60)
    assert harness.live()["EndpointStatus"] == "Updating"
    harness.policy("types", NO_TYPES)
    harness.run(30)
    assert told(harness, "Reconciling")[0] == "True"
    harness.run(1800)
    assert told(harness, "Ready")[1] == "PolicyViolation"
    resource = harness.resource("iris")
    assert resource.status.rollout is not None
    assert (resource.status.rollout.phase, resource.status.history[0].outcome) == ("Succeeded", "Deployed")


def test_stopping_and_deleting_are_allowed_whatever_the_policy_says_and_starting_is_not(harness: Harness) -> None:
    harness.ready()
    harness.policy("types", NO_TYPES)
    harness.run(30)
    harness.apply("iris", spec(desiredState="Stopped"))
    harness.settle_told("iris", "Stopped")
    assert harness.inventory()["endpoints"] == []
    harness.apply("iris", spec())
    harness.run(600)
    assert told(harness) == ("True", "PolicyViolation")
    assert harness.inventory()["endpoints"] == []
    harness.delete("iris")
    harness.settle_gone("iris")
    assert {key: value for key, value in harness.inventory().items() if value} == {}


def test_office_hours_stop_it_and_do_not_start_it_again(harness: Harness) -> None:
    harness.apply("iris", spec(officeHours=HOURS))
    harness.run(12 * 3600, tick=300)  # virtual time begins at night
    assert told(harness, "Ready")[0] == "True"
    harness.policy("types", NO_TYPES)
    harness.run(12 * 3600, tick=300)
    assert harness.inventory()["endpoints"] == []
    harness.run(12 * 3600, tick=300)
    assert harness.inventory()["endpoints"] == []
    assert told(harness) == ("True", "PolicyViolation")


@pytest.mark.parametrize("edit", [{"suspend": True}, {"deletionPolicy": "Retain"}])
def test_suspending_and_retaining_are_taken_up(harness: Harness, edit: dict[str, Any]) -> None:
    harness.ready()
    harness.policy("types", NO_TYPES)
    harness.run(30)
    harness.apply("iris", spec(**edit))
    harness.run(60)
    assert told(harness, "Ready")[1] == ("Suspended" if "suspend" in edit else "PolicyViolation")
    harness.delete("iris")
    if "suspend" in edit:
        harness.run(60)
        assert told(harness, "Ready")[1] == "DeletionSuspended"
        harness.apply("iris", spec())
    harness.settle_gone("iris")
    assert len(harness.inventory()["endpoints"]) == ("deletionPolicy" in edit)


@pytest.mark.parametrize(("count", "taken_up"), [(2, True), (4, False)])
def test_a_lower_count_is_taken_up_and_a_higher_one_is_not(harness: Harness, count: int, taken_up: bool) -> None:
    harness.apply("iris", FIXED)
    harness.settle("iris")
    harness.policy("types", NO_TYPES)
    harness.run(30)
    harness.apply("iris", with_variant(FIXED, instance={"type": "ml.m5.large", "count": count}))
    harness.run(900)
    live = harness.live()["ProductionVariants"][0]["CurrentInstanceCount"]
    assert live == (count if taken_up else 3)
    assert told(harness) == ("True", "PolicyViolation")


def test_while_the_policies_cannot_be_read_nothing_is_made_and_it_is_said(harness: Harness) -> None:
    harness.policies = None
    harness.apply("iris", spec())
    harness.settle("iris")
    assert told(harness) == ("True", "PolicyUnknown")
    condition = harness.condition("iris", "Stalled")
    assert condition is not None
    assert "sagemakerendpointpolicies cannot be listed: forbidden" in condition.message
    assert changes(harness) == 0
    harness.policies = {}
    harness.settle_told("iris", "InService", limit=900)
    harness.policies = None
    harness.run(60)
    assert told(harness, "Ready") == ("True", "PolicyUnknown")
    harness.apply("iris", spec(desiredState="Stopped"))
    harness.settle_told("iris", "Stopped")
    harness.delete("iris")
    harness.settle_gone("iris")
    assert harness.inventory()["endpoints"] == []


def test_before_the_policies_are_known_nothing_is_done_at_all(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.apply("iris", spec())
    tell = harness._tell
    monkeypatch.setattr(harness, "_tell", lambda: None)
    harness.run(300)
    assert (harness.writes, changes(harness)) == (0, 0)
    monkeypatch.setattr(harness, "_tell", tell)
    harness.settle_told("iris", "InService", limit=900)


def test_a_change_wakes_just_the_objects_that_it_concerns(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    harness.labels |= {"a": {"team": "a"}, "b": {"team": "b"}}
    for name in ("a/iris", "b/iris"):
        harness.apply(name, spec())
        harness.settle(name)
    harness.run(120)
    reconciles: list[str] = []
    reconcile = harness.controller.reconcile

    def counted(body: Any, memory: Any) -> Any:
        reconciles.append(body["metadata"]["namespace"])
        return reconcile(body, memory)

    monkeypatch.setattr(harness.controller, "reconcile", counted)
    harness.policy("a", {"namespaceSelector": {"matchLabels": {"team": "a"}}, **NO_TYPES})
    harness.tick()
    assert reconciles == ["a"]
    harness.labels["b"] = {"team": "a"}
    harness.tick()
    harness.tick()
    assert set(reconciles[1:]) == {"a", "b"} or reconciles[1:] == ["b"]
    assert told(harness, name="b/iris") == ("True", "PolicyViolation")


def test_what_defaults_gave_is_pinned_so_that_a_changed_policy_orphans_nothing(harness: Harness) -> None:
    subnets = {"subnetIDs": ["subnet-1", "subnet-2"], "securityGroupIDs": ["sg-1"]}
    defaults = {"executionRoleARN": ROLE_ARN, "region": "us-east-1", "vpc": subnets, "tags": {"team": "a"}}
    harness.policy("defaults", {"defaults": defaults})
    harness.apply("iris", spec(executionRoleARN=None, tags={"own": "x"}))
    harness.settle("iris")
    resolved = harness.resource("iris").status.resolved
    assert resolved is not None
    assert resolved.to_json() == {
        "endpointName": "default-iris",
        "region": "us-east-1",
        "executionRoleARN": ROLE_ARN,
        "vpc": subnets,
        "tags": {"team": "a", "own": "x"},
        "generation": 1,
        "capacity": {"ml.m5.large": 5},
    }
    model = harness.client("sagemaker").describe_model(ModelName=harness.inventory()["models"][0])
    assert model["VpcConfig"]["Subnets"] == ["subnet-1", "subnet-2"]
    before = changes(harness)
    harness.policy("defaults", {"defaults": {"region": "eu-west-1", "tags": {"team": "b"}}})
    harness.run(300)
    harness.restart()
    harness.run(600)
    assert changes(harness) == before
    assert told(harness, "Ready") == ("True", "InService")
    harness.policy("defaults", None)
    harness.delete("iris")
    harness.settle_gone("iris")
    assert {key: value for key, value in harness.inventory().items() if value} == {}


def test_an_edit_of_the_spec_takes_new_defaults_but_for_name_and_place(harness: Harness) -> None:
    harness.policy("defaults", {"defaults": {"region": "us-east-1", "tags": {"team": "a"}}})
    harness.ready()
    harness.policy("defaults", {"defaults": {"region": "eu-west-1", "tags": {"team": "b"}}})
    harness.apply("iris", spec(tags={"own": "x"}))
    harness.run(300)
    tags = harness.client("sagemaker").list_tags(ResourceArn=harness.live()["EndpointArn"])["Tags"]
    assert {"Key": "team", "Value": "b"} in tags
    resolved = harness.resource("iris").status.resolved
    assert resolved is not None
    assert (resolved.region, resolved.tags) == ("us-east-1", {"team": "b", "own": "x"})


@pytest.mark.parametrize("kill", range(4))
def test_what_is_in_force_is_written_before_anything_is_made_with_it(harness: Harness, kill: int) -> None:
    """Killed anywhere, the policy changed meanwhile: the object still knows what is its own."""
    harness.policy("defaults", {"defaults": {"region": "us-east-1", "tags": {"team": "a"}}})
    harness.apply("iris", spec())
    harness.kill_after = kill
    harness.run(20)
    harness.policy("defaults", {"defaults": {"region": "eu-west-1"}})
    harness.run(900)
    harness.delete("iris")
    harness.settle_gone("iris")
    assert {key: value for key, value in harness.inventory().items() if value} == {}


def test_a_greater_share_is_written_before_anything_grows(harness: Harness) -> None:
    """Killed right after the first change the object still holds what it has begun to take."""
    harness.ready()
    scaling = {"minCapacity": 1, "maxCapacity": 6, "targetInvocationsPerInstance": 70}
    harness.apply("iris", with_variant(spec(), scaling=scaling))
    made, harness.kill_after = harness.applied, 0
    while harness.applied == made:
        harness.tick()
        harness.world.advance(1)
    resolved = harness.resource("iris").status.resolved
    assert resolved is not None
    assert resolved.capacity == {"ml.m5.large": 6}


def test_required_tags_are_set_on_all_that_is_made_and_on_what_runs_in_place(harness: Harness) -> None:
    harness.policy("tags", {"requiredTags": {"team": "a"}})
    harness.ready()
    sagemaker = harness.client("sagemaker")
    model = sagemaker.describe_model(ModelName=harness.inventory()["models"][0])["ModelArn"]
    for arn in (harness.live()["EndpointArn"], model):
        assert {"Key": "team", "Value": "a"} in sagemaker.list_tags(ResourceArn=arn)["Tags"]
    harness.policy("tags", {"requiredTags": {"team": "b", "cost": "7"}})
    harness.run(120)
    tags = {
        each["Key"]: each["Value"] for each in sagemaker.list_tags(ResourceArn=harness.live()["EndpointArn"])["Tags"]
    }
    assert (tags["team"], tags["cost"]) == ("b", "7")
    assert harness.calls("UpdateEndpoint") == 0


def test_the_instances_of_a_namespace_are_limited_and_the_first_keeps_its_share(harness: Harness) -> None:
    harness.labels |= {"other": {}}
    harness.policy("small", {"maxInstances": 8})
    harness.ready()  # up to 5
    harness.world.advance(1)
    harness.apply("second", spec())
    harness.apply("other/first", spec())  # a namespace of its own has limits of its own
    harness.settle("second")
    harness.settle_told("other/first", "InService")
    assert told(harness, name="second") == ("True", "PolicyViolation")
    condition = harness.condition("second", "Stalled")
    assert condition is not None
    assert (
        "this namespace may have 8 instances, its other objects hold 5, and this one would have 5" in condition.message
    )
    harness.restart()
    harness.run(300)
    assert told(harness, "Ready") == ("True", "InService")
    assert told(harness, name="second") == ("True", "PolicyViolation")
    harness.apply(
        "second", with_variant(spec(), scaling={"minCapacity": 1, "maxCapacity": 3, "targetInvocationsPerInstance": 9})
    )
    harness.settle_told("second", "InService")
    harness.apply(
        "iris", with_variant(spec(), scaling={"minCapacity": 1, "maxCapacity": 6, "targetInvocationsPerInstance": 9})
    )
    harness.run(300)
    assert told(harness) == ("True", "PolicyViolation"), "who grows disturbs none"
    assert told(harness, "Ready", "second") == ("True", "InService")
    harness.delete("second")
    harness.settle_gone("second")
    harness.run(60)
    assert told(harness, "Ready") == ("True", "InService")


def test_a_limit_of_cost_refuses_what_it_has_no_price_of(harness: Harness) -> None:
    harness.policy("cheap", {"maxHourlyUSD": 1})
    harness.apply("iris", with_variant(spec(), instance={"type": "ml.new.large"}))
    harness.settle("iris")
    condition = harness.condition("iris", "Stalled")
    assert condition is not None
    assert "policy cheap, maxHourlyUSD: the price of ml.new.large is not known" in condition.message
    harness.apply("iris", spec())
    harness.settle_told("iris", "InService")


def listed(usd: str) -> dict[str, Any]:
    """GetProducts' answer."""
    dimension = {"unit": "Hrs", "pricePerUnit": {"USD": usd}}
    return {"PriceList": [json.dumps({"terms": {"OnDemand": {"a": {"priceDimensions": {"b": dimension}}}}})]}


def by_the_list(harness: Harness, answer: Callable[[], dict[str, Any]]) -> list[str]:
    """Prices come from AWS's list from now on, which answers so; what was asked for."""
    asked: list[str] = []
    client = harness.connections.client("pricing", "us-east-1")

    def get(**params: Any) -> dict[str, Any]:
        asked.append(params["Filters"][0]["Value"])
        return answer()

    client.get_products = get
    harness.price_table = False
    harness.restart()
    return asked


def test_a_limit_of_cost_goes_by_awss_list_asked_once_for_all_objects(harness: Harness) -> None:
    asked = by_the_list(harness, lambda: listed("0.4"))
    harness.policy("cheap", {"maxHourlyUSD": 1})
    fixed = with_variant(spec(), scaling=None)
    for name in ("iris", "second"):
        harness.apply(name, fixed)
        harness.settle(name)
    assert "PolicyViolation" not in {event.reason for event in harness.events}, "not even while it was not known"
    harness.apply("third", fixed)
    harness.settle("third")
    assert [told(harness, "Ready", name) for name in ("iris", "second")] == [("True", "InService")] * 2
    assert told(harness, name="third") == ("True", "PolicyViolation")
    assert asked == ["ml.m5.large"]
    cost = harness.resource("iris").status.cost
    assert cost is not None
    assert cost.hourly_usd == "0.4"


def test_the_cost_is_by_awss_list_from_the_first_time_that_it_is_told(harness: Harness) -> None:
    by_the_list(harness, lambda: listed("0.4"))
    harness.apply("iris", spec())
    harness.settle("iris")
    cost = harness.resource("iris").status.cost
    assert cost is not None
    assert cost.hourly_usd == "0.4"


def test_without_the_list_there_is_no_cost_and_a_limit_of_cost_refuses(harness: Harness) -> None:
    def refuse() -> dict[str, Any]:
        response = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
        raise ClientError(response, "GetProducts")  # type: ignore[arg-type]

    asked = by_the_list(harness, refuse)
    harness.apply("iris", spec())
    harness.settle_told("iris", "InService")
    assert harness.resource("iris").status.cost is None
    harness.policy("cheap", {"maxHourlyUSD": 100})
    harness.apply("second", spec())
    harness.settle("second")
    condition = harness.condition("second", "Stalled")
    assert condition is not None
    assert "the price of ml.m5.large is not known" in condition.message
    assert "pricing:GetProducts" in condition.message
    assert asked == ["ml.m5.large"]


def test_log_tails_can_be_turned_off_and_go_from_the_status_then(harness: Harness) -> None:
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("iris", spec())
    harness.settle("iris")
    failure = harness.resource("iris").status.failure
    assert failure is not None
    status = harness.objects["iris"].body["status"]
    harness.set_status("iris", {**status, "failure": {**status["failure"], "logTail": ["a line of before"]}})
    harness.policy("quiet", {"logTails": False})
    harness.run(60)
    failure = harness.resource("iris").status.failure
    assert failure is not None
    assert failure.log_tail == []
