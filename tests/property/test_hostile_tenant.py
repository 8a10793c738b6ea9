"""What a tenant tries who may write objects in one namespace, or, against the rules, their status; in virtual time."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from smendpoints.api.spec import OfficeHours
from smendpoints.domain.reasons import Reason
from smsandbox.assets import ROLE_ARN
from smsandbox.testing.harness import Harness
from smsandbox.testing.specs import ARTIFACTS, spec, with_variant

TYPE = "ml.m5.large"
TEAM_A = "arn:aws:iam::123456789012:role/team-a"


def fixed(count: int, **fields: Any) -> dict[str, Any]:
    return with_variant(spec(), scaling=None, instance={"type": TYPE, "count": count}, **fields)


def running(harness: Harness) -> int:
    """Instances in AWS, whoever they are for."""
    return sum(
        variant["CurrentInstanceCount"]
        for name in harness.inventory()["endpoints"]
        for variant in harness.live(name)["ProductionVariants"]
    )


def reason(harness: Harness, name: str) -> str:
    condition = harness.condition(name, "Ready")
    return condition.reason if condition is not None else ""


def lowered_by_an_update_that_fails(harness: Harness) -> None:
    """To one instance of another type, which waits for its revision."""
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("iris", with_variant(fixed(4), instance={"type": "ml.c5.large", "count": 1}))
    harness.settle_told("iris", Reason.UPDATE_FAILED)


def lowered_while_aws_refuses(harness: Harness) -> None:
    harness.world.faults.add({"kind": "access_denied", "operation": "UpdateEndpointWeightsAndCapacities"})
    harness.apply("iris", fixed(1))
    harness.settle_told("iris", Reason.ACCESS_DENIED)


def lowered_and_raised_by_a_hand(harness: Harness) -> None:
    harness.apply("iris", {**fixed(1), "driftPolicy": "Report"})
    harness.settle_told("iris", Reason.IN_SERVICE)
    harness.run(900)
    harness.scale_by_hand(4)
    harness.run(900)


@pytest.mark.parametrize(
    ("lower", "restarts"),
    [
        (lowered_by_an_update_that_fails, False),
        (lowered_by_an_update_that_fails, True),
        (lowered_while_aws_refuses, False),
        (lowered_and_raised_by_a_hand, True),
    ],
)
def test_what_a_spec_asks_for_frees_nothing_of_a_namespaces_limit_while_more_runs_in_aws(
    harness: Harness, lower: Any, restarts: bool
) -> None:
    harness.policy("few", {"maxInstances": 4})
    harness.apply("iris", fixed(4))
    harness.settle_told("iris", Reason.IN_SERVICE)
    lower(harness)
    if restarts:
        harness.restart()
    harness.apply("more", fixed(3))
    harness.run(900)
    assert running(harness) == 4
    assert reason(harness, "more") == Reason.POLICY_VIOLATION
    harness.world.faults.remove()
    harness.apply("iris", fixed(1))
    harness.annotate("iris", {"smendpoints.dev/retry": "now"})
    harness.settle_told("more", Reason.IN_SERVICE, limit=4 * 3600)
    assert running(harness) == 4


def test_of_an_endpoint_that_is_not_ones_own_no_more_is_told_than_that_it_is_there(harness: Harness) -> None:
    harness.apply("team-a/prod", fixed(2))
    harness.settle("team-a/prod")
    harness.lose_sight_of("team-a/prod")  # of another cluster, or of an operator for other namespaces
    harness.labels |= {"team-a": {}, "team-b": {}}
    harness.apply("team-b/curious", {**fixed(1), "endpointName": "team-a-prod"})
    harness.run(120)
    assert reason(harness, "team-b/curious") == Reason.NOT_OWNED
    status = json.dumps(harness.objects["team-b/curious"].body["status"])
    shown = harness.live("team-a-prod")
    assert shown["EndpointConfigName"] not in status
    assert shown["EndpointArn"] not in status
    assert shown["ProductionVariants"][0]["DeployedImages"][0]["SpecifiedImage"] not in status
    told = harness.resource("team-b/curious").status
    assert (told.variants, told.cost, told.instances) == ([], None, None)


@pytest.mark.parametrize(
    ("policy", "asks"),
    [
        ({"assumeRoleARNs": ["arn:aws:iam::123456789012:role/team-b"]}, {"assumeRoleARN": TEAM_A}),
        ({"assumeRoleARNs": ["arn:aws:iam::123456789012:role/team-b"]}, {"assumeRoleARN": TEAM_A, "suspend": True}),
        ({"regions": ["us-east-1"]}, {"region": "eu-west-1"}),
        ({"regions": ["us-east-1"], "maxHourlyUSD": 1}, {"region": "eu-west-1"}),
    ],
)
def test_nobody_looks_as_a_role_or_in_a_region_that_the_policies_do_not_allow(
    harness: Harness, policy: dict[str, Any], asks: dict[str, Any]
) -> None:
    harness.policy("place", policy)
    harness.world.calls.reset()
    harness.apply("iris", {**fixed(1), **asks})
    harness.run(900)
    assert reason(harness, "iris") == Reason.POLICY_VIOLATION
    assert harness.world.calls.counts() == {}
    harness.policy("place", None)
    harness.run(60)
    assert harness.world.calls.counts() != {}


@pytest.mark.parametrize(
    "policy", [{"endpointNamePrefix": "b-"}, {"regions": ["eu-*"]}, {"assumeRoleARNs": ["arn:aws:iam::*:role/b"]}]
)
def test_who_may_not_have_a_name_keeps_nobody_from_it(harness: Harness, policy: dict[str, Any]) -> None:
    harness.labels |= {"team-a": {}, "team-b": {"team": "b"}}
    harness.apply("team-b/squats", {**fixed(1), "endpointName": "team-a-prod", "suspend": True})
    harness.run(60)
    harness.apply("team-a/prod", fixed(1))
    harness.run(60)
    assert reason(harness, "team-a/prod") == Reason.NAME_TAKEN, "first come, first kept, as long as it may be"
    harness.policy("b", {"namespaceSelector": {"matchLabels": {"team": "b"}}, **policy})
    harness.settle_told("team-a/prod", Reason.IN_SERVICE)
    harness.policy("b", None)
    harness.run(60)
    assert reason(harness, "team-a/prod") == Reason.IN_SERVICE
    assert reason(harness, "team-b/squats") == Reason.NAME_TAKEN


@pytest.mark.parametrize("allowed", [False, True])
def test_what_is_nobodys_is_taken_over_by_those_alone_who_may_adopt(harness: Harness, allowed: bool) -> None:
    harness.apply("iris", {**fixed(1), "deletionPolicy": "Retain"})
    harness.settle("iris")
    config = harness.live()["EndpointConfigName"]
    harness.delete("iris")
    harness.settle_gone("iris")
    sagemaker = harness.client("sagemaker")
    sagemaker.delete_endpoint(EndpointName="default-iris")  # its models and config are left, and nobody's
    harness.world.advance(600)
    harness.policy("adoption", {"allowAdoption": allowed})
    harness.apply("iris", {**fixed(1), "adoptExisting": True})
    harness.run(900)
    assert reason(harness, "iris") == (Reason.IN_SERVICE if allowed else Reason.NAME_CONFLICT)
    arn = sagemaker.describe_endpoint_config(EndpointConfigName=config)["EndpointConfigArn"]
    assert bool(sagemaker.list_tags(ResourceArn=arn)["Tags"]) is allowed


@pytest.mark.parametrize("start", ["*\t* * * * *", "0\n0 8 * * *", "0 8 * * 1-5\n", "0 8 * * 1-5\u00a0*"])
def test_five_fields_of_a_schedule_are_no_six_to_whoever_reads_them(start: str) -> None:
    """Six would be seconds: an endpoint that starts and stops at each of them."""
    with pytest.raises(ValidationError):
        OfficeHours.model_validate({"start": start, "stop": "0 18 * * *"})
    OfficeHours.model_validate({"start": "*/5 8-10,12 L * MON#1", "stop": "0 18 ? * 1-5"})


def test_what_a_spec_says_of_name_and_place_counts_whatever_a_status_says(harness: Harness) -> None:
    harness.policy("place", {"regions": ["us-east-1"]})
    harness.apply("iris", {**fixed(1), "endpointName": "mine", "region": "us-east-1"})
    harness.settle("iris")
    body = harness.objects["iris"].body
    resolved = {**body["status"]["resolved"], "endpointName": "theirs", "region": "eu-west-1"}
    harness.set_status("iris", {**body["status"], "resolved": resolved})
    harness.apply("theirs", {**fixed(1), "endpointName": "theirs", "region": "us-east-1"})
    harness.settle_told("theirs", Reason.IN_SERVICE)
    harness.run(300)
    assert reason(harness, "iris") == Reason.IN_SERVICE
    told = harness.resource("iris").status.resolved
    assert told is not None
    assert (told.endpoint_name, told.region) == ("mine", "us-east-1")


ALARM = {
    "Namespace": "AWS/SageMaker",
    "MetricName": "Invocations",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
STEPS = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{"ScalingAdjustment": 1}]}
PAGER = {"AlarmActions": ["arn:aws:sns:us-east-1:123456789012:pager"], "OKActions": [], "RoleARN": ROLE_ARN}
FORGED = {
    "variant": "primary",
    "dimension": "sagemaker:variant:DesiredInstanceCount",
    "minCapacity": 1,
    "maxCapacity": 1,
    "policies": [
        {
            "name": "bursts",
            "type": "StepScaling",
            "configuration": STEPS,
            "alarms": [
                {"name": "billing", "settings": ALARM},
                {"name": "smendpoints/default-victim/x", "settings": ALARM},
                {"name": "smendpoints/default-iris/x", "settings": {**ALARM, **PAGER, "AlarmName": "billing"}},
            ],
        }
    ],
}


def of_others(inventory: dict[str, list[str]]) -> dict[str, list[str]]:
    return {kind: [each for each in found if "default-iris" not in each] for kind, found in inventory.items()} | {
        "policies": []
    }


def test_what_a_status_remembers_is_used_for_nothing_but_the_scaling_of_its_own_endpoint(harness: Harness) -> None:
    harness.apply("victim", fixed(1))
    harness.apply("iris", fixed(1))
    harness.settle_told("victim", Reason.IN_SERVICE)
    harness.settle_told("iris", Reason.IN_SERVICE)
    harness.world.faults.add({"kind": "never_healthy", "times": 1})
    harness.apply("iris", fixed(1, modelArtifact=ARTIFACTS[1]))
    harness.settle_told("iris", Reason.UPDATE_FAILED)
    before = harness.inventory()
    body = harness.objects["iris"].body
    forged = [FORGED, {**FORGED, "variant": "../../default-victim/variant/primary"}, {**FORGED, "variant": "gone"}]
    for snapshot in forged:
        rollout = {**body["status"]["rollout"], "autoscalingSnapshot": [snapshot]}
        harness.set_status("iris", {**body["status"], "rollout": rollout})
        harness.run(120)
    after = harness.inventory()
    assert after["targets"] != before["targets"], "its own endpoint's scaling is put back"
    assert of_others(after) == of_others(before)
    [alarm] = harness.client("cloudwatch").describe_alarms(AlarmNamePrefix="smendpoints/default-iris/")["MetricAlarms"]
    assert [arn.rpartition("/")[2] for arn in alarm["AlarmActions"]] == ["bursts"]
    assert alarm["OKActions"] == []
