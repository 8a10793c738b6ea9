"""The life of one endpoint, from its creation to its end, in virtual time: each test is a promise."""

from collections import Counter
from dataclasses import replace

import pytest

from smendpoints.aws.listed.watch import Cadence
from smsandbox.testing.harness import Harness
from smsandbox.testing.holdings import LISTS
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant


def test_an_autoscaled_endpoint_costs_few_calls_none_of_them_failing(harness: Harness) -> None:
    harness.cadence = Cadence(poll=5.0, watch=1e6, audit=1e6)  # but for what is awaited, the lists are read once
    harness.restart()
    harness.world.calls.reset()
    harness.ready()
    calls = Counter(call["operation"] for call in harness.world.calls.recent())
    assert sum((calls - LISTS).values()) <= 9, calls
    assert harness.failed_calls() == {}


def test_an_idle_object_costs_no_call_of_its_own_and_no_write(harness: Harness) -> None:
    harness.ready()
    harness.run(120)
    harness.world.calls.reset()
    writes = harness.writes
    harness.run(3600)
    counts = harness.world.calls.counts()
    assert set(counts["sagemaker"]) == {"ListEndpoints", "ListEndpointConfigs", "ListModels"}
    assert set(counts["application-autoscaling"]) == {
        "DescribeScalableTargets",
        "DescribeScalingPolicies",
        "DescribeScheduledActions",
    }
    assert set(counts["resourcegroupstaggingapi"]) == {"GetResources"}
    assert all(number <= 122 for codes in counts["sagemaker"].values() for number in codes.values()), counts
    assert harness.writes == writes


@pytest.mark.parametrize("after", [0, 20, 400])
def test_deletion_at_any_time_leaves_nothing(harness: Harness, after: int) -> None:
    harness.apply("iris", spec())
    harness.run(after)
    harness.delete("iris")
    harness.settle_gone("iris")
    assert {key: value for key, value in harness.inventory().items() if value} == {}


def test_deletion_while_updating_waits_and_leaves_nothing(harness: Harness) -> None:
    harness.ready()
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    harness.run(60)
    assert harness.live()["EndpointStatus"] == "Updating"
    harness.delete("iris")
    harness.run(30)
    condition = harness.condition("iris", "Ready")
    assert condition is not None
    assert "deletion waits for the running update" in condition.message
    harness.settle_gone("iris")
    assert {key: value for key, value in harness.inventory().items() if value} == {}


def test_retain_leaves_the_endpoint_serving_and_lets_go_of_it(harness: Harness) -> None:
    harness.ready(deletionPolicy="Retain")
    harness.delete("iris")
    harness.settle_gone("iris")
    assert harness.live()["EndpointStatus"] == "InService"
    tags = harness.client("sagemaker").list_tags(ResourceArn=harness.live()["EndpointArn"])["Tags"]
    assert not any(tag["Key"].startswith("smendpoints.dev/") for tag in tags)


@pytest.mark.parametrize(("said", "stays"), [({}, True), ({"deletionPolicy": "Delete"}, False)])
def test_the_operators_own_deletion_policy_counts_where_an_object_says_none(
    harness: Harness, said: dict[str, str], stays: bool
) -> None:
    harness.operator_settings = replace(harness.operator_settings, retains=True)
    harness.restart()
    harness.ready(**said)
    harness.delete("iris")
    harness.settle_gone("iris")
    assert bool(harness.inventory()["endpoints"]) is stays


def test_the_operators_own_tags_are_on_all_that_it_makes_and_reach_what_runs_at_an_edit(harness: Harness) -> None:
    def tags(arn: str) -> dict[str, str]:
        found = harness.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]
        return {tag["Key"]: tag["Value"] for tag in found if not tag["Key"].startswith("smendpoints.dev/")}

    harness.ready(tags={"team": "a"})
    harness.operator_settings = replace(harness.operator_settings, tags={"team": "operators", "centre": "42"})
    harness.restart()
    harness.settle("iris")
    live = harness.live()
    assert tags(live["EndpointArn"]) == {"team": "a"}
    harness.apply("iris", spec(tags={"team": "b"}))
    harness.settle("iris")
    sagemaker = harness.client("sagemaker")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=live["EndpointConfigName"])
    model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    assert harness.live()["EndpointConfigName"] == live["EndpointConfigName"]
    for arn in (live["EndpointArn"], config["EndpointConfigArn"], model["ModelArn"]):
        assert tags(arn) == {"team": "b", "centre": "42"}


def test_a_stopped_endpoint_costs_nothing_and_comes_back(harness: Harness) -> None:
    harness.ready()
    config = harness.live()["EndpointConfigName"]
    harness.apply("iris", spec(desiredState="Stopped"))
    resource = harness.settle("iris")
    assert harness.inventory()["endpoints"] == []
    assert resource.status.endpoint is not None
    assert resource.status.endpoint.status == "Stopped"
    harness.apply("iris", spec())
    harness.settle("iris")
    assert harness.live()["EndpointConfigName"] == config
    assert harness.inventory()["targets"] == ["endpoint/default-iris/variant/primary"]


def test_office_hours_stop_and_start_the_endpoint(harness: Harness) -> None:
    # The clock starts on a Tuesday at 22:13 UTC.
    hours = {"timeZone": "Europe/Berlin", "start": "0 8 * * 1-5", "stop": "0 18 * * 1-5"}
    harness.apply("iris", spec(officeHours=hours))
    resource = harness.settle("iris")
    assert harness.inventory()["endpoints"] == []
    assert "2023-11-15T07:00:00Z" in resource.status.conditions[-1].message
    harness.run(10 * 3600, 300)
    assert harness.live()["EndpointStatus"] == "InService"
    harness.run(10 * 3600, 300)
    assert harness.inventory()["endpoints"] == []


def test_a_schedule_that_cannot_be_read_is_said(harness: Harness) -> None:
    hours = {"timeZone": "Europe/Atlantis", "start": "0 8 * * 1-5", "stop": "0 18 * * 1-5"}
    harness.apply("iris", spec(officeHours=hours))
    harness.settle("iris")
    stalled = harness.condition("iris", "Stalled")
    assert stalled is not None
    assert "'Europe/Atlantis' is no time zone" in stalled.message


def test_a_suspended_object_is_only_watched(harness: Harness) -> None:
    harness.ready()
    harness.apply("iris", {**with_variant(spec(), modelArtifact=ARTIFACTS[1]), "suspend": True})
    harness.world.calls.reset()
    harness.run(600)
    changing = {
        operation
        for service in harness.world.calls.counts().values()
        for operation in service
        if not operation.startswith(("List", "Describe", "Get"))
    }
    assert changing == set()


def test_the_cost_follows_the_instances(harness: Harness) -> None:
    fixed = with_variant(spec(), scaling=None, instance={"type": "ml.m5.xlarge", "count": 3})
    harness.apply("iris", fixed)
    resource = harness.settle("iris")
    assert resource.status.cost is not None
    assert resource.status.cost.hourly_usd == "0.69"


@pytest.mark.parametrize("operation", ["CreateEndpoint", "DeleteEndpoint"])
def test_woken_by_a_list_from_before_its_own_change_an_object_looks_again_soon(
    harness: Harness, operation: str
) -> None:
    """What AWS did meanwhile was in that list, which says nothing of the change; no later one may show any difference."""
    harness.apply("iris", spec())
    if operation == "DeleteEndpoint":
        harness.settle("iris")
        harness.run(120)
        harness.delete("iris")
    while not harness.calls(operation):
        harness.tick()
    tracked = harness.backlog.tracked("uid-iris")
    assert harness.reconciler.reconcile(tracked).requeue_after <= 5.0
    harness.run(60)
    assert harness.reconciler.reconcile(tracked).requeue_after > 60.0, "once it is listed, only what moves wakes it"


def test_what_a_killed_process_made_for_a_spec_that_was_replaced_is_collected(harness: Harness) -> None:
    harness.kill_after = 0  # right after the model
    harness.apply("iris", spec())
    while vars(harness)["kill_after"] is not None:
        harness.tick()
        harness.world.advance(1)
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    harness.settle("iris")
    harness.run(1200)
    assert len(harness.inventory()["models"]) == 1


@pytest.mark.parametrize("after", range(3))
def test_what_a_killed_process_left_of_an_edit_is_collected_while_the_endpoint_is_stopped(
    harness: Harness, after: int
) -> None:
    harness.ready()
    kept = harness.inventory()
    harness.kill_after = after
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    harness.run(5)
    harness.apply("iris", spec(desiredState="Stopped"))
    harness.run(1800, 5)
    assert harness.condition("iris", "Ready").reason == "Stopped"  # type: ignore[union-attr]
    found = harness.inventory()
    assert found["endpoints"] == []
    assert (found["models"], found["configs"]) == (kept["models"], kept["configs"])
    harness.world.calls.reset()
    harness.run(600, 5)
    assert harness.calls("DescribeEndpointConfig") == 0
    harness.apply("iris", spec())
    harness.settle("iris")
    assert harness.violations == []


def test_a_suspended_object_without_an_endpoint_collects_nothing(harness: Harness) -> None:
    harness.ready()
    harness.kill_after = 1
    harness.apply("iris", with_variant(spec(), modelArtifact=ARTIFACTS[1]))
    harness.run(5)
    harness.apply("iris", spec(suspend=True))
    harness.client("sagemaker").delete_endpoint(EndpointName="default-iris")
    harness.run(600, 5)
    left = harness.inventory()
    harness.restart()
    harness.apply("iris", spec(suspend=True, desiredState="Stopped"))
    harness.run(600, 5)
    assert len(left["models"]) == 2
    assert harness.inventory() == left
